// Instances of modules, and the threads that load, call and unload them: any thread may do any of it. What is unloaded
// is gone by address. (I2, I7)
#include "counter.host.h"
#include "tests/census.h"
#include "tests/conformance/gate.h"
#include "tests/conformance/modules.h"
#include "tests/unit/manifest/scratch_file.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

namespace bulkhead::conformance {
namespace {

namespace fs = std::filesystem;
using counter::host::Counter;
using ::testing::IsEmpty;

#if defined(IS_SANITIZED)
constexpr int kThreadsInProcess = 60;
constexpr int kThreadsIsolated = 8;
#else
constexpr int kThreadsInProcess = 300;
// Each is a process with six descriptors here: 300 at once would be beyond what a host may open by default.
constexpr int kThreadsIsolated = 24;
#endif
constexpr int kFiles = 10;

class InstancesTest : public testing::EveryPlacement<> {
 protected:
  void SetUp() override {
    EveryPlacement<>::SetUp();
    counterOf(loadFile(modulePath("counter")));  // what a host makes once is there
    before_ = testing::mappedObjects();
  }

  Module loadFile(const std::string& file) {
    auto module = load(file);
    EXPECT_TRUE(module) << module.error().message();
    return std::move(module).value();
  }
  static Counter counterOf(const Module& module) { return module.get<Counter>().value(); }
  static void expectUnloads(Module& module) {
    const auto unloaded = module.unload();
    EXPECT_TRUE(unloaded) << unloaded.error().message();
  }

  // What is mapped since the test began. Of an isolated module that is nothing, ever.
  testing::MappedObjects mapped() const { return testing::newObjects(before_); }
  void expectInstances(std::size_t count) const {
    EXPECT_EQ(mapped().size(), kind() == Placement::Kind::inProcess ? count : 0);
  }

  // Ten files of the same content.
  std::vector<std::string> tenFiles() const {
    std::vector<std::string> files;
    for (int i = 0; i < kFiles; ++i) {
      files.push_back(folder_.at("module_" + std::to_string(i) + ".so"));
      fs::copy_file(modulePath("counter"), files.back());
    }
    return files;
  }

  testing::ScratchFolder folder_;

 private:
  testing::MappedObjects before_;
};
BULKHEAD_EVERY_PLACEMENT(InstancesTest);

TEST_P(InstancesTest, AFileLoadedTwiceIsTwoInstances) {
  auto first = loadFile(modulePath("counter"));
  const auto ofFirst = mapped();
  auto second = loadFile(modulePath("counter"));
  expectInstances(2);
  EXPECT_EQ(counterOf(first).next().value(), 1u);
  EXPECT_EQ(counterOf(first).next().value(), 2u);
  EXPECT_EQ(counterOf(second).next().value(), 1u);
  expectUnloads(first);
  expectInstances(1);
  for (const auto& object : ofFirst) EXPECT_FALSE(mapped().contains(object)) << object.second;
  EXPECT_EQ(counterOf(second).next().value(), 2u);
  expectUnloads(second);
  expectInstances(0);
}

// To the dynamic loader alone each of these names would be the library that it has.
TEST_P(InstancesTest, AnotherNameOfALoadedFileIsAnotherInstance) {
  const std::string path = tenFiles().front();
  const std::string names[] = {path, folder_.at("symbolic.so"), folder_.at("hard.so"),
                               (folder_.path() / "." / "module_0.so").string()};
  fs::create_symlink(path, names[1]);
  fs::create_hard_link(path, names[2]);
  std::vector<Module> modules;
  for (const std::string& name : names) modules.push_back(loadFile(name));
  expectInstances(modules.size());
  for (const Module& module : modules) EXPECT_EQ(counterOf(module).next().value(), 1u) << module.name();
  for (Module& module : modules) expectUnloads(module);
  expectInstances(0);
}

TEST_P(InstancesTest, TwoVersionsStandSideBySideAndGoInAnyOrder) {
  for (const bool newerFirst : {false, true}) {
    auto older = loadFile(modulePath("counter"));
    auto newer = loadFile(modulePath("counter_2"));
    expectInstances(2);
    EXPECT_EQ(counterOf(older).version().value(), "1");
    EXPECT_EQ(counterOf(newer).version().value(), "2");
    EXPECT_EQ(counterOf(older).next().value(), 1u);
    EXPECT_EQ(counterOf(newer).next().value(), 1u);
    expectUnloads(newerFirst ? newer : older);
    EXPECT_EQ(counterOf(newerFirst ? older : newer).next().value(), 2u);
    expectUnloads(newerFirst ? older : newer);
    expectInstances(0);
  }
}

TEST_P(InstancesTest, AFileThatWasLoadedBeforeStartsFresh) {
  for (int round = 0; round < 10; ++round) {
    auto module = loadFile(modulePath("counter"));
    expectInstances(1);
    EXPECT_EQ(counterOf(module).next().value(), 1u) << "of the module";
    EXPECT_EQ(counterOf(module).ofObject().value(), 1u) << "of its object";
    EXPECT_EQ(counterOf(module).ofThread().value(), 1u) << "of this thread";
    EXPECT_EQ(counterOf(module).next().value(), 2u);
    expectUnloads(module);
    expectInstances(0);
  }
}

// All at once: each thread has one of ten files to itself for as long as it wants it.
TEST_P(InstancesTest, HundredsOfThreadsLoadCallAndUnloadTenFiles) {
  const auto files = tenFiles();
  const int count = kind() == Placement::Kind::inProcess ? kThreadsInProcess : kThreadsIsolated;
  std::atomic<int> wrong{0};
  Gate start;
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      start.pass();
      auto module = load(files[static_cast<std::size_t>(i % kFiles)]);
      if (!module) {
        ++wrong;
        ADD_FAILURE() << module.error().message();
        return;
      }
      const Counter counter = counterOf(*module);
      for (std::uint32_t call = 1; call <= 5; ++call) wrong += counter.next().valueOr(0) == call ? 0 : 1;
      wrong += counter.ofThread().valueOr(0) == 1 ? 0 : 1;
      wrong += module->unload() ? 0 : 1;
      wrong += counter.next() ? 1 : 0;
    });
  }
  start.awaitArrivals(static_cast<std::size_t>(count));
  start.open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  expectInstances(0);
}

