// The calls that a thread is in, as addresses.
#pragma once

#include <cstddef>
#include <span>

namespace bulkhead::symbols {

// Writes the return addresses of the calling thread, innermost first, and gives their number: those from the frame on
// that stands at `from` (a return address, or the pc that a signal interrupted), or all of them if there is none such.
// An interrupted pc is written as pc + 1, so that each address written is right behind the instruction that is meant.
// Frames of any compiler's code are walked by their unwind tables. Never allocates or locks, so signal handlers may
// call it, once the process has called it outside of one.
std::size_t captureBacktrace(std::span<void*> into, const void* from) noexcept;

}  // namespace bulkhead::symbols
