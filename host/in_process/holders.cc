#include "host/in_process/holders.h"

#include "host/core/guard.h"
#include "host/in_process/ledger_view.h"
#include "shared/clock.h"

#include <bulkhead/stack.h>

#include <cxxabi.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <utility>

namespace bulkhead::in_process {
namespace {

std::string hex(std::uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
  return text;
}

// "work() at codec.cc:41", or as much as is known of it.
std::string placeOf(std::uintptr_t returnAddress, const loader::Extent& extent) {
  void* const address = reinterpret_cast<void*>(returnAddress);
  const std::vector<StackFrame> frames = symbolise({&address, 1});
  std::string text = frames.empty() ? std::string() : frames.front().function;
  if (text.empty()) text = "module offset " + hex(returnAddress - extent.begin);
  if (!frames.empty() && frames.front().line != 0) {
    text += " at " + frames.front().file + ":" + std::to_string(frames.front().line);
  }
  return text;
}

std::string demangled(const std::string& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(type.c_str(), nullptr, nullptr, &status),
                                                         &std::free);
  return name == nullptr ? type : std::string(name.get());
}

Holder holderOf(const loader::ModuleThread& thread, const loader::Extent& extent) {
  const auto start = reinterpret_cast<std::uintptr_t>(thread.start);
  std::string text = thread.detached ? "detached" : "not joined";
  if (!thread.runs.empty()) text += ", runs " + demangled(thread.runs);
  // A function's start stands for itself; a return address for the call before it.
  if (thread.runs.empty() && extent.contains(start)) text += ", started in " + placeOf(start + 1, extent);
  if (extent.contains(thread.site)) text += ", created by " + placeOf(thread.site, extent);
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
