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
#include <vector>

namespace bulkhead::isolated {

// A module's states are those of its ModuleSlot; the transitions of an isolated module:
//
//   starting --loaded--> live --worker lost--> starting --loaded--> live
//   starting --start failed--> down --a call--> starting
//   any --commit()--> live                       a reload: prepare() stands for the start under way
//   any --stop()--> stopped
//
// A worker that is lost while a reload is under way is replaced by the reload's own, or when that has failed.
// A worker that was lost after it had served is replaced at once; after a failed start the next call tries again.
class Supervisor final : public SessionEvents, public std::enable_shared_from_this<Supervisor> {
 public:
  Supervisor(detail::ModuleContext context, const IsolatedOptions& options, std::shared_ptr<Services> services);

  // The contracts of detail::Backend.
  Result<void> start();
  Result<void> awaitLive(std::int64_t deadlineNs);
  Result<UnloadReport> stop(std::chrono::milliseconds timeout);
  Result<detail::BindingGroup*> prepare(const detail::ModuleContext& next);
  Result<void> commit();
  void abandon();
  detail::Settled settle(std::chrono::milliseconds timeout);
  std::vector<ParkedVersion> parked() const;
  Result<void> settleParked(std::chrono::milliseconds timeout);
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
  Result<Serving> bring(const detail::ModuleContext& context, std::int64_t deadlineNs);
  Result<void> serve(const Serving& serving);
  void restart();
  void tryAgain();
  void launchStart();
  void retire(Serving serving);
  bool end(Serving last, std::int64_t deadlineNs, const char* why);
  Result<void> awaitRetired(std::int64_t deadlineNs, const char* what);
  bool beginStart();
  Result<void> beginReload();
  bool awaitGone(std::uint64_t generation);
  detail::ModuleContext context() const;
  void endStart();

  const std::shared_ptr<detail::ModuleSlot> slot_;
  const std::shared_ptr<const HostOptions> hostOptions_;
  const IsolatedOptions options_;
  const std::shared_ptr<Services> services_;

  mutable std::mutex mutex_;
  std::condition_variable idle_;
  detail::ModuleContext context_;  // of the version that serves, and is started again
  Serving serving_;
  detail::ModuleContext nextContext_;  // of a reload, from prepare() on
  Serving next_;
  Serving old_;                      // between commit() and settle()
  std::weak_ptr<Session> starting_;  // the last one that was brought to the point of loading
  std::uint64_t generations_ = 0;
  std::uint32_t starts_ = 0;            // under way: 0 or 1
  std::vector<std::uint64_t> retired_;  // generations whose sessions are not disposed of yet
  std::vector<std::uint64_t> parked_;   // those of them that a reload did not wait for any longer
  bool startWanted_ = false;            // once the start under way has ended
  bool stopping_ = false;
  std::shared_ptr<const ExitReport> lastExit_;
};

}  // namespace bulkhead::isolated
