// The oracle passes what is right and names method and direction of what is not.
#include "host/oracle/oracle.h"

#include "direct.table.h"
#include "structs.host.h"

#include <bulkhead/detail/sinks.h>
#include <bulkhead/detail/words.h>
#include <bulkhead/oracle.h>

#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::oracle {
namespace {

namespace direct = golden::direct;
namespace structs = golden::structs;
using detail::MessageRole;
using ::testing::HasSubstr;
using Words = std::vector<std::uint64_t>;

class OracleTest : public ::testing::Test {
 protected:
  // The host's schemas stand for the module's too.
  OracleTest() : oracle_(manifest::Manifest{}) {}

  std::optional<std::string> check(MessageRole role, const BulkheadMethod& method, const Words& words) {
    return oracle_.check(role, method.interface_id, method.ordinal, {words.data(), words.size()});
  }
  void expectFound(MessageRole role, const BulkheadMethod& method, const Words& words, const char* what) {
    const std::uint64_t before = oracleCounts().differences;
    const auto found = check(role, method, words);
    ASSERT_TRUE(found) << what;
    EXPECT_THAT(*found, HasSubstr(method.name));
    EXPECT_THAT(*found, HasSubstr(what));
    EXPECT_EQ(oracleCounts().differences, before + 1);
  }

  Oracle oracle_;
};

Words greeting(std::string_view name) {
  const BulkheadBytes text = detail::view(name);
  Words words(2 + detail::textWords(text));
  detail::WordWriter writer(words.data());
  writer.root(0, 1);
  writer.text(0, text);
  return words;
}

Words wordsOf(capnp::MallocMessageBuilder& builder) {
  const auto segments = builder.getSegmentsForOutput();
  EXPECT_EQ(segments.size(), 1u);
  const auto* const start = reinterpret_cast<const std::uint64_t*>(segments[0].begin());
  return {start, start + segments[0].size()};
}

TEST_F(OracleTest, PassesWhatOurWritersMake) {
  const OracleCounts before = oracleCounts();
  EXPECT_EQ(check(MessageRole::exportRequest, direct::kDirectGreet, greeting("you")), std::nullopt);
  EXPECT_EQ(check(MessageRole::exportReply, direct::kDirectGreet, greeting("")), std::nullopt);
  EXPECT_EQ(check(MessageRole::importRequest, direct::kDirectHostLog, greeting("a line")), std::nullopt);
  EXPECT_EQ(oracleCounts().messages, before.messages + 3);
  EXPECT_EQ(oracleCounts().differences, before.differences);
}

TEST_F(OracleTest, PassesWhatCapnpMakes) {
  capnp::MallocMessageBuilder builder;
  auto scene = builder.initRoot<structs::Structs::TakeParams>().initScene();
  scene.initInner().setName("inner");
  scene.setName("");  // not null: a text of its NUL alone
  scene.initInner().initPoints(3)[1].setY(-2);
  EXPECT_EQ(check(MessageRole::exportRequest, structs::kStructsTake, wordsOf(builder)), std::nullopt);
}

TEST_F(OracleTest, PassesWhatAUnionsFormerMemberLeftBehind) {
  capnp::MallocMessageBuilder builder;
  auto scene = builder.initRoot<structs::Structs::TakeParams>().initScene();
  scene.initInner().setName("forgotten");
  scene.setEmpty();
  EXPECT_EQ(check(MessageRole::exportRequest, structs::kStructsTake, wordsOf(builder)), std::nullopt);
}

TEST_F(OracleTest, NamesTheDirection) {
  const Words nothing;
  expectFound(MessageRole::exportRequest, direct::kDirectGreet, nothing, "request to the module");
  expectFound(MessageRole::exportReply, direct::kDirectGreet, nothing, "reply of the module");
  expectFound(MessageRole::importRequest, direct::kDirectHostLog, nothing, "request of the module");
  expectFound(MessageRole::importReply, direct::kDirectHostLog, nothing, "reply to the module");
}

TEST_F(OracleTest, FindsBytesThatBelongToNoField) {
  Words words(2);
  detail::WordWriter writer(words.data());
  writer.root(1, 0);
  writer.set<std::uint16_t>(0, 1);
  EXPECT_EQ(check(MessageRole::exportRequest, direct::kDirectColour, words), std::nullopt);
  writer.set<std::uint16_t>(3, 0xdead);
  expectFound(MessageRole::exportRequest, direct::kDirectColour, words, "differs from word");
}

TEST_F(OracleTest, FindsWhatCapnpRefuses) {
  const Words sound = greeting("a text of some length");
  Words words = sound;
  words.resize(words.size() - 1);
  expectFound(MessageRole::exportReply, direct::kDirectGreet, words, "out-of-bounds");
  words = sound;
  words.back() = ~std::uint64_t{0};
  expectFound(MessageRole::exportReply, direct::kDirectGreet, words, "expected");
  words = sound;
  words[1] = (words[1] & ~std::uint64_t{3});  // a struct where a list is due
  expectFound(MessageRole::exportReply, direct::kDirectGreet, words, "list");
  words = sound;
  words[1] = 3;  // a capability
  expectFound(MessageRole::exportReply, direct::kDirectGreet, words, "list");
}

TEST_F(OracleTest, FindsNestingWithoutEnd) {
  // A scene that is inside itself: its data word says "inner", and that pointer leads four words back.
  constexpr std::uint64_t kScene = std::uint64_t{1} << 32 | std::uint64_t{3} << 48;
  const Words words = {std::uint64_t{1} << 48, kScene, 1, 0, 0, kScene | 0xfffffff0u};
  expectFound(MessageRole::exportRequest, structs::kStructsTake, words, "deeply-nested");
}

TEST_F(OracleTest, CountsWhatNoSchemaDescribes) {
  const std::uint64_t before = oracleCounts().unchecked;
  const Words words = greeting("you");
  EXPECT_EQ(oracle_.check(MessageRole::exportReply, 0x1234, 0, {words.data(), words.size()}), std::nullopt);
  EXPECT_EQ(oracle_.check(MessageRole::exportReply, direct::kDirectInterfaceId, 999, {words.data(), words.size()}),
            std::nullopt);
  EXPECT_EQ(oracleCounts().unchecked, before + 2);
}

}  // namespace
}  // namespace bulkhead::oracle
