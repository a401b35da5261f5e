// What watching takes from the system, and what happens when the system has no more. (R3)
#include "tests/unit/watch/changes.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <future>
#include <optional>
#include <string>
#include <utility>

namespace bulkhead::testing {
namespace {

using Kind = FileChange::Kind;
using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

#ifndef __has_feature  // g++
#define __has_feature(x) 0
#endif

constexpr auto kQuiet = 20ms;

class WatchLimitsTest : public ::testing::Test {
 protected:
  void SetUp() override { folder_.write("x.so", moduleBytes(1)); }
  Result<FileWatch> start(Changes& changes) {
    return FileWatch::start(folder_.at("x.so"), changes.sink(), {.quiet = kQuiet});
  }
  // Runs `body` in a child and passes its failures on. It returns false where the system does not let it.
  template <class F>
  void inChild(F body) {
    constexpr int kNotTested = 77;
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        const bool tested = body();
        ::_exit(HasFailure() ? 1 : tested ? 0 : kNotTested);
      } catch (const std::exception& exception) {
        std::fprintf(stderr, "%s\n", exception.what());
        ::_exit(1);
      }
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == kNotTested)
      GTEST_SKIP() << "the system does not allow it here, or a sanitizer's own thread forbids unshare(2)";
    EXPECT_EQ(status, 0) << "the child's output tells why";
  }

  ScratchFolder folder_;
};

std::size_t inotifyInstances() {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    count += fs::read_symlink(entry.path(), gone).native().find("inotify") != std::string::npos ? 1 : 0;
  }
  return count;
}

std::size_t watchThreads() {
  std::size_t count = 0;
  for (const auto& task : fs::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    count += std::getline(file, name) && name == "bulkhead-watch" ? 1 : 0;
  }
  return count;
}

TEST_F(WatchLimitsTest, NothingExistsWhileNothingIsWatched) {
  EXPECT_EQ(inotifyInstances(), 0u);
  {
    Changes changes;
    const auto one = start(changes);
    const auto two = start(changes);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(inotifyInstances(), 1u);
    EXPECT_EQ(watchThreads(), 1u);
  }
  EXPECT_EQ(inotifyInstances(), 0u);
  EXPECT_EQ(watchThreads(), 0u);
}

TEST_F(WatchLimitsTest, WhatCannotBeWatchedIsAnError) {
  Changes changes;
  EXPECT_EQ(FileWatch::start("", changes.sink()).error().kind(), ErrorKind::notFound);
  EXPECT_EQ(FileWatch::start(folder_.at("x.so"), changes.sink(), {.quiet = -1ms}).error().kind(),
            ErrorKind::invalidConfiguration);
}

// More events than the system keeps: some are lost, the last content is not.
TEST_F(WatchLimitsTest, LostEventsAreMadeUpFor) {
  std::size_t limit = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> limit;
  if (limit == 0 || limit > 100'000) GTEST_SKIP() << "the system keeps " << limit << " events: too many to overflow";
  folder_.write("y.so", moduleBytes(1));
  Changes changes;
  std::promise<void> begun;
  std::promise<void> go;
  const auto blocking = FileWatch::start(folder_.at("y.so"),
                                         [&](const FileChange&) {
                                           begun.set_value();
                                           go.get_future().wait();
                                         },
                                         {.quiet = 0ms});
  const auto watch = start(changes);
  ASSERT_TRUE(blocking && watch);
  folder_.write("y.so", moduleBytes(2));
  begun.get_future().wait();
  for (std::size_t events = 0; events < limit + 100; events += 2) {  // made, closed
    std::ofstream(folder_.at("z" + std::to_string(events)));
  }
  folder_.write("x.so", moduleBytes(2));
  go.set_value();
  EXPECT_EQ(changes.next().kind, Kind::changed);
}

// A user namespace has limits of its own that its owner may lower, and mounts.
bool writeTo(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

bool enterNamespaces(int flags) {
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  return ::unshare(flags) == 0 && writeTo("/proc/self/uid_map", "0 " + user + " 1") &&
         writeTo("/proc/self/setgroups", "deny") && writeTo("/proc/self/gid_map", "0 " + group + " 1");
}

bool limitWatches(int count) { return writeTo("/proc/sys/user/max_inotify_watches", std::to_string(count)); }

void expectNoInstanceLeft(const ScratchFolder& folder) {
  Changes changes;
  const auto refused = FileWatch::start(folder.at("x.so"), changes.sink());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::resourceExhausted);
  EXPECT_THAT(refused.error().text(), AllOf(HasSubstr("fs.inotify.max_user_instances"), HasSubstr("ulimit -n")));
}

TEST_F(WatchLimitsTest, NoInstanceLeftNamesTheLimits) {
  inChild([this] {
    if (!enterNamespaces(CLONE_NEWUSER) || !writeTo("/proc/sys/user/max_inotify_instances", "0")) return false;
    expectNoInstanceLeft(folder_);
    return true;
  });
}

void expectNoWatchLeft(const ScratchFolder& folder) {
  Changes changes;
  const auto refused = FileWatch::start(folder.at("x.so"), changes.sink());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::resourceExhausted);
  EXPECT_THAT(refused.error().text(), HasSubstr("fs.inotify.max_user_watches"));
  EXPECT_EQ(inotifyInstances(), 0u);
}

