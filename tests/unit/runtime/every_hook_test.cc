// Every function that shared/hooks/resources.wraps names (I4): what it acquires is in the ledger with the place in the
// module that called, what it gives back is not, and what is left is released.
#include "tests/unit/runtime/loaded_module.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/mman.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

namespace bulkhead::testing {
namespace {

const std::map<std::string, std::uint32_t> kKinds = {
    {"key", BULKHEAD_LEDGER_THREAD_KEY},  {"descriptor", BULKHEAD_LEDGER_DESCRIPTOR},
    {"stream", BULKHEAD_LEDGER_STREAM},   {"directory", BULKHEAD_LEDGER_DIRECTORY},
    {"mapping", BULKHEAD_LEDGER_MAPPING}, {"signal", BULKHEAD_LEDGER_SIGNAL_HANDLER},
    {"timer", BULKHEAD_LEDGER_TIMER},     {"exit", BULKHEAD_LEDGER_EXIT_HANDLER},
    {"library", BULKHEAD_LEDGER_LIBRARY},
};

class EveryHookTest : public ::testing::Test {
 protected:
  // What of a function is there: nothing if the system refuses it here, which the run says.
  bool borrow(std::uint32_t index) {
    key_ = more_ = 0;
    if (module_.borrow(index, key_, more_)) return true;
    std::cout << "not here: " << functions_[index].name << ": " << module_.lastError() << "\n";
    return false;
  }

  void expectListed(const Function& function, std::uint32_t kind, std::uint64_t before) {
    const std::vector<Entry> entries = module_.entries(kind);
    ASSERT_EQ(entries.size(), before + (more_ != 0 ? 2 : 1));
    for (std::size_t at = before; at < entries.size(); ++at) {
      EXPECT_EQ(entries[at].call, function.call);
      EXPECT_TRUE(module_.contains(entries[at].site)) << "called from " << entries[at].site;
    }
    EXPECT_EQ(entries.size(), module_.count(kind));
  }

  void expectReleased(std::uint32_t kind) const {
    for (const std::uint64_t key : {key_, more_}) {
      EXPECT_FALSE(key != 0 && isThere(kind, key)) << key;
    }
  }

  static bool isThere(std::uint32_t kind, std::uint64_t key) {
    switch (kind) {
      case BULKHEAD_LEDGER_DESCRIPTOR:
      case BULKHEAD_LEDGER_STREAM:
      case BULKHEAD_LEDGER_DIRECTORY: return ::fcntl(static_cast<int>(key), F_GETFD) != -1;
      case BULKHEAD_LEDGER_MAPPING: return ::msync(reinterpret_cast<void*>(key), 1, MS_ASYNC) == 0;
      case BULKHEAD_LEDGER_THREAD_KEY: return ::pthread_setspecific(static_cast<pthread_key_t>(key), nullptr) == 0;
      default: return false;
    }
  }

  LoadedModule module_;
  const std::vector<Function> functions_ = module_.functions();
  std::uint64_t key_ = 0;
  std::uint64_t more_ = 0;
};

TEST_F(EveryHookTest, WhatIsGivenBackIsGone) {
  for (std::uint32_t index = 0; index < functions_.size(); ++index) {
    const Function& function = functions_[index];
    SCOPED_TRACE(function.name);
    const std::uint32_t kind = kKinds.at(function.kind);
    const std::uint64_t before = module_.count(kind);
    if (!borrow(index)) continue;
    expectListed(function, kind, before);
    module_.giveBack(index);
    EXPECT_EQ(module_.count(kind), before);
    expectReleased(kind);
  }
}

TEST_F(EveryHookTest, WhatIsLeftIsReleased) {
  for (std::uint32_t index = 0; index < functions_.size(); ++index) {
    const Function& function = functions_[index];
    SCOPED_TRACE(function.name);
    const std::uint32_t kind = kKinds.at(function.kind);
    const std::uint64_t before = module_.count(kind);
    if (!borrow(index)) continue;
    expectListed(function, kind, before);
    EXPECT_EQ(bulkhead_ledger_clean(module_.ledger(), kind), before + (more_ != 0 ? 2 : 1));
    EXPECT_EQ(module_.count(kind), 0u);
    expectReleased(kind);
  }
}

TEST_F(EveryHookTest, NothingElseIsNoted) {
  for (std::uint32_t index = 0; index < functions_.size(); ++index) {
    SCOPED_TRACE(functions_[index].name);
    if (borrow(index)) module_.giveBack(index);
    for (const auto& [name, kind] : kKinds) ASSERT_EQ(module_.count(kind), 0u) << name;
  }
}

TEST_F(EveryHookTest, EveryWrapIsExercised) {
  std::set<std::string> wrapped;
  std::ifstream file(WRAPS);
  for (std::string line; std::getline(file, line);) wrapped.insert(line.substr(std::string("--wrap=").size()));
  ASSERT_FALSE(wrapped.empty());
  std::set<std::string> exercised;
  for (const Function& function : functions_) exercised.insert(function.name);
  EXPECT_EQ(wrapped, exercised);
}

TEST(EveryHook, WithoutALedgerEachIsLibcsFunction) {
  LoadedModule module(LoadedModule::Ledger::none);
  const std::vector<Function> functions = module.functions();
  for (std::uint32_t index = 0; index < functions.size(); ++index) {
    SCOPED_TRACE(functions[index].name);
    std::uint64_t key = 0;
    std::uint64_t more = 0;
    if (module.borrow(index, key, more)) module.giveBack(index);
  }
}

}  // namespace
}  // namespace bulkhead::testing
