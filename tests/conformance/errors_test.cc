// Exceptions and errors cross in both directions, with type and text, and nothing aborts. (C5, C7)
#include "tests/conformance/modules.h"

#include <gmock/gmock.h>

namespace bulkhead::conformance {
namespace {

using probe::Throw;
using ::testing::HasSubstr;

class HostTrouble final : public std::logic_error {
 public:
  HostTrouble() : std::logic_error("trouble in the host") {}
};

class ErrorsTest : public ProbeFixture {
 protected:
  void SetUp() override {
    host_.on("fail", []() -> Result<std::string> { return Error("the host refuses"); });
    host_.on("throw", []() -> Result<std::string> { throw HostTrouble(); });
    host_.on("throw a number", []() -> Result<std::string> { throw 7; });
    host_.on("busy", []() -> Result<std::string> { return Error(ErrorKind::overloaded, "later, please"); });
    host_.on("fail inside", [this] { return subject().act("fail"); });
    host_.on("throw inside", [this] { return subject().act("throw"); });
    host_.on("throw in the module", [this]() -> Result<std::string> {
      if (auto thrown = subject().throwing(Throw::ownException); !thrown) return thrown.error();
      return std::string();
    });
    ProbeFixture::SetUp();
  }

  void expectThrown(Throw what, const std::string& type, const std::string& text) {
    const auto thrown = subject().throwing(what);
    ASSERT_FALSE(thrown);
    EXPECT_EQ(thrown.error().kind(), ErrorKind::moduleError);
    EXPECT_THAT(thrown.error().type(), HasSubstr(type));
    EXPECT_EQ(thrown.error().text(), text);
    EXPECT_EQ(thrown.error().method(), "Probe.throwing");
    EXPECT_EQ(thrown.error().module(), "probe");
    EXPECT_EQ(thrown.error().exitReport(), nullptr);
  }
};
BULKHEAD_EVERY_PLACEMENT(ErrorsTest);

TEST_P(ErrorsTest, ExceptionsOfTheModuleArriveWithTypeAndText) {
  expectThrown(Throw::runtimeError, "std::runtime_error", "a runtime error");
  expectThrown(Throw::ownException, "OwnException", "of the module's own");
  expectThrown(Throw::badAlloc, "std::bad_alloc", "std::bad_alloc");
  expectThrown(Throw::emptyText, "std::runtime_error", "");
}

TEST_P(ErrorsTest, ThingsThatAreNoExceptionsArriveToo) {
  expectThrown(Throw::number, "int", "an exception without a text");
  expectThrown(Throw::strange, "Strange", "an exception without a text");
  expectThrown(Throw::text, "char const*", "a plain text");
  expectThrown(Throw::standardString, "string", "a string");
}

TEST_P(ErrorsTest, TheModuleServesOnAfterAnError) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(subject().throwing(Throw::runtimeError));
    EXPECT_EQ(subject().add(i, 1).value(), i + 1);
  }
  EXPECT_EQ(module().generation(), 1u);
}

TEST_P(ErrorsTest, ErrorsOfTheModuleArriveWithTheirText) {
  for (const std::string& text : {std::string(), std::string("why"), std::string("with\0nul", 8),
                                  std::string(100'000, 'e'), std::string("\xFF\xFE")}) {
    const auto failed = subject().failing(text);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind(), ErrorKind::moduleError);
    EXPECT_EQ(failed.error().text(), text);
    EXPECT_EQ(failed.error().type(), "");
  }
}

TEST_P(ErrorsTest, AnErrorOfTheHostIsAnErrorInTheModule) {
  const auto seen = subject().describeActError("fail").value();
  EXPECT_EQ(seen.kind, static_cast<std::uint32_t>(ErrorKind::hostError));
  EXPECT_EQ(seen.text, "the host refuses");
  EXPECT_EQ(seen.type, "");
  EXPECT_EQ(seen.method, "ProbeHost.act");
}

TEST_P(ErrorsTest, AnExceptionOfTheHostIsAnErrorInTheModule) {
  const auto seen = subject().describeActError("throw").value();
  EXPECT_EQ(seen.kind, static_cast<std::uint32_t>(ErrorKind::hostError));
  EXPECT_EQ(seen.text, "trouble in the host");
  EXPECT_THAT(seen.type, HasSubstr("HostTrouble"));
  EXPECT_EQ(subject().describeActError("throw a number").value().type, "int");
}

TEST_P(ErrorsTest, TheKindOfAHostsErrorReachesTheModule) {
  EXPECT_EQ(subject().describeActError("busy").value().kind, static_cast<std::uint32_t>(ErrorKind::overloaded));
}

TEST_P(ErrorsTest, WhatTheModulePassesOnIsTheModulesError) {
  for (const char* const what : {"fail", "throw", "busy"}) {
    const auto failed = subject().act(what);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind(), ErrorKind::moduleError) << what;
    EXPECT_EQ(failed.error().method(), "Probe.act");
  }
  EXPECT_THAT(subject().act("throw").error().type(), HasSubstr("HostTrouble"));
}

TEST_P(ErrorsTest, AnImportsErrorThrownByValueKeepsTypeAndText) {
  const auto thrown = subject().throwing(Throw::badResult);
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().kind(), ErrorKind::moduleError);
  EXPECT_EQ(thrown.error().text(), "trouble in the host");
  EXPECT_THAT(thrown.error().type(), HasSubstr("HostTrouble"));
}

TEST_P(ErrorsTest, NestedErrorsArriveThroughEveryLevel) {
  EXPECT_EQ(subject().act("fail inside").error().text(), "the host refuses");
  EXPECT_EQ(subject().act("throw inside").error().text(), "trouble in the host");
  EXPECT_THAT(subject().act("throw inside").error().type(), HasSubstr("HostTrouble"));
  EXPECT_THAT(subject().act("throw in the module").error().type(), HasSubstr("OwnException"));
  EXPECT_EQ(subject().add(1, 1).value(), 2);
}

TEST_P(ErrorsTest, ValueThrowsOneTypeThatCarriesTheError) {
  try {
    (void)subject().failing("why").value();
    FAIL() << "value() of an error returned";
  } catch (const BadResult& thrown) {
    EXPECT_EQ(thrown.error().text(), "why");
    EXPECT_THAT(thrown.what(), HasSubstr("moduleError: probe: Probe.failing: why"));
  }
  EXPECT_THROW((void)subject().act("fail").value(), std::exception);
}

TEST_P(ErrorsTest, ErrorsOutliveTheModule) {
  const Error error = subject().throwing(Throw::ownException).error();
  ASSERT_TRUE(module().unload());
  EXPECT_EQ(error.text(), "of the module's own");
  EXPECT_THAT(error.type(), HasSubstr("OwnException"));
}

}  // namespace
}  // namespace bulkhead::conformance
