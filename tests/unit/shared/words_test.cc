#include <bulkhead/detail/sinks.h>
#include <bulkhead/detail/word_reader.h>
#include <bulkhead/detail/words.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace bulkhead::detail {
namespace {

using testing::ElementsAre;
using testing::StrEq;
using Words = std::vector<std::uint64_t>;

// Pointers, as capnp's encoding specification draws them. `offset` in words from the end of the pointer.
constexpr std::uint64_t structPointer(std::int32_t offset, std::uint64_t data, std::uint64_t pointers) {
  return static_cast<std::uint32_t>(offset) << 2 | data << 32 | pointers << 48;
}
constexpr std::uint64_t listPointer(std::int32_t offset, ElementSize element, std::uint64_t count) {
  return 1u | static_cast<std::uint32_t>(offset) << 2 | static_cast<std::uint64_t>(element) << 32 | count << 35;
}
// A root with one pointer, which is `pointer`, and what follows it.
Words withPointer(std::uint64_t pointer, Words rest = {}) {
  Words words = {structPointer(0, 0, 1), pointer};
  words.insert(words.end(), rest.begin(), rest.end());
  return words;
}
WordReader read(const Words& words) { return WordReader({words.data(), words.size()}); }
WordReader read(Words&&) = delete;  // it would be gone before its views
// What is wrong with the root alone.
const char* rootFault(const Words& words) { return read(words).fault(); }

std::uint64_t word(std::string_view bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return value;
}

TEST(WordWriterTest, AStructWithoutFieldsIsNotANullPointer) {
  Words words(1, ~std::uint64_t{0});
  WordWriter writer(words.data());
  writer.root(0, 0);
  EXPECT_THAT(words, ElementsAre(0xfffffffcu));
  EXPECT_EQ(writer.size(), 1u);
}

TEST(WordWriterTest, LaysOutFieldsAndText) {
  const BulkheadBytes text = view(std::string_view("seven c"));
  Words words(3 + textWords(text), ~std::uint64_t{0});
  WordWriter writer(words.data());
  writer.root(1, 1);
  writer.set<std::int16_t>(1, -2);
  writer.setBool(3, 1);
  writer.text(0, text);
  EXPECT_THAT(words, ElementsAre(structPointer(0, 1, 1), 0xfffe0008u, listPointer(0, ElementSize::byte, 8),
                                 word(std::string_view("seven c\0", 8))));
}

TEST(WordWriterTest, AnEmptyValueTakesNoWordsAndIsANullPointer) {
  EXPECT_EQ(textWords({nullptr, 0}), 0u);
  EXPECT_EQ(dataListWords({nullptr, 0}), 0u);
  Words words(5, ~std::uint64_t{0});
  WordWriter writer(words.data());
  writer.root(0, 4);
  writer.text(0, {});
  writer.list<std::int32_t>(1, {});
  writer.boolList(2, {});
  writer.textList(3, {});
  EXPECT_THAT(words, ElementsAre(structPointer(0, 0, 4), 0, 0, 0, 0));
}

TEST(WordWriterTest, PaddingIsZero) {
  const std::uint8_t bytes[] = {1, 2, 3};
  Words words(3, ~std::uint64_t{0});
  WordWriter writer(words.data());
  writer.root(0, 1);
  writer.data(0, {bytes, 3});
  EXPECT_EQ(words[2], 0x030201u);
}

TEST(WordWriterTest, WhatNoListCanHoldIsUnencodable) {
  EXPECT_GE(textWords({nullptr, kMaxListElements}), kUnencodable) << "its NUL does not fit";
  EXPECT_LT(textWords({nullptr, kMaxListElements - 1}), kUnencodable);
  EXPECT_GE(dataWords({nullptr, kMaxListElements + 1}), kUnencodable);
  EXPECT_GE(listWords<double>({nullptr, ~std::uint64_t{0}}), kUnencodable);
  EXPECT_GE(boolListWords({nullptr, ~std::uint64_t{0}}), kUnencodable);
  EXPECT_GE(textListWords({nullptr, ~std::uint64_t{0}}), kUnencodable);
}

TEST(WordWriterTest, WithoutRoomItSaysSo) {
  struct Room {
    std::uint64_t words[4];
  } room;
  const BulkheadReply reply = {&room, [](void* context, std::uint64_t words) {
                                 return words <= 4 ? static_cast<Room*>(context)->words : nullptr;
                               }};
  WordWriter writer(&reply);
  ASSERT_TRUE(writer.root(0, 1));
  EXPECT_TRUE(writer.text(0, view(std::string_view("fits"))));
  EXPECT_FALSE(writer.text(0, view(std::string_view("this one does not fit"))));
}

TEST(WordReaderTest, WhatTheSenderDoesNotHaveReadsAsDefault) {
  for (const Words& words : {Words{0}, Words{structPointer(0, 0, 0)}, Words{0xfffffffc}}) {
    WordReader reader = read(words);
    EXPECT_EQ(reader.get<std::uint64_t>(3), 0u);
    EXPECT_EQ(reader.getBool(900), 0);
    EXPECT_EQ(reader.text(0).size, 0u);
    EXPECT_EQ(reader.list<std::int32_t>(7).size, 0u);
    EXPECT_EQ(reader.fault(), nullptr);
  }
}

TEST(WordReaderTest, AMessageWithoutARootStructIsRefused) {
  EXPECT_NE(WordReader({nullptr, 0}).fault(), nullptr);
  EXPECT_NE(rootFault({listPointer(0, ElementSize::byte, 0)}), nullptr);
  EXPECT_NE(rootFault({2}), nullptr) << "far pointer";
  EXPECT_NE(rootFault({3}), nullptr) << "capability";
}

TEST(WordReaderTest, PointersStayInsideTheMessage) {
  const std::int32_t farthest = (1 << 29) - 1;
  for (const std::int32_t offset : {1, 2, -3, farthest, -farthest - 1}) {
    const Words words = withPointer(listPointer(offset, ElementSize::byte, 8), {word("text")});
    WordReader reader = read(words);
    EXPECT_EQ(reader.data(0).size, 0u);
    EXPECT_THAT(reader.fault(), StrEq("a pointer leads out of the message")) << offset;
  }
  EXPECT_NE(rootFault({structPointer(0, 0xffff, 0xffff)}), nullptr);
  EXPECT_NE(rootFault({structPointer(-2, 1, 0)}), nullptr);
}

TEST(WordReaderTest, ACountBeyondTheMessageIsRefused) {
  for (const ElementSize element :
       {ElementSize::bit, ElementSize::byte, ElementSize::eightBytes, ElementSize::pointer, ElementSize::composite}) {
    const Words words = withPointer(listPointer(0, element, kMaxListElements), {0, 0});
    WordReader reader = read(words);
    reader.list<std::uint64_t>(0);
    EXPECT_NE(reader.fault(), nullptr);
  }
}

TEST(WordReaderTest, ATextEndsWithNul) {
  {
    const Words words = withPointer(listPointer(0, ElementSize::byte, 4), {word("abcd")});
    WordReader reader = read(words);
    EXPECT_EQ(reader.text(0).size, 0u);
    EXPECT_NE(reader.fault(), nullptr);
  }
  {
    const Words words = withPointer(listPointer(0, ElementSize::byte, 5), {word("abcd")});
    WordReader reader = read(words);
    EXPECT_EQ(toText(reader.text(0)), "abcd");
    EXPECT_EQ(reader.fault(), nullptr);
  }
  const Words empty = withPointer(listPointer(0, ElementSize::byte, 0));
  WordReader reader = read(empty);
  reader.text(0);
  EXPECT_NE(reader.fault(), nullptr) << "a text of no bytes has no NUL";
}

TEST(WordReaderTest, AnotherElementSizeIsRefused) {
  const Words words = withPointer(listPointer(0, ElementSize::fourBytes, 2), {0});
  for (const auto& use : std::vector<void (*)(WordReader&)>{
           [](WordReader& reader) { reader.list<std::int64_t>(0); }, [](WordReader& reader) { reader.boolList(0); },
           [](WordReader& reader) { reader.data(0); }, [](WordReader& reader) { reader.textList(0); }}) {
    WordReader reader = read(words);
    use(reader);
    EXPECT_NE(reader.fault(), nullptr);
  }
}

// A list of structs {Int32, ..., Text, ...}: two elements, a data word and a pointer each.
const Words kStructList =
    withPointer(listPointer(0, ElementSize::composite, 4),
                {structPointer(2, 1, 1), 7, listPointer(2, ElementSize::byte, 2), 8, 0, word("a")});

TEST(WordReaderTest, AListThatBecameAListOfStructsGivesFirstFields) {
  {
    WordReader reader = read(kStructList);
    EXPECT_THAT(toList<std::int32_t>(reader.list<std::int32_t>(0)), ElementsAre(7, 8));
    EXPECT_EQ(reader.fault(), nullptr);
  }
  WordReader reader = read(kStructList);
  EXPECT_THAT(toTexts(reader.textList(0)), ElementsAre("a", ""));
  EXPECT_EQ(reader.fault(), nullptr);
}

TEST(WordReaderTest, AListOfStructsWithoutThatSectionIsRefused) {
  const Words words = withPointer(listPointer(0, ElementSize::composite, 1), {structPointer(1, 0, 1), 0});
  WordReader reader = read(words);
  reader.list<std::int32_t>(0);
  EXPECT_NE(reader.fault(), nullptr);
}

TEST(WordReaderTest, AWrongTagIsRefused) {
  for (const std::uint64_t tag : {structPointer(3, 1, 1), structPointer(-1, 1, 0), std::uint64_t{1}}) {
    const Words words = withPointer(listPointer(0, ElementSize::composite, 4), {tag, 0, 0, 0, 0});
    WordReader reader = read(words);
    reader.list<std::int32_t>(0);
    EXPECT_NE(reader.fault(), nullptr);
  }
}

TEST(WordReaderTest, ElementsWithoutSizeCannotBeMany) {
  const Words words = withPointer(listPointer(0, ElementSize::composite, 0), {structPointer(1 << 28, 0, 0)});
  WordReader reader = read(words);
  reader.textList(0);
  EXPECT_THAT(reader.fault(), StrEq("pointers share their targets"));
}

TEST(WordReaderTest, PointersThatShareATargetCannotInflateTheMessage) {
  // A list of texts that all are the same one, of nearly the whole message.
  Words words = withPointer(listPointer(0, ElementSize::pointer, 8));
  for (std::int32_t i = 0; i < 8; ++i) words.push_back(listPointer(7 - i, ElementSize::byte, 64 * 8));
  words.resize(words.size() + 64);
  WordReader reader = read(words);
  reader.textList(0);
  EXPECT_THAT(reader.fault(), StrEq("pointers share their targets"));
}

}  // namespace
}  // namespace bulkhead::detail