TEST_F(WatchLimitsTest, NoWatchLeftNamesTheSysctl) {
  inChild([this] {
    if (!enterNamespaces(CLONE_NEWUSER) || !limitWatches(1)) return false;
    expectNoWatchLeft(folder_);
    return true;
  });
}

void expectUnwatchedForAWhile(const ScratchFolder& folder) {
  Changes changes;
  const auto watch = FileWatch::start(folder.at("x.so"), changes.sink(), {.quiet = kQuiet});
  ASSERT_TRUE(watch) << watch.error().message();
  ASSERT_TRUE(limitWatches(1));
  folder.write("releases/2/x.so", moduleBytes(2));
  fs::create_symlink("releases/2/x.so", folder.at("next"));
  fs::rename(folder.at("next"), folder.at("x.so"));
  const FileChange unwatched = changes.next();
  EXPECT_EQ(unwatched.kind, Kind::unwatched);
  ASSERT_TRUE(unwatched.error);
  EXPECT_EQ(unwatched.error->kind(), ErrorKind::resourceExhausted);
  EXPECT_EQ(changes.next().kind, Kind::changed);  // looked at all the same
  folder.write("releases/2/x.so", moduleBytes(3));
  ASSERT_TRUE(limitWatches(1000));
  watch->look();
  EXPECT_EQ(changes.next().kind, Kind::changed);
  folder.write("releases/2/x.so", moduleBytes(4));  // seen again
  EXPECT_EQ(changes.next().kind, Kind::changed);
}

TEST_F(WatchLimitsTest, AWatchThatTheSystemRefusesLaterIsTold) {
  inChild([this] {
    if (!enterNamespaces(CLONE_NEWUSER) || !limitWatches(1000)) return false;
    expectUnwatchedForAWhile(folder_);
    return true;
  });
}

void expectLifeWithoutItsMount(const ScratchFolder& folder) {
  folder.write("mount/x.so", moduleBytes(1));
  Changes changes;
  const auto watch = FileWatch::start(folder.at("mount/x.so"), changes.sink(), {.quiet = kQuiet});
  ASSERT_TRUE(watch) << watch.error().message();
  ASSERT_EQ(::umount(folder.at("mount").c_str()), 0);
  EXPECT_EQ(changes.next().kind, Kind::missing);
  folder.write("mount/x.so", moduleBytes(2));
  EXPECT_EQ(changes.next().kind, Kind::changed);
}

TEST_F(WatchLimitsTest, AFileOnAMountThatGoesIsMissing) {
  fs::create_directory(folder_.at("mount"));
  inChild([this] {
    const std::string mount = folder_.at("mount");
    if (!enterNamespaces(CLONE_NEWUSER | CLONE_NEWNS)) return false;
    if (::mount("none", mount.c_str(), "tmpfs", 0, nullptr) != 0) return false;
    expectLifeWithoutItsMount(folder_);
    return true;
  });
}

void expectRefusedDirectory(const ScratchFolder& folder) {
  if (::geteuid() == 0) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  Changes changes;
  const auto refused = FileWatch::start(folder.at("x.so"), changes.sink());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::requirementNotMet);
  EXPECT_THAT(refused.error().text(), HasSubstr(folder.path().native() + " cannot be watched"));
}

TEST_F(WatchLimitsTest, ADirectoryThatMayNotBeReadIsAnError) {
  fs::permissions(folder_.path(), fs::perms{0311});
  inChild([this] {
    expectRefusedDirectory(folder_);
    return true;
  });
  fs::permissions(folder_.path(), fs::perms{0700});
}

TEST_F(WatchLimitsTest, AForkedChildLeavesItsParentsWatchesAlone) {
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "ThreadSanitizer refuses threads in a child of a process with threads";
#endif
  Changes changes;
  std::optional<FileWatch> watch = start(changes).value();
  inChild([&] {
    watch->look();
    watch.reset();
    Changes own;
    const auto another = start(own).value();
    folder_.write("x.so", moduleBytes(2));
    EXPECT_EQ(own.next().kind, Kind::changed);
    return true;
  });
  EXPECT_EQ(changes.next().kind, Kind::changed);
  folder_.write("x.so", moduleBytes(3));
  EXPECT_EQ(changes.next().kind, Kind::changed);
}

}  // namespace
}  // namespace bulkhead::testing
