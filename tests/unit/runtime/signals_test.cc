// Who handles a signal when modules and the host take turns (I4).
#include "tests/unit/runtime/loaded_module.h"

#include <csignal>

namespace bulkhead::testing {
namespace {

using ::borrower::Step;

void hostsHandler(int) {}
void hostsOtherHandler(int) {}

class SignalsTest : public ::testing::Test {
 protected:
  SignalsTest() { install(&hostsHandler); }
  ~SignalsTest() override { install(SIG_DFL); }

  static constexpr int kSignal = SIGUSR1;
  static void install(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    ASSERT_EQ(::sigaction(kSignal, &action, nullptr), 0);
  }
  static std::uintptr_t installed() {
    struct sigaction action {};
    ::sigaction(kSignal, nullptr, &action);
    return reinterpret_cast<std::uintptr_t>(action.sa_handler);
  }
  static std::uintptr_t address(void (*handler)(int)) { return reinterpret_cast<std::uintptr_t>(handler); }
  static std::uint64_t held(const LoadedModule& module) { return module.count(BULKHEAD_LEDGER_SIGNAL_HANDLER); }
};

TEST_F(SignalsTest, LeftHandlerIsListedAndGoesAtTheUnload) {
  LoadedModule module;
  module.act(Step::handle, kSignal);
  ::raise(kSignal);
  EXPECT_EQ(module.act(Step::handled), 1);
  const std::vector<Entry> entries = module.entries(BULKHEAD_LEDGER_SIGNAL_HANDLER);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].text, "SIGUSR1");
  EXPECT_EQ(entries[0].call, "sigaction");
  EXPECT_TRUE(module.contains(entries[0].site));
  module.unload();
  EXPECT_EQ(installed(), address(&hostsHandler));
}

TEST_F(SignalsTest, RestoredByTheModuleIsGivenBack) {
  LoadedModule module;
  module.act(Step::handle, kSignal);
  EXPECT_EQ(static_cast<std::uintptr_t>(module.act(Step::keptHandler, kSignal)), address(&hostsHandler));
  EXPECT_EQ(module.act(Step::restore, kSignal), 0);
  EXPECT_EQ(held(module), 0u);
  EXPECT_EQ(installed(), address(&hostsHandler));
}

TEST_F(SignalsTest, TrapOfTheOldVersionsHandlerRestoredByTheNewOne) {
  LoadedModule older;
  LoadedModule newer;
  older.act(Step::handle, kSignal);
  newer.act(Step::handle, kSignal);
  EXPECT_EQ(static_cast<std::uintptr_t>(newer.act(Step::keptHandler, kSignal)), address(&hostsHandler))
      << "not the older one's";
  EXPECT_TRUE(newer.contains(installed()));
  older.unload();
  EXPECT_TRUE(newer.contains(installed()));
  EXPECT_EQ(newer.act(Step::restore, kSignal), 0);
  EXPECT_EQ(installed(), address(&hostsHandler));
  EXPECT_EQ(held(newer), 0u);
}

TEST_F(SignalsTest, TheOlderOnesHandlerComesBackWhenTheNewerLeavesFirst) {
  LoadedModule older;
  LoadedModule newer;
  older.act(Step::handle, kSignal);
  newer.act(Step::handle, kSignal);
  newer.unload();
  EXPECT_TRUE(older.contains(installed()));
  older.unload();
  EXPECT_EQ(installed(), address(&hostsHandler));
}

TEST_F(SignalsTest, BothLeaveInTheOrderOfTheirComing) {
  LoadedModule older;
  LoadedModule newer;
  older.act(Step::handle, kSignal);
  newer.act(Step::handle, kSignal);
  older.act(Step::restore, kSignal);
  EXPECT_TRUE(newer.contains(installed())) << "the older one takes back only its own";
  older.unload();
  newer.unload();
  EXPECT_EQ(installed(), address(&hostsHandler));
}

TEST_F(SignalsTest, WhatTheHostInstalledSinceStays) {
  LoadedModule module;
  module.act(Step::handle, kSignal);
  install(&hostsOtherHandler);
  module.unload();
  EXPECT_EQ(installed(), address(&hostsOtherHandler));
}

TEST_F(SignalsTest, WhatTheHostInstalledBetweenComesBack) {
  LoadedModule older;
  LoadedModule newer;
  older.act(Step::handle, kSignal);
  install(&hostsOtherHandler);
  newer.act(Step::handle, kSignal);
  older.unload();
  newer.unload();
  EXPECT_EQ(installed(), address(&hostsOtherHandler));
}

TEST_F(SignalsTest, DispositionsComeBackToo) {
  for (const int disposition : {0, 1}) {
    LoadedModule module;
    module.act(Step::disposition, kSignal, disposition);
    EXPECT_EQ(held(module), 1u);
    module.unload();
    EXPECT_EQ(installed(), address(&hostsHandler));
  }
}

TEST_F(SignalsTest, LedgerClosedWithoutACleanLeavesNoDeadHandler) {
  LoadedModule module;
  module.act(Step::handle, kSignal);
  EXPECT_EQ(bulkhead_ledger_clean(module.ledger(), BULKHEAD_LEDGER_SIGNAL_HANDLER), 1u);
  EXPECT_EQ(installed(), address(&hostsHandler));
}

}  // namespace
}  // namespace bulkhead::testing
