#include "host/core/placement_rules.h"

#include <gmock/gmock.h>

namespace bulkhead::detail {
namespace {

using ::testing::HasSubstr;
using Kind = Placement::Kind;

Kind chosen(const char* environment, const Placement& code = Placement::inProcess()) {
  return choosePlacement("codec", code, environment).value().decision.kind;
}
std::string reason(const char* environment, const Placement& code = Placement::inProcess()) {
  return choosePlacement("codec", code, environment).value().decision.reason;
}

TEST(PlacementRulesTest, WithoutAnEnvironmentTheCodeDecides) {
  for (const char* const environment : {static_cast<const char*>(nullptr), "", "  ", "\t"}) {
    EXPECT_EQ(chosen(environment), Kind::inProcess);
    EXPECT_EQ(chosen(environment, Placement::isolated()), Kind::isolated);
  }
  EXPECT_EQ(reason(nullptr), "code: Placement::inProcess()");
  EXPECT_EQ(reason(nullptr, Placement::isolated().required()), "code: Placement::isolated().required()");
}

TEST(PlacementRulesTest, ABarePlacementIsForAll) {
  EXPECT_EQ(chosen("isolated"), Kind::isolated);
  EXPECT_EQ(chosen(" isolated "), Kind::isolated);
  EXPECT_EQ(chosen("in-process", Placement::isolated()), Kind::inProcess);
}

TEST(PlacementRulesTest, ANameBeatsTheRuleForAllWhereverItStands) {
  EXPECT_EQ(chosen("in-process,codec=isolated"), Kind::isolated);
  EXPECT_EQ(chosen("codec=isolated,in-process"), Kind::isolated);
  EXPECT_EQ(chosen(" other=in-process , codec = isolated "), Kind::isolated);
  EXPECT_EQ(chosen("other=isolated"), Kind::inProcess);
  EXPECT_EQ(chosen("code=isolated,codecs=isolated,CODEC=isolated"), Kind::inProcess);
}

TEST(PlacementRulesTest, OfTwoRulesForOneNameTheLaterHolds) {
  EXPECT_EQ(chosen("codec=isolated,codec=in-process", Placement::isolated()), Kind::inProcess);
}

TEST(PlacementRulesTest, TheReasonQuotesTheRuleThatMatched) {
  EXPECT_EQ(reason("in-process, codec=isolated"), "environment: BULKHEAD_PLACEMENT, rule 'codec=isolated'");
  EXPECT_EQ(reason("isolated"), "environment: BULKHEAD_PLACEMENT, rule 'isolated'");
}

TEST(PlacementRulesTest, NothingGoesBelowARequiredPlacement) {
  const auto required = Placement::isolated().required();
  EXPECT_EQ(chosen("in-process", required), Kind::isolated);
  EXPECT_THAT(reason("codec=in-process", required), HasSubstr("it overrules environment"));
  EXPECT_EQ(chosen("isolated", Placement::inProcess().required()), Kind::isolated);  // stronger is allowed
}

TEST(PlacementRulesTest, OptionsOfTheOtherKindComeAlong) {
  const auto code = Placement::inProcess().with(IsolatedOptions{.maxLanes = 3});
  const auto choice = choosePlacement("codec", code, "isolated").value();
  EXPECT_EQ(choice.placement.kind(), Kind::isolated);
  EXPECT_EQ(choice.placement.isolatedOptions().maxLanes, 3u);
}

TEST(PlacementRulesTest, WhatMakesNoSenseIsNamed) {
  for (const char* const rules : {"somewhere", "codec=", "=isolated", "codec=somewhere", "isolated,,in-process",
                                  "isolated;in-process", "codec=isolated=in-process", "ISOLATED", ",", "inprocess"}) {
    const auto choice = choosePlacement("codec", Placement::inProcess(), rules);
    ASSERT_FALSE(choice) << rules;
    EXPECT_EQ(choice.error().kind(), ErrorKind::invalidConfiguration) << rules;
    EXPECT_THAT(choice.error().text(), HasSubstr("BULKHEAD_PLACEMENT")) << rules;
  }
  EXPECT_THAT(choosePlacement("codec", Placement::inProcess(), "isolated, codec=somewhere").error().text(),
              HasSubstr("'codec=somewhere'"));
  // A rule for another module is looked at, too: a typing error must not wait for that module.
  EXPECT_FALSE(choosePlacement("codec", Placement::inProcess(), "other=somewhere"));
}

}  // namespace
}  // namespace bulkhead::detail