TEST_P(InstancesTest, TenModulesOfTenThreadsServeBesideEachOther) {
  const auto files = tenFiles();
  std::atomic<int> wrong{0};
  Gate loaded;
  Gate called;
  std::vector<std::thread> threads;
  for (int i = 0; i < kFiles; ++i) {
    threads.emplace_back([&, i] {
      auto module = load(files[static_cast<std::size_t>(i)]);
      loaded.meet(kFiles);
      if (module) {
        const Counter counter = counterOf(*module);
        for (std::uint32_t call = 1; call <= 200; ++call) wrong += counter.next().valueOr(0) == call ? 0 : 1;
      }
      called.pass();
      wrong += module && module->unload() ? 0 : 1;
    });
  }
  called.awaitArrivals(kFiles);
  expectInstances(kFiles);
  called.open();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  expectInstances(0);
}

// ---- any thread

TEST_P(InstancesTest, OneThreadLoadsAnotherCallsAThirdUnloads) {
  std::optional<Module> module;
  std::thread([&] { module.emplace(loadFile(modulePath("counter"))); }).join();
  std::thread([&] { EXPECT_EQ(counterOf(*module).next().value(), 1u); }).join();
  std::thread([&] { EXPECT_EQ(counterOf(*module).ofThread().value(), 1u); }).join();
  EXPECT_EQ(counterOf(*module).next().value(), 2u);
  std::thread([&] { expectUnloads(*module); }).join();
  EXPECT_EQ(counterOf(*module).next().error().kind(), ErrorKind::staleHandle);
  expectInstances(0);
}

// Threads that called it live on, with what is theirs in it; the one that unloads it was never there.
TEST_P(InstancesTest, AThreadThatNeverCalledItUnloadsIt) {
  auto module = loadFile(modulePath("counter"));
  Gate gate;
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      const Counter counter = counterOf(module);
      wrong += counter.ofThread().valueOr(0) == 1 && counter.ofThread().valueOr(0) == 2 ? 0 : 1;
      gate.pass();
      const auto stale = counter.ofThread();
      wrong += !stale && stale.error().kind() == ErrorKind::staleHandle ? 0 : 1;
    });
  }
  gate.awaitArrivals(4);
  std::thread([&] { expectUnloads(module); }).join();
  expectInstances(0);
  gate.open();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

// The last owner's end unloads, whichever thread that is.
TEST_P(InstancesTest, AnOwnerThatGoesOutOfScopeOnAnotherThreadUnloads) {
  auto module = std::make_unique<Module>(loadFile(modulePath("counter")));
  const Counter counter = counterOf(*module);
  EXPECT_EQ(counter.next().value(), 1u);
  std::thread([owner = std::move(module)] {}).join();
  EXPECT_EQ(counter.next().error().kind(), ErrorKind::staleHandle);
  expectInstances(0);
}

// Two unloads of one module at once: both end, and so does the module.
TEST_P(InstancesTest, UnloadsOfSeveralThreadsAreOneUnload) {
  for (int round = 0; round < 5; ++round) {
    auto module = loadFile(modulePath("counter"));
    Gate start;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        start.meet(4);
        expectUnloads(module);
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(counterOf(module).next().error().kind(), ErrorKind::staleHandle);
    expectInstances(0);
  }
}

// ---- an unload that fails

class FailedUnloadTest : public ProbeFixture {};
BULKHEAD_EVERY_PLACEMENT(FailedUnloadTest);

// In-process a call that does not end keeps the module, which serves on; isolated it ends with its worker.
TEST_P(FailedUnloadTest, IsOverWhereACallIsUnderWayAndTheModuleServesOn) {
  Gate gate;
  host_.on("hold", [&]() -> Result<std::string> {
    gate.pass();
    return std::string("held");
  });
  std::thread caller([&] {
    const auto held = subject().act("hold");
    EXPECT_TRUE(held || kind() == Placement::Kind::isolated) << held.error().message();
  });
  gate.awaitArrivals(1);
  if (kind() == Placement::Kind::inProcess) {
    const auto failed = module().unload(std::chrono::milliseconds(10));
    EXPECT_FALSE(failed);
    if (!failed) {
      EXPECT_EQ(failed.error().kind(), ErrorKind::deadlineExceeded);
      EXPECT_THAT(failed.error().text(), ::testing::HasSubstr("calls did not end within"));
    }
    EXPECT_EQ(subject().add(20, 22).value(), 42) << "call after a failed unload";
    gate.open();
    caller.join();
  } else {
    std::thread unloading([&] { EXPECT_TRUE(module().unload(std::chrono::milliseconds(10))); });
    while (subject().add(20, 22)) std::this_thread::yield();
    gate.open();  // an import is the host's own: no kill ends it
    caller.join();
    unloading.join();
  }
  EXPECT_TRUE(module().unload());
  EXPECT_EQ(subject().add(1, 2).error().kind(), ErrorKind::staleHandle);
}

}  // namespace
}  // namespace bulkhead::conformance
