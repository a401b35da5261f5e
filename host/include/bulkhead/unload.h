// The unload of a module: how it is asked for, and what it says.
#pragma once

#include <bulkhead/ledger.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead {

// What becomes of an in-process module whose unload is refused. Isolated modules cannot refuse: their worker is ended.
enum class WhenRefused : std::uint8_t {
  keep,   // it serves on as before; ask again later
  park,   // it stays in memory until the process ends, and is never called again: its handles are stale
  force,  // verdicts are overruled (beforeUnload's, a policy of `refuse`); what would crash the process parks it
};

struct UnloadOptions {
  // How long calls under way may take to end. Not limited by it: the module's own beforeUnload() and destructors.
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
  WhenRefused whenRefused = WhenRefused::keep;
};

// One thing that keeps a module loaded.
struct Holder {
  enum class Kind : std::uint8_t {
    call,          // a call that did not end: `tid` is the caller's thread, `name` the method
    thread,        // a thread that the module started: `tid`, `name`, and in `text` where it starts and was created
    beforeUnload,  // the module's own verdict: `text`
    policy,        // what a LeakPolicy refuses: `text`
    uniqueSymbol,  // STB_GNU_UNIQUE symbols pin it: `name` is the first
    noDelete,      // linked with -z nodelete, or opened with RTLD_NODELETE
    boundSymbols,  // another library uses symbols of it: `name` is the library
    unknown,       // the dynamic loader keeps it: another dlopen of it, most likely
  };
  Kind kind = Kind::unknown;
  std::int32_t tid = 0;
  std::string name = {};
  std::string text = {};
};

const char* toString(Holder::Kind kind) noexcept;

// For people: "thread 812 (decoder): detached, starts at ...; ...".
std::string describe(const std::vector<Holder>& holders);

struct UnloadReport {
  enum class Outcome : std::uint8_t {
    unloaded,  // in-process: proven by address; isolated: the worker is gone
    refused,   // it serves on
    parked,    // it stays in memory, unreachable
  };
  std::string module = {};
  std::uint64_t generation = 0;
  Outcome outcome = Outcome::unloaded;
  std::vector<Holder> holders = {};    // what refused, or would have; empty when nothing did
  std::vector<Acquired> leaks = {};    // what it had not given back at its end; in-process
  std::vector<BadFree> badFrees = {};  // over its life; in-process

  // One line for people: "codec generation 3: unload refused: thread 812 'decoder' (...) runs; ...".
  std::string describe() const;
};

const char* toString(UnloadReport::Outcome outcome) noexcept;

}  // namespace bulkhead
