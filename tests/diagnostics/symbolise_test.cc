// Addresses inside modules become functions, files and lines, in both placements, after as many reloads as you like.
// (I8)
#include "tests/diagnostics/fixture.h"

#include <bulkhead/testing.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::diagnostics {
namespace {

namespace fs = std::filesystem;

class SymboliseTest : public testing::EveryPlacement<traced::host::Traced> {
 protected:
  std::string modulePath() const override { return TRACED_MODULE; }
};
BULKHEAD_EVERY_PLACEMENT(SymboliseTest);

std::vector<std::uint64_t> offsetsOf(const traced::WhereResult& where) {
  std::vector<std::uint64_t> offsets;
  for (const std::uint64_t address : where.addresses) offsets.push_back(address - where.base);
  return offsets;
}

void expectTrace(const std::vector<StackFrame>& stack, std::uint32_t line, const std::string& object) {
  expectInModule(stack, "traced::(anonymous namespace)::innermost", line, object);
  expectInModule(stack, "traced::(anonymous namespace)::inlined", 0, object);
  expectInModule(stack, "traced::(anonymous namespace)::outer", 0, object);
}

TEST_P(SymboliseTest, TheFileAndTheOffsetsAreEnoughWhereverTheModuleRuns) {
  for (int cycle = 0; cycle <= 10; ++cycle) {
    auto module = load(TRACED_MODULE);
    ASSERT_TRUE(module) << module.error().message();
    const auto where = module->get<traced::host::Traced>().value().where();
    ASSERT_TRUE(where) << where.error().message();
    ASSERT_FALSE(where->addresses.empty());
    const auto unloaded = module->unload();
    ASSERT_TRUE(unloaded) << unloaded.error().message();
    expectTrace(symbolise(TRACED_MODULE, offsetsOf(*where)), where->line, TRACED_MODULE);
  }
}

TEST_P(SymboliseTest, AnInlinedFunctionHasAFrameOfItsOwn) {
  const auto where = subject().where().value();
  const auto stack = symbolise(TRACED_MODULE, offsetsOf(where));
  const StackFrame* const inlined = findFunction(stack, "::inlined");
  ASSERT_NE(inlined, nullptr) << toString(stack);
  EXPECT_TRUE(inlined->isInlined);
  const StackFrame* const outer = findFunction(stack, "::outer");
  ASSERT_EQ(outer, inlined + 1) << toString(stack);
  EXPECT_FALSE(outer->isInlined);
  EXPECT_EQ(outer->offset, inlined->offset);
  EXPECT_GT(outer->line, inlined->line);
}

class InProcess : public ::testing::Test {
 protected:
  struct Trace {
    traced::WhereResult where;
    std::vector<StackFrame> loaded;
    std::vector<StackFrame> gone;
  };
  // Loads, asks and unloads.
  std::optional<Trace> trace(const std::string& file) {
    auto module = host_.load(file, Placement::inProcess());
    EXPECT_TRUE(module) << module.error().message();
    if (!module) return std::nullopt;
    Trace trace;
    trace.where = module->get<traced::host::Traced>().value().where().value();
    std::vector<void*> addresses;
    for (const auto address : trace.where.addresses) addresses.push_back(reinterpret_cast<void*>(address));
    trace.loaded = symbolise(addresses);
    EXPECT_TRUE(module->unload());
    trace.gone = symbolise(addresses);
    return trace;
  }

