// Replies of a message method that are not what their schema says: looked through when they come.
#include "structs.host.h"

#include <bulkhead/detail/message.h>

#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace bulkhead {
namespace {

using golden::structs::Scene;

std::vector<std::uint64_t> sceneMessage() {
  capnp::MallocMessageBuilder message;
  auto scene = message.initRoot<Scene>();
  scene.setName("a name");
  auto inner = scene.initInner();
  inner.setName("another");
  inner.initPoints(2)[1].setX(5);
  const auto segments = message.getSegmentsForOutput();
  const auto* words = reinterpret_cast<const std::uint64_t*>(segments[0].begin());
  return {words, words + segments[0].size()};
}

// What a caller sees of such a reply.
std::string received(const std::vector<std::uint64_t>& words) {
  const detail::MessageSink sink;
  EXPECT_EQ(sink.sink()->put(sink.sink()->context, {words.data(), words.size()}), BULKHEAD_OK);
  try {
    const auto scene = const_cast<detail::MessageSink&>(sink).root<Scene>();
    return "named " + std::string(scene.getName().cStr()) + ", " + std::to_string(scene.getInner().getPoints().size()) +
           " points";
  } catch (const BadResult& exception) {
    EXPECT_EQ(exception.error().kind(), ErrorKind::protocolViolation);
    return exception.error().text();
  }
}

TEST(MessageTest, ASoundReplyIsRead) { EXPECT_EQ(received(sceneMessage()), "named a name, 2 points"); }

// Every pointer of the message, made one of each other kind: an error now, or read as before; never an exception later.
TEST(MessageTest, Threat02PointersOfAnotherKindAreFoundWhenTheReplyComes) {
  const auto good = sceneMessage();
  int refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (std::uint64_t flip = 1; flip < 4; ++flip) {
      auto words = good;
      words[at] ^= flip;
      std::string said;
      EXPECT_NO_THROW(said = received(words)) << at;
      if (said.starts_with("malformed message")) ++refused;
    }
  }
  EXPECT_GE(refused, 5);
}

TEST(MessageTest, Threat02ATextWithoutAnEndIsFoundWhenTheReplyComes) {
  auto words = sceneMessage();
  auto* const bytes = reinterpret_cast<char*>(words.data());
  const std::string name = "another";
  auto* const at = std::search(bytes, bytes + words.size() * 8, name.begin(), name.end());
  ASSERT_NE(at, bytes + words.size() * 8);
  at[name.size()] = 'x';
  EXPECT_THAT(received(words), ::testing::StartsWith("malformed message"));
}

// Results may be kept and read for ever.
TEST(MessageTest, ASoundReplyIsReadAnyNumberOfTimes) {
  const auto words = sceneMessage();
  detail::MessageSink sink;
  ASSERT_EQ(sink.sink()->put(sink.sink()->context, {words.data(), words.size()}), BULKHEAD_OK);
  const auto scene = sink.root<Scene>();
  std::size_t sum = 0;
  for (int i = 0; i < 2'000'000; ++i) sum += scene.getName().size();
  EXPECT_EQ(sum, 2'000'000u * 6);
}

}  // namespace
}  // namespace bulkhead
