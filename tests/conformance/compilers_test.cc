// Modules of every compiler at hand, in one host, in both placements: what crosses is the C ABI. The shapes of values
// are in shapes_test.cc, by the same rows. (C3, C5, I2)
#include "tests/conformance/compilers.h"

#include "tests/conformance/trouble.h"

namespace bulkhead::conformance {
namespace {

using ::testing::HasSubstr;
using trouble::Raise;

class CompilersTest : public CompilerRow<TroubleFixture> {
 protected:
  CompilersTest() : CompilerRow("trouble") {}
};
#define TROUBLE_BY(Row) BULKHEAD_COMPILER_PLACEMENTS(Row, CompilersTest)
FOR_EACH_COMPILER(TROUBLE_BY)

TEST_P(CompilersTest, StructsComeBack) {
  const auto tree = subject().grow(20);
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ(trouble::depthOf(tree->reader()), 20u);
  EXPECT_EQ(subject().depthOf(tree->reader()).value(), 20u);
  EXPECT_EQ(std::string(raiseInMessage(Raise::NOTHING).value().reader().getName()), "root");
}

TEST_P(CompilersTest, ExceptionsOfAnyTypeAreErrors) {
  for (const auto& [what, type, text] : exceptionsOfAnyType()) {
    expectModuleError(subject().raise(what), type, text, "Trouble.raise");
    expectModuleError(raiseInMessage(what), type, text, "Trouble.raiseInMessage");
    EXPECT_EQ(std::uncaught_exceptions(), 0) << type;
    EXPECT_EQ(subject().uncaught().value(), 0) << type;
  }
  expectModuleError(subject().raise(Raise::UNWINDING_READS), "std::runtime_error", "a runtime error", "Trouble.raise");
}

TEST_P(CompilersTest, ImportsThatThrowAreErrorsInTheModule) {
  for (const auto& [what, type, text] : exceptionsOfAnyType()) {
    for (const bool inMessage : {false, true}) {
      const auto seen = subject().seeRaise(what, inMessage);
      ASSERT_TRUE(seen) << seen.error().message();
      EXPECT_EQ(seen->kind, static_cast<std::uint32_t>(ErrorKind::hostError));
      EXPECT_THAT(seen->type, HasSubstr(type));
      EXPECT_THAT(stringOf(seen->text), HasSubstr(text));
    }
    expectModuleError(subject().pass(what, true), type, text, "Trouble.pass");
  }
  EXPECT_EQ(subject().relay("ccce").error().text(), "TroubleHost.relay < Trouble.relay < TroubleHost.relay < an error");
}

TEST_P(CompilersTest, KjErrorsOfItsThreadsAndDestructorsAreErrors) {
  EXPECT_THAT(subject().callWhileUnwinding().value(), HasSubstr("too deeply-nested"));
  const auto outcome = subject().sendTooDeepFromThread();
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_THAT(outcome->text, HasSubstr("too deeply-nested"));
  EXPECT_EQ(outcome->uncaught, 0);
}

// Every unload is proven by address; a reload starts from fresh statics.
TEST_P(CompilersTest, IsUnloadedForRealAndReloaded) {
  EXPECT_EQ(subject().next().value(), 1u);
  EXPECT_EQ(subject().next().value(), 2u);
  EXPECT_FALSE(subject().raise(Raise::NESTED));
  ASSERT_TRUE(module().unload());
  for (int round = 0; round < 3; ++round) {
    auto again = load(modulePath(), host_);
    ASSERT_TRUE(again) << again.error().message();
    const auto handle = again->get<trouble::host::Trouble>().value();
    EXPECT_EQ(handle.next().value(), 1u);
    EXPECT_FALSE(handle.raise(Raise::KJ_FATAL));
    const auto unloaded = again->unload();
    EXPECT_TRUE(unloaded) << unloaded.error().message();
  }
}

// Modules of two compilers serve side by side, and call each other through the host.
TEST_P(CompilersTest, StandsBesideTheHostsOwn) {
  TroubleImports imports;
  auto other = load(conformance::modulePath("trouble"), imports);
  ASSERT_TRUE(other) << other.error().message();
  const auto handle = other->get<trouble::host::Trouble>().value();
  imports.subject = &subject();
  host_.subject = &handle;
  EXPECT_EQ(subject().relay("ccct").error().text(),
            "TroubleHost.relay < Trouble.relay < TroubleHost.relay < of its own");
  EXPECT_EQ(handle.relay("cccct").error().text(),
            "TroubleHost.relay < Trouble.relay < TroubleHost.relay < Trouble.relay < of its own");
  EXPECT_EQ(handle.next().value(), 1u);
  EXPECT_EQ(subject().next().value(), 1u);
  host_.subject = nullptr;
}

// A compiler that is missing is missed here.
TEST(CompilersMatrix, HasEveryRow) {
  if (*MISSING_COMPILERS != '\0') GTEST_SKIP() << "not installed, NOT TESTED: " << MISSING_COMPILERS;
}

}  // namespace
}  // namespace bulkhead::conformance
