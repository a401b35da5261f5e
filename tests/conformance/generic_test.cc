// Calls by name and JSON, without generated code: what a handle does, and errors that show the way. (C9)
#include "tests/conformance/modules.h"

#include <bulkhead/generic.h>

#include <gmock/gmock.h>

#include <optional>

namespace bulkhead::conformance {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

class GenericTest : public testing::EveryPlacement<> {
 protected:
  void use(const std::string& name, const Imports& imports = {}) {
    auto loaded = load(modulePath(name), imports, {.name = {}, .missingImports = MissingImports::unimplemented});
    ASSERT_TRUE(loaded) << loaded.error().message();
    module_.emplace(*std::move(loaded));
    auto generic = GenericModule::of(*module_);
    ASSERT_TRUE(generic) << generic.error().message();
    generic_.emplace(*std::move(generic));
  }
  void TearDown() override {
    generic_.reset();
    module_.reset();
    EveryPlacement<>::TearDown();
  }
  std::string call(std::string_view method, std::string_view json, const JsonCallOptions& options = {}) {
    const auto answer = generic_->callJson(method, json, options);
    return answer ? *answer : "ERROR " + answer.error().message();
  }
  Error refused(std::string_view method, std::string_view json) {
    const auto answer = generic_->callJson(method, json);
    return answer ? Error("it was not refused: " + *answer) : answer.error();
  }

