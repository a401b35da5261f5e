// Worker programs whose frames are in order and whose messages are not, and what else of a conversation can go wrong:
// each call has one typed outcome, and the same program without its fault passes.
#include "probe.host.h"
#include "scene.host.h"
#include "shapes.host.h"
#include "tests/hostile/workers_fixture.h"

#include <bulkhead/oracle.h>

#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <optional>

namespace bulkhead::hostile {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Payloads : public Workers {
 protected:
  Result<std::vector<std::byte>> echo(const char* fault) {
    auto module = load({.deadline = kLong}, fault);
    return handleOf(module).echo(std::vector<std::byte>(64, std::byte{7}));
  }
  Result<std::vector<std::string>> names(const char* fault) {
    auto module = host().load(SHAPES_MODULE, Placement::isolated({.deadline = kLong}), noShapes_, {fault}).value();
    return module.get<shapes::host::Shapes>().value().names();
  }
  template <class T>
  void expectMalformed(const Result<T>& outcome, const char* rule) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind(), ErrorKind::protocolViolation) << outcome.error().message();
    EXPECT_THAT(std::string(outcome.error().text()), HasSubstr(rule));
    expectHostServes();
  }

 private:
  class NoShapes final : public shapes::host::ShapesHost {
    Result<shapes::HostScalarsResult> hostScalars(bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                                                  std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t, float,
                                                  double, shapes::Color) override {
      return Error("no");
    }
    Result<std::string> text(std::string_view) override { return Error("no"); }
    Result<std::vector<std::byte>> data(std::span<const std::byte>) override { return Error("no"); }
    Result<shapes::HostListsResult> hostLists(std::span<const bool>, std::span<const std::int8_t>,
                                              std::span<const std::int16_t>, std::span<const std::int32_t>,
                                              std::span<const std::int64_t>, std::span<const std::uint8_t>,
                                              std::span<const std::uint16_t>, std::span<const std::uint32_t>,
                                              std::span<const std::uint64_t>, std::span<const float>,
                                              std::span<const double>, std::span<const shapes::Color>,
                                              std::span<const std::string_view>,
                                              std::span<const std::span<const std::byte>>) override {
      return Error("no");
    }
    Result<void> nothing() override { return {}; }
  };
  NoShapes noShapes_;
};

TEST_F(Payloads, WithoutTheirFaultsPass) {
  EXPECT_EQ(echo("honest").value(), std::vector<std::byte>(64, std::byte{7}));
  EXPECT_THAT(names("honest").value(), ElementsAre("one", "two"));
  auto module = load({}, "honest");
  EXPECT_EQ(handleOf(module).look("this").value(), "seen");
}

// ---- lengths, counts and offsets inside of a message

class BrokenData : public Payloads, public ::testing::WithParamInterface<Broken> {};

TEST_P(BrokenData, IsAMalformedMessageThatNamesTheRule) { expectMalformed(echo(GetParam().fault), GetParam().rule); }

INSTANTIATE_TEST_SUITE_P(
    Threat01, BrokenData,
    ::testing::Values(Broken{"OutOfTheMessage", "data-out-of-the-message", "leads out of the message"},
                      Broken{"BeforeTheMessage", "data-before-the-message", "leads out of the message"},
                      Broken{"CountAllOnes", "data-count-all-ones", "leads out of the message"},
                      Broken{"RootAllOnes", "root-all-ones", "leads out of the message"}),
    nameOf);
INSTANTIATE_TEST_SUITE_P(Threat02, BrokenData,
                         ::testing::Values(Broken{"FarPointer", "far-pointer", "of another kind"},
                                           Broken{"Capability", "capability", "of another kind"},
                                           Broken{"RootIsAList", "root-is-a-list", "root is not a struct"},
                                           Broken{"RootIsFar", "root-is-far", "root is not a struct"}),
                         nameOf);
