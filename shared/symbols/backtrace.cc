#include "shared/symbols/backtrace.h"

#include <unwind.h>

#include <cstdint>

namespace bulkhead::symbols {
namespace {

// Frames walked at most: a damaged stack may be endless.
constexpr std::size_t kMaxWalked = 1024;

struct Walk {
  std::span<void*> into;
  std::uintptr_t from;
  std::size_t count = 0;
  std::size_t walked = 0;
  bool met = false;
};

_Unwind_Reason_Code step(_Unwind_Context* context, void* data) {
  Walk& walk = *static_cast<Walk*>(data);
  int isExact = 0;  // the pc of a frame that a signal interrupted
  const std::uintptr_t pc = _Unwind_GetIPInfo(context, &isExact);
  if (pc == 0 || ++walk.walked > kMaxWalked) return _URC_END_OF_STACK;
  if (!walk.met && pc == walk.from) {
    walk.met = true;
    walk.count = 0;
  }
  if (walk.count == walk.into.size()) return walk.met ? _URC_END_OF_STACK : _URC_NO_REASON;
  walk.into[walk.count++] = reinterpret_cast<void*>(pc + (isExact != 0 ? 1 : 0));
  return _URC_NO_REASON;
}

}  // namespace

std::size_t captureBacktrace(std::span<void*> into, const void* from) noexcept {
  Walk walk{into, reinterpret_cast<std::uintptr_t>(from)};
  _Unwind_Backtrace(&step, &walk);
  return walk.count;
}

}  // namespace bulkhead::symbols
