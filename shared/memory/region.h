// Anonymous shared memory between a host and one worker: the only home of memfd, sealing and shared maps.
//
//   host                                             worker
//   Region::create: memfd, map RW, populate, seal
//                   -- descriptor by control socket ->  WorkerRegion::map: check size and seals, map
//
//   Access        host's map    worker's map   seals
//   hostWrites    read/write    read only      SHRINK GROW FUTURE_WRITE SEAL  (the kernel refuses a writable map)
//   workerWrites  read/write    read/write     SHRINK GROW SEAL               (untrusted: anything in it may change)
//
// A region belongs to one worker and is never used for another. It has no name anywhere. The host's map does not exist
// in children that the host forks. What is in a workerWrites region may change under the reader: copy once, then check.
// Sealing does not stop a worker from punching holes in a workerWrites region: the host's next touch fills them again.
#pragma once

#include "shared/posix/unique_fd.h"

#include <bulkhead/result.h>

#include <cstddef>
#include <memory>

namespace boost::interprocess {
class mapped_region;
}

namespace bulkhead::memory {

enum class Access { hostWrites, workerWrites };

// The host's end: owns the descriptor and the writable map, both gone with the object. Move-only. Accessors may be used
// from any thread; `populate` from several at once for different ranges; the rest is externally synchronised.
class Region {
 public:
  // A region of at least `sizeBytes` (rounded up to pages), zeroed, with every page present: touching it can not raise
  // SIGBUS. Blocks for the time it takes to find the pages. Fails with resourceExhausted when memory, descriptors or
  // RLIMIT_FSIZE do not allow it, with invalidConfiguration for a size of 0.
  static Result<Region> create(std::size_t sizeBytes, Access access);
  // The same without pages. Only ranges given to `populate` may be touched.
  static Result<Region> reserve(std::size_t sizeBytes, Access access);

  Region(Region&& other) noexcept;
  Region& operator=(Region&& other) noexcept;
  ~Region();

  // Makes the pages that hold [offset, offset + size) present; what they hold stays. Fails with resourceExhausted when
  // there is no memory (pages found so far stay), with internal for a range outside of the region.
  Result<void> populate(std::size_t offsetBytes, std::size_t sizeBytes);

  std::byte* data() noexcept { return data_; }
  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return sizeBytes_; }
  Access access() const noexcept { return access_; }

  // To be sent to the worker; still owned here. -1 once closed.
  int descriptor() const noexcept { return fd_.get(); }
  // Saves a descriptor once the worker has its own. The map stays.
  void closeDescriptor() noexcept { fd_.reset(); }

 private:
  Region(posix::UniqueFd fd, std::unique_ptr<boost::interprocess::mapped_region> map, Access access) noexcept;

  posix::UniqueFd fd_;
  std::unique_ptr<boost::interprocess::mapped_region> map_;
  std::byte* data_ = nullptr;
  std::size_t sizeBytes_ = 0;
  Access access_ = Access::hostWrites;
};

// The worker's end: the map alone, gone with the object. Move-only; accessors may be used from any thread.
class WorkerRegion {
 public:
  // Maps a region that the host announced as `sizeBytes` with `access`. Takes the descriptor and closes it in any case.
  // Fails with protocolViolation when it is no memfd of that size with those seals, with resourceExhausted when it can
  // not be mapped.
  static Result<WorkerRegion> map(posix::UniqueFd fd, std::size_t sizeBytes, Access access);

  WorkerRegion(WorkerRegion&& other) noexcept;
  WorkerRegion& operator=(WorkerRegion&& other) noexcept;
  ~WorkerRegion();

  const std::byte* data() const noexcept { return data_; }
  // Null for a hostWrites region.
  std::byte* writableData() noexcept { return access_ == Access::workerWrites ? data_ : nullptr; }
  std::size_t size() const noexcept { return sizeBytes_; }

 private:
  WorkerRegion(std::unique_ptr<boost::interprocess::mapped_region> map, Access access) noexcept;

  std::unique_ptr<boost::interprocess::mapped_region> map_;
  std::byte* data_ = nullptr;
  std::size_t sizeBytes_ = 0;
  Access access_ = Access::hostWrites;
};

// `sizeBytes` rounded up to whole pages; 0 when that overflows.
std::size_t roundUpToPages(std::size_t sizeBytes) noexcept;

namespace internal {
// Makes the pages of a map present; an errno value, or 0. `start` and `sizeBytes` are whole pages.
int populateByMadvise(std::byte* start, std::size_t sizeBytes) noexcept;
int populateByFallocate(int fd, std::size_t offsetBytes, std::size_t sizeBytes) noexcept;
}  // namespace internal

}  // namespace bulkhead::memory
