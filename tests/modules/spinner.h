// What the spinner and its tests share.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace spinner {

enum Sort : std::uint32_t {
  kThread,
  kJthread,
  kAsync,
  kPthread,
  kNamed,      // "spinner-named", by pthread_setname_np
  kExits,      // ends by pthread_exit
  kCancelled,  // by pthread_cancel at its release
  kThrows,     // and catches
  kTimed,      // joined by pthread_timedjoin_np
  kThrd,
  kThreadDetached,
  kPthreadDetached,  // by attribute
  kPthreadDetach,    // by pthread_detach
  kThrdDetached,
  kSorts,
  kImpossible = kSorts,  // its stack is larger than memory
};

// In memory of the test: outlives the module. Every touch makes four objects on a thread that has none.
struct Observed {
  std::atomic<std::uint32_t> made{0}, destroyed{0};
  std::array<std::atomic<std::uint32_t>, 16> order{};  // numbers of the first objects that were destroyed
};
inline constexpr std::uint32_t kObjects = 4;

}  // namespace spinner
