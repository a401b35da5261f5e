// What a worker sees, and what it cannot reach (S1, S5).
#include "tests/hostile/fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

namespace bulkhead::hostile {
namespace {

class Sight : public HostileTest {
 protected:
  std::string look(std::string_view what) {
    if (!module_) module_.emplace(load());
    return handleOf(*module_).within(kLong).look(what).value();
  }
  std::optional<Module> module_;
};

TEST_F(Sight, Threat16WorkerSeesExactlyItsDescriptors) {
  const int leaky = ::open("/etc/passwd", O_RDONLY);  // no close-on-exec
  ASSERT_GE(leaky, 0);
  // The sockets and pipes of the host's other workers are no business of this one either.
  auto other = load({}, "other");
  const std::string seen = look("descriptors");
  EXPECT_TRUE(std::regex_match(seen, std::regex("0 /dev/null\n1 pipe:.*\n2 pipe:.*\n3 socket:.*\n4 pipe:.*\n")))
      << seen;
  ::close(leaky);
}

TEST_F(Sight, Threat16WorkerSeesExactlyItsEnvironment) {
  ::setenv("SECRET", "not for modules", 1);
  ::setenv("LD_LIBRARY_PATH", "/nowhere", 1);
  ::setenv("LD_BIND_NOW", "1", 1);
  ::setenv("TZ", "UTC", 1);
  const std::string seen = look("environment");
  ::unsetenv("LD_LIBRARY_PATH");
  ::unsetenv("LD_BIND_NOW");
  EXPECT_NE(seen.find("TZ=UTC\n"), std::string::npos) << seen;
  const std::string allowed = kSanitized ? "(TZ|LANG|LC_[A-Z]+|[A-Z]+SAN_[A-Z_]+)" : "(TZ|LANG|LC_[A-Z]+)";
  EXPECT_TRUE(std::regex_match(seen, std::regex("(" + allowed + "=[^\n]*\n)*"))) << seen;
}

TEST_F(Sight, Threat12HostRegionCannotBeMadeWritable) { EXPECT_EQ(look("host region"), "Permission denied"); }

TEST_F(Sight, WorkerHasNoNewPrivilegesAndItsLimits) {
  EXPECT_NE(look("status").find("NoNewPrivs:\t1"), std::string::npos);
  EXPECT_TRUE(std::regex_search(look("limits"), std::regex("Max open files +256 +256")));
  EXPECT_TRUE(std::regex_search(look("limits"), std::regex("Max core file size +[01] +[01]")));
}

TEST_F(Sight, WorkerStartsWithDefaultSignals) {
  const std::string status = look("status");
  EXPECT_NE(status.find("SigBlk:\t0000000000000000"), std::string::npos) << status;
}

TEST_F(Sight, Threat14NothingIsNamedInSharedMemory) {
  const auto count = [] {
    return std::distance(std::filesystem::directory_iterator("/dev/shm"), std::filesystem::directory_iterator());
  };
  const auto before = count();
  static_cast<void>(look("status"));
  ASSERT_TRUE(handleOf(*module_).within(kLong).echo(std::vector<std::byte>(1 << 20)));  // regions of its own
  EXPECT_EQ(count(), before);
}

TEST_F(Sight, Threat13RegionsAreNotReusedAcrossWorkers) {
  // The inodes of the memfds tell the regions apart.
  const auto regions = [](const std::string& maps) {
    std::vector<std::string> inodes;
    const std::regex memfd("[^\n]* 00:[0-9a-f]+ ([0-9]+) +/memfd:[^\n]*");
    for (std::sregex_iterator i(maps.begin(), maps.end(), memfd), end; i != end; ++i) inodes.push_back((*i)[1]);
    return inodes;
  };
  const auto before = regions(look("maps"));
  ASSERT_GE(before.size(), 2u);
  EXPECT_FALSE(handleOf(*module_).misbehave(Fault::exitZero));
  for (const std::string& inode : regions(look("maps"))) {
    EXPECT_EQ(std::count(before.begin(), before.end(), inode), 0) << inode;
  }
}

}  // namespace
}  // namespace bulkhead::hostile
