#include "host/isolated/line_reader.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace bulkhead::isolated {
namespace {

using ::testing::ElementsAre;

constexpr const char* kReplacement = "\xEF\xBF\xBD";

// An own decoder, as plain as can be: whether all of it is UTF-8 without control characters except tab.
bool isClean(std::string_view text) {
  std::size_t i = 0;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  while (i < text.size()) {
    const unsigned first = byte(i);
    const std::size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    std::uint32_t point = length == 1 ? first : first & (0x7Fu >> length);
    for (std::size_t k = 1; k < length; ++k) {
      if (byte(i + k) >> 6 != 2) return false;
      point = point << 6 | (byte(i + k) & 0x3Fu);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
    if ((point < 0x20 && point != '\t') || (point >= 0x7F && point < 0xA0)) return false;
    i += length;
  }
  return true;
}

TEST(PrintableTest, KeepsGoodText) {
  for (const std::string text : {"", "plain", "tab\there", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xC2\xA0",
                                 "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(printable(text, 100), text);
    EXPECT_TRUE(isClean(text));
  }
}

TEST(PrintableTest, ReplacesControlCharactersAndEscapes) {
  EXPECT_EQ(printable("\x1B[31mred", 100), std::string(kReplacement) + "[31mred");
  EXPECT_EQ(printable(std::string("a\0b", 3), 100), std::string("a") + kReplacement + "b");
  EXPECT_EQ(printable("\r", 100), kReplacement);
  EXPECT_EQ(printable("\x7F", 100), kReplacement);
  EXPECT_EQ(printable("\xC2\x9B", 100), kReplacement);  // C1: the eight-bit escape
}

TEST(PrintableTest, ReplacesWhatIsNoUtf8) {
  for (const std::string text :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC3(", "\xE2(\xAC"}) {
    const std::string clean = printable(text, 100);
    EXPECT_TRUE(isClean(clean)) << ::testing::PrintToString(text);
    EXPECT_EQ(clean.find(kReplacement), 0u) << ::testing::PrintToString(text);
  }
}

TEST(PrintableTest, CutsWholeCharactersAtItsLimit) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef...");
  EXPECT_EQ(printable("ab\xE2\x82\xAC", 4), "ab...");
  EXPECT_EQ(printable("x", 0), "...");
}

TEST(PrintableTest, AnyBytesBecomeCleanText) {
  std::mt19937 random(1);
  // Bytes that are likely to begin, continue and break sequences.
  constexpr unsigned char kBytes[] = {0x00, 0x0A, 0x1B, 0x20, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                      0xC0, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF};
  for (int round = 0; round < 50'000; ++round) {
    std::string text(random() % 24, '\0');
    for (char& byte : text) byte = static_cast<char>(kBytes[random() % sizeof kBytes]);
    const std::size_t limit = random() % 32;
    const std::string clean = printable(text, limit);
    ASSERT_TRUE(isClean(clean)) << ::testing::PrintToString(text);
    ASSERT_LE(clean.size(), limit + 3);
    ASSERT_EQ(printable(clean, 1'000), clean);
    if (isClean(text) && text.size() <= limit) {
      ASSERT_EQ(clean, text);
    }
  }
}

class LineReaderTest : public ::testing::Test {
 protected:
  std::vector<std::string> lines_;
  LineReader reader_{[this](std::string_view line) { lines_.emplace_back(line); }};
};

TEST_F(LineReaderTest, SplitsAtNewlinesWhereverTheBytesWereCut) {
  const std::string stream = "one\ntwo\n\nfour";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    lines_.clear();
    reader_.feed(std::string_view(stream).substr(0, cut));
    reader_.feed(std::string_view(stream).substr(cut));
    EXPECT_THAT(lines_, ElementsAre("one", "two", ""));
    reader_.finish();
    EXPECT_THAT(lines_, ElementsAre("one", "two", "", "four"));
  }
}

TEST_F(LineReaderTest, FinishingWithoutARestSaysNothing) {
  reader_.feed("line\n");
  reader_.finish();
  reader_.finish();
  EXPECT_THAT(lines_, ElementsAre("line"));
}

TEST_F(LineReaderTest, ALineWithoutEndTakesBoundedMemory) {
  for (int i = 0; i < 1'000; ++i) reader_.feed(std::string(10'000, 'x'));
  EXPECT_TRUE(lines_.empty());
  reader_.feed("\nnext\n");
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(lines_[0], std::string(LineReader::kMaxLineBytes, 'x') + "...");
  EXPECT_EQ(lines_[1], "next");
}

TEST_F(LineReaderTest, ALineOfTheLargestSizeIsWhole) {
  reader_.feed(std::string(LineReader::kMaxLineBytes, 'y') + "\n");
  EXPECT_EQ(lines_.at(0), std::string(LineReader::kMaxLineBytes, 'y'));
}

TEST(LineBudgetTest, DropsWhatIsOverTheRateAndCountsIt) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  LineBudget budget;
  std::int64_t now = 5 * kSecond;
  for (std::uint32_t i = 0; i < LineBudget::kLinesPerSecond; ++i) ASSERT_TRUE(budget.take(now));
  EXPECT_FALSE(budget.take(now));
  EXPECT_FALSE(budget.take(now + kSecond - 1));
  EXPECT_EQ(budget.takeLost(), 2u);
  EXPECT_EQ(budget.takeLost(), 0u);
  EXPECT_TRUE(budget.take(now + kSecond));
}

}  // namespace
}  // namespace bulkhead::isolated
