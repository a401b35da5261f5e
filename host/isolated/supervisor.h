// Keeps one module served: starts its workers, swaps them behind the handles, starts the next when one is lost.
#pragma once

#include "host/core/backend.h"
#include "host/core/module_context.h"
#include "host/isolated/services.h"
#include "host/isolated/session.h"

#include <bulkhead/exit_report.h>
#include <bulkhead/placement.h>
#include <bulkhead/result.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

namespace bulkhead::isolated {

// A module's states are those of its ModuleSlot; the transitions of an isolated module:
//
//   starting --loaded--> live --worker lost--> starting --loaded--> live
//   starting --start failed--> down --a call--> starting
//   any --stop()--> stopped
//
// A worker that was lost after it had served is replaced at once; after a failed start the next call tries again.
class Supervisor final : public SessionEvents, public std::enable_shared_from_this<Supervisor> {
 public:
  Supervisor(detail::ModuleContext context, const IsolatedOptions& options, std::shared_ptr<Services> services);

  // The contracts of detail::Backend.
  Result<void> start();
  Result<void> awaitLive(std::int64_t deadlineNs);
  Result<UnloadReport> stop(std::chrono::milliseconds timeout);
  detail::BackendStatus status() const;
  void condemn(std::uint64_t generation, const char* method, const std::string& why);

 private:
  // A worker that served, or is about to, and its bindings.
  struct Serving {
    std::shared_ptr<Session> session;
    detail::BindingGroup* group = nullptr;
  };

  void onLost(Session& session) override;
  void onExit(Session& session, std::shared_ptr<const ExitReport> report) override;

  Result<void> startGeneration();
  Result<Serving> bring(std::int64_t deadlineNs);
  Result<void> serve(const Serving& serving);
  void restart();
  void tryAgain();
  void launchStart();
  void retire(Serving serving);
  bool beginStart();
  void endStart();

  const detail::ModuleContext context_;
  const IsolatedOptions options_;
  const std::shared_ptr<Services> services_;

  mutable std::mutex mutex_;
  std::condition_variable idle_;
  Serving serving_;
  std::weak_ptr<Session> starting_;  // the last one that was brought to the point of loading
  std::uint64_t generations_ = 0;
  std::uint32_t starts_ = 0;   // under way: 0 or 1
  std::uint32_t retired_ = 0;  // sessions that are not disposed of yet
  bool startWanted_ = false;   // once the start under way has ended
  bool stopping_ = false;
  std::shared_ptr<const ExitReport> lastExit_;
};

}  // namespace bulkhead::isolated
