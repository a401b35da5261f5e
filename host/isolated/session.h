// One worker process from its start to its end: the isolated half of one generation of a module.
#pragma once

#include "host/core/import_targets.h"
#include "host/core/module_context.h"
#include "host/isolated/channel.h"
#include "host/isolated/fork_guard.h"
#include "host/isolated/host_lane.h"
#include "host/isolated/lane_table.h"
#include "host/isolated/services.h"
#include "host/isolated/worker_link.h"
#include "host/oracle/oracle.h"

#include <bulkhead/exit_report.h>
#include <bulkhead/placement.h>
#include <bulkhead/result.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::isolated {

class Session;

// What a session tells the module it belongs to. Any thread; must not block.
class SessionEvents {
 public:
  // It was condemned or died: calls must go elsewhere from now on. Once.
  virtual void onLost(Session& session) = 0;
  // Its process is gone. Once, on the service thread, after onLost.
  virtual void onExit(Session& session, std::shared_ptr<const ExitReport> report) = 0;

 protected:
  ~SessionEvents() = default;
};

class Session final : public LaneOwner, public LinkEvents, public std::enable_shared_from_this<Session> {
 public:
  // Starts a worker and brings it to the point where it is locked down; no code of the module has run. Blocks, at most
  // until `deadlineNs`. On failure the process is killed; it is reaped in the background.
  static Result<std::shared_ptr<Session>> start(std::shared_ptr<Services> services, detail::ModuleContext context,
                                                const IsolatedOptions& options, std::uint64_t generation,
                                                std::weak_ptr<SessionEvents> events, std::int64_t deadlineNs);
  ~Session();

  // Loads the module and constructs its object, on the calling thread's lane: imports that it calls run here.
  Result<void> load(std::int64_t deadlineNs);
  // Destroys the module's object and lets the worker exit; kills it where that takes longer than `deadlineNs`. Returns
  // when the process is gone (or cannot be reaped within two seconds more). After the last call has ended.
  void shutDown(std::int64_t deadlineNs);
  // Releases memory and descriptors. On the service thread, after the process is gone, no call is inside any more and
  // idle() is true.
  void dispose();
  // How often threads of the module asked for an import so far.
  std::uint64_t threadImports() const noexcept { return threadImports_.load(std::memory_order_acquire); }
  // Whether no import of a thread of the module is being served. Such a one can outlive its worker.
  bool idle() const noexcept { return importJobs_.load(std::memory_order_acquire) == 0; }

  // Ends the worker with a verdict for its report.
  void condemn(ExitVerdict verdict, Verdict why);
  // Whether this is a forked child of the process that it belongs to.
  bool foreign() const noexcept { return epoch_ != fork_guard::epoch.load(std::memory_order_relaxed); }
  bool lost() const noexcept { return lost_.load(std::memory_order_seq_cst); }
  // Blocks until the process is gone, at most until the deadline.
  bool awaitExit(std::int64_t deadlineNs);
  bool exited() const;
  // Whether it is gone and nobody ended it: it exited as it was asked to.
  bool exitedByItself() const;

  BulkheadChannel* channel() noexcept { return &channel_.table; }
  // Its bindings, before a call can reach them.
  void serve(const detail::BindingGroup& group) noexcept { targets_.serve(group.guardId); }
  std::uint64_t serial() const noexcept { return serial_; }
  std::uint64_t generation() const noexcept { return generation_; }
  std::int64_t defaultDeadlineNs() const noexcept { return defaultDeadlineNs_; }
  Tier tier() const;
  int workerPid() const noexcept { return pid_; }

  // A lane for the calling thread, kept until the thread ends. As LaneTable::acquire().
  Result<HostLane*> acquireLane(std::int64_t deadlineNs, const detail::CancelScope* cancel = nullptr);
  void releaseLane(HostLane& lane);

  // LaneOwner
  const std::vector<detail::BoundImport>& imports() const noexcept override { return targets_.imports(); }
  bool declaresImport(std::uint64_t interfaceId, std::uint16_t ordinal) const override;
  void condemn(Verdict verdict) override;
  Error deathError(const char* method) const override;
  const RegionLink& regionLink() const noexcept override { return regionLink_; }
  std::uint64_t maxMessageBytes() const noexcept override { return options_.maxMessageBytes; }
  detail::MessageCheck* messageCheck() const noexcept override { return oracle_.get(); }

 private:
  // How long a killed process may take to be gone before the host goes on without it.
  static constexpr std::int64_t kReapNs = 2'000'000'000;

  enum class Step : std::uint8_t { starting, hello, lockedDown, failed };
  enum class Phase : std::uint8_t { loading, serving, closing };

  Session(std::shared_ptr<Services> services, detail::ModuleContext context, const IsolatedOptions& options,
          std::uint64_t generation, std::weak_ptr<SessionEvents> events);
  Result<void> makeLanes();
  Result<void> launch();
  Result<void> awaitLockdown(std::int64_t deadlineNs);
  Result<void> sendSetup();
  void failStart(ErrorKind kind, std::string text);
  void lose();

  // LinkEvents, on the service thread
  void onMessage(control::ToHost message) override;
  void onViolation(std::string what) override;
  void onLine(LogLine::Source source, std::uint32_t level, std::string_view line) override;
  void onEnd(const ExitStatus& status) override;

  bool inStep(const control::ToHost& message) const;
  void onHello(const control::Hello& hello);
  void onLockedDown(const control::LockedDown& lockedDown);
  void onImportWaiting(std::uint32_t lane);
  void serveImports(std::atomic<std::uint32_t>& hints, HostLane& lane);
  void refuseImport(std::atomic<std::uint32_t>& hints, HostLane& lane);

  const std::shared_ptr<Services> services_;
  const detail::ModuleContext context_;
  const IsolatedOptions options_;
  const std::uint64_t generation_;
  const std::uint64_t serial_;
  const std::uint32_t epoch_ = fork_guard::epoch.load(std::memory_order_relaxed);
  const std::int64_t defaultDeadlineNs_;
  const std::weak_ptr<SessionEvents> events_;
  detail::ImportTargets targets_;

  const std::unique_ptr<oracle::Oracle> oracle_;  // null unless asked for
  Channel channel_;
  RegionLink regionLink_;
  std::atomic<std::uint32_t> nextRegion_{1};
  std::atomic<bool> lost_{false};  // before onLost(): nothing of this session may be published any more
  doorbell::Word death_{0};        // after it: callers learn that the worker is dead to us
  std::mutex disposing_;           // releaseLane() of exiting threads against dispose()
  std::unique_ptr<LaneTable> lanes_;
  std::shared_ptr<WorkerLink> link_;
  int pid_ = 0;
  std::string program_;
  std::unique_ptr<std::atomic<std::uint32_t>[]> hints_;  // of the import lanes: hints that were not looked into
  std::atomic<std::uint32_t> importJobs_{0};             // posted, not ended
  std::atomic<std::uint64_t> threadImports_{0};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Step step_ = Step::starting;
  Phase phase_ = Phase::loading;
  std::optional<Error> failure_;  // of a start that failed
  Tier tier_ = Tier::process;
  std::optional<Verdict> verdict_;
  ExitVerdict exitVerdict_ = ExitVerdict::none;
  std::shared_ptr<const ExitReport> report_;
};

}  // namespace bulkhead::isolated
