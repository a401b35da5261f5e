// A reload in a worker of its own, beside the one that serves.
#include "host/core/guard.h"
#include "host/isolated/supervisor.h"
#include "shared/clock.h"

#include <algorithm>
#include <utility>

namespace bulkhead::isolated {
namespace {

// How long a reload waits for a worker that it ended to be gone.
constexpr std::int64_t kGoneNs = 2'000'000'000;

}  // namespace

// From here to commit() or abandon() this is the start under way: a worker that is lost meanwhile is not replaced.
Result<void> Supervisor::beginReload() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return starts_ == 0; });  // one under way ends by its own deadline
  if (stopping_) return Error(ErrorKind::staleHandle, "the module was unloaded: load it again");
  starts_ = 1;
  return {};
}

Result<detail::BindingGroup*> Supervisor::prepare(const detail::ModuleContext& next) {
  if (services_->foreign()) return fork_guard::unavailable();
  if (auto begun = beginReload(); !begun) return std::move(begun).error();
  auto ready = bring(next, later(nowNs(), toNs(options_.loadDeadline)));
  if (!ready) {
    endStart();
    return std::move(ready).error();
  }
  nextContext_ = next;
  next_ = *std::move(ready);
  return next_.group;
}

Result<void> Supervisor::commit() {
  {
    const std::lock_guard lock(mutex_);
    // Lost meanwhile: onLost() found nothing to take back, so nothing may be published.
    if (next_.session->lost()) return next_.session->deathError("reload");
    slot_->publish(next_.group);
    context_ = std::exchange(nextContext_, {});
    old_ = std::exchange(serving_, std::exchange(next_, {}));
    startWanted_ = false;
  }
  endStart();
  return {};
}

void Supervisor::abandon() {
  Serving failed = std::exchange(next_, {});
  const std::uint64_t generation = failed.session->generation();
  nextContext_ = {};
  failed.session->condemn(ExitVerdict::startFailed, {ErrorKind::unavailable, {}, "the reload that started it failed"});
  retire(std::move(failed));
  endStart();
  (void)awaitGone(generation);
}

// False when it is parked.
bool Supervisor::awaitGone(std::uint64_t generation) {
  const auto isGone = [&] { return std::count(retired_.begin(), retired_.end(), generation) == 0; };
  std::unique_lock lock(mutex_);
  if (idle_.wait_until(lock, timePoint(nowNs() + kGoneNs), isGone)) return true;
  std::erase_if(parked_, [this](std::uint64_t parked) {
    return std::find(retired_.begin(), retired_.end(), parked) == retired_.end();
  });
  parked_.push_back(generation);
  return false;
}

detail::Settled Supervisor::settle(std::chrono::milliseconds timeout) {
  Serving last = std::exchange(old_, {});
  if (last.session == nullptr) return {OldVersion::none, std::nullopt};
  const std::uint64_t generation = last.session->generation();
  const bool byItself = end(std::move(last), later(nowNs(), toNs(timeout)), "replaced while calls were under way");
  if (!awaitGone(generation)) {
    return {OldVersion::parked, Error(ErrorKind::deadlineExceeded,
                                      "its worker was ended, but a host import that it called is still running")};
  }
  return {byItself ? OldVersion::unloaded : OldVersion::killed, std::nullopt};
}

// Sessions go on their own as soon as nothing is inside them.
std::vector<ParkedVersion> Supervisor::parked() const {
  const std::lock_guard lock(mutex_);
  std::vector<ParkedVersion> list;
  for (const std::uint64_t generation : parked_) {
    if (std::count(retired_.begin(), retired_.end(), generation) == 0) continue;
    list.push_back({generation, Error(ErrorKind::deadlineExceeded,
                                      "its worker was ended, and is not gone yet or called a host import that is still "
                                      "running")});
  }
  return list;
}

Result<void> Supervisor::settleParked(std::chrono::milliseconds timeout) {
  if (services_->foreign()) return fork_guard::unavailable();
  return awaitRetired(later(nowNs(), toNs(timeout)), "nothing else can be done about it");
}

}  // namespace bulkhead::isolated