  Host host_;
};

TEST_F(InProcess, AddressesAreNamedAfterTenReloads) {
  for (int cycle = 0; cycle <= 10; ++cycle) {
    const auto seen = trace(TRACED_MODULE);
    ASSERT_TRUE(seen);
    expectTrace(seen->loaded, seen->where.line, TRACED_MODULE);
    EXPECT_NE(findFunction(seen->loaded, "AddressesAreNamedAfterTenReloads"), nullptr) << "the host is in the stack";
  }
}

TEST_F(InProcess, OfAModuleThatIsGoneOnlyTheAddressIsKnown) {
  const auto seen = trace(TRACED_MODULE);
  ASSERT_TRUE(seen);
  EXPECT_EQ(findFunction(seen->gone, "innermost"), nullptr) << toString(seen->gone);
  EXPECT_EQ(seen->gone.front().address, seen->where.addresses.front());
}

TEST_F(InProcess, WithoutDebugInformationNoLinesButNoHarm) {
  const auto seen = trace(STRIPPED_MODULE);
  ASSERT_TRUE(seen);
  EXPECT_EQ(findFunction(seen->loaded, "innermost"), nullptr) << toString(seen->loaded);
  const std::uint64_t first = seen->where.addresses.front() - seen->where.base;
  EXPECT_EQ(seen->loaded.front().object, STRIPPED_MODULE);
  EXPECT_EQ(seen->loaded.front().offset, first);
  EXPECT_TRUE(seen->loaded.front().file.empty());
}

// .gnu_debuglink is looked for beside the module, not beside the copy that is loaded.
TEST_F(InProcess, DebugInformationMayBeInAFileBesideTheModule) {
  const auto seen = trace(SPLIT_MODULE);
  ASSERT_TRUE(seen);
  expectTrace(seen->loaded, seen->where.line, SPLIT_MODULE);
}

TEST(CurrentStack, BeginsWithItsCaller) {
  const auto stack = symbolise(currentStack());
  ASSERT_FALSE(stack.empty());
  EXPECT_THAT(stack.front().function, ::testing::HasSubstr("BeginsWithItsCaller")) << toString(stack);
  EXPECT_NE(findFunction(stack, "main"), nullptr) << toString(stack);
}

TEST(Symbolise, AddressesInNoFileAreLeftAsTheyAre) {
  int local = 0;
  for (void* const address :
       {static_cast<void*>(nullptr), static_cast<void*>(&local), reinterpret_cast<void*>(~std::uintptr_t{0})}) {
    const std::vector<void*> one{address};
    const auto stack = symbolise(one);
    ASSERT_EQ(stack.size(), 1u);
    EXPECT_EQ(stack.front().address, reinterpret_cast<std::uintptr_t>(address));
    EXPECT_TRUE(stack.front().object.empty());
    EXPECT_THAT(toString(stack.front()), ::testing::StartsWith("? (0x"));
  }
}

TEST(Symbolise, TextsArePrintable) {
  StackFrame frame;
  frame.function = "bad\x1b[31m\xff";
  frame.object = "/a/codec.so";
  frame.offset = 0x1a2b;
  EXPECT_EQ(toString(frame), "bad\xEF\xBF\xBD[31m\xEF\xBF\xBD (codec.so+0x1a2b)");
}

// Whatever is found at a path.
class OddFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("symbolise." + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void expectNothing(const fs::path& file) {
    const std::vector<std::uint64_t> offsets{1, 0x1000, ~std::uint64_t{0}};
    const auto stack = symbolise(file.string(), offsets);
    ASSERT_GE(stack.size(), offsets.size());
    for (const StackFrame& frame : stack) EXPECT_TRUE(frame.file.empty()) << toString(frame);
  }
  fs::path write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return folder_ / name;
  }

  fs::path folder_;
};

TEST_F(OddFiles, AreNoHarm) {
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  for (const fs::path& file :
       {folder_ / "missing", folder_, folder_ / "fifo", write("empty", ""), write("text", "not an ELF file"),
        write("magic",
              "\x7f"
              "ELF")}) {
    SCOPED_TRACE(file);
    expectNothing(file);
  }
}

TEST_F(OddFiles, ATruncatedModuleIsNoHarm) {
  std::ifstream original(TRACED_MODULE, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(original), {}};
  ASSERT_GT(whole.size(), 1000u);
  const std::vector<std::uint64_t> offsets{1, 0x1000, 0x2000, whole.size() / 2, ~std::uint64_t{0}};
  for (std::size_t part = 1; part < 24; ++part) {
    const fs::path file = write("part", whole.substr(0, whole.size() * part / 24));
    EXPECT_GE(symbolise(file.string(), offsets).size(), offsets.size());
  }
}

}  // namespace
}  // namespace bulkhead::diagnostics
