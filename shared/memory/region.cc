#include "shared/memory/region.h"

#include "shared/posix/errno_error.h"

#include <boost/interprocess/exceptions.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <limits>
#include <string>
#include <utility>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace bulkhead::memory {
namespace {

namespace ipc = boost::interprocess;
using MapPointer = std::unique_ptr<ipc::mapped_region>;
using posix::errnoError;
using posix::UniqueFd;

constexpr int kCommonSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

int sealsOf(Access access) noexcept {
  return access == Access::hostWrites ? kCommonSeals | F_SEAL_FUTURE_WRITE : kCommonSeals;
}

// What mapped_region asks of a thing it maps.
class Mappable {
 public:
  explicit Mappable(int fd) noexcept : handle_{fd, false} {}
  ipc::mapping_handle_t get_mapping_handle() const noexcept { return handle_; }

 private:
  ipc::mapping_handle_t handle_;
};

Result<UniqueFd> createMemfd() {
  constexpr unsigned int kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd fd(::memfd_create("bulkhead", kFlags | MFD_NOEXEC_SEAL));
  if (!fd && errno == EINVAL) fd.reset(::memfd_create("bulkhead", kFlags));  // before Linux 6.3
  if (!fd) return errnoError(ErrorKind::resourceExhausted, "cannot create a shared memory region: memfd_create");
  return fd;
}

Result<void> setSize(int fd, std::size_t sizeBytes) {
  rlimit limit{};
  // Beyond this limit ftruncate does not just fail, it raises SIGXFSZ.
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && sizeBytes > limit.rlim_cur) {
    return Error(ErrorKind::resourceExhausted, "a shared memory region of " + std::to_string(sizeBytes) +
                                                   " bytes is over this process's file size limit (RLIMIT_FSIZE)");
  }
  if (::ftruncate(fd, static_cast<off_t>(sizeBytes)) != 0) {
    return errnoError(ErrorKind::resourceExhausted, "cannot size a shared memory region: ftruncate");
  }
  return {};
}

Result<MapPointer> mapWhole(int fd, std::size_t sizeBytes, ipc::mode_t mode) {
  try {
    return std::make_unique<ipc::mapped_region>(Mappable(fd), mode, 0, sizeBytes);
  } catch (const ipc::interprocess_exception& error) {
    return errnoError(ErrorKind::resourceExhausted,
                      "cannot map a shared memory region of " + std::to_string(sizeBytes) + " bytes",
                      error.get_native_error());
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::resourceExhausted, "cannot map a shared memory region: out of memory");
  }
}

}  // namespace