// Replies of the shape that another method has.
INSTANTIATE_TEST_SUITE_P(Threat04, BrokenData,
                         ::testing::Values(Broken{"NumbersForData", "data-of-another-size", "another element size"},
                                           Broken{"StructForData", "struct-for-data", "of another kind"},
                                           Broken{"StructsForData", "structs-for-data", "wrong tag"}),
                         nameOf);

class BrokenTexts : public Payloads, public ::testing::WithParamInterface<Broken> {};

TEST_P(BrokenTexts, AreMalformedMessagesThatNameTheRule) {
  auto module = load({.deadline = kLong}, GetParam().fault);
  expectMalformed(handleOf(module).look("this"), GetParam().rule);
}

INSTANTIATE_TEST_SUITE_P(Threat02, BrokenTexts,
                         ::testing::Values(Broken{"WithoutNul", "text-without-nul", "does not end with NUL"},
                                           Broken{"OfNoBytes", "text-of-no-bytes", "does not end with NUL"}),
                         nameOf);

class BrokenNames : public Payloads, public ::testing::WithParamInterface<Broken> {};

TEST_P(BrokenNames, AreMalformedMessagesThatNameTheRule) { expectMalformed(names(GetParam().fault), GetParam().rule); }

INSTANTIATE_TEST_SUITE_P(Threat02, BrokenNames,
                         ::testing::Values(Broken{"StructsBeyondTheList", "structs-beyond-the-list", "wrong tag"},
                                           Broken{"StructsOfNoSize", "structs-of-no-size", "share their targets"},
                                           Broken{"PointersShareATarget", "pointers-share-a-target",
                                                  "share their targets"}),
                         nameOf);

// ---- structs, which capnp reads

class Scenes : public Payloads {
 protected:
  // Counts how deep a scene is.
  class Decorator final : public scene::host::RendererHost {
   public:
    Result<void> decorate(scene::Scene::Reader scene, scene::Scene::Builder) override {
      unsigned count = 1;
      for (; scene.isInner(); scene = scene.getInner()) ++count;
      depth = count;
      return {};
    }
    std::optional<unsigned> depth;
  };
  Module loadRenderer(const char* fault) {
    return host().load(RENDERER_MODULE, Placement::isolated({.deadline = kLong}), decorator_, {fault}).value();
  }
  Result<Owned<scene::Scene>> make(const char* fault) {
    auto module = loadRenderer(fault);
    return module.get<scene::host::Renderer>().value().make(1);
  }

  Decorator decorator_;
};

TEST_F(Scenes, WithoutTheirFaultsPass) {
  const auto made = make("honest");
  ASSERT_TRUE(made) << made.error().message();
  ASSERT_TRUE(made->reader().isInner() && made->reader().getInner().isInner());
  EXPECT_TRUE(made->reader().getInner().getInner().isLeaf());
  auto module = loadRenderer("imports-a-scene");
  EXPECT_EQ(module.get<scene::host::Renderer>().value().add(1, 2).value(), 3);
  EXPECT_EQ(decorator_.depth, 3u);
}

class BrokenScenes : public Scenes, public ::testing::WithParamInterface<Broken> {};

// Found when the reply comes, not when the application happens to look there.
TEST_P(BrokenScenes, AreMalformedMessagesThatNameTheRule) { expectMalformed(make(GetParam().fault), GetParam().rule); }

INSTANTIATE_TEST_SUITE_P(Threat02, BrokenScenes,
                         ::testing::Values(Broken{"TooDeep", "scenes-too-deep", "too deeply"},
                                           Broken{"InThemselves", "scene-in-itself", "too deeply"},
                                           Broken{"OutOfTheMessage", "scene-out-of-the-message", "out-of-bounds"}),
                         nameOf);

TEST_F(Scenes, Threat02ImportWithScenesTooDeepIsAnErrorOfTheImport) {
  auto module = loadRenderer("imports-scenes-too-deep");
  EXPECT_EQ(module.get<scene::host::Renderer>().value().add(1, 2).value(), 3) << "the worker has seen the error";
  EXPECT_EQ(decorator_.depth, std::nullopt);
}

