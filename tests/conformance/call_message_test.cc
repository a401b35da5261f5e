// Calls by interface id, ordinal and words: what a handle does, and a typed error for whatever else is said. (C9)
#include "probe.host.h"
#include "scene.host.h"
#include "shapes.host.h"
#include "tests/conformance/modules.h"

#include <bulkhead/detail/word_reader.h>
#include <bulkhead/detail/words.h>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <gmock/gmock.h>

#include <array>
#include <map>
#include <optional>
#include <random>

namespace bulkhead::conformance {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using namespace std::chrono_literals;
using Words = std::vector<std::uint64_t>;

class CallMessageTest : public testing::EveryPlacement<> {
 protected:
  void use(const std::string& name) {
    auto loaded = load(modulePath(name), {}, {.name = {}, .missingImports = MissingImports::unimplemented});
    ASSERT_TRUE(loaded) << loaded.error().message();
    module_.emplace(*std::move(loaded));
  }
  void TearDown() override {
    module_.reset();
    EveryPlacement<>::TearDown();
  }

  Result<Words> call(const BulkheadMethod& method, const Words& params) {
    return module_->callMessage(method.interface_id, method.ordinal, params);
  }
  void expectRefused(const Result<Words>& outcome, ErrorKind kind, const char* text) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), kind) << outcome.error().message();
    EXPECT_THAT(std::string(outcome.error().text()), HasSubstr(text));
  }

  std::optional<Module> module_;
};
BULKHEAD_EVERY_PLACEMENT(CallMessageTest);

detail::WordReader readerOf(const Words& words) { return detail::WordReader({words.data(), words.size()}); }

// add(a: Int32, b: Int32) of Probe and of Renderer.
Words summands(std::int32_t a, std::int32_t b) {
  Words words(2);
  detail::WordWriter writer(words.data());
  writer.root(1, 0);
  writer.set<std::int32_t>(0, a);
  writer.set<std::int32_t>(1, b);
  return words;
}
Words textOf(std::string_view text) {
  const BulkheadBytes bytes = detail::view(text);
  Words words(2 + detail::textWords(bytes));
  detail::WordWriter writer(words.data());
  writer.root(0, 1);
  static_cast<void>(writer.text(0, bytes));
  return words;
}
Words wordsOf(capnp::MallocMessageBuilder& builder) {
  const auto segments = builder.getSegmentsForOutput();
  EXPECT_EQ(segments.size(), 1u);
  const auto* const start = reinterpret_cast<const std::uint64_t*>(segments[0].begin());
  return {start, start + segments[0].size()};
}

TEST_P(CallMessageTest, CallsADirectMethod) {
  use("probe");
  const auto sum = call(probe::kProbeAdd, summands(-3, 45));
  ASSERT_TRUE(sum) << sum.error().message();
  EXPECT_EQ(readerOf(*sum).get<std::int32_t>(0), 42);
}

TEST_P(CallMessageTest, CallsAMethodOfStructs) {
  use("renderer");
  capnp::MallocMessageBuilder builder(1024);
  auto scene = builder.initRoot<scene::Renderer::MeasureParams>().initScene();
  scene.setName("outer");
  scene.initPoints(2);
  scene.initInner().initPoints(3);
  const auto answer = call(scene::kRendererMeasure, wordsOf(builder));
  ASSERT_TRUE(answer) << answer.error().message();
  const kj::ArrayPtr<const capnp::word> segment(reinterpret_cast<const capnp::word*>(answer->data()), answer->size());
  const std::array<kj::ArrayPtr<const capnp::word>, 1> segments{segment};
  capnp::SegmentArrayMessageReader reader(kj::arrayPtr(segments.data(), segments.size()));
  const auto measured = reader.getRoot<scene::Renderer::MeasureResults>();
  EXPECT_EQ(measured.getPoints(), 5u);
  EXPECT_EQ(measured.getDepth(), 1u);
  EXPECT_EQ(measured.getName(), "outer");
}

TEST_P(CallMessageTest, TheModulesErrorsAreThoseOfAHandle) {
  use("probe");
  const auto failed = call(probe::kProbeFailing, textOf("said so"));
  expectRefused(failed, ErrorKind::moduleError, "said so");
  EXPECT_EQ(failed.error().method(), "Probe.failing");
}

TEST_P(CallMessageTest, WhatTheModuleDoesNotHaveIsUnimplemented) {
  use("probe");
  const Words params = summands(1, 2);
  for (const std::uint64_t id : {std::uint64_t{0}, ~std::uint64_t{0}, shapes::kShapesInterfaceId}) {
    expectRefused(module_->callMessage(id, 0, params), ErrorKind::unimplemented, "does not have method @0");
  }
  // An import of its own is nothing that it serves.
  expectRefused(module_->callMessage(probe::kProbeHostInterfaceId, 0, params), ErrorKind::unimplemented, "method @0");
  for (const std::uint16_t ordinal : {std::uint16_t{16}, std::uint16_t{999}, std::uint16_t{0xffff}}) {
    expectRefused(module_->callMessage(probe::kProbeInterfaceId, ordinal, params), ErrorKind::unimplemented,
                  "does not have method @");
  }
  EXPECT_EQ(readerOf(call(probe::kProbeAdd, params).value()).get<std::int32_t>(0), 3);
  EXPECT_EQ(module_->generation(), 1u);
}

