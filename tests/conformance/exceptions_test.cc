// Exceptions of any type, thrown on either side by direct and by message methods: errors, nothing aborts, and neither
// side takes one for uncaught afterwards. (C5, C7)
#include "tests/conformance/trouble.h"

#include <atomic>
#include <thread>

namespace bulkhead::conformance {
namespace {

using ::testing::HasSubstr;
using trouble::Raise;

class ExceptionsTest : public TroubleFixture {
 protected:
  // What the module saw of the host's exceptions.
  void expectSeen(bool inMessage, const std::vector<Raised>& exceptions) {
    for (const auto& [what, type, text] : exceptions) {
      const auto seen = subject().seeRaise(what, inMessage);
      ASSERT_TRUE(seen) << seen.error().message();
      EXPECT_EQ(seen->kind, static_cast<std::uint32_t>(ErrorKind::hostError));
      EXPECT_THAT(seen->type, HasSubstr(type));
      EXPECT_THAT(stringOf(seen->text), HasSubstr(text));
      EXPECT_EQ(seen->method, inMessage ? "TroubleHost.raiseInMessage" : "TroubleHost.raise");
    }
  }
};
BULKHEAD_EVERY_PLACEMENT(ExceptionsTest);

TEST_P(ExceptionsTest, OfTheModuleAreErrors) {
  for (const auto& [what, type, text] : exceptionsOfCxx()) {
    expectModuleError(subject().raise(what), type, text, "Trouble.raise");
  }
  EXPECT_EQ(subject().raise(Raise::OWN_EXCEPTION).error().text(), "of its own");
  EXPECT_EQ(subject().raise(Raise::NUMBER).error().type(), "int");
  EXPECT_TRUE(subject().raise(Raise::NOTHING));
}

TEST_P(ExceptionsTest, OfMessageMethodsAreErrors) {
  for (const auto& [what, type, text] : exceptionsOfCxx()) {
    expectModuleError(raiseInMessage(what), type, text, "Trouble.raiseInMessage");
  }
  const auto tree = raiseInMessage(Raise::NOTHING);
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ(std::string(tree->reader().getName()), "root");
}

TEST_P(ExceptionsTest, OfTheHostAreErrorsInTheModule) { expectSeen(false, exceptionsOfCxx()); }
TEST_P(ExceptionsTest, OfMessageImportsAreErrorsInTheModule) { expectSeen(true, exceptionsOfCxx()); }

TEST_P(ExceptionsTest, CausesOfNestedOnesArriveInOrder) {
  const auto failed = subject().raise(Raise::NESTED);
  ASSERT_FALSE(failed);
  const std::string& text = failed.error().text();
  EXPECT_LT(text.find("outermost"), text.find("in the middle"));
  EXPECT_LT(text.find("in the middle"), text.find("of its own"));
}

TEST_P(ExceptionsTest, OfTheHostPassThroughTheModule) {
  for (const bool byValue : {false, true}) {
    for (const auto& [what, type, text] : exceptionsOfAnyType()) {
      expectModuleError(subject().pass(what, byValue), type, text, "Trouble.pass");
    }
  }
}

TEST_P(ExceptionsTest, OfTheHostCanBeIgnored) {
  for (const auto& [what, type, text] : exceptionsOfAnyType()) {
    EXPECT_EQ(subject().ignore(what, 5).value(), 5u) << type;
  }
  // What was ignored is not taken for the next error.
  expectModuleError(subject().raise(Raise::NUMBER), "int", "", "Trouble.raise");
}

TEST_P(ExceptionsTest, AHundredRoundsOfEachLeaveAModuleThatServes) {
  for (int round = 0; round < 100; ++round) {
    for (const auto& [what, type, text] : exceptionsOfAnyType()) {
      ASSERT_FALSE(subject().raise(what));
      ASSERT_FALSE(raiseInMessage(what));
      ASSERT_FALSE(subject().pass(what, true));
    }
  }
  EXPECT_TRUE(subject().raise(Raise::NOTHING));
  EXPECT_EQ(module().generation(), 1u);
}

TEST_P(ExceptionsTest, OfManyThreadsDoNotMix) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        const std::string text = "thread " + std::to_string(i) + " round " + std::to_string(round);
        const auto failed = subject().fail(1, bytesOf(text), round % 2 == 0);
        if (failed || failed.error().text() != text) ++wrong;
        if (subject().pass(Raise::KJ_RECOVERABLE, round % 2 == 0)) ++wrong;
      }
      if (std::uncaught_exceptions() != 0 || subject().uncaught().valueOr(1) != 0) ++wrong;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(ExceptionsTest, OutliveTheModule) {
  const Error own = subject().raise(Raise::NESTED).error();
  const Error ofKj = raiseInMessage(Raise::KJ_FATAL).error();
  ASSERT_TRUE(module().unload());
  EXPECT_THAT(own.text(), HasSubstr("in the middle"));
  EXPECT_THAT(ofKj.text(), HasSubstr("kj, fatal"));
}

// ---- what capnp and kj raise

TEST_P(ExceptionsTest, OfKjInMessageMethodsAreErrors) {
  for (const auto& [what, type, text] : exceptionsOfKj()) {
    expectModuleError(raiseInMessage(what), type, text, "Trouble.raiseInMessage");
    EXPECT_EQ(subject().uncaught().value(), 0) << text;
    EXPECT_EQ(std::uncaught_exceptions(), 0) << text;
  }
}

TEST_P(ExceptionsTest, OfKjInDirectMethodsAreErrors) {
  for (const auto& [what, type, text] : exceptionsOfKj()) {
    expectModuleError(subject().raise(what), type, text, "Trouble.raise");
    EXPECT_EQ(subject().uncaught().value(), 0) << text;
    EXPECT_EQ(std::uncaught_exceptions(), 0) << text;
  }
}

TEST_P(ExceptionsTest, OfKjInTheHostAreErrorsInTheModule) {
  expectSeen(false, exceptionsOfKj());
  expectSeen(true, exceptionsOfKj());
}

// The first exception is the one that arrives; what a destructor meets meanwhile is dropped.
TEST_P(ExceptionsTest, OfKjDuringUnwindingAreDropped) {
  expectModuleError(subject().raise(Raise::UNWINDING_READS), "std::runtime_error", "a runtime error", "Trouble.raise");
  expectModuleError(raiseInMessage(Raise::UNWINDING_READS), "std::runtime_error", "a runtime error",
                    "Trouble.raiseInMessage");
  expectModuleError(subject().pass(Raise::UNWINDING_READS, true), "std::runtime_error", "a runtime error",
                    "Trouble.pass");
}

// But a call that such a destructor makes has frames of its own, in which errors are errors.
TEST_P(ExceptionsTest, OfKjInACallMadeDuringUnwindingAreErrors) {
  EXPECT_THAT(subject().callWhileUnwinding().value(), HasSubstr("too deeply-nested"));
}

TEST_P(ExceptionsTest, OfKjOnAThreadOfTheModuleAreErrorsOfItsImport) {
  const auto outcome = subject().sendTooDeepFromThread();
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_THAT(outcome->text, HasSubstr("too deeply-nested"));
  EXPECT_EQ(outcome->uncaught, 0);
}

TEST_P(ExceptionsTest, AMessageTooDeepForTheModuleIsItsError) {
  for (const std::uint32_t depth : {0u, 1u, 60u}) {
    capnp::MallocMessageBuilder message;
    trouble::grow(message.initRoot<trouble::Tree>(), depth);
    EXPECT_EQ(subject().depthOf(message.getRoot<trouble::Tree>().asReader()).value(), depth);
  }
  capnp::MallocMessageBuilder message;
  trouble::grow(message.initRoot<trouble::Tree>(), trouble::kTooDeep);
  expectModuleError(subject().depthOf(message.getRoot<trouble::Tree>().asReader()), "kj::Exception",
                    "too deeply-nested", "Trouble.depthOf");
}

// Looked at when it arrives: nothing throws where the application reads it.
TEST_P(ExceptionsTest, AResultTooDeepForTheHostIsAnError) {
  EXPECT_EQ(trouble::depthOf(subject().grow(50).value().reader()), 50u);
  const auto tree = subject().grow(trouble::kTooDeep);
  ASSERT_FALSE(tree);
  EXPECT_THAT(tree.error().text(), HasSubstr("too deeply-nested"));
  EXPECT_EQ(tree.error().method(), "Trouble.grow");
  EXPECT_EQ(std::uncaught_exceptions(), 0);
  EXPECT_EQ(subject().depthOf(subject().grow(3).value().reader()).value(), 3u);
}

TEST_P(ExceptionsTest, WhatTheHostCannotSendIsAnError) {
  trouble::TooDeepTree tree;
  const auto failed = subject().depthOf(tree.root());
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text(), HasSubstr("too deeply-nested"));
  EXPECT_EQ(failed.error().method(), "Trouble.depthOf");
}

}  // namespace
}  // namespace bulkhead::conformance