// ---- frames

TEST_F(Payloads, Threat01FrameLargerThanItsRegionIsAProtocolViolation) {
  expectMalformed(echo("frame-larger-than-its-region"), "larger than its room");
}

TEST_F(Payloads, Threat01RegionOfAnySizeIsRefusedWithoutBeingMade) {
  EXPECT_TRUE(echo("asks-for-all-memory")) << "the worker has seen three refusals";
}

TEST_F(Payloads, Threat04ReplyToACallBeforeIsNoReply) {
  auto module = load({.deadline = kLong}, "answers-the-call-before");
  const auto faults = handleOf(module);
  EXPECT_EQ(faults.ping(1).value(), 1);
  expectMalformed(faults.ping(2), "out of its turn");
}

// ---- a worker that keeps the host busy

class Busy : public Payloads, public ::testing::WithParamInterface<Broken> {};

TEST_P(Busy, CallsEndAtTheirDeadlineAndOthersAreServed) {
  auto other = load({}, "honest");
  auto module = load({}, GetParam().fault);
  const auto outcome = handleOf(module).within(300ms).ping(1);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::deadlineExceeded) << outcome.error().message();
  expectServes(handleOf(other));
  expectHostServes();
}

INSTANTIATE_TEST_SUITE_P(Threat05, Busy,
                         ::testing::Values(Broken{"DripsWakes", "drips-wakes", ""},
                                           Broken{"DripsImports", "drips-imports", ""}),
                         nameOf);

TEST_F(Payloads, Threat05FloodOfImportsWhoseAnswersNobodyReadsEnds) {
  auto other = load({}, "honest");
  auto module = load({}, "floods-and-never-reads");
  const auto outcome = handleOf(module).within(2s).ping(1);
  ASSERT_FALSE(outcome);
  // Which frame is seen is chance: as long as each is seen in its turn, it is served.
  EXPECT_THAT(outcome.error().kind(), ::testing::AnyOf(ErrorKind::protocolViolation, ErrorKind::deadlineExceeded))
      << outcome.error().message();
  expectServes(handleOf(other));
  expectHostServes();
}

// ---- what the worker may see

// Leaves a text in this process's memory that is free again: heap of several sizes and the stack.
[[gnu::noinline]] void leaveSecrets(unsigned depth) {
  std::array<char, 4096> stack{};
  for (std::size_t at = 0; at + 11 < stack.size(); at += 11) std::memcpy(stack.data() + at, "do not tell", 11);
  asm volatile("" : : "r"(stack.data()) : "memory");
  for (const std::size_t size : {16u, 32u, 64u, 256u, 4096u, 65536u}) {
    std::vector<std::string> heap(8);
    for (std::string& one : heap) {
      while (one.size() < size) one += "do not tell";
      asm volatile("" : : "r"(one.data()) : "memory");
    }
  }
  if (depth > 0) leaveSecrets(depth - 1);
  asm volatile("" : : "r"(stack.data()) : "memory");
}

