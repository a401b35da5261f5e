// I5, I6: what refuses an unload, as values and in words, and that the module serves on afterwards.
#include "tests/unload/fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace bulkhead::unload_test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

const Holder& onlyHolder(const Error& error) {
  static const Holder none{};
  if (error.unloadReport() == nullptr || error.unloadReport()->holders.size() != 1) {
    ADD_FAILURE() << error.message();
    return none;
  }
  return error.unloadReport()->holders.front();
}

TEST_F(UnloadTest, I5DetachedThreadRefusesAndIsNamed) {
  Module module = load();
  const auto leaver = handleOf(module);
  EXPECT_EQ(leaver.count().value(), 1u);
  Gate gate;
  const std::int32_t tid = leaver.startDetached(gate.address()).value();

  const auto refused = module.unload(5s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::unloadRefused);
  const Holder& holder = onlyHolder(refused.error());
  EXPECT_EQ(holder.kind, Holder::Kind::thread);
  EXPECT_EQ(holder.tid, tid);
  EXPECT_THAT(holder.text, AllOf(HasSubstr("detached"), HasSubstr("created by")));
  EXPECT_EQ(leaver.count().value(), 2u) << "the object was not touched";

  gate.open();
  Result<void> unloaded = module.unload();
  while (!unloaded && onlyHolder(unloaded.error()).tid == tid) unloaded = module.unload();  // until it has ended
  EXPECT_TRUE(unloaded);
}

TEST_F(UnloadTest, I5ThreadThatTheDestructorJoinsIsNoObstacle) {
  Module module = load();
  Gate gate;
  ASSERT_TRUE(handleOf(module).startJoined(gate.address()));
  gate.open();
  EXPECT_TRUE(module.unload());
}

TEST_F(UnloadTest, I5BeforeUnloadCanEndThreads) {
  Module module = load();
  const auto leaver = handleOf(module);
  Gate gate;
  ASSERT_TRUE(leaver.startJoined(gate.address()));
  ASSERT_TRUE(leaver.answer(leaver::Verdict::OPENS, gate.address()));
  EXPECT_TRUE(module.unload());
}

TEST_F(UnloadTest, I5BeforeUnloadRefusesByAnError) {
  Module module = load();
  const auto leaver = handleOf(module);
  EXPECT_EQ(leaver.count().value(), 1u);
  ASSERT_TRUE(leaver.answer(leaver::Verdict::REFUSES, 0));
  const auto refused = module.unload();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::unloadRefused);
  EXPECT_EQ(onlyHolder(refused.error()).kind, Holder::Kind::beforeUnload);
  EXPECT_EQ(refused.error().text(),
            "it stays loaded and usable: beforeUnload: leaver: its beforeUnload() asks to stay: there is work left");
  EXPECT_EQ(leaver.count().value(), 2u);
  ASSERT_TRUE(leaver.answer(leaver::Verdict::AGREES, 0));
  EXPECT_TRUE(module.unload());
}

TEST_F(UnloadTest, I5ThrowingBeforeUnloadIsAnErrorValue) {
  Module module = load();
  const auto leaver = handleOf(module);
  ASSERT_TRUE(leaver.answer(leaver::Verdict::THROWS, 0));
  const auto refused = module.unload();
  ASSERT_FALSE(refused);
  EXPECT_EQ(onlyHolder(refused.error()).name, "std::runtime_error");
  EXPECT_THAT(refused.error().text(), HasSubstr("no verdict"));
  EXPECT_EQ(leaver.count().value(), 1u);
  const auto forced = module.unload({.whenRefused = WhenRefused::force});
  ASSERT_TRUE(forced) << forced.error().message();
  EXPECT_EQ(forced->outcome, UnloadReport::Outcome::unloaded);
  EXPECT_EQ(forced->holders.size(), 1u) << "what was overruled is said";
}

TEST_F(UnloadTest, I2CallUnderWayIsNamedAndTheModuleServesOn) {
  Module module = load();
  const auto leaver = handleOf(module);
  Gate gate;
  std::atomic<int> tid{0};
  std::thread caller([&] {
    tid = ::gettid();
    EXPECT_TRUE(leaver.hold(gate.address()));
  });
  gate.awaitArrival();
  const auto refused = module.unload(50ms);
  gate.open();
  caller.join();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::deadlineExceeded);
  const Holder& holder = onlyHolder(refused.error());
  EXPECT_EQ(holder.kind, Holder::Kind::call);
  EXPECT_EQ(holder.tid, tid.load());
  EXPECT_EQ(holder.name, "Leaver.hold");
  EXPECT_EQ(leaver.count().value(), 1u);
  EXPECT_TRUE(module.unload());
}

