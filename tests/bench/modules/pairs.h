// What the heap's floor and a module do alike.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace bench {

inline void allocatePairs(std::uint32_t pairs) {
  for (std::uint32_t i = 0; i < pairs; ++i) {
    void* pointer = std::malloc(64);
    asm volatile("" : "+r"(pointer) : : "memory");  // neither is left out
    std::free(pointer);
  }
}

}  // namespace bench
