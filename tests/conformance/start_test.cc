// How a module starts: its constructor, the host's word before anybody else's, and why it runs where it runs.
// (C6, P1, S16)
#include "counter.host.h"
#include "tests/conformance/modules.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace bulkhead::conformance {
namespace {

using counter::host::Counter;
using ::testing::HasSubstr;

class StartTest : public testing::EveryPlacement<> {
 protected:
  HostOptions hostOptions() override {
    HostOptions options;
    options.onStarted = [this](const Starting& starting) { return onStarted ? onStarted(starting) : Result<void>(); };
    return options;
  }

  std::function<Result<void>(const Starting&)> onStarted;
};
BULKHEAD_EVERY_PLACEMENT(StartTest);

TEST_P(StartTest, AConstructorThatThrowsFailsTheLoadWithTypeAndText) {
  const auto failed = load(modulePath("throwing_constructor"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::loadFailed);
  EXPECT_THAT(failed.error().type(), HasSubstr("std::invalid_argument"));
  EXPECT_THAT(failed.error().text(), HasSubstr("no licence file"));
  EXPECT_EQ(failed.error().module(), "throwing_constructor");
}

TEST_P(StartTest, OnStartedComesFirstAndMayCallTheModule) {
  std::vector<std::uint32_t> counts;
  std::uint64_t generation = 0;
  std::string name;
  onStarted = [&](const Starting& starting) -> Result<void> {
    counts.push_back(starting.get<Counter>().value().next().value());
    generation = starting.generation();
    name = starting.module();
    return {};
  };
  auto module = load(modulePath("counter"));
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(counts, std::vector<std::uint32_t>{1});
  EXPECT_EQ(generation, 1u);
  EXPECT_EQ(name, "counter");
  EXPECT_EQ(module->get<Counter>().value().next().value(), 2u);
}

TEST_P(StartTest, AHandleOfOnStartedIsStaleAfterwards) {
  Counter kept;
  onStarted = [&](const Starting& starting) -> Result<void> {
    kept = starting.get<Counter>().value();
    return {};
  };
  auto module = load(modulePath("counter"));
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(kept.next().error().kind(), ErrorKind::staleHandle);
}

TEST_P(StartTest, AnErrorOfOnStartedFailsTheLoad) {
  onStarted = [](const Starting&) -> Result<void> { return Error("configuration refused"); };
  const auto failed = load(modulePath("counter"));
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message(), HasSubstr("configuration refused"));
  onStarted = nullptr;
  EXPECT_TRUE(load(modulePath("counter")));
}

TEST_P(StartTest, AnExceptionOfOnStartedFailsTheLoad) {
  onStarted = [](const Starting&) -> Result<void> { throw std::runtime_error("unexpected"); };
  const auto failed = load(modulePath("counter"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::hostError);
  EXPECT_THAT(failed.error().message(), HasSubstr("unexpected"));
}

TEST_P(StartTest, AModulesErrorInOnStartedFailsTheLoadToo) {
  onStarted = [](const Starting& starting) -> Result<void> {
    (void)starting.get<probe::host::Probe>().value();  // the counter has no such interface
    return {};
  };
  const auto failed = load(modulePath("counter"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::unimplemented);
}

// ---- why here

class PlacementVariable {
 public:
  explicit PlacementVariable(const std::string& value) { ::setenv("BULKHEAD_PLACEMENT", value.c_str(), 1); }
  PlacementVariable(const PlacementVariable&) = delete;
  PlacementVariable& operator=(const PlacementVariable&) = delete;
  ~PlacementVariable() { ::unsetenv("BULKHEAD_PLACEMENT"); }
};

TEST_P(StartTest, CodeChoosesAndSaysSo) {
  auto module = load(modulePath("counter"));
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->placement().kind, kind());
  EXPECT_THAT(module->placement().reason, HasSubstr("code: Placement::"));
}

TEST_P(StartTest, TheEnvironmentChoosesOverTheCode) {
  const std::string wanted(toString(kind()));
  const auto other = kind() == Placement::Kind::inProcess ? Placement::isolated() : Placement::inProcess();
  for (const std::string& value : {wanted, "counter=" + wanted, "nobody=in-process, counter=" + wanted}) {
    const PlacementVariable variable(value);
    auto module = host().load(modulePath("counter"), other);
    ASSERT_TRUE(module) << module.error().message();
    EXPECT_EQ(module->placement().kind, kind()) << value;
    EXPECT_THAT(module->placement().reason, HasSubstr("BULKHEAD_PLACEMENT"));
    EXPECT_THAT(module->placement().reason, HasSubstr(wanted));
    EXPECT_EQ(module->tier().has_value(), kind() == Placement::Kind::isolated);
  }
}

TEST_P(StartTest, TheEnvironmentNeverGoesBelowWhatTheCodeRequires) {
  const PlacementVariable variable("in-process");
  auto module = host().load(modulePath("counter"), placement(kind()).required());
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->placement().kind, kind());
}

TEST_P(StartTest, AnEnvironmentThatMakesNoSenseIsAnError) {
  const PlacementVariable variable("counter=somewhere");
  const auto failed = load(modulePath("counter"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), ErrorKind::invalidConfiguration);
  EXPECT_THAT(failed.error().text(), HasSubstr("counter=somewhere"));
}

}  // namespace
}  // namespace bulkhead::conformance
