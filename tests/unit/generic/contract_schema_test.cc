// What a module file says about its types is hostile input: one fault each, and the same schema without it works.
// (Threat36)
#include "host/generic/contract_schema.h"

#include "host/generic/fault.h"
#include "host/generic/messages.h"
#include "proto/manifest.capnp.h"
#include "shared/manifest/evolution.h"

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <gmock/gmock.h>
#include <kj/exception.h>

#include <cstring>
#include <functional>
#include <string>

namespace bulkhead::generic {
namespace {

namespace cs = capnp::schema;

constexpr std::uint64_t kInterface = 0xca1cca1cca1cca1cu;
constexpr std::uint64_t kParams = 0x8000'0000'0000'0001u;
constexpr std::uint64_t kResults = 0x8000'0000'0000'0002u;
constexpr std::uint64_t kGroup = 0x8000'0000'0000'0003u;

using Nodes = capnp::List<cs::Node>::Builder;

void nameNode(cs::Node::Builder node, std::uint64_t id, const char* name) {
  node.setId(id);
  node.setDisplayName(name);
}
void addSlot(cs::Field::Builder field, const char* name, unsigned offset,
             const std::function<void(cs::Type::Builder, cs::Value::Builder)>& type) {
  field.setName(name);
  auto slot = field.initSlot();
  slot.setOffset(offset);
  type(slot.initType(), slot.initDefaultValue());
}
void number(cs::Type::Builder type, cs::Value::Builder value) {
  type.setInt64();
  value.setInt64(0);
}
void text(cs::Type::Builder type, cs::Value::Builder value) {
  type.setText();
  value.setText("");
}

// interface Calc { add @0 (a :Int64, t :Text, g :group { b :Int64; }) -> (r :Int64); }
void describe(Nodes nodes) {
  nameNode(nodes[0], kInterface, "calc.capnp:Calc");
  auto method = nodes[0].initInterface().initMethods(1)[0];
  method.setName("add");
  method.setParamStructType(kParams);
  method.setResultStructType(kResults);

  nameNode(nodes[1], kParams, "calc.capnp:Calc.add$Params");
  auto params = nodes[1].initStruct();
  params.setDataWordCount(2);
  params.setPointerCount(1);
  auto fields = params.initFields(3);
  addSlot(fields[0], "a", 0, number);
  addSlot(fields[1], "t", 0, text);
  fields[2].setName("g");
  fields[2].initGroup().setTypeId(kGroup);
  for (unsigned i = 0; i < 3; ++i) fields[i].setCodeOrder(static_cast<std::uint16_t>(i));

  nameNode(nodes[2], kResults, "calc.capnp:Calc.add$Results");
  auto results = nodes[2].initStruct();
  results.setDataWordCount(1);
  addSlot(results.initFields(1)[0], "r", 0, number);

  nameNode(nodes[3], kGroup, "calc.capnp:Calc.add$Params.g");
  nodes[3].setScopeId(kParams);
  auto group = nodes[3].initStruct();
  group.setIsGroup(true);
  group.setDataWordCount(2);
  group.setPointerCount(1);
  addSlot(group.initFields(1)[0], "b", 1, number);
}

std::vector<std::uint64_t> manifestWith(const std::function<void(Nodes)>& change) {
  capnp::MallocMessageBuilder draft;
  auto root = draft.initRoot<manifest::schema::Manifest>();
  auto interface = root.initInterfaces(1)[0];
  interface.setId(kInterface);
  interface.setName("Calc");
  auto method = interface.initMethods(1)[0];
  method.setName("add");
  method.setSignature("add(a: Int64, t: Text, g: g) -> (r: Int64)");
  const auto nodes = root.initNodes(4);
  describe(nodes);
  change(nodes);
  const auto flat = capnp::messageToFlatArray(draft);
  std::vector<std::uint64_t> words(flat.size());
  std::memcpy(words.data(), flat.begin(), flat.size() * sizeof(std::uint64_t));
  return words;
}

// Reads the manifest, makes a parameter message and reads a result with it: "" or what was wrong.
std::string use(const std::function<void(Nodes)>& change) {
  try {
    const auto manifest = manifestWith(change);
    const ContractSchema schema(manifest);
    const auto method = schema.methodOf(schema.methods().at(0));
    static_cast<void>(encodeArguments(R"({"a":"1","t":"x","g":{"b":"2"}})", method.getParamType()));
    const std::uint64_t result[] = {std::uint64_t{1} << 32, 42};
    const std::string json = decodeResults(result, method.getResultType(), false);
    return json == R"({"r":"42"})" ? "" : "another result: " + json;
  } catch (const Fault& fault) {
    return fault.what();
  } catch (const kj::Exception& exception) {
    return exception.getDescription().cStr();
  }
}

// Whatever the words are.
void useAll(const std::vector<std::uint64_t>& manifest) {
  try {
    const ContractSchema schema(manifest);
    for (const auto& method : schema.methods()) {
      const auto found = schema.methodOf(method);
      static_cast<void>(encodeArguments(R"({"a":"1","t":"x","g":{"b":"2"}})", found.getParamType()));
      static_cast<void>(decodeResults(std::vector<std::uint64_t>(2), found.getResultType(), false));
    }
  } catch (const Fault&) {          // NOLINT(bugprone-empty-catch)
  } catch (const kj::Exception&) {  // NOLINT(bugprone-empty-catch)
  }
}

TEST(ContractSchemaTest, WithoutAFaultItServes) {
  EXPECT_EQ(use([](Nodes) {}), "");
}

TEST(ContractSchemaTest, Threat36FieldsOutsideOfTheirStruct) {
  const auto offsetOf = [](unsigned node, unsigned field, unsigned offset) {
    return use([&](Nodes nodes) { nodes[node].getStruct().getFields()[field].getSlot().setOffset(offset); });
  };
  EXPECT_THAT(offsetOf(1, 0, 2), ::testing::HasSubstr("lies outside"));
  EXPECT_THAT(offsetOf(1, 0, 0x3ff'ffff), ::testing::HasSubstr("lies outside"));  // its end is 2^32 bits: 0 in 32
  EXPECT_THAT(offsetOf(1, 0, 0xffff'ffff), ::testing::HasSubstr("lies outside"));
  EXPECT_THAT(offsetOf(1, 1, 1), ::testing::HasSubstr("lies outside"));
  EXPECT_THAT(offsetOf(1, 1, 0xffff'ffff), ::testing::HasSubstr("lies outside"));
  EXPECT_THAT(offsetOf(3, 0, 2), ::testing::HasSubstr("lies outside"));
  EXPECT_THAT(use([](Nodes nodes) {
                auto type = nodes[1].getStruct();
                type.setDiscriminantCount(2);
                type.setDiscriminantOffset(0xffff'ffff);
                for (unsigned i = 0; i < 2; ++i)
                  type.getFields()[i].setDiscriminantValue(static_cast<std::uint16_t>(i));
              }),
              ::testing::HasSubstr("tag lies outside"));
}

TEST(ContractSchemaTest, Threat36GroupsThatAreNotTheStructsOwn) {
  const auto groupWith = [](const std::function<void(cs::Node::Builder)>& change) {
    return use([&](Nodes nodes) { change(nodes[3]); });
  };
  EXPECT_THAT(groupWith([](cs::Node::Builder group) { group.setScopeId(kResults); }),
              ::testing::HasSubstr("another struct's"));
  EXPECT_THAT(groupWith([](cs::Node::Builder group) { group.getStruct().setIsGroup(false); }),
              ::testing::HasSubstr("another struct's"));
  EXPECT_THAT(groupWith([](cs::Node::Builder group) { group.getStruct().setDataWordCount(60'000); }),
              ::testing::HasSubstr("larger"));
  EXPECT_THAT(groupWith([](cs::Node::Builder group) { group.setId(7); }), ::testing::HasSubstr("is not there"));
  // A struct that is its own group would never end.
  EXPECT_THAT(use([](Nodes nodes) {
                nodes[1].getStruct().getFields()[2].getGroup().setTypeId(kParams);
                nodes[1].setScopeId(kParams);
                nodes[1].getStruct().setIsGroup(true);
                nodes[0].getInterface().getMethods()[0].setResultStructType(kParams);
              }),
              ::testing::Not(""));
}

TEST(ContractSchemaTest, Threat36NodesThatDoNotBelongTogether) {
  EXPECT_THAT(use([](Nodes nodes) { nodes[2].setId(kParams); }), ::testing::HasSubstr("described twice"));
  EXPECT_THAT(use([](Nodes nodes) { nodes[0].setFile(); }), ::testing::HasSubstr("is no interface"));
  EXPECT_THAT(use([](Nodes nodes) { nodes[0].getInterface().getMethods()[0].setParamStructType(kInterface); }),
              ::testing::Not(""));
  EXPECT_THAT(use([](Nodes nodes) { nodes[0].getInterface().getMethods()[0].setName("sub"); }),
              ::testing::HasSubstr("carries no schema of Calc.add"));
  EXPECT_THAT(use([](Nodes nodes) { nodes[0].setId(9); }), ::testing::HasSubstr("carries no schema of Calc.add"));
  EXPECT_THAT(use([](Nodes nodes) { nodes[0].getInterface().initSuperclasses(1)[0].setId(kInterface); }), "");
  EXPECT_THAT(use([](Nodes nodes) {
                nodes[0].getInterface().getMethods()[0].setName("sub");
                nodes[0].getInterface().initSuperclasses(1)[0].setId(kInterface);
              }),
              ::testing::Not(""));
}

// capnp's loader names in its error what it looked at; where that is malformed, it would do so again for that error.
TEST(ContractSchemaTest, Threat36NamesThatAreNoText) {
  const auto spoil = [](auto builder) { capnp::toAny(builder).getPointerSection()[0].initAsAnyStruct(1, 0); };
  const std::function<void(Nodes)> changes[] = {
      [&](Nodes nodes) { spoil(nodes[1]); },
      [&](Nodes nodes) { spoil(nodes[1].getStruct().getFields()[0]); },
      [&](Nodes nodes) { spoil(nodes[0].getInterface().getMethods()[0]); },
      [&](Nodes nodes) { spoil(nodes[2].initEnum().initEnumerants(1)[0]); },
  };
  for (const auto& change : changes) {
    EXPECT_THAT(use(change), ::testing::HasSubstr("non-list pointer where text was expected"));
    manifest::Contract app, module;
    app.message = manifestWith([](Nodes) {});
    module.message = manifestWith(change);
    EXPECT_THAT(manifest::Evolution(app, module, kInterface).conflict(0), ::testing::HasSubstr("malformed"));
  }
}

TEST(ContractSchemaTest, Threat36WordsThatAreNoManifest) {
  const auto manifest = manifestWith([](Nodes) {});
  // A part of a word is changed: an error or not, never worse.
  for (std::size_t at = 1; at < manifest.size(); ++at) {
    for (unsigned shift = 0; shift < 64; shift += 4) {
      auto broken = manifest;
      broken[at] ^= std::uint64_t{0xb} << shift;
      useAll(broken);
    }
  }
}

// A result of the worker's making: a list of 2^28 structs without size, each of which would be shown with its fields.
TEST(ContractSchemaTest, Threat02AResultThatGrowsAsJsonIsRefused) {
  const auto manifest = manifestWith([](Nodes nodes) {
    auto results = nodes[2].initStruct();
    results.setPointerCount(1);
    addSlot(results.initFields(1)[0], "r", 0, [](cs::Type::Builder type, cs::Value::Builder value) {
      type.initList().initElementType().initStruct().setTypeId(kParams);
      value.initList();
    });
  });
  const ContractSchema schema(manifest);
  const auto type = schema.methodOf(schema.methods().at(0)).getResultType();
  constexpr std::uint64_t kCount = std::uint64_t{1} << 28;
  const std::uint64_t bomb[] = {std::uint64_t{1} << 48, 1 | (std::uint64_t{7} << 32), kCount << 2};
  EXPECT_THROW(static_cast<void>(decodeResults(bomb, type, false)), kj::Exception);
  EXPECT_THROW(static_cast<void>(decodeResults({}, type, false)), kj::Exception);
  const std::uint64_t stray[] = {std::uint64_t{1} << 48, 1 | (std::uint64_t{7} << 32) | 0xfff0};
  EXPECT_THROW(static_cast<void>(decodeResults(stray, type, false)), kj::Exception);
}

}  // namespace
}  // namespace bulkhead::generic
