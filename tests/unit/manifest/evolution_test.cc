// Two versions of a contract, from module files; and schema nodes that nobody honest writes. (C4)
#include "shared/manifest/evolution.h"

#include "proto/manifest.capnp.h"
#include "shared/manifest/check.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::manifest {
namespace {

using ::testing::HasSubstr;

Manifest manifestOf(const std::string& module) {
  auto manifest = readManifest(std::string(MODULE_FOLDER "/") + module + ".so");
  EXPECT_TRUE(manifest) << manifest.error().message();
  return *std::move(manifest);
}

std::string_view bytesOf(const Contract& contract) {
  return {reinterpret_cast<const char*>(contract.message.data()), contract.message.size() * sizeof(std::uint64_t)};
}

// The contract with its manifest edited through capnp.
Contract edited(const Contract& contract, const std::function<void(schema::Manifest::Builder)>& edit) {
  capnp::FlatArrayMessageReader reader(
      kj::arrayPtr(reinterpret_cast<const capnp::word*>(contract.message.data()), contract.message.size()));
  capnp::MallocMessageBuilder builder;
  builder.setRoot(reader.getRoot<schema::Manifest>());
  edit(builder.getRoot<schema::Manifest>());
  const auto words = capnp::messageToFlatArray(builder);
  auto decoded = decodeContract(std::as_bytes(std::span(words.begin(), words.size())), "edited");
  EXPECT_TRUE(decoded) << decoded.error().message();
  return *std::move(decoded);
}

Result<Fit> checkAgainst(const Manifest& app, Contract module) {
  Manifest manifest;
  manifest.contracts.push_back(std::move(module));
  return check(app.contracts, manifest, "module.so");
}

MethodFit fitOf(const Fit& fit, std::string_view name) {
  for (const auto& interface : fit.interfaces) {
    for (const auto& method : interface.methods) {
      if (method.appName == name || method.moduleName == name) return method.fit;
    }
  }
  ADD_FAILURE() << "no method " << name;
  return MethodFit::mismatched;
}

TEST(EvolutionTest, EveryChangeHasItsFit) {
  const Manifest older = manifestOf("evolving_older");
  const auto fit = check(older.contracts, manifestOf("evolving_newer"), "newer");
  ASSERT_TRUE(fit) << fit.error().message();
  EXPECT_EQ(fitOf(*fit, "untouched"), MethodFit::same);
  EXPECT_EQ(fitOf(*fit, "structGrown"), MethodFit::same);
  EXPECT_EQ(fitOf(*fit, "newName"), MethodFit::renamed);
  for (const char* const name : {"parameterAdded", "resultAdded", "textAdded", "becameMessage", "fails"}) {
    EXPECT_EQ(fitOf(*fit, name), MethodFit::adapted) << name;
  }
  EXPECT_EQ(fitOf(*fit, "methodAdded"), MethodFit::onlyInModule);
}

TEST(EvolutionTest, NodesThatOneVersionAloneReachesAreNoConflict) {
  // The newer becameMessage takes a Point, and Point differs; the older one never sees a Point.
  const Manifest newer = manifestOf("evolving_newer");
  const Fit fit = compare(newer.contracts, manifestOf("evolving_struct_changed"));
  EXPECT_EQ(fitOf(fit, "structGrown"), MethodFit::mismatched);
  EXPECT_EQ(fitOf(fit, "becameMessage"), MethodFit::adapted);
}

// A struct that holds itself is an ordinary thing.
TEST(EvolutionTest, CyclesOfTypesEnd) {
  const Manifest scene = manifestOf("renderer");
  const auto fit = checkAgainst(scene, edited(scene.contracts[0], [](auto manifest) { manifest.setContract("else"); }));
  ASSERT_TRUE(fit) << fit.error().message();
  EXPECT_EQ(fitOf(*fit, "render"), MethodFit::same);
}

// capnp's loader would recurse for ever while it describes this node.
TEST(EvolutionTest, Threat36MalformedTextOfANodeIsAnError) {
  const Manifest app = manifestOf("evolving_older");
  Contract module = app.contracts[0];
  for (const std::string_view name : {"evolving.capnp:Point", "structGrown$Params"}) {
    const std::size_t at = bytesOf(module).find(name);
    ASSERT_NE(at, std::string_view::npos);
    auto* const bytes = reinterpret_cast<char*>(module.message.data());
    char* const end = std::find(bytes + at, bytes + bytesOf(module).size(), '\0');
    *end = 'x';
  }
  const auto fit = checkAgainst(app, module);
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().kind(), ErrorKind::contractMismatch);
  EXPECT_THAT(fit.error().text(), HasSubstr("the module's schema is malformed"));
}