namespace internal {

int populateByMadvise(std::byte* start, std::size_t sizeBytes) noexcept {
  while (::madvise(start, sizeBytes, MADV_POPULATE_WRITE) != 0) {
    if (errno != EINTR) return errno == EFAULT ? ENOSPC : errno;  // EFAULT: touching it would have raised SIGBUS
  }
  return 0;
}

int populateByFallocate(int fd, std::size_t offsetBytes, std::size_t sizeBytes) noexcept {
  while (::fallocate(fd, 0, static_cast<off_t>(offsetBytes), static_cast<off_t>(sizeBytes)) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace internal

std::size_t roundUpToPages(std::size_t sizeBytes) noexcept {
  static const std::size_t page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  if (sizeBytes > std::numeric_limits<std::size_t>::max() - page) return 0;
  return (sizeBytes + page - 1) / page * page;
}

Region::Region(UniqueFd fd, MapPointer map, Access access) noexcept
    : fd_(std::move(fd)),
      map_(std::move(map)),
      data_(static_cast<std::byte*>(map_->get_address())),
      sizeBytes_(map_->get_size()),
      access_(access) {}
Region::Region(Region&& other) noexcept = default;
Region& Region::operator=(Region&& other) noexcept = default;
Region::~Region() = default;

Result<Region> Region::reserve(std::size_t sizeBytes, Access access) {
  const std::size_t rounded = roundUpToPages(sizeBytes);
  if (rounded == 0 || rounded > static_cast<std::size_t>(std::numeric_limits<off_t>::max())) {
    return Error(ErrorKind::invalidConfiguration,
                 "a shared memory region cannot have " + std::to_string(sizeBytes) + " bytes");
  }
  Result<UniqueFd> fd = createMemfd();
  if (!fd) return std::move(fd).error();
  if (Result<void> sized = setSize(fd->get(), rounded); !sized) return std::move(sized).error();
  // Before the seals: FUTURE_WRITE leaves this map writable and refuses every later one.
  Result<MapPointer> map = mapWhole(fd->get(), rounded, ipc::read_write);
  if (!map) return std::move(map).error();
  if (::madvise((*map)->get_address(), rounded, MADV_DONTFORK) != 0) {
    return errnoError(ErrorKind::internal, "cannot keep a shared memory region from forked children: madvise");
  }
  if (::fcntl(fd->get(), F_ADD_SEALS, sealsOf(access)) != 0) {
    return errnoError(ErrorKind::internal, "cannot seal a shared memory region: fcntl");
  }
  return Region(*std::move(fd), *std::move(map), access);
}

Result<Region> Region::create(std::size_t sizeBytes, Access access) {
  Result<Region> region = reserve(sizeBytes, access);
  if (!region) return region;
  if (Result<void> populated = region->populate(0, region->size()); !populated) return std::move(populated).error();
  return region;
}

Result<void> Region::populate(std::size_t offsetBytes, std::size_t sizeBytes) {
  if (offsetBytes > sizeBytes_ || sizeBytes > sizeBytes_ - offsetBytes) {
    return Error(ErrorKind::internal, "a range outside of its shared memory region was to be populated");
  }
  if (sizeBytes == 0) return {};
  const std::size_t start = offsetBytes - offsetBytes % roundUpToPages(1);
  const std::size_t length = roundUpToPages(offsetBytes + sizeBytes) - start;
  int failure = internal::populateByMadvise(data_ + start, length);
  if (failure == EINVAL && fd_) failure = internal::populateByFallocate(fd_.get(), start, length);  // before Linux 5.14
  if (failure != 0) {
    return errnoError(ErrorKind::resourceExhausted,
                      "no memory for " + std::to_string(length) + " bytes of a shared memory region", failure);
  }
  return {};
}

WorkerRegion::WorkerRegion(MapPointer map, Access access) noexcept
    : map_(std::move(map)),
      data_(static_cast<std::byte*>(map_->get_address())),
      sizeBytes_(map_->get_size()),
      access_(access) {}
WorkerRegion::WorkerRegion(WorkerRegion&& other) noexcept = default;
WorkerRegion& WorkerRegion::operator=(WorkerRegion&& other) noexcept = default;
WorkerRegion::~WorkerRegion() = default;

Result<WorkerRegion> WorkerRegion::map(UniqueFd fd, std::size_t sizeBytes, Access access) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errnoError(ErrorKind::protocolViolation, "shared memory region: fstat");
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  const int wanted = sealsOf(access);
  if (!S_ISREG(status.st_mode) || seals < 0 || (seals & wanted) != wanted) {
    return Error(ErrorKind::protocolViolation, "a shared memory region is not a sealed memfd");
  }
  if (sizeBytes == 0 || static_cast<std::size_t>(status.st_size) != sizeBytes) {
    return Error(ErrorKind::protocolViolation, "a shared memory region has " + std::to_string(status.st_size) +
                                                   " bytes and was announced with " + std::to_string(sizeBytes));
  }
  Result<MapPointer> map =
      mapWhole(fd.get(), sizeBytes, access == Access::hostWrites ? ipc::read_only : ipc::read_write);
  if (!map) return std::move(map).error();
  return WorkerRegion(*std::move(map), access);
}

}  // namespace bulkhead::memory
