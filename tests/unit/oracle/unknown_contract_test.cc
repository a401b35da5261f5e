// The oracle knows a contract that this program was not compiled with from the module's file alone, which is hostile
// input: with damaged schema nodes a message is passed or found wrong, never worse. (Threat36)
#include "host/oracle/oracle.h"
#include "proto/manifest.capnp.h"

#include <bulkhead/oracle.h>

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::oracle {
namespace {

namespace cs = capnp::schema;
using detail::MessageRole;
using Words = std::vector<std::uint64_t>;
using Nodes = capnp::List<cs::Node>::Builder;

constexpr std::uint64_t kInterface = 0xca1c'ca1c'ca1c'ca1du;
constexpr std::uint64_t kParams = 0x8000'0000'0000'0101u;
constexpr std::uint64_t kResults = 0x8000'0000'0000'0102u;
constexpr std::uint64_t kGroup = 0x8000'0000'0000'0103u;
constexpr unsigned kGroups = 12;

void addNumber(cs::Field::Builder field, const char* name, unsigned offset) {
  field.setName(name);
  auto slot = field.initSlot();
  slot.setOffset(offset);
  slot.initType().setInt64();
  slot.initDefaultValue().setInt64(0);
}
void addText(cs::Field::Builder field, const char* name) {
  field.setName(name);
  field.initSlot().initType().setText();
  field.getSlot().initDefaultValue().setText("");
}

// interface Calc { add @0 (a :Int64, t :Text) -> (r :Int64); }, and groups that nothing uses.
void describe(Nodes nodes) {
  nodes[0].setId(kInterface);
  nodes[0].setDisplayName("calc.capnp:Calc");
  auto method = nodes[0].initInterface().initMethods(1)[0];
  method.setName("add");
  method.setParamStructType(kParams);
  method.setResultStructType(kResults);

  nodes[1].setId(kParams);
  nodes[1].setDisplayName("calc.capnp:Calc.add$Params");
  auto params = nodes[1].initStruct();
  params.setDataWordCount(1);
  params.setPointerCount(1);
  auto fields = params.initFields(2);
  addNumber(fields[0], "a", 0);
  addText(fields[1], "t");
  fields[1].setCodeOrder(1);

  nodes[2].setId(kResults);
  nodes[2].setDisplayName("calc.capnp:Calc.add$Results");
  auto results = nodes[2].initStruct();
  results.setDataWordCount(1);
  addNumber(results.initFields(1)[0], "r", 0);

  for (unsigned i = 0; i < kGroups; ++i) {
    auto node = nodes[3 + i];
    node.setId(kGroup + i);
    node.setScopeId(i == 0 ? kParams : kGroup + i - 1);
    node.setDisplayName("calc.capnp:Calc.add$Params.group");
    auto group = node.initStruct();
    group.setIsGroup(true);
    group.setDataWordCount(1);
    group.setPointerCount(1);
    addNumber(group.initFields(1)[0], "a", 0);
  }
}

Words manifestWith(const std::function<void(Nodes)>& change) {
  capnp::MallocMessageBuilder draft;
  auto root = draft.initRoot<manifest::schema::Manifest>();
  auto interface = root.initInterfaces(1)[0];
  interface.setId(kInterface);
  interface.setName("Calc");
  auto method = interface.initMethods(1)[0];
  method.setName("add");
  method.setSignature("add(a: Int64, t: Text) -> (r: Int64)");
  const auto nodes = root.initNodes(3 + kGroups);
  describe(nodes);
  change(nodes);
  const auto flat = capnp::messageToFlatArray(draft);
  Words words(flat.size());
  std::memcpy(words.data(), flat.begin(), flat.size() * sizeof(std::uint64_t));
  return words;
}
Oracle oracleOf(const Words& message) {
  manifest::Manifest manifest;
  manifest.contracts.emplace_back().message = message;
  return Oracle(manifest);
}

const Words kCall = {std::uint64_t{1} << 32 | std::uint64_t{1} << 48, 42,
                     1 | std::uint64_t{2} << 32 | std::uint64_t{2} << 35, 'x'};

struct Seen {
  bool isPassed;
  bool isChecked;
};
Seen useOf(const Words& message) {
  Oracle oracle = oracleOf(message);
  const std::uint64_t before = oracleCounts().unchecked;
  const auto found = oracle.check(MessageRole::exportRequest, kInterface, 0, {kCall.data(), kCall.size()});
  const Words result = {std::uint64_t{1} << 32, 42};
  static_cast<void>(oracle.check(MessageRole::exportReply, kInterface, 0, {result.data(), result.size()}));
  return {!found, oracleCounts().unchecked == before};
}
Seen use(const std::function<void(Nodes)>& change) { return useOf(manifestWith(change)); }

TEST(UnknownContractTest, WithoutAFaultItsMessagesAreChecked) {
  const Seen seen = use([](Nodes) {});
  EXPECT_TRUE(seen.isPassed);
  EXPECT_TRUE(seen.isChecked);
  Oracle oracle = oracleOf(manifestWith([](Nodes) {}));
  Words wrong = kCall;
  wrong[2] = 3;  // a capability for a text
  EXPECT_TRUE(oracle.check(MessageRole::exportRequest, kInterface, 0, {wrong.data(), wrong.size()}));
}

// capnp's loader names in its error what it looked at; where that is malformed, it would do so again for that error.
TEST(UnknownContractTest, Threat36NamesThatAreNoTextDescribeNothing) {
  const auto spoil = [](auto builder) { capnp::toAny(builder).getPointerSection()[0].initAsAnyStruct(1, 0); };
  const std::function<void(Nodes)> changes[] = {
      [&](Nodes nodes) { spoil(nodes[0]); },
      [&](Nodes nodes) { spoil(nodes[1]); },
      [&](Nodes nodes) { spoil(nodes[1].getStruct().getFields()[0]); },
      [&](Nodes nodes) { spoil(nodes[0].getInterface().getMethods()[0]); },
      [&](Nodes nodes) { spoil(nodes[2].initEnum().initEnumerants(1)[0]); },
  };
  for (const auto& change : changes) EXPECT_FALSE(use(change).isChecked);
}

TEST(UnknownContractTest, Threat36FieldsOutsideOfTheirStructDescribeNothing) {
  // The bit where the field begins is 0 in 32 bits, then its end is, then neither.
  for (const unsigned offset : {1u, 0x2000'0000u, 0x3ff'ffffu, 0xffff'ffffu}) {
    for (const unsigned field : {0u, 1u}) {
      const Seen seen = use([&](Nodes nodes) { nodes[1].getStruct().getFields()[field].getSlot().setOffset(offset); });
      EXPECT_FALSE(seen.isChecked) << offset << " of field " << field;
    }
  }
  EXPECT_FALSE(use([](Nodes nodes) {
                 auto type = nodes[1].getStruct();
                 type.setDiscriminantCount(2);
                 type.setDiscriminantOffset(0x2000'0000u);
                 for (unsigned i = 0; i < 2; ++i) {
                   type.getFields()[i].setDiscriminantValue(static_cast<std::uint16_t>(i));
                 }
               }).isChecked);
}

TEST(UnknownContractTest, Threat36GroupsInGroupsEnd) {
  const auto nest = [](Nodes nodes, unsigned node, std::uint64_t id, unsigned times) {
    auto fields = nodes[node].getStruct().initFields(times);
    for (unsigned i = 0; i < times; ++i) {
      fields[i].setName(i == 0 ? "one" : "other");
      fields[i].setCodeOrder(static_cast<std::uint16_t>(i));
      fields[i].initGroup().setTypeId(id);
    }
  };
  // One in each; the same one twice in each, which doubles at every level; in themselves.
  for (const auto& [depth, times] : {std::pair{kGroups, 1u}, std::pair{10u, 2u}}) {
    static_cast<void>(use([&, depth = depth, times = times](Nodes nodes) {
      for (unsigned i = 0; i < depth; ++i) nest(nodes, i == 0 ? 1 : 2 + i, kGroup + i, times);
    }));
  }
  static_cast<void>(use([&](Nodes nodes) {
    nest(nodes, 1, kGroup, 2);
    nest(nodes, 3, kGroup, 2);
    nodes[3].setScopeId(kGroup);
  }));
  EXPECT_FALSE(use([&](Nodes nodes) { nest(nodes, 1, 7, 1); }).isChecked) << "a group that is not there";
}

TEST(UnknownContractTest, Threat36WordsThatAreNoManifestAreHarmless) {
  const Words sound = manifestWith([](Nodes) {});
  unsigned checked = 0;
  unsigned unchecked = 0;
  for (std::size_t at = 1; at < sound.size(); ++at) {
    for (unsigned shift = at % 32; shift < 64; shift += 32) {
      Words broken = sound;
      broken[at] ^= std::uint64_t{0xb} << shift;
      ++(useOf(broken).isChecked ? checked : unchecked);
    }
  }
  EXPECT_GT(checked, 0u);
  EXPECT_GT(unchecked, 0u);
}

}  // namespace
}  // namespace bulkhead::oracle
