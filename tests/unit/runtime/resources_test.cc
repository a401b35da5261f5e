// Stories of resources (I4): what the ledger makes of calls that belong together, and of others' share in them.
#include "tests/unit/runtime/loaded_module.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

namespace bulkhead::testing {
namespace {

using ::borrower::Step;

bool isOpen(std::int64_t descriptor) { return ::fcntl(static_cast<int>(descriptor), F_GETFD) != -1; }

class DescriptorsTest : public ::testing::Test {
 protected:
  std::uint64_t held() const { return module_.count(BULKHEAD_LEDGER_DESCRIPTOR); }
  std::uint64_t clean() { return bulkhead_ledger_clean(module_.ledger(), BULKHEAD_LEDGER_DESCRIPTOR); }
  int openNull() { return static_cast<int>(module_.act(Step::openNull)); }

  LoadedModule module_;
};

TEST_F(DescriptorsTest, EntrySaysWhereAndWhat) {
  const int descriptor = openNull();
  const std::vector<Entry> entries = module_.entries(BULKHEAD_LEDGER_DESCRIPTOR);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].key, static_cast<std::uint64_t>(descriptor));
  EXPECT_EQ(entries[0].call, "open");
  EXPECT_EQ(entries[0].text, "/dev/null");
  EXPECT_TRUE(module_.contains(entries[0].site));
}

TEST_F(DescriptorsTest, ErrnoIsLibcs) {
  int number = 0;
  EXPECT_EQ(module_.act(Step::openNothing, 0, 0, 0, &number), -1);
  EXPECT_EQ(number, ENOENT);
  const int descriptor = static_cast<int>(module_.act(Step::openNull, 0, 0, 0, &number));
  EXPECT_EQ(number, 0) << "the ledger's own work leaves it alone";
  EXPECT_EQ(module_.act(Step::close, descriptor, 0, 0, &number), 0);
  EXPECT_EQ(number, 0);
  EXPECT_EQ(module_.act(Step::close, descriptor, 0, 0, &number), -1);
  EXPECT_EQ(number, EBADF);
  EXPECT_EQ(held(), 0u);
}

TEST_F(DescriptorsTest, TrapOfANumberThatTheHostClosedAndReused) {
  const int descriptor = openNull();
  ::close(descriptor);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(ends[0], descriptor) << "the host's now";
  EXPECT_EQ(clean(), 1u);
  EXPECT_TRUE(isOpen(descriptor)) << "the host's pipe was closed";
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(DescriptorsTest, ClosedByTheHostIsNoHarm) {
  ::close(openNull());
  EXPECT_EQ(clean(), 1u);
}

TEST_F(DescriptorsTest, ReleasedIsTheNewOwners) {
  const int descriptor = openNull();
  module_.act(Step::release, descriptor);
  EXPECT_EQ(held(), 0u);
  module_.unload();
  EXPECT_TRUE(isOpen(descriptor));
  ::close(descriptor);
}

TEST_F(DescriptorsTest, LeftOpenIsClosedByTheUnload) {
  const int descriptor = openNull();
  module_.unload();
  EXPECT_FALSE(isOpen(descriptor));
}

TEST_F(DescriptorsTest, ForeignOnesMayBeClosed) {
  const int hosts = ::open("/dev/null", O_RDONLY);
  EXPECT_EQ(module_.act(Step::close, hosts), 0);
  EXPECT_FALSE(isOpen(hosts));
  EXPECT_EQ(held(), 0u);
}

TEST_F(DescriptorsTest, DuplicateOntoOneInTheLedgerReplacesIt) {
  const int one = openNull();
  const int two = openNull();
  EXPECT_EQ(module_.act(Step::duplicateTo, one, two), two);
  const std::vector<Entry> entries = module_.entries(BULKHEAD_LEDGER_DESCRIPTOR);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].call, "dup2");
  EXPECT_EQ(module_.act(Step::duplicateTo, one, one), one);
  EXPECT_EQ(held(), 2u);
  EXPECT_EQ(module_.entries(BULKHEAD_LEDGER_DESCRIPTOR)[1].call, "dup2") << "onto itself acquires nothing";
  EXPECT_EQ(module_.act(Step::duplicateTo, -1, two), -1);
  EXPECT_EQ(held(), 2u) << "a failed one leaves what was there";
  EXPECT_EQ(clean(), 2u);
  EXPECT_FALSE(isOpen(one));
  EXPECT_FALSE(isOpen(two));
}

TEST_F(DescriptorsTest, DuplicateOntoTheHostsNumberStaysTheHosts) {
  const int hosts = ::open("/dev/zero", O_RDONLY);
  const int own = openNull();
  EXPECT_EQ(module_.act(Step::duplicateTo, own, hosts), hosts);
  EXPECT_EQ(held(), 1u);
  EXPECT_EQ(module_.act(Step::duplicateTo, hosts, hosts), hosts);
  EXPECT_EQ(clean(), 1u);
  EXPECT_TRUE(isOpen(hosts));
  ::close(hosts);
}

TEST_F(DescriptorsTest, RangesTakeAllInThemAndNoMore) {
  const int first = openNull();
  for (int number = 600; number < 610; ++number) module_.act(Step::duplicateTo, first, number);
  EXPECT_EQ(held(), 11u);
  EXPECT_EQ(module_.act(Step::closeRange, 602, 607), 0);
  EXPECT_EQ(held(), 5u);
  EXPECT_EQ(clean(), 5u);
  for (int number = 600; number < 610; ++number) EXPECT_FALSE(isOpen(number));
}

TEST_F(DescriptorsTest, ReceivedOnesAreTheModules) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
  char byte = 1;
  iovec part = {&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(2 * sizeof(int));
  std::memcpy(CMSG_DATA(rights), ends, 2 * sizeof(int));
  ASSERT_EQ(::sendmsg(ends[0], &header, 0), 1);
  const std::int64_t descriptor = module_.act(Step::receive, ends[1]);
  ASSERT_GE(descriptor, 0);
  EXPECT_EQ(held(), 2u) << "all of the message";
  EXPECT_EQ(clean(), 2u);
  EXPECT_FALSE(isOpen(descriptor));

  ASSERT_EQ(::send(ends[0], &byte, 1, 0), 1);
  EXPECT_EQ(module_.act(Step::receive, ends[1]), -1) << "a message without descriptors";
  EXPECT_EQ(held(), 0u);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(DescriptorsTest, ManyThreadsOpenAndClose) {
  constexpr int kRounds = 2000;
  std::vector<std::thread> threads;
  std::atomic<std::int64_t> failed{0};
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { failed += module_.act(Step::churn, kRounds); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(held(), 0u);
}

}  // namespace
}  // namespace bulkhead::testing
