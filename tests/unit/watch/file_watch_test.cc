// A watched file, and all the ways in which it gets new content. (R3)
#include "shared/posix/unique_fd.h"
#include "tests/unit/watch/changes.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace bulkhead::testing {
namespace {

using Kind = FileChange::Kind;
using namespace std::chrono_literals;

constexpr auto kQuiet = 20ms;

class FileWatchTest : public ::testing::Test {
 protected:
  void SetUp() override { folder_.write("x.so", moduleBytes(1)); }

  void watch(const std::string& name = "x.so") {
    watch_ = std::make_unique<FileWatch>(FileWatch::start(at(name), changes_.sink(), {.quiet = kQuiet}).value());
  }
  std::string at(const std::string& name) const { return folder_.at(name); }
  void write(const std::string& name, int version) const { folder_.write(name, moduleBytes(version)); }
  void expectChanged() {
    const FileChange change = changes_.next();
    EXPECT_EQ(change.kind, Kind::changed) << toString(change.kind) << (change.error ? change.error->message() : "");
    EXPECT_NE(change.contentHash, last_);
    last_ = change.contentHash;
  }
  // The same, where looks on the way may have found nothing, or half.
  void expectChangedAtLast() {
    FileChange change = changes_.next();
    while (change.kind == Kind::missing || change.kind == Kind::incomplete) change = changes_.next();
    EXPECT_EQ(change.kind, Kind::changed);
    EXPECT_NE(change.contentHash, last_);
    last_ = change.contentHash;
  }
  void expectMissing() { EXPECT_EQ(changes_.next().kind, Kind::missing); }
  void expectNothing() {
    sentinel_.pass();
    EXPECT_TRUE(changes_.empty());
  }

  ScratchFolder folder_;
  Changes changes_;
  Sentinel sentinel_{kQuiet};
  std::uint64_t last_ = 0;
  std::unique_ptr<FileWatch> watch_;
};

// ---- the ways of new content

TEST_F(FileWatchTest, RenamingOverItIsTold) {
  watch();
  for (int version = 2; version < 5; ++version) {
    write("next", version);
    fs::rename(at("next"), at("x.so"));
    expectChanged();
  }
  expectNothing();
}

TEST_F(FileWatchTest, CopyingOverItIsTold) {
  watch();
  write("x.so", 2);
  expectChanged();
  expectNothing();
}

TEST_F(FileWatchTest, WritingInPartsIsToldOnceAtItsEnd) {
  watch();
  const Bytes bytes = moduleBytes(2);
  const auto part = static_cast<std::streamsize>(bytes.size() / 3);
  const auto* const content = reinterpret_cast<const char*>(bytes.data());
  std::ofstream file(at("x.so"), std::ios::binary | std::ios::trunc);
  for (int i = 0; i < 2; ++i) {
    file.write(content + i * part, part);
    file.flush();
    expectNothing();
  }
  file.write(content + 2 * part, static_cast<std::streamsize>(bytes.size()) - 2 * part);
  file.close();
  expectChanged();
  expectNothing();
}

TEST_F(FileWatchTest, AFileMadeAnewIsToldWhenItsWriterIsDone) {
  watch();
  const Bytes bytes = moduleBytes(2);
  fs::remove(at("x.so"));
  std::ofstream file(at("x.so"), std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), 100);
  file.flush();
  sentinel_.pass();
  if (!changes_.empty()) expectMissing();  // between the two
  EXPECT_TRUE(changes_.empty());
  file.write(reinterpret_cast<const char*>(bytes.data()) + 100, static_cast<std::streamsize>(bytes.size() - 100));
  file.close();
  expectChanged();
}

TEST_F(FileWatchTest, DeletingIsToldOnceAndMakingItAnewIsAChange) {
  watch();
  fs::remove(at("x.so"));
  expectMissing();
  watch_->look();
  expectNothing();
  write("x.so", 2);
  expectChanged();
}

TEST_F(FileWatchTest, WhatComesBackAsItWasIsNoChange) {
  watch();
  fs::remove(at("x.so"));
  expectMissing();
  write("x.so", 1);
  expectNothing();
  write("x.so", 2);
  expectChanged();
}

