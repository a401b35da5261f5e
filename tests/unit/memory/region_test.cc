#include "shared/memory/region.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace bulkhead::memory {
namespace {

using posix::UniqueFd;

constexpr std::size_t kPage = 4096;

UniqueFd duplicate(const Region& region) { return UniqueFd(::fcntl(region.descriptor(), F_DUPFD_CLOEXEC, 0)); }

std::size_t residentPages(const Region& region) {
  std::vector<unsigned char> pages(region.size() / kPage);
  if (::mincore(const_cast<std::byte*>(region.data()), region.size(), pages.data()) != 0) return 0;
  return static_cast<std::size_t>(
      std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return page & 1; }));
}

bool isOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(Region, IsZeroedPresentAndRoundedUpToPages) {
  auto region = Region::create(3 * kPage + 1, Access::hostWrites).value();
  EXPECT_EQ(region.size(), 4 * kPage);
  EXPECT_EQ(residentPages(region), 4U);
  EXPECT_TRUE(std::all_of(region.data(), region.data() + region.size(), [](std::byte b) { return b == std::byte{}; }));
}

TEST(Region, ReservedOnePopulatesTheAskedPagesOnly) {
  auto region = Region::reserve(64 * kPage, Access::workerWrites).value();
  EXPECT_EQ(residentPages(region), 0U);
  ASSERT_TRUE(region.populate(5 * kPage + 100, kPage));
  EXPECT_EQ(residentPages(region), 2U);
  region.data()[6 * kPage] = std::byte{7};
  ASSERT_TRUE(region.populate(0, region.size()));
  EXPECT_EQ(region.data()[6 * kPage], std::byte{7});
  EXPECT_EQ(residentPages(region), 64U);
}

TEST(Region, RefusesRangesOutsideOfIt) {
  auto region = Region::reserve(2 * kPage, Access::hostWrites).value();
  EXPECT_EQ(region.populate(kPage, 2 * kPage).error().kind(), ErrorKind::internal);
  EXPECT_EQ(region.populate(3 * kPage, 0).error().kind(), ErrorKind::internal);
  EXPECT_EQ(region.populate(kPage, ~std::size_t{0}).error().kind(), ErrorKind::internal);
}

TEST(Region, RefusesSizesThatCannotBe) {
  EXPECT_EQ(Region::create(0, Access::hostWrites).error().kind(), ErrorKind::invalidConfiguration);
  EXPECT_EQ(Region::create(~std::size_t{0}, Access::hostWrites).error().kind(), ErrorKind::invalidConfiguration);
  EXPECT_EQ(Region::reserve(std::size_t{1} << 60, Access::hostWrites).error().kind(), ErrorKind::resourceExhausted);
}

// Threat 9: lack of space is an error value. A map beyond its file's end stands for a file system without space: the
// kernel's answer to a touch is the same.
TEST(Region, Threat09LackOfSpaceIsAnErrorAndNoSignal) {
  UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(fd.get(), kPage), 0);
  void* map = ::mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  ASSERT_NE(map, MAP_FAILED);
  EXPECT_EQ(internal::populateByMadvise(static_cast<std::byte*>(map), 2 * kPage), ENOSPC);
  EXPECT_EQ(internal::populateByMadvise(static_cast<std::byte*>(map), kPage), 0);
  ::munmap(map, 2 * kPage);
}

TEST(Region, Threat09FileSizeLimitIsAnErrorAndNoSignal) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{kPage, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  auto region = Region::create(2 * kPage, Access::hostWrites);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(region);
  EXPECT_EQ(region.error().kind(), ErrorKind::resourceExhausted);
}

TEST(Region, LackOfDescriptorsIsAnError) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  auto region = Region::create(kPage, Access::hostWrites);
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_FALSE(region);
  EXPECT_EQ(region.error().kind(), ErrorKind::resourceExhausted);
}

TEST(Region, PopulatesByFallocateWhereMadviseCannot) {
  auto region = Region::reserve(4 * kPage, Access::hostWrites).value();
  EXPECT_EQ(internal::populateByFallocate(region.descriptor(), 0, region.size()), 0);
}

// Threat 8: sealed against any change of size before the worker sees it.
TEST(Region, Threat08CannotBeResizedOrUnsealed) {
  for (const Access access : {Access::hostWrites, Access::workerWrites}) {
    auto region = Region::create(2 * kPage, access).value();
    EXPECT_NE(::ftruncate(region.descriptor(), kPage), 0);
    EXPECT_NE(::ftruncate(region.descriptor(), 3 * kPage), 0);
    EXPECT_NE(::fcntl(region.descriptor(), F_ADD_SEALS, F_SEAL_WRITE), 0);
    EXPECT_NE(::fcntl(region.descriptor(), F_GETFD) & FD_CLOEXEC, 0);
  }
}

