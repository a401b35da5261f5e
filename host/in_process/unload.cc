// How a generation goes: the transaction, from the last call's end to the proof that the file is gone.
#include "host/core/host_services.h"
#include "host/in_process/generation.h"
#include "host/in_process/holders.h"
#include "host/in_process/ledger_view.h"

#include <bulkhead/log_level.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

namespace bulkhead::in_process {

// One attempt. Each step either finds nothing in the way, or ends it.
class Generation::Departure {
 public:
  Departure(Generation& generation, WhenRefused whenRefused, std::int64_t deadlineNs)
      : generation_(generation), whenRefused_(whenRefused), deadlineNs_(deadlineNs) {
    report_ = generation.reportOf(UnloadReport::Outcome::unloaded);
  }

  UnloadReport run() {
    static_cast<void>(ask() && destroyObject() && leave());
    return std::move(report_);
  }

 private:
  loader::Library& library() { return *generation_.library_; }

  // With the object as it is: nothing is lost when it is refused here.
  bool ask() {
    std::vector<Holder> holders;
    if (const auto verdict = beforeUnload(); !verdict) {
      holders.push_back({Holder::Kind::beforeUnload, 0, verdict.error().type(), verdict.error().text()});
    }
    awaitEndingThreads(library(), deadlineNs_);
    add(holders, threadHolders(library(), WhichThreads::detached));
    add(holders, pinHolders(library()));
    return mayGoOn(std::move(holders));
  }

  Result<void> beforeUnload() {
    if (!generation_.instance_) return {};
    return generation_.instance_->beforeUnload(report_.module);
  }

  // Threads that the object's destructor joined are gone then, and so is what it held.
  bool destroyObject() {
    if (generation_.instance_) generation_.instance_->destroy();
    awaitEndingThreads(library(), deadlineNs_);
    std::vector<Holder> holders = threadHolders(library(), WhichThreads::all);
    add(holders, policyHolders(library(), generation_.options_.leaks));
    return mayGoOn(std::move(holders));
  }

  // Without the lock while code of the module or the embedder's runs: either may ask for the ledger.
  bool leave() {
    const bool isFinal = library().finalize();
    noteLeaks();
    const std::lock_guard lock(generation_.libraryMutex_);
    if (const auto closed = library().close(); !closed) {
      // What was not finalized can serve on.
      report_.holders.push_back({Holder::Kind::unknown, 0, {}, closed.error().text()});
      report_.outcome =
          isFinal || whenRefused_ != WhenRefused::keep ? UnloadReport::Outcome::parked : UnloadReport::Outcome::refused;
      return false;
    }
    generation_.instance_.reset();
    generation_.library_.reset();
    return true;
  }

  void noteLeaks() {
    for (std::size_t n = 0; n < kResources; ++n) {
      const auto kind = static_cast<Resource>(n);
      std::vector<Acquired> left = entriesOf(library().ledger(), kind);
      if (!left.empty() && generation_.options_.leaks.of(kind) == LeakPolicy::warn) warn(kind, left);
      report_.leaks.insert(report_.leaks.end(), left.begin(), left.end());
    }
    report_.badFrees = badFreesOf(library().ledger());
  }

  void warn(Resource kind, const std::vector<Acquired>& left) const;

  static void add(std::vector<Holder>& to, std::vector<Holder> more) {
    std::move(more.begin(), more.end(), std::back_inserter(to));
  }

  bool mayGoOn(std::vector<Holder> holders) {
    const bool isFatalFound = std::any_of(holders.begin(), holders.end(), &isFatal);
    const bool mayGo = holders.empty() || (whenRefused_ == WhenRefused::force && !isFatalFound);
    add(report_.holders, std::move(holders));
    if (!mayGo) {
      report_.outcome =
          whenRefused_ == WhenRefused::keep ? UnloadReport::Outcome::refused : UnloadReport::Outcome::parked;
    }
    return mayGo;
  }

  Generation& generation_;
  const WhenRefused whenRefused_;
  const std::int64_t deadlineNs_;
  UnloadReport report_;
};

void Generation::Departure::warn(Resource kind, const std::vector<Acquired>& left) const {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  for (const Acquired& each : left) {
    count += each.count;
    bytes += each.bytes;
  }
  std::string line = "unloaded with " + std::to_string(count) + " of kind " + toString(kind) + " not given back";
  if (bytes != 0) line += ", " + std::to_string(bytes) + " bytes";
  line += "; the first from " + left.front().call + "()";
  if (!left.front().text.empty()) line += " (" + left.front().text + ")";
  detail::deliverLog(
      *generation_.context_.options,
      {LogLine::Source::log, static_cast<std::uint32_t>(LogLevel::warning), report_.module, report_.generation, line});
}

UnloadReport Generation::reportOf(UnloadReport::Outcome outcome) const {
  UnloadReport report;
  report.module = context_.slot->name();
  report.generation = number_;
  report.outcome = outcome;
  return report;
}

UnloadReport Generation::unload(WhenRefused whenRefused, std::int64_t deadlineNs) {
  if (!library_) return reportOf(UnloadReport::Outcome::unloaded);  // it was never opened, or is gone
  return Departure(*this, whenRefused, deadlineNs).run();
}

}  // namespace bulkhead::in_process
