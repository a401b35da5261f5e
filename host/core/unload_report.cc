#include <bulkhead/ledger.h>
#include <bulkhead/unload.h>

#include <cstdint>
#include <string>

namespace bulkhead {
namespace {

std::string describe(const Holder& holder) {
  std::string line = toString(holder.kind);
  if (holder.tid != 0) line += " " + std::to_string(holder.tid);
  if (!holder.name.empty()) line += (holder.tid != 0 ? " '" : " ") + holder.name + (holder.tid != 0 ? "'" : "");
  if (!holder.text.empty()) line += ": " + holder.text;
  return line;
}

std::uint64_t countOf(const std::vector<Acquired>& leaks) {
  std::uint64_t count = 0;
  for (const Acquired& leak : leaks) count += leak.count;
  return count;
}

}  // namespace

const char* toString(Resource kind) noexcept {
  switch (kind) {
    case Resource::heap: return "heap block";
    case Resource::thread: return "thread";
    case Resource::tlsDestructor: return "TLS destructor";
    case Resource::threadKey: return "thread key";
    case Resource::descriptor: return "descriptor";
    case Resource::stream: return "stream";
    case Resource::directory: return "directory";
    case Resource::mapping: return "mapping";
    case Resource::signalHandler: return "signal handler";
    case Resource::timer: return "timer";
    case Resource::exitHandler: return "exit handler";
    case Resource::library: return "library";
  }
  return "unknown";
}

const char* toString(Holder::Kind kind) noexcept {
  switch (kind) {
    case Holder::Kind::call: return "call on thread";
    case Holder::Kind::thread: return "thread";
    case Holder::Kind::beforeUnload: return "beforeUnload";
    case Holder::Kind::policy: return "policy";
    case Holder::Kind::uniqueSymbol: return "unique symbol";
    case Holder::Kind::noDelete: return "nodelete";
    case Holder::Kind::boundSymbols: return "bound symbols";
    case Holder::Kind::unknown: return "the dynamic loader";
  }
  return "unknown";
}

const char* toString(UnloadReport::Outcome outcome) noexcept {
  switch (outcome) {
    case UnloadReport::Outcome::unloaded: return "unloaded";
    case UnloadReport::Outcome::refused: return "unload refused";
    case UnloadReport::Outcome::parked: return "parked";
  }
  return "unknown";
}

std::string describe(const std::vector<Holder>& holders) {
  std::string text;
  for (const Holder& holder : holders) text.append(text.empty() ? "" : "; ").append(describe(holder));
  return text;
}

std::string UnloadReport::describe() const {
  std::string line = module + " generation " + std::to_string(generation) + ": " + toString(outcome);
  if (!holders.empty()) line += ": " + bulkhead::describe(holders);
  if (!leaks.empty())
    line += "; not given back: " + std::to_string(countOf(leaks)) + ", the first a " + toString(leaks.front().kind) +
            " from " + leaks.front().call + "()";
  if (!badFrees.empty()) line += "; bad frees at " + std::to_string(badFrees.size()) + " places";
  return line;
}

}  // namespace bulkhead
