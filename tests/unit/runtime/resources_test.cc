// Stories of mappings, streams and what else modules hold (I4).
#include "tests/unit/runtime/loaded_module.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace bulkhead::testing {
namespace {

using ::borrower::Step;

bool isOpen(std::int64_t descriptor) { return ::fcntl(static_cast<int>(descriptor), F_GETFD) != -1; }

// ---- mappings

constexpr std::int64_t kPage = 4096;

class MappingsTest : public ::testing::Test {
 protected:
  std::uint64_t held() const { return module_.count(BULKHEAD_LEDGER_MAPPING); }
  std::uint64_t bytes() const { return module_.bytes(BULKHEAD_LEDGER_MAPPING); }
  static bool isMapped(std::int64_t address) { return ::msync(reinterpret_cast<void*>(address), kPage, MS_ASYNC) == 0; }

  LoadedModule module_;
};

TEST_F(MappingsTest, UnmappedInTheMiddleTheEndsStay) {
  const std::int64_t start = module_.act(Step::map, 8 * kPage - 100);
  EXPECT_EQ(bytes(), 8u * kPage) << "whole pages";
  EXPECT_EQ(module_.act(Step::unmap, start + 2 * kPage, 3 * kPage), 0);
  EXPECT_EQ(held(), 2u);
  EXPECT_EQ(bytes(), 5u * kPage);
  EXPECT_EQ(module_.act(Step::unmap, start, kPage), 0);
  EXPECT_EQ(bytes(), 4u * kPage);
  EXPECT_EQ(bulkhead_ledger_clean(module_.ledger(), BULKHEAD_LEDGER_MAPPING), 2u);
  for (std::int64_t page = 0; page < 8; ++page) EXPECT_FALSE(isMapped(start + page * kPage)) << page;
}

TEST_F(MappingsTest, OneUnmapTakesSeveral) {
  const std::int64_t start = module_.act(Step::map, 8 * kPage);
  EXPECT_EQ(module_.act(Step::map, 2 * kPage, start + 2 * kPage), start + 2 * kPage) << "over the old one";
  EXPECT_EQ(held(), 3u);
  EXPECT_EQ(bytes(), 8u * kPage);
  EXPECT_EQ(module_.act(Step::unmap, start + kPage, 6 * kPage), 0);
  EXPECT_EQ(held(), 2u);
  EXPECT_EQ(bytes(), 2u * kPage);
}

TEST_F(MappingsTest, FailedUnmapLeavesTheEntry) {
  const std::int64_t start = module_.act(Step::map, 2 * kPage);
  EXPECT_EQ(module_.act(Step::unmap, start + 1, kPage), -1);
  EXPECT_EQ(bytes(), 2u * kPage);
}

TEST_F(MappingsTest, MovedAndGrown) {
  const std::int64_t start = module_.act(Step::map, 4 * kPage);
  const std::int64_t moved = module_.act(Step::remap, start, 4 * kPage, 64 * kPage);
  ASSERT_NE(moved, -1);
  EXPECT_EQ(held(), 1u);
  EXPECT_EQ(bytes(), 64u * kPage);
  EXPECT_EQ(module_.act(Step::remap, moved, 64 * kPage, 2 * kPage), moved);
  EXPECT_EQ(bytes(), 2u * kPage);
  EXPECT_EQ(bulkhead_ledger_clean(module_.ledger(), BULKHEAD_LEDGER_MAPPING), 1u);
  EXPECT_FALSE(isMapped(moved));
}

TEST_F(MappingsTest, TheHostsMemoryIsNotTheModules) {
  void* const hosts = ::mmap(nullptr, 4 * kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const std::int64_t moved = module_.act(Step::remap, reinterpret_cast<std::int64_t>(hosts), 4 * kPage, 64 * kPage);
  ASSERT_NE(moved, -1);
  EXPECT_EQ(held(), 0u);
  EXPECT_EQ(module_.act(Step::unmap, moved, 64 * kPage), 0);
  EXPECT_EQ(held(), 0u);
}

// ---- streams

class StreamsTest : public ::testing::Test {
 protected:
  LoadedModule module_;
};

TEST_F(StreamsTest, DescriptorThatMovesIntoAStreamIsNoDescriptorAnyMore) {
  const std::int64_t descriptor = module_.act(Step::openNull);
  EXPECT_EQ(module_.count(BULKHEAD_LEDGER_DESCRIPTOR), 1u);
  const std::int64_t stream = module_.act(Step::wrapStream, descriptor);
  EXPECT_EQ(module_.count(BULKHEAD_LEDGER_DESCRIPTOR), 0u);
  EXPECT_EQ(module_.count(BULKHEAD_LEDGER_STREAM), 1u);
  EXPECT_EQ(module_.act(Step::closeStream, stream), 0);
  EXPECT_EQ(module_.count(BULKHEAD_LEDGER_STREAM), 0u);
  EXPECT_FALSE(isOpen(descriptor));
}

TEST_F(StreamsTest, ReleasedIsTheNewOwners) {
  const std::int64_t stream = module_.act(Step::openStream);
  module_.act(Step::releaseStream, stream);
  module_.unload();
  EXPECT_EQ(std::fclose(reinterpret_cast<FILE*>(stream)), 0);
}

TEST_F(StreamsTest, ProcessEndsWithItsPipe) {
  const std::int64_t stream = module_.act(Step::spawn);
  const int descriptor = ::fileno(reinterpret_cast<FILE*>(stream));
  module_.unload();
  EXPECT_FALSE(isOpen(descriptor));
}

TEST_F(StreamsTest, ProcessThatNeverEndsDoesNotHoldTheUnload) {
  auto* const stream = reinterpret_cast<FILE*>(module_.act(Step::spawn, 1));
  pid_t child = 0;
  ASSERT_EQ(std::fscanf(stream, "%d", &child), 1);
  module_.unload();
  EXPECT_EQ(::kill(child, 0), 0) << "it is left to itself";
  ::kill(child, SIGKILL);  // ends the thread that waits for it
}

TEST_F(StreamsTest, StreamIntoTheModulesMemoryHarmsNobody) {
  EXPECT_NE(module_.act(Step::memoryStream), 0);
  module_.unload();
  std::fflush(nullptr);
}

// ---- the rest

TEST(Libraries, OneEntryForEachOpen) {
  LoadedModule module;
  const std::int64_t library = module.act(Step::openLibrary);
  EXPECT_EQ(module.act(Step::openLibrary), library);
  EXPECT_EQ(module.count(BULKHEAD_LEDGER_LIBRARY), 2u);
  EXPECT_EQ(module.act(Step::closeLibrary, library), 0);
  EXPECT_EQ(module.count(BULKHEAD_LEDGER_LIBRARY), 1u);
  EXPECT_EQ(bulkhead_ledger_clean(module.ledger(), BULKHEAD_LEDGER_LIBRARY), 1u);
}

TEST(ExitHandlers, RunOnceAtTheUnload) {
  LoadedModule module;
  std::int64_t runs = 0;
  EXPECT_EQ(module.act(Step::onExit, reinterpret_cast<std::int64_t>(&runs)), 0);
  EXPECT_EQ(module.count(BULKHEAD_LEDGER_EXIT_HANDLER), 1u);
  EXPECT_EQ(runs, 0);
  module.unload();
  EXPECT_EQ(runs, 1);
}

TEST(ExitHandlers, ThoseOfQuickExitAndForkGoWithTheModule) {
  EXPECT_EXIT(
      {
        LoadedModule module;
        module.act(Step::quickExit);
        module.unload();
        const pid_t child = ::fork();  // would run a handler that is gone
        if (child == 0) ::_exit(0);
        int status = 0;
        ::waitpid(child, &status, 0);
        std::quick_exit(child > 0 && status == 0 ? 7 : 8);
      },
      ::testing::ExitedWithCode(7), "");
}

TEST(Environment, KeepsACopy) {
  LoadedModule module;
  EXPECT_EQ(module.act(Step::setEnvironment), 0);
  const char* const value = std::getenv("BULKHEAD_BORROWED");
  ASSERT_NE(value, nullptr);
  EXPECT_FALSE(module.contains(reinterpret_cast<std::uintptr_t>(value)));
  module.unload();
  EXPECT_STREQ(std::getenv("BULKHEAD_BORROWED"), "yes");
  ::unsetenv("BULKHEAD_BORROWED");
}

TEST(AlternateStack, OfTheCleaningThreadIsTakenBack) {
  stack_t before{};
  ::sigaltstack(nullptr, &before);
  LoadedModule module;
  EXPECT_EQ(module.act(Step::alternateStack), 0);
  EXPECT_EQ(module.count(BULKHEAD_LEDGER_SIGNAL_HANDLER), 1u);
  module.unload();
  stack_t now{};
  ::sigaltstack(nullptr, &now);
  EXPECT_NE(now.ss_flags & SS_DISABLE, 0);
  if ((before.ss_flags & SS_DISABLE) == 0) ::sigaltstack(&before, nullptr);
}

}  // namespace
}  // namespace bulkhead::testing
