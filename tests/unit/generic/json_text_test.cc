#include "host/generic/json_text.h"

#include "host/generic/fault.h"

#include <capnp/compat/json.h>
#include <capnp/message.h>
#include <gmock/gmock.h>

#include <string>

namespace bulkhead::generic {
namespace {

// The value as capnp's encoder writes it, or the fault.
std::string parsed(std::string_view text) {
  try {
    capnp::MallocMessageBuilder message;
    const auto value = message.initRoot<capnp::JsonValue>();
    parseJson(text, value);
    return capnp::JsonCodec().encodeRaw(value.asReader()).cStr();
  } catch (const Fault& fault) {
    return fault.what();
  }
}

TEST(JsonTextTest, ParsesEveryKindOfValue) {
  EXPECT_EQ(parsed(R"( {"a" : [ null , true,false, -0.5e+1, 0, "x" ] , "b":{}, "c":[]} )"),
            R"({"a":[null,true,false,-5,0,"x"],"b":{},"c":[]})");
  EXPECT_EQ(parsed("17"), "17");
  EXPECT_EQ(parsed(R"("\"\\\/\b\f\n\r\t\u0041\u20ac\ud83d\ude00")"), "\"\\\"\\\\/\\b\\f\\n\\r\\tA\u20ac\U0001F600\"");
}

TEST(JsonTextTest, SaysWhereItWentWrong) {
  const std::pair<std::string_view, const char*> cases[] = {
      {"[1 2]", "line 1, column 4: ',' or ']' is expected, not '2'"},
      {"[1", "line 1, column 3: ',' or ']' is expected, and the text ends here"},
      {"{\n\n\"a\":tru}", "line 3, column 5: a value is expected (text stands in double quotes), not 't'"},
      {"\"abc", "line 1, column 1: this text does not end"},
      {"\"a\nb\"", "line 1, column 3: a control character in text must be escaped"},
      {R"("\x")", "line 1, column 3: one of \"\\/bfnrtu is expected after a backslash, not 'x'"},
      {R"("\u12")", "line 1, column 4: four hexadecimal digits are expected after \\u, not '1'"},
      {R"("\ud83d")", "line 1, column 2: half of a surrogate pair"},
      {R"("\ude00")", "line 1, column 2: half of a surrogate pair"},
      {R"("\ud83d\u0041")", "line 1, column 2: half of a surrogate pair"},
      {"1.", "line 1, column 3: a digit is expected, and the text ends here"},
      {"-", "line 1, column 2: a digit is expected, and the text ends here"},
      {"1e", "line 1, column 3: a digit is expected, and the text ends here"},
      {"+1", "line 1, column 1: a value is expected, not '+'"},
      {"NaN", "line 1, column 1: a value is expected, not 'N'"},
      {"\x1b", "line 1, column 1: a value is expected, not '\uFFFD'"},
      {"{1:2}", "line 1, column 2: a name in double quotes is expected, not '1'"},
      {std::string_view("1\0", 2), "line 1, column 2: nothing may follow the value, not '\uFFFD'"},
  };
  for (const auto& [text, what] : cases) EXPECT_EQ(parsed(text), what) << text;
}

TEST(JsonTextTest, DepthIsBounded) {
  const std::string deepest = std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']');
  EXPECT_EQ(parsed(deepest), deepest);
  EXPECT_THAT(parsed("[" + deepest + "]"), ::testing::HasSubstr("nested too deeply"));
  EXPECT_THAT(parsed(std::string(10'000'000, '[')), ::testing::HasSubstr("nested too deeply"));
}

TEST(JsonTextTest, CleanTextHasNoEscapesAndIsValid) {
  EXPECT_EQ(cleanJson("{\"a\": \"\u20ac\",\n \"b\": 1}"), "{\"a\": \"\u20ac\",\n \"b\": 1}");
  EXPECT_EQ(cleanJson("\"\x7f\xc2\x9b\xff\""), "\"\\u007f\\u009b\uFFFD\"");
}

}  // namespace
}  // namespace bulkhead::generic
