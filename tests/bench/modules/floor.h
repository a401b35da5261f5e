// The bare virtual call that an in-process call is compared with.
#pragma once

#include <cstdint>

namespace bench {

class Adder {
 public:
  virtual ~Adder() = default;
  virtual std::int32_t add(std::int32_t a, std::int32_t b) = 0;
  // Blocks of 64 bytes, each freed before the next, by plain libc.
  virtual void allocate(std::uint32_t pairs) = 0;
};

// The one symbol of the library. Static storage.
using MakeAdder = Adder* (*)();
inline constexpr const char* kMakeAdder = "makeAdder";

}  // namespace bench
