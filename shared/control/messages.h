// The control protocol's messages as plain values. proto/control.capnp is the specification: who sends what, and when.
//
// Encoding and decoding check shape and caps; whether a message is legal now is for the session that receives it.
// Decoded values are copies: nothing points into the datagram.
#pragma once

#include <bulkhead/log_level.h>
#include <bulkhead/result.h>
#include <bulkhead/tier.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace bulkhead::control {

// This build's protocol version.
std::uint32_t protocolVersion() noexcept;

inline constexpr std::size_t kMaxLogLineBytes = 8192;
inline constexpr std::size_t kMaxLockdownSteps = 64;
// Longer texts are cut by the sender; a receiver treats one as a violation.
inline constexpr std::size_t kMaxTextBytes = 4096;

// ---- from the worker

struct Hello {
  std::uint32_t protocolVersion = 0;
  std::uint32_t abiVersion = 0;
  std::string build;
};

// One measure of the lock-down.
struct LockdownStep {
  std::string name;
  bool reached = false;
  std::string detail;
};

struct LockedDown {
  Tier tier = Tier::process;
  std::vector<LockdownStep> steps;
};

struct StartFailed {
  std::string text;
};

struct LaneRefused {
  std::uint32_t lane = 0;
  std::string text;
};

struct ImportWaiting {
  std::uint32_t lane = 0;
};

struct Log {
  LogLevel level = LogLevel::info;  // unchecked: may hold any number
  std::string line;                 // any bytes
  std::uint32_t lost = 0;
};

using ToHost = std::variant<Hello, LockedDown, StartFailed, LaneRefused, ImportWaiting, Log>;

// ---- from the host

// Zero: none of ours.
struct Limits {
  std::uint64_t memoryBytes = 0;
  std::uint64_t fileBytes = 0;
  std::uint32_t files = 0;
  std::uint32_t cpuSeconds = 0;
};

struct File {
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

struct Load {
  File file;
  std::string originalPath;
  std::vector<File> dependencies;
};

struct Setup {
  std::string module;
  std::uint64_t generation = 0;
  std::uint64_t hostRegionBytes = 0;
  std::uint64_t workerRegionBytes = 0;
  std::uint32_t laneCount = 0;
  std::uint32_t importLaneCount = 0;
  std::uint32_t slotBytes = 0;
  std::uint64_t laneStackBytes = 0;
  std::uint64_t maxMessageBytes = 0;
  std::uint32_t maxNesting = 0;
  Limits limits;
  Load load;
};

struct OpenLane {
  std::uint32_t lane = 0;
};

struct OpenRegion {
  std::uint32_t id = 0;
  std::uint64_t bytes = 0;
  std::uint32_t lane = 0;
  bool workerWrites = false;
};

struct RetireRegion {
  std::uint32_t id = 0;
};

struct Shutdown {};

using ToWorker = std::variant<Setup, OpenLane, OpenRegion, RetireRegion, Shutdown>;

// How many descriptors the protocol attaches to a message to the worker. (To the host: never one.)
std::size_t descriptorCount(const ToWorker& message) noexcept;

using Words = std::vector<std::uint64_t>;

// One segment, ready for Socket::send. Texts and lines over their caps are cut. Fails with messageTooLarge when it does
// not fit a datagram (a Setup with very many dependencies).
Result<Words> encode(const ToHost& message);
Result<Words> encode(const ToWorker& message);

// The reverse, for memory that does not change meanwhile. Fails with protocolViolation for what is malformed, unknown,
// over a cap, or came with another number of descriptors than the message has.
Result<ToHost> decodeToHost(std::span<const std::uint64_t> words);
Result<ToWorker> decodeToWorker(std::span<const std::uint64_t> words, std::size_t descriptors);

}  // namespace bulkhead::control
