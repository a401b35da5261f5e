// A module that follows its file. (R3)
#include "counter.host.h"
#include "tests/conformance/modules.h"
#include "tests/unit/manifest/scratch_file.h"

#include <bulkhead/reloader.h>

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace bulkhead::conformance {
namespace {

namespace fs = std::filesystem;
using counter::host::Counter;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr auto kQuiet = 20ms;

// What was told, in order.
template <class T>
class Told {
 public:
  auto sink() {
    return [this](const T& each) {
      const std::lock_guard lock(mutex_);
      queue_.push_back(each);
      arrived_.notify_all();
    };
  }
  T next() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, 60s, [this] { return !queue_.empty(); })) throw std::runtime_error("nothing was told");
    T first = std::move(queue_.front());
    queue_.pop_front();
    return first;
  }
  bool empty() {
    const std::lock_guard lock(mutex_);
    return queue_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> queue_;
};

std::string contentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ReloaderTest : public testing::EveryPlacement<> {
 protected:
  void SetUp() override {
    EveryPlacement::SetUp();
    put("counter.so", "counter");
    put("sentinel.so", "counter");
    sentinel_ = FileWatch::start(at("sentinel.so"), looks_.sink(), {.quiet = kQuiet}).value();
  }
  void TearDown() override {
    reloader_.reset();
    module_.reset();
    sentinel_.reset();
    EveryPlacement::TearDown();
  }

  std::string at(const std::string& name) const { return folder_.at(name); }
  // Writes the fixture module over a file, in place.
  void put(const std::string& name, const std::string& fixture) const {
    const std::string content = contentOf(modulePath(fixture));
    folder_.write(name, std::as_bytes(std::span(content)));
  }
  void putByRename(const std::string& name, const std::string& fixture) const {
    put("next", fixture);
    fs::rename(at("next"), at(name));
  }
  Module loadCounter(const std::string& name = "counter.so") { return load(at(name)).value(); }

  ReloaderOptions options() {
    return {.watch = {.quiet = kQuiet}, .reload = {}, .before = {}, .after = reloads_.sink(), .onFile = files_.sink()};
  }
  void follow(const std::string& name = "counter.so") { follow(name, options()); }
  void follow(const std::string& name, ReloaderOptions options) {
    module_ = loadCounter(name);
    counter_ = module_->get<Counter>().value();
    auto reloader = Reloader::start(*module_, std::move(options)).value();
    const std::lock_guard lock(mutex_);
    reloader_ = std::move(reloader);
  }
  std::string version() const { return counter_.version().value(); }
  void expectReload(const std::string& version, std::uint64_t generation) {
    const auto reloaded = reloads_.next();
    ASSERT_TRUE(reloaded) << reloaded.error().message();
    EXPECT_EQ(reloaded->newGeneration, generation);
    EXPECT_EQ(this->version(), version);
  }
  // Everything that happened to other files before has been looked at.
  void passSentinel() {
    isSentinelNewer_ = !isSentinelNewer_;
    put("sentinel.so", isSentinelNewer_ ? "counter_2" : "counter");
    EXPECT_EQ(looks_.next().kind, FileChange::Kind::changed);
  }

  ::bulkhead::testing::ScratchFolder folder_;
  Told<FileChange> looks_, files_;
  Told<Result<ReloadReport>> reloads_;
  bool isSentinelNewer_ = false;
  std::optional<FileWatch> sentinel_;
  std::optional<Module> module_;
  Counter counter_;
  std::mutex mutex_;  // for callbacks that use the next one
  std::optional<Reloader> reloader_;
};
BULKHEAD_EVERY_PLACEMENT(ReloaderTest);

// ---- the ways of new content

TEST_P(ReloaderTest, AFileThatIsRenamedOverIsReloaded) {
  follow();
  EXPECT_EQ(version(), "1");
  putByRename("counter.so", "counter_2");
  expectReload("2", 2);
  putByRename("counter.so", "counter");
  expectReload("1", 3);
}

TEST_P(ReloaderTest, AFileThatIsWrittenInPartsIsReloadedOnceItIsComplete) {
  follow();
  const std::string content = contentOf(modulePath("counter_2"));
  std::ofstream file(at("counter.so"), std::ios::binary | std::ios::trunc);
  file << content.substr(0, content.size() / 2) << std::flush;
  passSentinel();
  EXPECT_EQ(version(), "1");
  file << content.substr(content.size() / 2);
  file.close();
  expectReload("2", 2);
  EXPECT_TRUE(reloads_.empty());
}

TEST_P(ReloaderTest, AFileThatIsDeletedAndMadeAnewIsReloaded) {
  follow();
  fs::remove(at("counter.so"));
  EXPECT_EQ(files_.next().kind, FileChange::Kind::missing);
  EXPECT_EQ(version(), "1");
  put("counter.so", "counter_2");
  expectReload("2", 2);
}