TEST(EvolutionTest, Threat36MissingNodesAreAMismatch) {
  const Manifest app = manifestOf("evolving_older");
  const auto fit = checkAgainst(app, edited(app.contracts[0], [](auto manifest) { manifest.initNodes(0); }));
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().kind(), ErrorKind::contractMismatch);
  EXPECT_THAT(fit.error().text(), HasSubstr("carries no schema"));
}

// Signatures are for people: what counts are the nodes behind them.
TEST(EvolutionTest, Threat36SignaturesDoNotHideOtherStructs) {
  const Manifest app = manifestOf("evolving_older");
  const Contract swapped = edited(app.contracts[0], [](schema::Manifest::Builder manifest) {
    for (auto node : manifest.getNodes()) {
      if (!node.isInterface()) continue;
      auto methods = node.getInterface().getMethods();
      methods[0].setParamStructType(methods[methods.size() - 1].getParamStructType());
    }
  });
  const auto fit = checkAgainst(app, swapped);
  ASSERT_FALSE(fit);
  EXPECT_THAT(fit.error().text(), HasSubstr("its parameters are another struct"));
}

// Rebinds every generic that is bound to Text in the fields of structs; returns how many.
int rebind(schema::Manifest::Builder manifest) {
  int count = 0;
  for (auto node : manifest.getNodes()) {
    if (!node.isStruct()) continue;
    for (auto field : node.getStruct().getFields()) {
      if (!field.isSlot() || !field.getSlot().getType().isStruct()) continue;
      for (auto scope : field.getSlot().getType().getStruct().getBrand().getScopes()) {
        if (!scope.isBind()) continue;
        for (auto binding : scope.getBind()) {
          if (!binding.isType() || !binding.getType().isText()) continue;
          binding.getType().setData();
          ++count;
        }
      }
    }
  }
  return count;
}

TEST(EvolutionTest, AGenericThatIsBoundToAnotherTypeIsAMismatch) {
  const Manifest app = manifestOf("constructs");
  int count = 0;
  const Contract rebound = edited(app.contracts[0], [&](auto manifest) { count = rebind(manifest); });
  ASSERT_GT(count, 0) << "the fixture has no generic that is bound to Text";
  const auto fit = checkAgainst(app, rebound);
  ASSERT_FALSE(fit);
  EXPECT_THAT(fit.error().text(), HasSubstr("what a generic is bound to was changed"));
  EXPECT_TRUE(checkAgainst(app, edited(app.contracts[0], [](auto manifest) { manifest.setContract("else"); })));
}

TEST(EvolutionTest, Threat36NodesOfAnotherKindAreAMismatch) {
  const Manifest app = manifestOf("evolving_older");
  const Contract turned = edited(app.contracts[0], [](schema::Manifest::Builder manifest) {
    for (auto node : manifest.getNodes()) {
      const std::string_view name(node.getDisplayName().cStr());
      if (name.ends_with("Point")) node.initEnum();
    }
  });
  const auto fit = checkAgainst(app, turned);
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().method(), "Evolving.structGrown");
}

}  // namespace
}  // namespace bulkhead::manifest