// Threat 12, proven by writes that fail.
TEST(Region, Threat12WorkerCannotWriteWhatTheHostWrites) {
  auto region = Region::create(kPage, Access::hostWrites).value();
  EXPECT_EQ(::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, region.descriptor(), 0), MAP_FAILED);
  EXPECT_EQ(::pwrite(region.descriptor(), "x", 1, 0), -1);
  EXPECT_NE(::fallocate(region.descriptor(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kPage), 0);
  auto worker = WorkerRegion::map(duplicate(region), kPage, Access::hostWrites).value();
  EXPECT_NE(::mprotect(const_cast<std::byte*>(worker.data()), kPage, PROT_READ | PROT_WRITE), 0);
  EXPECT_EQ(worker.writableData(), nullptr);
  region.data()[17] = std::byte{42};
  EXPECT_EQ(worker.data()[17], std::byte{42});
}

TEST(Region, WorkerWritesItsOwn) {
  auto region = Region::create(kPage, Access::workerWrites).value();
  auto worker = WorkerRegion::map(duplicate(region), kPage, Access::workerWrites).value();
  ASSERT_NE(worker.writableData(), nullptr);
  worker.writableData()[4095] = std::byte{9};
  EXPECT_EQ(region.data()[4095], std::byte{9});
}

TEST(Region, MapOutlivesItsDescriptor) {
  auto region = Region::reserve(2 * kPage, Access::hostWrites).value();
  region.closeDescriptor();
  EXPECT_EQ(region.descriptor(), -1);
  EXPECT_TRUE(region.populate(0, 2 * kPage));
  region.data()[0] = std::byte{1};
}

TEST(Region, MoveTakesTheMapAndTheDescriptor) {
  auto first = Region::create(kPage, Access::hostWrites).value();
  const int fd = first.descriptor();
  std::byte* const data = first.data();
  {
    Region second = std::move(first);
    EXPECT_EQ(second.data(), data);
    EXPECT_EQ(second.descriptor(), fd);
  }
  EXPECT_FALSE(isOpen(fd));
  unsigned char page = 0;
  EXPECT_NE(::mincore(data, kPage, &page), 0);
}

// Threat 37: a child that the host forks does not hold the map.
TEST(Region, Threat37ForkedChildDoesNotHaveTheMap) {
  auto region = Region::create(kPage, Access::hostWrites).value();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    unsigned char page = 0;
    ::_exit(::mincore(region.data(), kPage, &page) != 0 && errno == ENOMEM ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Region, Threat14NothingIsNamed) {
  const auto names = [] {
    std::vector<std::string> found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", ignored)) found.push_back(entry.path());
    return found.size();
  };
  const auto before = names();
  auto region = Region::create(kPage, Access::hostWrites).value();
  EXPECT_EQ(names(), before);
}

TEST(WorkerRegion, RefusesAnotherSizeThanAnnounced) {
  auto region = Region::create(2 * kPage, Access::workerWrites).value();
  for (const std::size_t size : {std::size_t{0}, kPage, 3 * kPage}) {
    UniqueFd fd = duplicate(region);
    const int number = fd.get();
    auto worker = WorkerRegion::map(std::move(fd), size, Access::workerWrites);
    ASSERT_FALSE(worker);
    EXPECT_EQ(worker.error().kind(), ErrorKind::protocolViolation);
    EXPECT_FALSE(isOpen(number));
  }
}

TEST(WorkerRegion, RefusesMissingSeals) {
  auto region = Region::create(kPage, Access::workerWrites).value();
  EXPECT_FALSE(WorkerRegion::map(duplicate(region), kPage, Access::hostWrites));
  UniqueFd unsealed(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(unsealed.get(), kPage), 0);
  EXPECT_FALSE(WorkerRegion::map(std::move(unsealed), kPage, Access::workerWrites));
}

TEST(WorkerRegion, RefusesWhatIsNoMemfd) {
  int pipes[2];
  ASSERT_EQ(::pipe2(pipes, O_CLOEXEC), 0);
  const UniqueFd other(pipes[1]);
  EXPECT_EQ(WorkerRegion::map(UniqueFd(pipes[0]), kPage, Access::workerWrites).error().kind(),
            ErrorKind::protocolViolation);
  EXPECT_EQ(WorkerRegion::map(UniqueFd(), kPage, Access::workerWrites).error().kind(), ErrorKind::protocolViolation);
}

}  // namespace
}  // namespace bulkhead::memory