TEST_P(ReloaderTest, ARetargetedLinkIsReloaded) {
  put("releases/1/counter.so", "counter");
  put("releases/2/counter.so", "counter_2");
  fs::create_directory_symlink("releases/1", at("current"));
  follow("current/counter.so");
  fs::create_directory_symlink("releases/2", at("next"));
  fs::rename(at("next"), at("current"));
  fs::remove_all(at("releases/1"));
  expectReload("2", 2);
}

TEST_P(ReloaderTest, TheSameContentIsNotReloaded) {
  follow();
  put("counter.so", "counter");
  putByRename("counter.so", "counter");
  passSentinel();
  put("counter.so", "counter_2");
  expectReload("2", 2);
}

TEST_P(ReloaderTest, WhatChangedAfterTheLoadIsReloaded) {
  module_ = loadCounter();
  counter_ = module_->get<Counter>().value();
  put("counter.so", "counter_2");
  reloader_ = Reloader::start(*module_, options()).value();
  expectReload("2", 2);
}

TEST_P(ReloaderTest, WhatTheProgramReloadedItselfIsNotReloadedAgain) {
  follow();
  auto hold = reloader_->hold();
  put("counter.so", "counter_2");
  ASSERT_TRUE(module_->reload());
  passSentinel();
  hold.release();
  put("counter.so", "counter");
  expectReload("1", 3);
}

TEST_P(ReloaderTest, WhatIsChangedBackWhileItWaitsIsNotReloaded) {
  follow();
  auto hold = reloader_->hold();
  put("counter.so", "counter_2");
  passSentinel();
  put("counter.so", "counter");
  passSentinel();
  hold.release();
  put("counter.so", "counter_2");
  expectReload("2", 2);
}

// ---- what goes wrong

TEST_P(ReloaderTest, ABrokenFileIsToldAndTheOldVersionServesOn) {
  follow();
  const std::string content = contentOf(modulePath("counter_2"));
  folder_.write("counter.so", std::as_bytes(std::span(content).first(content.size() / 2)));
  const FileChange broken = files_.next();
  EXPECT_EQ(broken.kind, FileChange::Kind::incomplete);
  EXPECT_EQ(broken.file, at("counter.so"));
  EXPECT_EQ(version(), "1");
  put("counter.so", "counter_2");
  expectReload("2", 2);
}

TEST_P(ReloaderTest, AVersionThatDoesNotLoadIsToldAndTheOldOneServesOn) {
  follow();
  put("counter.so", "throwing_constructor");
  const auto refused = reloads_.next();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::loadFailed) << refused.error().message();
  EXPECT_EQ(version(), "1");
  put("counter.so", "throwing_constructor");  // told already
  passSentinel();
  put("counter.so", "counter");  // as the one that serves
  passSentinel();
  EXPECT_EQ(module_->generation(), 1u);
  put("counter.so", "counter_2");
  const auto reloaded = reloads_.next();
  ASSERT_TRUE(reloaded) << reloaded.error().message();
  EXPECT_EQ(version(), "2");
}

TEST_P(ReloaderTest, AnotherContractIsRefused) {
  follow();
  put("counter.so", "turn");
  EXPECT_EQ(reloads_.next().error().kind(), ErrorKind::contractMismatch);
  EXPECT_EQ(version(), "1");
}

TEST_P(ReloaderTest, AnUnloadedModuleIsNotFollowed) {
  module_ = loadCounter();
  ASSERT_TRUE(module_->unload());
  const auto refused = Reloader::start(*module_, options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::staleHandle);
}

TEST_P(ReloaderTest, AModuleThatIsUnloadedLaterStaysSo) {
  follow();
  ASSERT_TRUE(module_->unload());
  put("counter.so", "counter_2");
  EXPECT_EQ(reloads_.next().error().kind(), ErrorKind::staleHandle);
  EXPECT_EQ(counter_.version().error().kind(), ErrorKind::staleHandle);
}

// ---- on request, and delayed

TEST_P(ReloaderTest, AReloadOnRequestTakesTheSameContentToo) {
  follow();
  EXPECT_EQ(counter_.next().value(), 1u);
  reloader_->reloadNow();
  expectReload("1", 2);
  EXPECT_EQ(counter_.next().value(), 1u);  // a fresh one
}

TEST_P(ReloaderTest, AReloadWaitsForTheLastHold) {
  follow();
  auto first = reloader_->hold();
  auto second = reloader_->hold();
  put("counter.so", "counter_2");
  reloader_->reloadNow();
  passSentinel();
  first.release();
  first.release();
  EXPECT_TRUE(reloads_.empty());
  EXPECT_EQ(version(), "1");
  second = {};
  expectReload("2", 2);
  const auto third = reloader_->hold();
  EXPECT_EQ(version(), "2");
}

