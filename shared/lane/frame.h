// The layout of the memory that a host and its worker talk through. This file is the specification.
//
//   two regions, one writer each               host->worker: the worker's map is read-only (the kernel sees to it)
//   +--------+--------+-----+--------+         worker->host: untrusted, the host copies once and checks the copy
//   | slot 0 | slot 1 | ... | slot n |         slot i of both regions together is lane i
//   +--------+--------+-----+--------+
//
//   a slot, slotBytes long (a multiple of 4096)
//   offset 0      FrameHeader, 32 bytes  }  one cache line: a small call is this line in either direction
//   offset 32     payload words ...      }
//   ...
//   slotBytes-64  `sleeping`: 1 while this slot's writer sleeps on the other slot's sequence
//   slotBytes-60  `cpu`: 1 + the CPU where this slot's writer began to wait last, 0 before that
//   slotBytes-56  `cancelled`: in the host's slot, 1 while the innermost call of the lane is cancelled
//
// A lane is a conversation of strict alternation: each side writes one frame, publishes it by incrementing its own
// sequence, and then waits for the sequence of the other. So one slot a direction is enough, and neither side ever
// writes what the other reads meanwhile, with one exception that is safe: payload below a frame still in use.
//
//   owner of the turn    writes                              the turn passes to
//   host (idle lane)     call | load | unload | close        worker
//   worker               reply | error                       host: the innermost call of the host ended
//                        call (an import)                    host, which serves it
//                        needRegion(target = bytes)          host
//                        closed                              nobody: the lane's thread is gone, sequences stay
//   host (serving)       reply | error | regionReady         worker
//                        call (nested export)                worker
//
// On an import lane (the second kind of lane, for threads that the module started) the worker has the first turn.
// Depth counts the calls under way on the lane, the frame's own included: 1 for the outermost.
//
// Publication: all fields and the payload, then `sequence` (sequentially consistent), then a look at the other side's
// `sleeping`; a wake only if it is set. A sleeper sets its `sleeping`, then looks at the sequence once more, then
// sleeps on that sequence word. Sequentially consistent on both sides, so one of the two always sees the other. `cpu`
// is a hint and costs at most time: who would wait on the CPU that the other side needs does not spin.
//
// `cancelled` is set while the worker has the turn, too: the module looks at it as it pleases, and only the innermost
// call of a lane has code of the module at work. It orders nothing. The worker has no word to cancel the host.
//
// A small frame is written in one go, right before it is published: the other side spins on that line, and would take
// it away between two writes.
//
// Messages that do not fit behind the header lie in a region of their own, made by the host in either direction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace bulkhead::lane {

enum class FrameKind : std::uint8_t {
  call = 1,
  reply = 2,
  error = 3,        // payload: the message Error of control.capnp
  load = 4,         // host only, lane 0: construct the module (parameters came with the set-up)
  unload = 5,       // host only: destroy the module's object
  needRegion = 6,   // worker only: `target` bytes for its next frame
  regionReady = 7,  // host only: answers needRegion, `target` is the region's id
  close = 8,        // host only, idle lane: end the lane's thread
  closed = 9,       // worker only: answers close
};

// 32 bytes, naturally aligned, no padding.
struct FrameHeader {
  std::uint32_t sequence;  // of this writer: 0 in a fresh slot, 1 for its first frame; wraps
  FrameKind kind;
  std::uint8_t depth;
  std::uint16_t ordinal;    // call: the method
  std::uint32_t words;      // size of the payload
  std::uint32_t place;      // where it is: bytes from the start of the slot, or kRegionBit | region id
  std::uint64_t target;     // call: interface id; needRegion: bytes; regionReady: region id; reply and error of the
                            // worker: the sequence of the frame that they answer, so that none is taken for another's
  std::int64_t deadlineNs;  // call by the host: CLOCK_MONOTONIC, 0 for none; reply and error of the host: the one of
                            // the call that made the import from now on, 0: as before; else 0
};
static_assert(sizeof(FrameHeader) == 32 && alignof(FrameHeader) == 8);
static_assert(std::is_trivially_copyable_v<FrameHeader> && offsetof(FrameHeader, target) == 16);

inline constexpr std::uint32_t kRegionBit = 0x8000'0000u;
// Payloads up to this are gathered elsewhere and go out together with the header: the rest of its cache line.
inline constexpr std::uint32_t kGatheredWords = 4;
inline constexpr std::uint32_t kPayloadOffset = sizeof(FrameHeader);
inline constexpr std::uint32_t kTailBytes = 64;  // the line of `sleeping`, `cpu` and `cancelled`
inline constexpr std::uint32_t kCpuOffset = 4;   // in it
inline constexpr std::uint32_t kCancelledOffset = 8;
inline constexpr std::uint32_t kSlotAlignment = 4096;

// The largest payload that a slot holds.
constexpr std::uint32_t slotCapacity(std::uint32_t slotBytes) noexcept {
  return slotBytes - kPayloadOffset - kTailBytes;
}

}  // namespace bulkhead::lane
