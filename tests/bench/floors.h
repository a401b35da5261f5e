// The floors: the same exchange with nothing of Bulkhead in it, measured in the same run on the same CPUs.
#pragma once

#include "tests/bench/modules/floor.h"

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

inline constexpr std::size_t kTextBytes = 1024;
inline constexpr std::size_t kBulkBytes = 1 << 20;

// A virtual call into a library that was opened at run time.
class VirtualCall {
 public:
  VirtualCall();
  VirtualCall(const VirtualCall&) = delete;
  VirtualCall& operator=(const VirtualCall&) = delete;
  ~VirtualCall();
  Adder& adder() const noexcept { return *adder_; }

 private:
  void* library_;
  Adder* adder_;
};

// A child process that answers through plain shared memory: two words, each on a line of its own.
class SharedMemoryPeer {
 public:
  enum class Waiting : std::uint8_t { spinning, sleeping };
  // The child runs on `cpu`.
  SharedMemoryPeer(Waiting waiting, int cpu);
  SharedMemoryPeer(const SharedMemoryPeer&) = delete;
  SharedMemoryPeer& operator=(const SharedMemoryPeer&) = delete;
  ~SharedMemoryPeer();

  void ping();
  // 1 KiB: copied in by this side, across by the child, and out by this side.
  void text(const char* in, char* out);
  // 1 MiB: copied in, touched by the child where it lies, and copied out.
  void bulk(const char* in, char* out);

 private:
  enum class Operation : std::uint32_t { ping, text, bulk };
  struct Memory {
    alignas(64) std::atomic<std::uint32_t> request{0};
    alignas(64) std::atomic<std::uint32_t> answer{0};
    alignas(64) std::atomic<Operation> operation{Operation::ping};
    alignas(4096) char there[kBulkBytes];
    alignas(4096) char back[kTextBytes];
  };
  void exchange();
  [[noreturn]] void answer();
  void post(std::atomic<std::uint32_t>& word, std::uint32_t value) const;
  std::uint32_t await(std::atomic<std::uint32_t>& word, std::uint32_t old) const;

  const Waiting waiting_;
  Memory* memory_;
  std::uint32_t count_ = 0;
  Operation last_ = Operation::ping;
  pid_t child_;
};

// Starts the bare C program by vfork and execve and lives until it is reaped.
class BareWorker {
 public:
  BareWorker();
  BareWorker(const BareWorker&) = delete;
  BareWorker& operator=(const BareWorker&) = delete;
  ~BareWorker();
  int add(int a, int b);

 private:
  int socket_;
  pid_t child_;
};

// dlopen, with dlclose at the end.
class PlainLoad {
 public:
  explicit PlainLoad(const std::string& file);
  PlainLoad(const PlainLoad&) = delete;
  PlainLoad& operator=(const PlainLoad&) = delete;
  ~PlainLoad();

 private:
  void* library_;
};

}  // namespace bench
