// Errors as values: kinds that nobody can forge, texts of any size and content, chains through host and module. (C5,
// C7)
#include "tests/conformance/trouble.h"

namespace bulkhead::conformance {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using trouble::Raise;

constexpr std::uint32_t number(ErrorKind kind) { return static_cast<std::uint32_t>(kind); }
// Every number of ours, what lies between, and what is none.
std::vector<std::uint32_t> kinds() {
  std::vector<std::uint32_t> all = {1000, 0x7FFF'FFFF, 0x8000'0000, 0xFFFF'FFFF};
  for (std::uint32_t kind = 0; kind < 64; ++kind) all.push_back(kind);
  return all;
}
const std::string kBinary("NUL \0 ESC \x1B[31m newline \r\n not UTF-8 \xFF\xC0\x80 C1 \xC2\x9B", 46);

class ErrorValuesTest : public TroubleFixture {
 protected:
  template <class R>
  void expectOwnError(const R& failed, std::uint32_t claimed) {
    ASSERT_FALSE(failed);
    // A module may say that it does not have something.
    const bool lacks = claimed == number(ErrorKind::unimplemented);
    EXPECT_EQ(failed.error().kind(), lacks ? ErrorKind::unimplemented : ErrorKind::moduleError) << claimed;
    EXPECT_EQ(failed.error().text(), "claimed");
    EXPECT_EQ(failed.error().exitReport(), nullptr);
  }
  template <class F>
  void expectBadResult(ErrorKind kind, F&& call) {
    try {
      call();
      ADD_FAILURE() << "value() returned";
    } catch (const BadResult& thrown) {
      EXPECT_EQ(thrown.error().kind(), kind);
      EXPECT_EQ(thrown.what(), thrown.error().message());
    } catch (...) {
      ADD_FAILURE() << "value() threw something else";
    }
  }
};
BULKHEAD_EVERY_PLACEMENT(ErrorValuesTest);

// ---- kinds

TEST_P(ErrorValuesTest, Threat20AModuleCannotMakeAHostsKindOfError) {
  for (const std::uint32_t kind : kinds()) {
    expectOwnError(subject().fail(kind, bytesOf("claimed"), false), kind);
    EXPECT_EQ(subject().uncaught().value(), 0);  // and the module is not ended for it
  }
  EXPECT_EQ(module().generation(), 1u);
}

TEST_P(ErrorValuesTest, Threat20NorByAnException) {
  for (const std::uint32_t kind : kinds()) expectOwnError(subject().fail(kind, bytesOf("claimed"), true), kind);
  EXPECT_EQ(module().generation(), 1u);
}

TEST_P(ErrorValuesTest, Threat20NorByPassingOnAnImportsError) {
  for (const std::uint32_t kind : kinds()) {
    for (const bool byValue : {false, true}) {
      expectOwnError(subject().passFail(kind, bytesOf("claimed"), byValue), kind);
    }
  }
  EXPECT_EQ(module().generation(), 1u);
}

TEST_P(ErrorValuesTest, TheHostsKindsReachTheModule) {
  for (const std::uint32_t kind : kinds()) {
    for (const bool byException : {false, true}) {
      const auto seen = subject().seeFail(kind, bytesOf("why"), byException);
      ASSERT_TRUE(seen) << seen.error().message();
      EXPECT_EQ(seen->kind, kind == number(ErrorKind::moduleError) ? number(ErrorKind::hostError) : kind);
      EXPECT_EQ(stringOf(seen->text), "why");
      EXPECT_EQ(seen->method, "TroubleHost.fail");
    }
  }
}

// ---- texts

TEST_P(ErrorValuesTest, BinaryTextsKeepEveryByte) {
  ASSERT_THAT(kBinary, EndsWith("\xC2\x9B"));
  for (const bool byException : {false, true}) {
    EXPECT_EQ(subject().fail(1, bytesOf(kBinary), byException).error().text(), kBinary);
    EXPECT_EQ(stringOf(subject().seeFail(1, bytesOf(kBinary), byException).value().text), kBinary);
    EXPECT_EQ(subject().passFail(1, bytesOf(kBinary), byException).error().text(), kBinary);
  }
}

// The text is the module's; the one line for logs is harmless.
TEST_P(ErrorValuesTest, TheMessageIsOneLineThatHarmsNoTerminal) {
  const Error error = subject().fail(1, bytesOf(kBinary), false).error();
  const std::string message = error.message();
  for (const char byte : message) EXPECT_FALSE(static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F);
  EXPECT_THAT(message, AllOf(Not(HasSubstr("\xC2\x9B")), Not(HasSubstr("\xFF")), HasSubstr("[31m newline")));
  EXPECT_EQ(BadResult(error).what(), message);
}

TEST_P(ErrorValuesTest, HugeTextsAreCutAlike) {
  const std::string huge = std::string(trouble::kHugeText, 'h') + "end";
  const std::string cut(detail::kMaxErrorText, 'h');
  for (const bool byException : {false, true}) {
    EXPECT_TRUE(subject().fail(1, bytesOf(huge), byException).error().text() == cut);
    EXPECT_TRUE(stringOf(subject().seeFail(1, bytesOf(huge), byException).value().text) == cut);
    EXPECT_TRUE(subject().passFail(1, bytesOf(huge), byException).error().text() == cut);
  }
  EXPECT_TRUE(subject().fail(1, bytesOf(cut), false).error().text() == cut);
}

TEST_P(ErrorValuesTest, HugeTextsOfExceptionsAreCutAlike) {
  const std::string cut(detail::kMaxErrorText, 'h');
  EXPECT_TRUE(subject().raise(Raise::HUGE).error().text() == cut);
  EXPECT_TRUE(raiseInMessage(Raise::HUGE).error().text() == cut);
  EXPECT_TRUE(stringOf(subject().seeRaise(Raise::HUGE, true).value().text) == cut);
  const Error passed = subject().pass(Raise::HUGE, true).error();
  EXPECT_TRUE(passed.text() == cut);
  EXPECT_EQ(passed.type(), "std::runtime_error");
}

TEST_P(ErrorValuesTest, EmptyTextsStayEmpty) {
  const Error error = subject().fail(1, {}, false).error();
  EXPECT_EQ(error.text(), "");
  EXPECT_EQ(error.type(), "");
  EXPECT_EQ(error.message(), "moduleError: trouble: Trouble.fail");
}

// ---- chains

TEST_P(ErrorValuesTest, AChainThatEndsWellHasNoError) {
  EXPECT_EQ(subject().relay("").value(), "arrived");
  EXPECT_EQ(subject().relay("cccccc").value(), "arrived");
  EXPECT_TRUE(host_.relayed.empty());
}

// Every level names the method that it called; the innermost text arrives.
TEST_P(ErrorValuesTest, ErrorsPassThroughAChainFromTheHost) {
  const auto failed = subject().relay("ccce");  // the host, two calls deep in both directions
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().method(), "Trouble.relay");
  EXPECT_EQ(failed.error().text(), "TroubleHost.relay < Trouble.relay < TroubleHost.relay < an error");
  ASSERT_EQ(host_.relayed.size(), 1u);
  EXPECT_EQ(host_.relayed[0].kind(), ErrorKind::moduleError);
  EXPECT_EQ(host_.relayed[0].method(), "Trouble.relay");
  EXPECT_EQ(host_.relayed[0].module(), "trouble");
  EXPECT_EQ(host_.relayed[0].text(), "TroubleHost.relay < an error");
}

TEST_P(ErrorValuesTest, ErrorsPassThroughAChainFromTheModule) {
  EXPECT_EQ(subject().relay("cce").error().text(), "TroubleHost.relay < Trouble.relay < an error");
}

TEST_P(ErrorValuesTest, ExceptionsPassThroughAChainFromEitherSide) {
  EXPECT_EQ(subject().relay("cct").error().text(), "TroubleHost.relay < Trouble.relay < of its own");
  EXPECT_EQ(subject().relay("ct").error().text(), "TroubleHost.relay < of its own");
  EXPECT_THAT(subject().relay("t").error().type(), HasSubstr("OwnException"));
  EXPECT_EQ(subject().relay("cccc").value(), "arrived");
}

TEST_P(ErrorValuesTest, AChainThatIsTooDeepEndsWhereItIs) {
  const auto failed = subject().relay(std::string(1000, 'c'));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::moduleError);
  EXPECT_THAT(failed.error().text(), HasSubstr("more than 64 deep"));
  EXPECT_EQ(host_.relayed.size(), 64u);
  EXPECT_EQ(subject().relay("cc").value(), "arrived");
}

// ---- value()

TEST_P(ErrorValuesTest, ValueThrowsOneTypeWhateverWentWrong) {
  expectBadResult(ErrorKind::moduleError, [&] { subject().raise(Raise::STRANGE).value(); });
  expectBadResult(ErrorKind::moduleError, [&] { raiseInMessage(Raise::KJ_FATAL).value(); });
  expectBadResult(ErrorKind::moduleError, [&] { static_cast<void>(subject().relay("e").value()); });
  expectBadResult(ErrorKind::unimplemented,
                  [&] { subject().fail(number(ErrorKind::unimplemented), {}, false).value(); });
  expectBadResult(ErrorKind::deadlineExceeded,
                  [&] { static_cast<void>(subject().within(std::chrono::nanoseconds(0)).uncaught().value()); });
  expectBadResult(ErrorKind::notFound, [&] { static_cast<void>(load("no such file").value()); });
  ASSERT_TRUE(module().unload());
  expectBadResult(ErrorKind::staleHandle, [&] { static_cast<void>(subject().uncaught().value()); });
  expectBadResult(ErrorKind::staleHandle, [&] {
    const auto failed = subject().grow(1);
    static_cast<void>(failed.value());
  });
}

}  // namespace
}  // namespace bulkhead::conformance