TEST_P(ReloaderTest, WhileItIsHeldTheFileIsStillToldOf) {
  follow();
  const auto hold = reloader_->hold();
  fs::remove(at("counter.so"));
  EXPECT_EQ(files_.next().kind, FileChange::Kind::missing);
}

TEST_P(ReloaderTest, AHoldTakenBeforeAReloadDelaysIt) {
  Told<int> about;
  Reloader::Hold hold;
  auto delayed = options();
  delayed.before = [&]() -> Result<void> {
    const std::lock_guard lock(mutex_);
    hold = reloader_->hold();
    about.sink()(1);
    return {};
  };
  follow("counter.so", delayed);
  put("counter.so", "counter_2");
  about.next();
  EXPECT_EQ(version(), "1");
  EXPECT_TRUE(reloads_.empty());
  hold.release();
  expectReload("2", 2);
  EXPECT_TRUE(about.empty());
}

TEST_P(ReloaderTest, AHoldMayOutliveTheReloader) {
  follow();
  auto hold = reloader_->hold();
  reloader_->reloadNow();
  reloader_.reset();
  hold.release();
  EXPECT_EQ(version(), "1");
  EXPECT_TRUE(reloads_.empty());
}

TEST_P(ReloaderTest, BeforeMayCallItOff) {
  auto refusing = options();
  refusing.before = [calls = 0]() mutable -> Result<void> {
    switch (++calls) {
      case 1: return Error(ErrorKind::unavailable, "not now");
      case 2: throw std::runtime_error("nor now");
      default: return {};
    }
  };
  follow("counter.so", refusing);
  put("counter.so", "counter_2");
  EXPECT_THAT(reloads_.next().error().text(), HasSubstr("not now"));
  reloader_->reloadNow();
  const auto thrown = reloads_.next();
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().kind(), ErrorKind::hostError);
  EXPECT_THAT(thrown.error().text(), HasSubstr("nor now"));
  EXPECT_EQ(version(), "1");
  reloader_->reloadNow();
  expectReload("2", 2);
}

// ---- life

TEST_P(ReloaderTest, ItMayEndInItsOwnCallbacks) {
  for (const bool inAfter : {false, true}) {
    std::promise<void> ended;
    auto ending = options();
    const auto end = [&] {
      const std::lock_guard lock(mutex_);
      reloader_.reset();
      ended.set_value();
    };
    if (inAfter) {
      ending.after = [&](const Result<ReloadReport>&) { end(); };
    } else {
      ending.before = [&]() -> Result<void> {
        end();
        return {};
      };
    }
    put("counter.so", "counter");
    follow("counter.so", ending);
    put("counter.so", "counter_2");
    ended.get_future().wait();
    EXPECT_EQ(version(), inAfter ? "2" : "1");
    EXPECT_TRUE(reloads_.empty());
  }
}

TEST_P(ReloaderTest, ItsEndWaitsForItsCallback) {
  std::promise<void> begun;
  std::promise<void> go;
  std::atomic<bool> done{false};
  auto slow = options();
  slow.after = [&](const Result<ReloadReport>&) {
    begun.set_value();
    go.get_future().wait();
    done = true;
  };
  follow("counter.so", slow);
  reloader_->reloadNow();
  begun.get_future().wait();
  std::thread opener([&] { go.set_value(); });
  reloader_.reset();
  EXPECT_TRUE(done);
  opener.join();
}

TEST_P(ReloaderTest, AModuleMayBeUnloadedInACallback) {
  Told<Result<void>> unloads;
  auto unloading = options();
  unloading.after = [&](const Result<ReloadReport>&) { unloads.sink()(module_->unload()); };
  follow("counter.so", unloading);
  reloader_->reloadNow();
  EXPECT_TRUE(unloads.next());
  EXPECT_EQ(counter_.version().error().kind(), ErrorKind::staleHandle);
}

TEST_P(ReloaderTest, TwoModulesFollowOneFile) {
  follow();
  Told<Result<ReloadReport>> others;
  auto otherOptions = options();
  otherOptions.after = others.sink();
  auto other = loadCounter();
  const auto otherCounter = other.get<Counter>().value();
  const auto otherReloader = Reloader::start(other, otherOptions).value();
  put("counter.so", "counter_2");
  expectReload("2", 2);
  ASSERT_TRUE(others.next());
  EXPECT_EQ(otherCounter.version().value(), "2");
}

TEST_P(ReloaderTest, NoCallFailsWhileTheFileChanges) {
  follow();
  std::atomic<bool> isDone{false};
  std::atomic<int> failures{0};
  std::thread caller([&] {
    while (!isDone) failures += counter_.version() ? 0 : 1;
  });
  for (std::uint64_t round = 0; round < 4; ++round) {
    putByRename("counter.so", round % 2 == 0 ? "counter_2" : "counter");
    const auto reloaded = reloads_.next();
    EXPECT_TRUE(reloaded) << reloaded.error().message();
  }
  isDone = true;
  caller.join();
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace bulkhead::conformance