TEST_F(Payloads, Threat07NothingOfTheHostsMemoryOrOfAnotherModuleIsShown) {
  auto other = load({}, "honest");
  auto module = load({}, "seeks-secrets");
  std::vector<std::byte> secret(12'000);
  for (std::size_t at = 0; at + 11 < secret.size(); at += 11) std::memcpy(secret.data() + at, "do not tell", 11);
  for (std::size_t size = 0; size < 24; ++size) {
    leaveSecrets(16);
    EXPECT_EQ(handleOf(other).echo(secret).value(), secret);
    expectServes(handleOf(module));
    EXPECT_TRUE(handleOf(module).echo(std::vector<std::byte>(size, std::byte{1})));
    EXPECT_EQ(handleOf(module).look(std::string(size, 'x')).value(), "nothing");
  }
}

TEST_F(Payloads, Threat07AWorkerThatIsShownTheSecretFindsIt) {
  auto module = load({}, "seeks-secrets");
  EXPECT_EQ(handleOf(module).look("do not tell").value(), "a secret");
}

// ---- memory that changes

TEST_F(Payloads, Threat11RewrittenPayloadIsOneAnswerOrAMalformedMessage) {
  auto module = load({.deadline = kLong}, "rewrites-its-payload");
  const auto faults = handleOf(module);
  const std::vector<std::byte> data(64, std::byte{7});
  int accepted = 0;
  int refused = 0;
  const auto end = std::chrono::steady_clock::now() + kLong;
  for (int calls = 0; calls < 2000 || accepted == 0 || refused == 0; ++calls) {
    if (std::chrono::steady_clock::now() >= end) break;
    const auto outcome = faults.echo(data);
    if (outcome) {
      // As it was sent: that another pointer of the worker's leads to bytes within the message is beyond chance.
      ASSERT_EQ(*outcome, data);
      ++accepted;
    } else {
      ASSERT_EQ(outcome.error().kind(), ErrorKind::protocolViolation) << outcome.error().message();
      EXPECT_THAT(std::string(outcome.error().text()), HasSubstr("malformed message"));
      ++refused;
    }
  }
  EXPECT_GT(accepted, 0);
  EXPECT_GT(refused, 0);
  expectHostServes();
}

// ---- authority

TEST_F(Payloads, Threat17ImportThatAnotherModuleWasGrantedIsAProtocolViolation) {
  class Granted final : public probe::host::ProbeHost {
   public:
    Result<std::uint32_t> recurse(std::uint32_t) override { return ++calls; }
    Result<std::string> act(std::string_view) override { return std::to_string(++calls); }
    std::atomic<std::uint32_t> calls{0};
  } granted;
  auto other = host().load(PROBE_MODULE, Placement::isolated(), granted, {"honest"});
  ASSERT_TRUE(other) << other.error().message();
  auto module = load({.deadline = kLong}, "import-of-another-module");
  expectMalformed(handleOf(module).ping(1), "not granted");
  EXPECT_EQ(granted.calls, 0u);
}

TEST_F(Payloads, Threat20NoKindOfTheHostsCanBeClaimed) {
  auto module = load({}, "claims-host-errors");
  const auto faults = handleOf(module);
  for (std::int32_t kind = -1; kind < 70; ++kind) {
    const auto outcome = faults.ping(kind);
    ASSERT_FALSE(outcome);
    const Error& error = outcome.error();
    const bool mayPass = kind == static_cast<std::int32_t>(ErrorKind::unimplemented);
    EXPECT_EQ(error.kind(), mayPass ? static_cast<ErrorKind>(kind) : ErrorKind::moduleError) << error.message();
    EXPECT_EQ(error.method(), "Faults.ping") << "said by the host";
    EXPECT_EQ(error.exitReport(), nullptr);
    EXPECT_EQ(error.text(), "believe me");
  }
  EXPECT_EQ(module.generation(), 1u) << "an error is no death";
}

// ---- the oracle

TEST_F(Payloads, OracleFindsBytesThatBelongToNoField) {
  {
    auto module = load({}, "bytes-of-no-field");
    EXPECT_EQ(handleOf(module).ping(5).value(), 5) << "nobody looks at them";
  }
  HostOptions options = hostOptions();
  options.oracle = true;
  use(std::move(options));
  const OracleCounts before = oracleCounts();
  expectHostServes();
  EXPECT_GE(oracleCounts().messages, before.messages + 2);
  EXPECT_EQ(oracleCounts().differences, before.differences);
  auto module = load({.deadline = kLong}, "bytes-of-no-field");
  const auto outcome = handleOf(module).ping(5);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), ErrorKind::protocolViolation) << outcome.error().message();
  EXPECT_THAT(std::string(outcome.error().text()), HasSubstr("reply of the module, Faults.ping"));
  EXPECT_EQ(oracleCounts().differences, before.differences + 1);
  expectHostServes();
}

}  // namespace
}  // namespace bulkhead::hostile
