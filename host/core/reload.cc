#include "host/core/reload.h"

#include "host/core/admission.h"
#include "host/core/host_services.h"
#include "shared/clock.h"

#include <chrono>
#include <utility>

namespace bulkhead::detail {

Result<ReloadReport> Reload::run(const std::string& file) {
  if (record_.slot().state() == ModuleSlot::State::stopped) {
    return failed("check", Error(ErrorKind::staleHandle, "the module was unloaded: load it again"));
  }
  const std::int64_t begunNs = nowNs();
  if (auto fits = check(file); !fits) return failed("check", fits.error());
  auto group = record_.backend().prepare(next_);
  if (!group) return failed("load", group.error());
  auto swapped = test(*group);
  report_.preparing = std::chrono::nanoseconds(nowNs() - begunNs);
  if (swapped) swapped = swap(*group);
  if (!swapped) {
    record_.backend().abandon();
    return std::move(swapped).error();
  }
  settle();
  return std::move(report_);
}

Result<void> Reload::check(const std::string& file) {
  auto opened = module_file::ModuleFile::open(file);
  if (!opened) return std::move(opened).error();
  auto admitted = admit(*std::move(opened), record_.request_.imports, record_.request_.missing);
  if (!admitted) return std::move(admitted).error();
  next_ = *std::move(admitted);
  next_.slot = record_.slot_;
  next_.options = record_.options_;
  version_ = record_.versionOf(*next_.file);
  return admitAfter(next_, record_.version().manifest, record_.slot().interfaces());
}

Result<void> Reload::test(const BindingGroup* group) {
  if (auto started = announceStart(*record_.options_, record_.slot_, group); !started) {
    return failed("onStarted", started.error());
  }
  if (auto passed = runWithStarting(options_.selfTest, "selfTest", record_.slot_, group); !passed) {
    return failed("self-test", passed.error());
  }
  return {};
}

Result<void> Reload::swap(const BindingGroup* group) {
  report_.oldGeneration = record_.slot().generation();
  report_.newGeneration = group->generation;
  StateHandover handover(record_.slot(), record_.version(), *version_);
  const std::int64_t heldNs = nowNs();
  if (handover.isNeeded()) {
    if (auto moved = handover.run(group, later(heldNs, toNs(options_.quiesceTimeout))); !moved) {
      return failed("state", moved.error());
    }
    report_.statesMoved = handover.moved();
  }
  // While a handover has calls wait, until here.
  if (auto committed = record_.backend().commit(); !committed) return failed("swap", committed.error());
  if (handover.isNeeded()) report_.holding = std::chrono::nanoseconds(nowNs() - heldNs);
  record_.version_.store(version_, std::memory_order_release);
  record_.serveFrom(*next_.file);
  return {};
}

void Reload::settle() {
  const std::int64_t begunNs = nowNs();
  Settled settled = record_.backend().settle(options_.drainTimeout);
  report_.old = settled.old;
  report_.why = std::move(settled.why);
  report_.settling = std::chrono::nanoseconds(nowNs() - begunNs);
}

Error Reload::failed(const char* step, const Error& why) const {
  ErrorBody body = why.body();
  body.text = std::string("reload: ") + step + ": " + body.text;
  if (body.module.empty()) body.module = record_.slot().name();
  return Error(std::move(body));
}

}  // namespace bulkhead::detail
