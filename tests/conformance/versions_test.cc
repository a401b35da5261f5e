// What fits together, and what is refused before any code of the module runs. (C1, C4, C6)
#include "counter.host.h"
#include "shared/manifest/elf_file.h"
#include "tests/conformance/modules.h"
#include "tests/modules/trace.h"
#include "tool.host.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace bulkhead::conformance {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class VersionsTest : public testing::EveryPlacement<> {
 protected:
  void endHost() { EveryPlacement<>::TearDown(); }
};
BULKHEAD_EVERY_PLACEMENT(VersionsTest);

TEST_P(VersionsTest, AnOlderModuleLacksTheMethodAndServesTheOthers) {
  auto module = load(modulePath("tool_older"));
  ASSERT_TRUE(module) << module.error().message();
  const auto tool = module->get<tool::host::Tool>().value();
  EXPECT_EQ(tool.twice(21).value(), 42);
  const auto missing = tool.later("x");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::unimplemented);
  EXPECT_EQ(missing.error().method(), "Tool.later");
  EXPECT_EQ(tool.twice(1).value(), 2);
  EXPECT_EQ(module->generation(), 1u);
}

TEST_P(VersionsTest, ANewerModuleMayHaveMoreMethods) {
  auto module = load(modulePath("tool_newer"));
  ASSERT_TRUE(module) << module.error().message();
  const auto tool = module->get<tool::host::Tool>().value();
  EXPECT_EQ(tool.twice(21).value(), 42);
  EXPECT_EQ(tool.later("x").value(), "later x");
}

TEST_P(VersionsTest, AMismatchIsRefusedBeforeAnyCodeOfTheModuleRuns) {
  Result<Module> refused = Error("it was not loaded");
  EXPECT_FALSE(leavesTrace([&] {
    refused = load(modulePath("tool_other"));
    endHost();
  }));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::contractMismatch);
  EXPECT_THAT(refused.error().message(), HasSubstr("Tool.twice"));
  EXPECT_THAT(refused.error().text(), HasSubstr("Int32"));
  EXPECT_THAT(refused.error().text(), HasSubstr("Text"));
  EXPECT_THAT(refused.error().text(), HasSubstr("tool_other.so"));
}

// The same source with the application's contract is loaded, and leaves its trace.
TEST_P(VersionsTest, WithoutTheMismatchItsCodeRuns) {
  EXPECT_TRUE(leavesTrace([this] {
    {
      auto module = load(modulePath("tool_tracing"));
      ASSERT_TRUE(module) << module.error().message();
      EXPECT_EQ(module->get<tool::host::Tool>().value().twice(21).value(), 42);
    }
    endHost();
  }));
}

TEST_P(VersionsTest, ImportsThatAreNotGrantedAreAMismatch) {
  const auto refused = load(modulePath("probe"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::contractMismatch);
  EXPECT_THAT(refused.error().text(), HasSubstr("ProbeHost"));
}

TEST_P(VersionsTest, MoreImportsThanAModuleWantsDoNoHarm) {
  EchoHost echo;
  ProbeImports probe;
  auto module = load(modulePath("counter"), Imports(echo, probe));
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->get<counter::host::Counter>().value().next().value(), 1u);
}

TEST_P(VersionsTest, OneModuleImplementsSeveralContracts) {
  ProbeImports imports;
  auto module = load(modulePath("probe"), imports);
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->get<probe::host::Probe>().value().add(1, 2).value(), 3);
  const auto counter = module->get<counter::host::Counter>().value();
  EXPECT_EQ(counter.version().value(), "of the probe");
  EXPECT_EQ(counter.next().value(), 1u);
}

TEST_P(VersionsTest, AnInterfaceThatAModuleLacksIsUnimplemented) {
  auto module = load(modulePath("counter"));
  ASSERT_TRUE(module) << module.error().message();
  const auto missing = module->get<tool::host::Tool>();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::unimplemented);
}

TEST_P(VersionsTest, WhatIsNoModuleIsNotLoaded) {
  const auto missing = load(modulePath("no_such_module"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), ErrorKind::notFound);
  EXPECT_THAT(missing.error().message(), HasSubstr("no_such_module"));

  const std::string path = ::testing::TempDir() + "bulkhead_not_a_module_" + std::to_string(::getpid()) + ".so";
  std::ofstream(path) << "plain text";
  const auto text = load(path);
  std::filesystem::remove(path);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind(), ErrorKind::notAModule);
  EXPECT_EQ(load(MODULE_FOLDER).error().kind(), ErrorKind::notAModule);
}

TEST_P(VersionsTest, LibrariesBesideTheModuleAreFound) {
  auto module = load(modulePath("dependent"));
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->get<counter::host::Counter>().value().version().value(), "beside the module");
}

// Two copies of the module's folder, each with its own library: neither takes the other's.
TEST_P(VersionsTest, AModuleIsLoadedFromAnyFolder) {
  const std::filesystem::path folder =
      ::testing::TempDir() + "bulkhead_moved_" + std::to_string(::getpid()) + std::string(toString(kind()));
  std::filesystem::create_directories(folder / "lib");
  for (const char* const file : {"dependent.so", "lib/libbulkhead-fixture-dependency.so"}) {
    std::filesystem::copy_file(std::filesystem::path(MODULE_FOLDER) / file, folder / file,
                               std::filesystem::copy_options::overwrite_existing);
  }
  auto module = load((folder / "dependent.so").string());
  std::filesystem::remove_all(folder);  // nothing of the original is needed once it is loaded
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->get<counter::host::Counter>().value().version().value(), "beside the module");
}

// What a module of direct types drags in: no capnp, and its C++ runtime is its own. (C1)
TEST(ModuleFileTest, AModuleOfDirectTypesNeedsNeitherCapnpNorTheCxxRuntime) {
  for (const char* const name : {"shapes", "counter", "probe"}) {
    const auto elf = manifest::readElf(modulePath(name));
    ASSERT_TRUE(elf) << elf.error().message();
    EXPECT_THAT(elf->needed, Contains(StartsWith("libbulkhead-runtime.so")));
    EXPECT_THAT(elf->needed, Each(Not(AnyOf(HasSubstr("libcapnp"), HasSubstr("libkj"))))) << name;
#ifndef IS_SANITIZED
    EXPECT_THAT(elf->needed, Each(Not(HasSubstr("libstdc++")))) << name;
#endif
  }
}

TEST(ModuleFileTest, AModuleOfStructsNeedsCapnp) {
  const auto elf = manifest::readElf(modulePath("renderer"));
  ASSERT_TRUE(elf) << elf.error().message();
  EXPECT_THAT(elf->needed, Contains(HasSubstr("libcapnp")));
}

}  // namespace
}  // namespace bulkhead::conformance