TEST_F(UnloadTest, I4PolicyRefusesWhatIsNotGivenBack) {
  Module module = load({.leaks = LeakPolicies().with(Resource::descriptor, LeakPolicy::refuse)});
  const auto leaver = handleOf(module);
  const std::int32_t descriptor = leaver.openFile("/dev/null").value();
  const auto refused = module.unload();
  ASSERT_FALSE(refused);
  EXPECT_EQ(onlyHolder(refused.error()).kind, Holder::Kind::policy);
  EXPECT_EQ(
      stable(refused.error().text()),
      "it stays loaded and usable: policy descriptor: descriptor N from open() (null) at module offset X: give it "
      "back, or change the LeakPolicy");
  EXPECT_EQ(leaver.count().value(), 1u) << "usable, by a new object";
  EXPECT_NE(::fcntl(descriptor, F_GETFD), -1) << "nothing was cleaned";
  const auto forced = module.unload({.whenRefused = WhenRefused::force});
  ASSERT_TRUE(forced);
  EXPECT_EQ(forced->outcome, UnloadReport::Outcome::unloaded);
  EXPECT_EQ(::fcntl(descriptor, F_GETFD), -1);
}

TEST_F(UnloadTest, I4PolicyThatCannotRefuseIsRefusedItself) {
  Host host;
  const auto loaded = host.load(
      LEAVER_MODULE, Placement::inProcess({.leaks = LeakPolicies().with(Resource::heap, LeakPolicy::refuse)}));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind(), ErrorKind::invalidConfiguration);
  EXPECT_THAT(loaded.error().text(), HasSubstr("heap"));
}

TEST_F(UnloadTest, I6NodeleteIsSaidBeforeAnythingIsLost) {
  Host host;
  auto module = host.load(NODELETE_MODULE, Placement::inProcess());
  ASSERT_TRUE(module) << module.error().message();
  const auto refused = module->unload();
  ASSERT_FALSE(refused);
  EXPECT_EQ(onlyHolder(refused.error()).kind, Holder::Kind::noDelete);
  EXPECT_EQ(refused.error().text(),
            "it stays loaded and usable: nodelete: it is linked with -z nodelete: link it without");
}

TEST_F(UnloadTest, I6UniqueSymbolsAreNamed) {
  Host host;
  auto module = host.load(UNIQUE_MODULE, Placement::inProcess());
  ASSERT_TRUE(module) << module.error().message();
  const auto refused = module->unload();
  ASSERT_FALSE(refused);
  ASSERT_NE(refused.error().unloadReport(), nullptr);
  EXPECT_EQ(refused.error().unloadReport()->holders.front().kind, Holder::Kind::uniqueSymbol);
  EXPECT_THAT(refused.error().text(), HasSubstr("STB_GNU_UNIQUE"));
}

TEST_F(UnloadTest, I6AnotherHandleParksTheModule) {
  Module module = load();
  const auto leaver = handleOf(module);
  const std::uint64_t place = leaver.place().value();
  ASSERT_TRUE(leaver.pinItself());
  const auto refused = module.unload();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::unloadRefused);
  EXPECT_EQ(refused.error().unloadReport()->outcome, UnloadReport::Outcome::parked);
  EXPECT_THAT(refused.error().text(), AllOf(HasSubstr("not usable any more"), HasSubstr("another dlopen of it")));
  EXPECT_TRUE(isMapped(place));
  EXPECT_EQ(leaver.count().error().kind(), ErrorKind::staleHandle);
}

TEST_F(UnloadTest, I5ParkedModuleIsUnreachableAndItsThreadsGoOn) {
  Module module = load();
  const auto leaver = handleOf(module);
  const std::uint64_t place = leaver.place().value();
  auto& gate = *new Gate;  // its thread looks at it for as long as the process runs
  ASSERT_TRUE(leaver.startDetached(gate.address()));
  const auto parked = module.unload({.whenRefused = WhenRefused::park});
  ASSERT_TRUE(parked) << parked.error().message();
  EXPECT_EQ(parked->outcome, UnloadReport::Outcome::parked);
  EXPECT_THAT(parked->holders, ElementsAre(Field(&Holder::kind, Holder::Kind::thread)));
  EXPECT_TRUE(isMapped(place));
  EXPECT_EQ(leaver.count().error().kind(), ErrorKind::staleHandle);
}

TEST_F(UnloadTest, I5ForceParksWhatWouldCrash) {
  Module module = load();
  auto& gate = *new Gate;  // its thread looks at it for as long as the process runs
  ASSERT_TRUE(handleOf(module).startDetached(gate.address()));
  const auto parked = module.unload({.whenRefused = WhenRefused::force});
  ASSERT_TRUE(parked);
  EXPECT_EQ(parked->outcome, UnloadReport::Outcome::parked);
}

}  // namespace
}  // namespace bulkhead::unload_test