TEST_F(FileWatchTest, ItsDirectoryMayGoAndComeBack) {
  write("a/b/x.so", 1);
  watch("a/b/x.so");
  for (int version = 2; version < 5; ++version) {
    fs::remove_all(at("a"));
    expectMissing();
    write("a/b/x.so", version);
    expectChangedAtLast();
  }
  expectNothing();
}

TEST_F(FileWatchTest, ADirectoryThatIsStillInUseMayGoAndComeBack) {
  write("a/x.so", 1);
  watch("a/x.so");
  const posix::UniqueFd inUse(::open(at("a").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  fs::remove(at("a/x.so"));
  expectMissing();
  fs::remove(at("a"));
  write("a/x.so", 2);
  expectChangedAtLast();
}

TEST_F(FileWatchTest, ADirectoryAboveMayBeExchanged) {
  write("a/b/x.so", 1);
  write("other/b/x.so", 2);
  watch("a/b/x.so");
  fs::rename(at("a"), at("old"));
  expectMissing();
  fs::rename(at("other"), at("a"));
  expectChanged();
  write("old/b/x.so", 3);  // not the watched one any more
  expectNothing();
}

TEST_F(FileWatchTest, ItNeedNotExistYet) {
  watch("not/there/yet/y.so");
  expectNothing();
  write("not/there/yet/y.so", 1);
  expectChangedAtLast();
  write("not/there/yet/y.so", 2);
  expectChanged();
}

TEST_F(FileWatchTest, ARetargetedLinkIsTold) {
  write("releases/1/x.so", 1);
  write("releases/2/x.so", 2);
  write("releases/3/x.so", 3);
  fs::create_directory_symlink("releases/1", at("current"));
  watch("current/x.so");
  fs::create_directory_symlink("releases/2", at("next"));
  fs::rename(at("next"), at("current"));
  expectChanged();
  fs::remove(at("current"));
  fs::create_directory_symlink(at("releases/3"), at("current"));
  expectChangedAtLast();
  fs::remove_all(at("releases/1"));
  expectNothing();
  write("releases/3/x.so", 4);  // where it leads to now
  expectChanged();
}

// As Kubernetes updates what it mounts: x.so -> ..data/x.so, ..data -> ..2024_1.
TEST_F(FileWatchTest, AVolumeOfLinksIsExchangedAsAWhole) {
  write("volume/..2024_1/x.so", 1);
  fs::create_directory_symlink("..2024_1", at("volume/..data"));
  fs::create_symlink("..data/x.so", at("volume/x.so"));
  watch("volume/x.so");
  write("volume/..2024_2/x.so", 2);
  fs::create_directory_symlink("..2024_2", at("volume/..data_tmp"));
  fs::rename(at("volume/..data_tmp"), at("volume/..data"));
  fs::remove_all(at("volume/..2024_1"));
  expectChanged();
  expectNothing();
}

TEST_F(FileWatchTest, ALinkToAFileElsewhereIsFollowed) {
  write("far/y.so", 1);
  fs::create_symlink(at("far/y.so"), at("y.so"));
  watch("y.so");
  write("far/next", 2);
  fs::rename(at("far/next"), at("far/y.so"));
  expectChanged();
  fs::remove(at("y.so"));
  expectMissing();
  fs::create_symlink("x.so", at("y.so"));
  expectChanged();
}

TEST_F(FileWatchTest, WritingThroughAnotherNameIsTold) {
  fs::create_directory(at("elsewhere"));
  fs::create_hard_link(at("x.so"), at("elsewhere/same.so"));
  watch();
  write("elsewhere/same.so", 2);
  expectChanged();
}

TEST_F(FileWatchTest, AHardLinkInItsPlaceIsTold) {
  write("next", 2);
  watch();
  fs::remove(at("x.so"));
  fs::create_hard_link(at("next"), at("x.so"));
  expectChangedAtLast();
}

// O_TMPFILE: the file gets its name when it is complete, or before.
TEST_F(FileWatchTest, AFileThatGetsItsNameLateIsTold) {
  watch();
  int version = 1;
  for (const bool isComplete : {true, false}) {
    const Bytes content = moduleBytes(++version);
    fs::remove(at("x.so"));
    posix::UniqueFd file(::open(folder_.path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file) GTEST_SKIP() << "this file system has no files without a name";
    const std::size_t first = isComplete ? content.size() : 100;
    ASSERT_EQ(::write(file.get(), content.data(), first), static_cast<ssize_t>(first));
    const std::string self = "/proc/self/fd/" + std::to_string(file.get());
    ASSERT_EQ(::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, at("x.so").c_str(), AT_SYMLINK_FOLLOW), 0);
    ASSERT_EQ(::write(file.get(), content.data() + first, content.size() - first),
              static_cast<ssize_t>(content.size() - first));
    file.reset();
    expectChangedAtLast();
  }
}

// ---- what is no news

TEST_F(FileWatchTest, TheSameContentIsNoNews) {
  watch();
  fs::last_write_time(at("x.so"), fs::file_time_type::clock::now());
  write("x.so", 1);
  expectNothing();
  write("same", 1);
  fs::rename(at("same"), at("x.so"));
  expectNothing();
  watch_->look();
  expectNothing();
  write("x.so", 2);
  expectChanged();
}

TEST_F(FileWatchTest, OtherFilesOfTheDirectoryAreNoNews) {
  watch();
  write("y.so", 2);
  write("x.so.tmp", 3);
  write("#1", 3);
  fs::remove(at("y.so"));
  expectNothing();
}

TEST_F(FileWatchTest, WhatIsNoModuleIsToldAndLeftAlone) {
  watch();
  Bytes bytes = moduleBytes(2);
  folder_.write("x.so", std::span(bytes).first(bytes.size() / 2));
  const FileChange broken = changes_.next();
  EXPECT_EQ(broken.kind, Kind::incomplete);
  EXPECT_EQ(broken.file, at("x.so"));
  ASSERT_TRUE(broken.error);
  EXPECT_EQ(broken.error->kind(), ErrorKind::notAModule);
  watch_->look();
  expectNothing();
  folder_.write("x.so", {});
  EXPECT_EQ(changes_.next().kind, Kind::incomplete);
  folder_.write("x.so", bytes);
  expectChanged();
}

TEST_F(FileWatchTest, ADirectoryOfItsNameIsNoModule) {
  watch();
  fs::remove(at("x.so"));
  fs::create_directory(at("x.so"));
  FileChange change = changes_.next();
  if (change.kind == Kind::missing) change = changes_.next();
  EXPECT_EQ(change.kind, Kind::incomplete);
  fs::remove(at("x.so"));
  expectMissing();
  write("x.so", 2);
  expectChanged();
}

// ---- the quiet time

TEST_F(FileWatchTest, EachEventBeginsTheQuietTimeAnew) {
  constexpr auto kLong = 150ms;
  Changes changes;
  const auto watch = FileWatch::start(at("x.so"), changes.sink(), {.quiet = kLong}).value();
  std::chrono::steady_clock::time_point last;
  for (int version = 2; version < 20; ++version) {
    last = std::chrono::steady_clock::now();
    write("x.so", version);
    sentinel_.pass();  // shorter than the quiet time, unless the system is busy
  }
  FileChange change = changes.next();
  while (std::chrono::steady_clock::now() < last + kLong) change = changes.next();
  EXPECT_EQ(change.kind, Kind::changed);
}

TEST_F(FileWatchTest, AQuietTimeMayBeNone) {
  Changes changes;
  const auto watch = FileWatch::start(at("x.so"), changes.sink(), {.quiet = 0ms}).value();
  write("next", 2);
  fs::rename(at("next"), at("x.so"));
  EXPECT_EQ(changes.next().kind, Kind::changed);
}

// ---- life of a watch

TEST_F(FileWatchTest, AWatchMayEndInItsOwnCallback) {
  std::promise<void> ended;
  std::mutex mutex;
  std::optional<FileWatch> watch;
  auto started = FileWatch::start(at("x.so"),
                                  [&](const FileChange&) {
                                    const std::lock_guard lock(mutex);
                                    watch.reset();
                                    ended.set_value();
                                  },
                                  {.quiet = kQuiet});
  {
    const std::lock_guard lock(mutex);
    watch = std::move(started).value();
  }
  write("x.so", 2);
  ended.get_future().wait();
  write("x.so", 3);
  expectNothing();
}

TEST_F(FileWatchTest, TheEndOfAWatchWaitsForItsCallback) {
  std::promise<void> begun;
  std::promise<void> go;
  std::atomic<bool> done{false};
  std::optional<FileWatch> watch;
  watch = FileWatch::start(at("x.so"),
                           [&](const FileChange&) {
                             begun.set_value();
                             go.get_future().wait();
                             done = true;
                           },
                           {.quiet = kQuiet})
              .value();
  write("x.so", 2);
  begun.get_future().wait();
  std::thread opener([&] { go.set_value(); });
  watch.reset();
  EXPECT_TRUE(done);
  opener.join();
}

TEST_F(FileWatchTest, ACallbackMayBeginAnotherWatch) {
  write("y.so", 1);
  std::optional<FileWatch> second;
  std::promise<void> begun;
  const auto first = FileWatch::start(at("x.so"),
                                      [&](const FileChange&) {
                                        second =
                                            FileWatch::start(at("y.so"), changes_.sink(), {.quiet = kQuiet}).value();
                                        begun.set_value();
                                      },
                                      {.quiet = kQuiet})
                         .value();
  write("x.so", 2);
  begun.get_future().wait();
  write("y.so", 2);
  expectChanged();
}

TEST_F(FileWatchTest, ACallbackThatThrowsIsNotTheEnd) {
  std::promise<void> again;
  int calls = 0;
  const auto watch = FileWatch::start(at("x.so"),
                                      [&](const FileChange&) {
                                        if (++calls == 2) again.set_value();
                                        throw std::runtime_error("no");
                                      },
                                      {.quiet = kQuiet})
                         .value();
  write("x.so", 2);
  sentinel_.pass();
  write("x.so", 3);
  again.get_future().wait();
}

TEST_F(FileWatchTest, TwoWatchesOfAFileAreBothTold) {
  Changes others;
  std::optional<FileWatch> other = FileWatch::start(at("x.so"), others.sink(), {.quiet = kQuiet}).value();
  watch();
  write("x.so", 2);
  expectChanged();
  EXPECT_EQ(others.next().kind, Kind::changed);
  other.reset();  // what they share stays
  write("x.so", 3);
  expectChanged();
  EXPECT_TRUE(others.empty());
}

TEST_F(FileWatchTest, AMovedWatchIsTheSame) {
  watch();
  FileWatch moved = std::move(*watch_);
  watch_.reset();
  write("x.so", 2);
  expectChanged();
  moved.look();
  FileWatch empty = std::move(moved);
  moved.look();  // NOLINT(bugprone-use-after-move): does nothing
}

TEST_F(FileWatchTest, ARelativePathIsThatOfTheStart) {
  const auto before = fs::current_path();
  fs::current_path(folder_.path());
  const auto started = FileWatch::start("x.so", changes_.sink(), {.quiet = kQuiet});
  fs::current_path(before);
  ASSERT_TRUE(started) << started.error().message();
  write("x.so", 2);
  EXPECT_EQ(changes_.next().file, at("x.so"));
}

TEST_F(FileWatchTest, WatchesComeAndGoOnManyThreads) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::atomic<int> told{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const std::string name = "t" + std::to_string(i) + ".so";
      write(name, 1);
      for (int round = 0; round < 10; ++round) {
        Changes changes;
        const auto watch = FileWatch::start(at(name), changes.sink(), {.quiet = 1ms}).value();
        write(name, 2 + round);
        if (changes.next().kind == Kind::changed) ++told;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(told, 40);
}

}  // namespace
}  // namespace bulkhead::testing
