#include "host/in_process/holders.h"

#include "host/core/guard.h"
#include "host/in_process/ledger_view.h"
#include "shared/clock.h"

#include <bulkhead/detail/sinks.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>

namespace bulkhead::in_process {
namespace {

std::string hex(std::uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
  return text;
}

Holder holderOf(const loader::ModuleThread& thread, const loader::Extent& extent) {
  const auto start = reinterpret_cast<std::uintptr_t>(thread.start);
  std::string text = thread.detached ? "detached" : "not joined";
  if (!thread.runs.empty()) text += ", runs " + detail::demangle(thread.runs.c_str());
  if (extent.contains(start)) text += ", starts at module offset " + hex(start - extent.begin);
  if (extent.contains(thread.site)) text += ", created at module offset " + hex(thread.site - extent.begin);
  return {Holder::Kind::thread, thread.tid, thread.name, std::move(text)};
}

Holder::Kind kindOf(loader::Pin::Kind kind) {
  switch (kind) {
    case loader::Pin::Kind::uniqueSymbol: return Holder::Kind::uniqueSymbol;
    case loader::Pin::Kind::noDelete: return Holder::Kind::noDelete;
    case loader::Pin::Kind::boundSymbols: break;
  }
  return Holder::Kind::boundSymbols;
}

}  // namespace

void awaitEndingThreads(const loader::Library& library, std::int64_t deadlineNs) {
  const auto isEnding = [](const loader::ModuleThread& thread) { return thread.ending; };
  for (;;) {
    const std::vector<loader::ModuleThread> threads = library.ledger().threads();
    if (std::none_of(threads.begin(), threads.end(), isEnding) || nowNs() >= deadlineNs) return;
    constexpr timespec kPause{0, 100'000};  // the kernel tells nobody when a task is gone
    ::nanosleep(&kPause, nullptr);
  }
}

std::vector<Holder> threadHolders(const loader::Library& library, WhichThreads which) {
  std::vector<Holder> holders;
  for (const loader::ModuleThread& thread : library.ledger().threads()) {
    if (which == WhichThreads::all || thread.detached) holders.push_back(holderOf(thread, library.extent()));
  }
  return holders;
}

std::vector<Holder> pinHolders(const loader::Library& library) {
  std::vector<Holder> holders;
  for (loader::Pin& pin : library.pins()) {
    holders.push_back({kindOf(pin.kind), 0, std::move(pin.name), std::move(pin.text)});
  }
  return holders;
}

std::vector<Holder> policyHolders(const loader::Library& library, const LeakPolicies& policies) {
  std::vector<Holder> holders;
  for (std::size_t n = 0; n < kResources; ++n) {
    const auto kind = static_cast<Resource>(n);
    if (policies.of(kind) != LeakPolicy::refuse || kind == Resource::thread) continue;
    for (const Acquired& entry : entriesOf(library.ledger(), kind)) {
      std::string text = std::string(toString(kind)) + " " + std::to_string(entry.key) + " from " + entry.call + "()";
      if (!entry.text.empty()) text += " (" + entry.text + ")";
      text += " at module offset " + hex(entry.siteOffset) + ": give it back, or change the LeakPolicy";
      holders.push_back({Holder::Kind::policy, 0, toString(kind), std::move(text)});
    }
  }
  return holders;
}

std::vector<Holder> callHolders(std::uint32_t guardId) {
  std::vector<Holder> holders;
  for (const detail::CallUnderWay& call : detail::guardCalls(guardId)) {
    holders.push_back({Holder::Kind::call, call.tid, call.method, "is inside"});
  }
  return holders;
}

bool isFatal(const Holder& holder) noexcept {
  return holder.kind != Holder::Kind::beforeUnload && holder.kind != Holder::Kind::policy;
}

}  // namespace bulkhead::in_process
