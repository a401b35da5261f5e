#include "shared/manifest/manifest.h"

#include "tests/unit/manifest/manifest_builder.h"
#include "tests/unit/manifest/scratch_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace bulkhead::manifest {
namespace {

using namespace bulkhead::testing;  // NOLINT: the builders
using ::testing::HasSubstr;

class ManifestTest : public ::testing::Test {
 protected:
  Result<Manifest> read(const ElfBuilder& elf) { return readManifest(folder_.write("codec.so", elf.build())); }
  static ElfBuilder withNote(const Bytes& description) {
    ElfBuilder elf;
    elf.notes = {{"BULKHEAD", 1, description}};
    return elf;
  }
  void expectRefused(const ElfBuilder& elf, const std::string& reason) {
    const Result<Manifest> result = read(elf);
    ASSERT_FALSE(result) << "expected: " << reason;
    EXPECT_EQ(result.error().kind(), ErrorKind::notAModule);
    EXPECT_THAT(result.error().text(), HasSubstr(reason));
    EXPECT_THAT(result.error().text(), HasSubstr("codec.so"));
  }
  void expectRefused(const ContractSpec& contract, const std::string& reason) {
    expectRefused(moduleFile(contract), reason);
  }

  ScratchFolder folder_;
};

Bytes text(const std::string& value) {
  const auto bytes = std::as_bytes(std::span<const char>(value));
  return {bytes.begin(), bytes.end()};
}

TEST_F(ManifestTest, ReadsContractsAndBuild) {
  ElfBuilder elf = moduleFile();
  elf.notes.push_back({"GNU", 1, Bytes(8)});  // somebody else's type 1
  elf.notes.push_back({"BULKHEAD", 2, text("abi=1\ncompiler=gcc 12\nnonsense\nsanitizers=\n")});
  elf.notes.push_back({"BULKHEAD", 77, Bytes(8)});  // of a later version
  elf.notes.push_back({"BULKHEAD", 1, contractNote(manifestMessage({"log", {{5, "LogHost", true, {}}}}))});
  const Result<Manifest> manifest = read(elf);
  ASSERT_TRUE(manifest) << manifest.error().message();
  ASSERT_EQ(manifest->contracts.size(), 2u);
  EXPECT_EQ(manifest->contracts[0].name, "calc");
  const Interface* calc = manifest->find(0xca1cca1cca1cca1cu);
  ASSERT_NE(calc, nullptr);
  EXPECT_EQ(calc->role, Role::exports);
  ASSERT_EQ(calc->methods.size(), 2u);
  EXPECT_EQ(calc->methods[0].cSignature, "(i32, i32) -> (i32)");
  EXPECT_EQ(calc->methods[1].name, "greet");
  ASSERT_NE(manifest->find(5), nullptr);
  EXPECT_EQ(manifest->find(5)->role, Role::imports);
  EXPECT_EQ(manifest->find(6), nullptr);
  const std::vector<std::pair<std::string, std::string>> build = {
      {"abi", "1"}, {"compiler", "gcc 12"}, {"sanitizers", ""}};
  EXPECT_EQ(manifest->build, build);
}

TEST_F(ManifestTest, FileWithoutManifestSaysHowToGetOne) {
  expectRefused(ElfBuilder(), "no Bulkhead manifest: it was not built with bulkhead_add_module");
}

TEST_F(ManifestTest, NewerFormatIsNamed) {
  expectRefused(withNote(contractNote(manifestMessage(calcContract()), 2)), "manifest of format 2");
}

TEST_F(ManifestTest, MalformedMessagesAreRefused) {
  expectRefused(withNote({}), "a note is too short");
  expectRefused(withNote(contractNote({})), "size makes no sense");
  expectRefused(withNote(contractNote(Bytes(13))), "size makes no sense");
  expectRefused(withNote(contractNote(Bytes(64, std::byte{0xff}))), "corrupt manifest");
  Bytes cut = manifestMessage(calcContract());
  cut.resize(cut.size() - 16);
  expectRefused(withNote(contractNote(cut)), "corrupt manifest");
  Bytes longer = manifestMessage(calcContract());
  longer.resize(longer.size() + 8);
  expectRefused(withNote(contractNote(longer)), "bytes follow its message");
}

TEST_F(ManifestTest, LimitsHold) {
  expectRefused(ContractSpec{"calc", {}}, "one interface at least");
  ContractSpec crowd{"calc", {}};
  for (std::uint64_t id = 1; id <= kMaxInterfaces; ++id) crowd.interfaces.push_back({id, "A", false, {}});
  EXPECT_TRUE(read(moduleFile(crowd)));
  crowd.interfaces.push_back({kMaxInterfaces + 1, "A", false, {}});
  expectRefused(crowd, "256 at most");
  crowd.interfaces.pop_back();
  const ContractSpec oneMore{"more", {{kMaxInterfaces + 1, "A", false, {}}}};
  ElfBuilder crowded = moduleFile(crowd);
  crowded.notes.push_back({"BULKHEAD", 1, contractNote(manifestMessage(oneMore))});
  expectRefused(crowded, "too many interfaces");
  expectRefused(ContractSpec{"calc", {{1, "A", false, {}}, {1, "A", true, {}}}}, "declared twice");
  expectRefused(ContractSpec{std::string(5000, 'x'), {{1, "A", false, {}}}}, "is too long");
  expectRefused(ContractSpec{"calc", {{1, "A\x1b[2J", false, {}}}}, "control characters");
  expectRefused(ContractSpec{"calc", {{1, "A", false, std::vector<MethodSpec>(4097)}}}, "too many methods");
  const ContractSpec half{"calc", {{1, "A", false, std::vector<MethodSpec>(4096)}}};
  EXPECT_TRUE(read(moduleFile(half)));
  ElfBuilder two = moduleFile(half);
  two.notes.push_back({"BULKHEAD", 1, contractNote(manifestMessage({"b", {{2, "B", false, {MethodSpec{}}}}}))});
  expectRefused(two, "too many methods");
  ElfBuilder many;
  for (std::uint64_t n = 0; n < 65; ++n) {
    many.notes.push_back({"BULKHEAD", 1, contractNote(manifestMessage({"c", {{n + 1, "C", false, {}}}}))});
  }
  expectRefused(many, "too many contracts");
}

TEST_F(ManifestTest, UnknownRoleIsRefused) {
  capnp::MallocMessageBuilder message;
  auto interfaces = message.initRoot<schema::Manifest>().initInterfaces(1);
  interfaces[0].setName("A");
  interfaces[0].setRole(static_cast<schema::Role>(9));
  expectRefused(withNote(contractNote(toBytes(message))), "role of interface A is unknown");
}

// One text of 4,000 bytes that 200 methods point to: read in full, the message would be larger than itself.
TEST_F(ManifestTest, PointersThatOverlapRunOutOfBudget) {
  constexpr std::size_t kMethods = 200;
  constexpr std::size_t kWordsPerMethod = 4;  // one of data, three pointers
  const std::string signature(4000, 's');
  capnp::MallocMessageBuilder builder(1 << 16);
  auto methods = builder.initRoot<schema::Manifest>().initInterfaces(1)[0].initMethods(kMethods);
  methods[0].setSignature(signature);
  Bytes message = toBytes(builder);
  ASSERT_TRUE(decodeContract(message, "x"));

  const auto at = [&](std::size_t word) { return ElfBuilder::get<std::uint64_t>(message, word * 8); };
  const std::uint64_t listOfBytes = ((signature.size() + 1) << 3) | 2;
  std::size_t pointer = 1;
  while ((at(pointer) & 3) != 1 || (at(pointer) >> 32) != listOfBytes) ++pointer;
  for (std::size_t n = 1; n < kMethods; ++n) {
    const std::size_t distance = n * kWordsPerMethod;
    ElfBuilder::put(message, (pointer + distance) * 8, at(pointer) - (distance << 2));
  }
  const Result<Contract> decoded = decodeContract(message, "x");
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().kind(), ErrorKind::notAModule);
}

TEST_F(ManifestTest, DecodesAtAnyAlignment) {
  const Bytes message = manifestMessage(calcContract());
  for (std::size_t shift = 0; shift < 8; ++shift) {
    Bytes shifted(shift);
    shifted.insert(shifted.end(), message.begin(), message.end());
    EXPECT_TRUE(decodeContract(std::span(shifted).subspan(shift), "x"));
  }
}

TEST_F(ManifestTest, RandomDamageIsAnErrorOrAManifestWithinLimits) {
  const Bytes good = manifestMessage(calcContract());
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    Bytes bad = good;
    for (int n = 0; n < 4; ++n) bad[random() % bad.size()] = static_cast<std::byte>(random());
    const Result<Contract> decoded = decodeContract(bad, "x");
    if (decoded) {
      EXPECT_LE(decoded->interfaces.size(), kMaxInterfaces);
    } else {
      EXPECT_EQ(decoded.error().kind(), ErrorKind::notAModule);
    }
  }
}

}  // namespace
}  // namespace bulkhead::manifest
