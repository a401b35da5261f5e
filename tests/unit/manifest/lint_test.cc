// T1, I6: what the lint says of module files, each with one thing wrong.
#include "shared/manifest/lint.h"

#include "shared/manifest/acquiring.h"
#include "shared/manifest/ancestors.h"
#include "tests/unit/manifest/elf_builder.h"
#include "tests/unit/manifest/manifest_builder.h"
#include "tests/unit/manifest/scratch_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

namespace bulkhead::manifest {
namespace {

using bulkhead::testing::Bytes;
using bulkhead::testing::ElfBuilder;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::StartsWith;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

std::string lineOf(const Finding& finding) {
  return std::string(toString(finding.severity)) + ": " + finding.what + "; " + finding.remedy + " [" +
         std::string(finding.id) + "]";
}

class LintTest : public ::testing::Test {
 protected:
  static std::vector<Finding> lintFile(const std::string& path) {
    const posix::UniqueFd fd = openForReading(path).value();
    const auto elf = readElf(fd.get(), "codec.so").value();
    std::vector<Finding> findings = lint(elf, readSymbols(fd.get(), "codec.so").value(), readManifest(elf, "codec.so"));
    for (const Finding& finding : findings) {
      EXPECT_THAT(kFindingIds, Contains(finding.id)) << "an id that builds cannot allow";
    }
    return findings;
  }
  std::vector<std::string> idsOf(const ElfBuilder& elf) {
    return ids(lintFile(folder_.write("codec.so", elf.build())));
  }
  static std::vector<std::string> ids(const std::vector<Finding>& findings) {
    std::vector<std::string> result;
    for (const Finding& finding : findings) result.emplace_back(finding.id);
    return result;
  }
  // Of a fixture module, without what its flags say of its ledger.
  static std::vector<std::string> linesOf(const std::string& module) {
    std::vector<std::string> result;
    for (const Finding& finding : lintFile(std::string(MODULE_FOLDER) + "/" + module + ".so")) {
      if (!finding.id.starts_with("ledger-")) result.push_back(lineOf(finding));
    }
    return result;
  }
  // A module with all hooks, in which nothing is to be found.
  static ElfBuilder sound(const std::string& build = "runtime=static\nsanitizers=\n") {
    ElfBuilder elf = bulkhead::testing::moduleFile();
    const auto* start = reinterpret_cast<const std::byte*>(build.data());
    elf.notes.push_back({"BULKHEAD", kBuildNote, {start, start + build.size()}});
    elf.texts = {{DT_NEEDED, "libc.so.6"}, {DT_NEEDED, "libbulkhead-runtime.so.1"}};
    elf.definedSymbols = {{"bulkhead_module_entry", STB_GLOBAL}};
    elf.undefinedSymbols = {"bulkhead_heap_malloc", "bulkhead_ledger_add", "malloc", "free"};
    return elf;
  }