// They are the module's to read, which says what is wrong with them, and dies of nothing.
TEST_P(CallMessageTest, ParamsThatAreNoMessageAreRefusedAndTheModuleServesOn) {
  use("probe");
  const std::uint64_t kList = std::uint64_t{1};
  const Words cases[] = {{}, {~std::uint64_t{0}}, {kList, 0}, {2, 0}, {3, 0}, {std::uint64_t{9} << 32, 0}};
  for (const Words& params : cases) {
    const auto outcome = call(probe::kProbeFailing, params);
    expectRefused(outcome, ErrorKind::moduleError, "malformed message");
    EXPECT_EQ(outcome.error().method(), "Probe.failing");
  }
  Words cut = textOf("longer than its message");
  cut.pop_back();
  expectRefused(call(probe::kProbeFailing, cut), ErrorKind::moduleError, "leads out of the message");
  EXPECT_EQ(readerOf(call(probe::kProbeAdd, summands(1, 2)).value()).get<std::int32_t>(0), 3);
  EXPECT_EQ(module_->generation(), 1u);
}

// Words that are mostly pointers to somewhere near, to all methods of a contract of every shape and one of structs.
TEST_P(CallMessageTest, RandomMessagesHaveTypedOutcomesAndTheModuleServesOn) {
  const struct {
    const char* module;
    std::uint64_t interface;
    unsigned methods;
    BulkheadMethod sound;
    Words params;
  } subjects[] = {{"shapes", shapes::kShapesInterfaceId, 11, shapes::kShapesEmpty, {0}},
                  {"renderer", scene::kRendererInterfaceId, 5, scene::kRendererAdd, summands(1, 2)}};
  for (const auto& subject : subjects) {
    use(subject.module);
    std::mt19937_64 random(20);
    std::map<ErrorKind, int> errors;
    int answered = 0;
    for (int i = 0; i < 500; ++i) {
      Words words(1 + random() % 12);
      for (std::uint64_t& word : words) {
        word = random();
        if (random() % 2 == 0) word &= 0x0000'000f'0000'003fu;
      }
      if (random() % 2 == 0) words[0] = words.size() > 3 ? 0x0001'0002'0000'0000u : 0u;
      // Not Renderer.make, whose answer may be as large as a number is.
      auto ordinal = static_cast<std::uint16_t>(random() % subject.methods);
      if (subject.interface == scene::kRendererInterfaceId && ordinal == scene::kRendererMake.ordinal) ordinal = 0;
      const auto outcome = module_->callMessage(subject.interface, ordinal, words);
      if (outcome) {
        ++answered;
      } else {
        ++errors[outcome.error().kind()];
      }
    }
    for (const auto& [kind, count] : errors) {
      EXPECT_THAT(kind, AnyOf(ErrorKind::moduleError, ErrorKind::unimplemented))
          << subject.module << ": " << toString(kind) << ", " << count << " times";
    }
    EXPECT_GT(answered, 0);
    EXPECT_GT(errors[ErrorKind::moduleError], 0);
    const auto sound = call(subject.sound, subject.params);
    EXPECT_TRUE(sound) << sound.error().message();
    EXPECT_EQ(module_->generation(), 1u);
  }
}

TEST_P(CallMessageTest, AnAnnotatedDeadlineHolds) {
  use("probe");
  Words params(2);
  detail::WordWriter writer(params.data());
  writer.root(1, 0);
  writer.set<std::uint32_t>(0, 500);
  const auto late = call(probe::kProbeLateAnnotated, params);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::deadlineExceeded) << late.error().message();
  EXPECT_EQ(late.error().method(), "Probe.lateAnnotated");
  EXPECT_TRUE(call(probe::kProbeAdd, summands(1, 2)));
}

class CallMessageDeadlineTest : public CallMessageTest {
 protected:
  Placement placement(Placement::Kind kind) const override {
    return Placement::inProcess({.deadline = 50ms}).with(IsolatedOptions{.deadline = 50ms}).as(kind);
  }
};
BULKHEAD_EVERY_PLACEMENT(CallMessageDeadlineTest);

TEST_P(CallMessageDeadlineTest, TheModulesDeadlineHolds) {
  use("probe");
  const auto late = call(probe::kProbeLate, {std::uint64_t{1} << 32, 500});
  expectRefused(late, ErrorKind::deadlineExceeded, "");
  EXPECT_EQ(late.error().method(), "Probe.late");
  const auto served = call(probe::kProbeAnnotatedDeadline, {0});  // which has more time than others
  EXPECT_TRUE(served) << served.error().message();
}

// The cap is the isolated placement's own.
TEST(CallMessageLimitsTest, ParamsOverTheCapAreTooLargeAndTheModuleServesOn) {
  ProbeImports imports;
  Host host;
  auto module = host.load(modulePath("probe"), Placement::isolated({.maxMessageBytes = 1 << 20}), imports);
  ASSERT_TRUE(module) << module.error().message();
  const Words huge = textOf(std::string(2 << 20, 'x'));
  const auto tooLarge = module->callMessage(probe::kProbeInterfaceId, probe::kProbeFailing.ordinal, huge);
  ASSERT_FALSE(tooLarge);
  EXPECT_EQ(tooLarge.error().kind(), ErrorKind::messageTooLarge) << tooLarge.error().message();
  EXPECT_TRUE(module->callMessage(probe::kProbeInterfaceId, probe::kProbeAdd.ordinal, summands(1, 2)));
  EXPECT_EQ(module->generation(), 1u);
}

}  // namespace
}  // namespace bulkhead::conformance