  std::optional<Module> module_;
  std::optional<GenericModule> generic_;
};
BULKHEAD_EVERY_PLACEMENT(GenericTest);

TEST_P(GenericTest, ListsMethodsWithFullSignatures) {
  use("renderer");
  ASSERT_EQ(generic_->methods().size(), 5u);
  const GenericMethod& measure = generic_->methods()[1];
  EXPECT_EQ(measure.interface, "Renderer");
  EXPECT_EQ(measure.name, "measure");
  EXPECT_EQ(measure.ordinal, 1);
  EXPECT_EQ(measure.signature, "measure(scene: Scene) -> (points: UInt32, depth: UInt32, name: Text)");
}

TEST_P(GenericTest, ScalarsAndEnumsGoThereAndBack) {
  use("shapes");
  EXPECT_EQ(call("Shapes.scalars",
                 R"({"a":true,"b":-128,"c":-32768,"d":-2147483648,"e":"-9223372036854775808","f":255,"g":65535,)"
                 R"("h":4294967295,"i":"18446744073709551615","j":0.5,"k":1e300,"l":"blue"})"),
            R"({"a":true,"b":-128,"c":-32768,"d":-2147483648,"e":"-9223372036854775808","f":255,"g":65535,)"
            R"("h":4294967295,"i":"18446744073709551615","j":0.5,"k":1e300,"l":"blue"})");
  EXPECT_EQ(call("Shapes.color", R"({"color":"green"})"), R"({"color":"green"})");
  EXPECT_EQ(call("bit", R"({"bit":true})"), R"({"bit":true})");
  EXPECT_EQ(call("one", "{}"), R"({"number":"9223372036854775809"})");
}

TEST_P(GenericTest, WhatIsLeftOutHasItsDefault) {
  use("shapes");
  EXPECT_EQ(call("scalars", "{}"),
            R"({"a":false,"b":0,"c":0,"d":0,"e":"0","f":0,"g":0,"h":0,"i":"0","j":0,"k":0,"l":"red"})");
}

TEST_P(GenericTest, FloatsThatAreNoNumbersAreTexts) {
  use("shapes");
  EXPECT_EQ(call("sum", R"({"numbers":["Infinity",1]})"), R"({"sum":"Infinity"})");
  EXPECT_EQ(call("sum", R"({"numbers":["NaN"]})"), R"({"sum":"NaN"})");
  EXPECT_EQ(call("sum", R"({"numbers":[0.25,-1,1e2]})"), R"({"sum":99.25})");
}

TEST_P(GenericTest, TextGoesThereAndBack) {
  use("shapes");
  EXPECT_EQ(call("text", R"({"text":"a\u00e9\ud83d\ude00\n\u0000z"})"), "{\"text\":\"a\u00e9\U0001F600\\n\\u0000z\"}");
  EXPECT_EQ(call("text", "{\"text\":\"\u20ac\"}"), "{\"text\":\"\u20ac\"}");
  EXPECT_EQ(call("text", "{}"), "{}");  // an empty text is a null pointer, which has no member
}

TEST_P(GenericTest, DataIsAnArrayOfNumbers) {
  use("shapes");
  EXPECT_EQ(call("data", R"({"data":[0,1,255]})"), R"({"data":[0,1,255]})");
}

TEST_P(GenericTest, ListsGoThereAndBack) {
  use("shapes");
  constexpr const char* kLists =
      R"({"a":[true,false,true],"b":[-1,2],"c":[-3],"d":[4],"e":["-5"],"f":[6,255],"g":[7],"h":[8],"i":["9"],)"
      R"("j":[0.5],"k":[-0.25],"l":["blue","red"],"m":["","two"],"n":[[],[1,2]]})";
  EXPECT_EQ(call("lists", kLists), kLists);
}

TEST_P(GenericTest, MethodsWithoutParametersOrResults) {
  use("shapes");
  EXPECT_EQ(call("empty", "{}"), "{}");
  EXPECT_EQ(call("empty", " \n{ } "), "{}");
  EXPECT_EQ(call("nothing", R"({"viaHost":false})"), "{}");
  EXPECT_EQ(call("names", "{}"), R"({"names":["","one","two words"]})");
}

TEST_P(GenericTest, ImportsOfTheProgramServe) {
  EchoHost echo;
  use("shapes", Imports(echo));
  EXPECT_EQ(call("text", R"({"viaHost":true,"text":"by way of the host"})"), R"({"text":"by way of the host"})");
  generic_.reset();
  module_.reset();  // before its imports
}

TEST_P(GenericTest, ImportsThatAreMissingAreUnimplemented) {
  use("shapes");
  const Error error = refused("text", R"({"viaHost":true})");
  EXPECT_EQ(error.kind(), ErrorKind::unimplemented);
  EXPECT_THAT(error.method(), "Shapes.text");
  EXPECT_EQ(call("text", R"({"text":"x"})"), R"({"text":"x"})");
}

TEST_P(GenericTest, StructsGoThereAndBack) {
  use("renderer");
  EXPECT_EQ(call("measure", R"({"scene":{"name":"n","points":[{"x":1},{"y":2}],"inner":{"points":[{}],"leaf":null}}})"),
            R"({"points":3,"depth":1,"name":"n"})");
  EXPECT_EQ(call("make", R"({"points":2})"), R"({"scene":{"points":[{"x":0,"y":0},{"x":1,"y":0}],"leaf":null}})");
  EXPECT_EQ(call("add", R"({"a":-3,"b":4})"), R"({"sum":1})");
}

TEST_P(GenericTest, PrettyResultsHaveLines) {
  use("renderer");
  const std::string json = call("make", R"({"points":4})", {.deadline = {}, .pretty = true});
  EXPECT_THAT(json, AllOf(HasSubstr("\n  "), HasSubstr("\"x\": 3")));
}

TEST_P(GenericTest, AMethodThatIsUnknownShowsNearNamesAndAllSignatures) {
  use("probe");
  const Error error = refused("Probe.ad", "{}");
  EXPECT_EQ(error.kind(), ErrorKind::unimplemented);
  EXPECT_THAT(error.text(),
              AllOf(HasSubstr("did you mean Probe.add"), HasSubstr("\n  Probe.add(a: Int32, b: Int32) -> (sum: Int32)"),
                    HasSubstr("\n  Counter.next() -> (count: UInt32)")));
  EXPECT_THAT(refused("\x1b[31m", "{}").text(), Not(HasSubstr("\x1b")));
}

// Each is refused before anything is called, says where and what, and shows the right signature.
TEST_P(GenericTest, WhatDoesNotFitIsRefusedWithTheSignature) {
  use("probe");
  const std::pair<const char*, const char*> cases[] = {
      {R"({"a":1,})", "line 1, column 8: a name in double quotes is expected, not '}'"},
      {"{\"a\":1,\n \"b\" 2}", "line 2, column 6: ':' is expected after a name, not '2'"},
      {"", "line 1, column 1: a value is expected, and the text ends here"},
      {R"({"a":1} x)", "line 1, column 9: nothing may follow the value"},
      {R"({"a":01})", "line 1, column 6: a number may not start with 0"},
      {R"({"a":1e999})", "line 1, column 6: this number is out of range"},
      {R"({"a":'x'})", "line 1, column 6: a value is expected, not '''"},
      {"{\"\xff\":1}", "line 1, column 3: invalid UTF-8"},
      {"[]", "an object is expected, not an array"},
      {R"({"a":"x"})", "a: a number is expected, Int32 from -2147483648 to 2147483647, not text \"x\""},
      {R"({"a":1.5})", "a: a whole number is expected (Int32), not number 1.5"},
      {R"({"b":2147483648})", "b: out of range: Int32"},
      {R"({"a":null})", "a: a number is expected (Int32), not null"},
      {R"({"a":true})", "a: a number is expected (Int32), not true"},
      {R"({"c":1})", "c: there is no such field; there are a, b"},
      {R"({"a":1,"a":2})", "a: given twice"},
  };
  for (const auto& [json, what] : cases) {
    const Error error = refused("add", json);
    EXPECT_EQ(error.kind(), ErrorKind::invalidArgument) << json;
    EXPECT_THAT(error.text(), StartsWith(what)) << json;
    EXPECT_THAT(error.text(), EndsWith("; the signature is add(a: Int32, b: Int32) -> (sum: Int32)")) << json;
    EXPECT_EQ(error.method(), "Probe.add");
  }
  EXPECT_EQ(module_->generation(), 1u);
  EXPECT_EQ(call("add", R"({"a":1,"b":2})"), R"({"sum":3})");
}

TEST_P(GenericTest, PlacesWithinStructsAndListsAreNamed) {
  use("renderer");
  const std::pair<const char*, const char*> cases[] = {
      {R"({"scene":{"points":[{"x":1},{"x":"a"}]}})", "scene.points[1].x: a number"},
      {R"({"scene":{"points":{}}})", "scene.points: an array is expected, not an object"},
      {R"({"scene":{"inner":{"nam":"x"}}})", "scene.inner.nam: there is no such field; there are name, points"},
      {R"({"scene":{"leaf":null,"inner":{}}})", "scene.inner: excludes leaf: of a union one member is given"},
      {R"({"scene":{"leaf":1}})", "scene.leaf: null is expected (Void), not number 1"},
      {R"({"scene":{"pixels":"abc"}})", "scene.pixels: an array of numbers from 0 to 255 is expected (Data)"},
      {R"({"scene":{"pixels":[256]}})", "scene.pixels: an array of numbers from 0 to 255 is expected (Data)"},
      {R"({"scene":{"name":7}})", "scene.name: text is expected, not number 7"},
  };
  for (const auto& [json, what] : cases) {
    EXPECT_THAT(refused("measure", json).text(), StartsWith(what)) << json;
  }
}

TEST_P(GenericTest, EnumsAndLargeNumbersSayWhatIsExpected) {
  use("shapes");
  EXPECT_THAT(refused("color", R"({"color":"pink"})").text(), StartsWith("color: one of red, green, blue is expected"));
  EXPECT_THAT(refused("color", R"({"color":1})").text(), StartsWith("color: one of red, green, blue is expected"));
  EXPECT_THAT(refused("scalars", R"({"e":9007199254740993})").text(), HasSubstr("write it as text"));
  EXPECT_THAT(refused("scalars", R"({"e":"9223372036854775808"})").text(), HasSubstr("9223372036854775807"));
  EXPECT_THAT(refused("scalars", R"({"f":-1})").text(), StartsWith("f: out of range: UInt8 from 0 to 255"));
  EXPECT_THAT(refused("scalars", R"({"j":1e39})").text(), StartsWith("j: out of range of Float32"));
}

TEST_P(GenericTest, WhatIsNestedTooDeeplyIsRefused) {
  use("renderer");
  const auto nested = [](int depth) {
    std::string json = R"({"scene":)";
    for (int i = 0; i < depth; ++i) json.append(R"({"inner":)");
    return json.append("{}").append(static_cast<std::size_t>(depth) + 1, '}');
  };
  EXPECT_EQ(call("measure", nested(50)), R"({"points":0,"depth":50,"name":""})");
  const Error error = refused("measure", nested(100'000));
  EXPECT_EQ(error.kind(), ErrorKind::invalidArgument);
  EXPECT_THAT(error.text(), HasSubstr("nested too deeply"));
}

TEST_P(GenericTest, ErrorsOfTheModuleAreThoseOfAnyCall) {
  use("probe");
  const Error failed = refused("failing", R"({"text":"said so"})");
  EXPECT_EQ(failed.kind(), ErrorKind::moduleError);
  EXPECT_EQ(failed.text(), "said so");
  EXPECT_EQ(failed.method(), "Probe.failing");
  const Error thrown = refused("throwing", R"({"what":"ownException"})");
  EXPECT_EQ(thrown.kind(), ErrorKind::moduleError);
  EXPECT_THAT(thrown.type(), HasSubstr("OwnException"));
}

TEST_P(GenericTest, ADeadlineOfTheCallHolds) {
  use("probe");
  const auto late = generic_->callJson("late", R"({"afterMs":1000})", {.deadline = 50ms, .pretty = false});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::deadlineExceeded);
  EXPECT_EQ(call("add", R"({"a":1,"b":2})"), R"({"sum":3})");
}

}  // namespace
}  // namespace bulkhead::conformance