  bulkhead::testing::ScratchFolder folder_;
};

TEST_F(LintTest, NothingIsFoundInASoundModule) { EXPECT_THAT(idsOf(sound()), IsEmpty()); }

TEST_F(LintTest, WhatIsNoModuleIsAnError) {
  EXPECT_THAT(idsOf(ElfBuilder()), IsSupersetOf({"manifest-missing", "entry-missing"}));
  ElfBuilder elf = sound();
  elf.definedSymbols.clear();
  EXPECT_THAT(idsOf(elf), ElementsAre("entry-missing"));
  elf = sound();
  elf.notes[0].description.resize(16);
  EXPECT_THAT(idsOf(elf), ElementsAre("manifest-corrupt"));
}

TEST_F(LintTest, UniqueSymbolsAreNamedAndCounted) {
  ElfBuilder elf = sound();
  for (const char* name : {"_ZN1a1bE", "_ZN1a1cE", "plain", "fourth"})
    elf.definedSymbols.push_back({name, STB_GNU_UNIQUE});
  const auto findings = lintFile(folder_.write("codec.so", elf.build()));
  ASSERT_THAT(ids(findings), ElementsAre("unload-unique"));
  EXPECT_EQ(
      lineOf(findings[0]),
      "error: 4 STB_GNU_UNIQUE symbols pin it in memory for ever, and a next version would share them: a::b, a::c, "
      "plain and 1 more; link with bulkhead_add_module's version script, compile with -fno-gnu-unique (g++) "
      "[unload-unique]");
}

TEST_F(LintTest, FlagsOfTheDynamicSectionAreFound) {
  ElfBuilder elf = sound();
  elf.numbers = {{DT_FLAGS, DF_STATIC_TLS}, {DT_FLAGS_1, DF_1_NODELETE}};
  EXPECT_THAT(idsOf(elf), ElementsAre("unload-nodelete", "unload-static-tls")) << "errors first";
}

TEST_F(LintTest, ThreadExitDestructorsAreFoundUnlessTheHooksCatchThem) {
  ElfBuilder elf = sound();
  elf.undefinedSymbols.push_back("__cxa_thread_atexit_impl");
  EXPECT_THAT(idsOf(elf), IsEmpty());
  elf.undefinedSymbols = {"__cxa_thread_atexit_impl"};
  EXPECT_THAT(idsOf(elf), ElementsAre("unload-thread-exit", "ledger-none"));
}

TEST_F(LintTest, UnwrappedAcquisitionsAreFound) {
  ElfBuilder elf = sound();
  elf.undefinedSymbols = {"bulkhead_ledger_add", "malloc"};
  EXPECT_THAT(idsOf(elf), ElementsAre("ledger-heap"));
  elf = sound();
  elf.undefinedSymbols.push_back("perf_event_open");
  elf.undefinedSymbols.push_back("open_by_handle_at");
  const auto findings = lintFile(folder_.write("codec.so", elf.build()));
  ASSERT_THAT(ids(findings), ElementsAre("ledger-unwrapped"));
  EXPECT_THAT(findings[0].what, HasSubstr("perf_event_open, open_by_handle_at"));
  elf.undefinedSymbols = {"malloc"};
  EXPECT_THAT(idsOf(elf), ElementsAre("ledger-none")) << "one cause, one finding";
  elf = sound("runtime=static\nledger=full\n");
  elf.undefinedSymbols.clear();
  EXPECT_THAT(idsOf(elf), IsEmpty()) << "hooks that it does not use are left out";
  EXPECT_THAT(idsOf(sound("runtime=static\nledger=none\n")), ElementsAre("ledger-none"));
}

TEST_F(LintTest, SmallerLedgersAreNoted) {
  for (const char* build : {"runtime=shared\nsanitizers=\n", "runtime=static\nsanitizers=address\n"}) {
    ElfBuilder elf = sound(build);
    elf.undefinedSymbols = {"bulkhead_ledger_add", "malloc"};
    const auto findings = lintFile(folder_.write("codec.so", elf.build()));
    ASSERT_THAT(ids(findings), ElementsAre("ledger-smaller")) << build;
    EXPECT_EQ(findings[0].severity, Severity::note);
    EXPECT_THAT(findings[0].what, HasSubstr("smaller ledger: "));
  }
}

TEST_F(LintTest, LibrariesAreToldApart) {
  ElfBuilder elf = sound();
  elf.texts.emplace_back(DT_NEEDED, "libcapnp-0.9.2.so");
  EXPECT_THAT(idsOf(elf), ElementsAre("foreign-libraries"));
  elf = sound();
  elf.texts.emplace_back(DT_NEEDED, "libstdc++.so.6");
  EXPECT_THAT(idsOf(elf), ElementsAre("runtime-mixed"));
  EXPECT_THAT(idsOf(sound("compiler=x\n")), ElementsAre("runtime-unknown"));
}

TEST_F(LintTest, FlavourIsWhatTheFlagsSayOrTheFileShows) {
  ElfFile file;
  Manifest manifest;
  EXPECT_EQ(runtimeOf(file, manifest), RuntimeFlavour::unknown);
  file.needed = {"libc++.so.1"};
  EXPECT_EQ(runtimeOf(file, manifest), RuntimeFlavour::sharedRuntime);
  manifest.build = {{"runtime", "static"}};
  EXPECT_EQ(runtimeOf(file, manifest), RuntimeFlavour::staticRuntime);
}

TEST_F(LintTest, FileWithoutSectionsHidesItsSymbols) {
  Bytes file = sound().build();
  ElfBuilder::edit<Elf64_Ehdr>(file, 0, [](Elf64_Ehdr& header) { header.e_shoff = 0; });
  EXPECT_THAT(ids(lintFile(folder_.write("codec.so", file))), ElementsAre("symbols-hidden"));
}

TEST_F(LintTest, RandomDamageNeverCrashes) {
  ElfBuilder elf = sound();
  elf.definedSymbols.push_back({"_ZN4deepIPFiiEE", STB_GNU_UNIQUE});
  const Bytes good = elf.build();
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    Bytes bad = good;
    for (int n = 0; n < 6; ++n) bad[random() % bad.size()] = static_cast<std::byte>(random());
    const posix::UniqueFd fd = openForReading(folder_.write("bad.so", bad)).value();
    const auto file = readElf(fd.get(), "bad.so");
    const auto symbols = readSymbols(fd.get(), "bad.so");
    if (file && symbols) static_cast<void>(lint(*file, *symbols, readManifest(*file, "bad.so")));
  }
}

TEST_F(LintTest, GoldenTextOfModulesThatAreIll) {
  EXPECT_THAT(linesOf("ill_nodelete"),
              Contains("error: it is marked NODELETE: dlclose leaves it in memory; link without -z nodelete "
                       "[unload-nodelete]"));
  EXPECT_THAT(
      linesOf("ill_static_tls"),
      Contains("warning: it uses initial-exec thread-local storage (STATIC_TLS): after some dozen loads side by "
               "side there is no room for another; compile without -ftls-model=initial-exec and tls_model "
               "attributes [unload-static-tls]"));
  // How much of the standard library comes along differs between compilers.
  const std::string unique = linesOf("ill_unique").at(0);
  EXPECT_THAT(unique, StartsWith("error: "));
  EXPECT_THAT(unique, HasSubstr("STB_GNU_UNIQUE symbol"));
  EXPECT_THAT(unique, ::testing::AnyOf(HasSubstr("ill::Shared<int>::count"), HasSubstr("illUnique")));
  const std::string exports = linesOf("ill_exports").at(0);
  EXPECT_THAT(exports, StartsWith("warning: it exports "));
  EXPECT_THAT(exports, HasSubstr(" besides its entry, which others may bind to and so pin it: "));
}

TEST_F(LintTest, ExportsAreNamedAndCounted) {
  ElfBuilder elf = sound();
  elf.definedSymbols.push_back({"_ZN3ill7visibleEi", STB_GLOBAL});
  const auto findings = lintFile(folder_.write("codec.so", elf.build()));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(lineOf(findings[0]),
            "warning: it exports 1 symbol besides its entry, which others may bind to and so pin it: "
            "ill::visible(int); link with bulkhead_add_module's version script [exports]");
}

TEST_F(LintTest, ModuleOnTheSharedRuntimeSaysSo) {
  const auto findings = lintFile(MODULE_FOLDER "/ill_shared_runtime.so");
  EXPECT_THAT(ids(findings), Contains("ledger-smaller"));
  EXPECT_TRUE(std::all_of(findings.begin(), findings.end(),
                          [](const Finding& finding) { return finding.severity == Severity::note; }));
}

TEST_F(LintTest, ModulesBuiltAsTheyShouldBeHaveNoErrors) {
  for (const char* module : {"counter", "renderer", "constructs"}) {
    EXPECT_THAT(linesOf(module), Not(Contains(HasSubstr("error: ")))) << module;
    if (kSanitized) continue;  // sanitizers export symbols of their own
    EXPECT_THAT(linesOf(module), Not(Contains(HasSubstr("warning: ")))) << module;
  }
}

TEST(AcquiringTest, WhatAHookWrapsIsSeenAndTheRestOfLibcIsNot) {
  EXPECT_TRUE(isUnseenByHooks("open_by_handle_at"));
  EXPECT_FALSE(isUnseenByHooks("strlen"));
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(HOOKS_FOLDER)) {
    if (file.path().extension() != ".wraps") continue;
    std::ifstream wraps(file.path());
    for (std::string line; std::getline(wraps, line); ++count) {
      constexpr std::string_view kOption = "--wrap=";
      ASSERT_TRUE(line.starts_with(kOption)) << file.path() << ": " << line;
      EXPECT_FALSE(isUnseenByHooks(line.substr(kOption.size()))) << line;
    }
  }
  EXPECT_GT(count, 0u);
}

TEST(AncestorsTest, PartsOfAContractKnowWhereTheyComeFrom) {
  const auto manifest = readManifest(std::string(MODULE_FOLDER) + "/lineage_middle.so").value();
  const auto ancestors = ancestorsOf(manifest.contracts.at(0));
  ASSERT_EQ(ancestors.size(), manifest.contracts[0].interfaces.size());
  EXPECT_EQ(ancestors[0], "");
  EXPECT_THAT(ancestors, Contains("Ancestor"));
}

TEST(AncestorsTest, WithoutSchemaNodesTheyAreUnknown) {
  bulkhead::testing::ContractSpec spec = bulkhead::testing::calcContract();
  spec.interfaces.push_back({7, "Calc", false, {}});
  const auto contract = decodeContract(bulkhead::testing::manifestMessage(spec), "x").value();
  EXPECT_THAT(ancestorsOf(contract), ElementsAre("", "?"));
}

}  // namespace
}  // namespace bulkhead::manifest
