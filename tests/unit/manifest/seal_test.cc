// C6: what happens to a file between its build and its load is noticed; what an installation does to it is not damage.
#include "shared/manifest/seal.h"

#include "shared/manifest/manifest.h"
#include "tests/unit/manifest/elf_builder.h"
#include "tests/unit/manifest/manifest_builder.h"
#include "tests/unit/manifest/scratch_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <utility>
#include <vector>

namespace bulkhead::manifest {
namespace {

using bulkhead::testing::Bytes;
using bulkhead::testing::ElfBuilder;
using ::testing::HasSubstr;

Bytes bytesOf(std::string_view text) {
  const auto* start = reinterpret_cast<const std::byte*>(text.data());
  return {start, start + text.size()};
}

// A module file with room for a seal, a run path and a symbol.
ElfBuilder sealable() {
  ElfBuilder elf = bulkhead::testing::moduleFile();
  elf.notes.push_back({"BULKHEAD", kBuildNote, bytesOf("abi=1\nruntime=static\nseal=1\n")});
  elf.notes.push_back({"BULKHEAD", kSealNote, Bytes(24)});
  elf.texts = {{DT_NEEDED, "libone.so"}, {DT_RUNPATH, "/build/lib:::::::"}, {DT_SONAME, "calc.so"}};
  elf.definedSymbols = {{"bulkhead_module_entry", STB_GLOBAL}};
  return elf;
}

class SealTest : public ::testing::Test {
 protected:
  ~SealTest() override { ::close(fd_); }

  void fill(const Bytes& bytes) const {
    ASSERT_EQ(::ftruncate(fd_, 0), 0);
    ASSERT_EQ(::pwrite(fd_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  Bytes content() const {
    Bytes bytes(static_cast<std::size_t>(::lseek(fd_, 0, SEEK_END)));
    EXPECT_EQ(::pread(fd_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    return bytes;
  }
  void seal() const {
    const auto elf = readElf(fd_, "calc.so");
    ASSERT_TRUE(elf) << elf.error().message();
    const auto sealed = writeSeal(fd_, *elf, "calc.so");
    ASSERT_TRUE(sealed) << sealed.error().message();
  }
  // As a load looks at it: the file, the seal, the manifest.
  static Result<SealState> check(int fd) {
    const auto elf = readElf(fd, "calc.so");
    if (!elf) return elf.error();
    auto state = checkSeal(fd, *elf, "calc.so");
    if (!state) return state;
    const auto manifest = readManifest(*elf, "calc.so");
    if (!manifest) return manifest.error();
    return state;
  }
  Result<SealState> check() const { return check(fd_); }
  void setByte(std::size_t at, std::byte value) const {
    ASSERT_EQ(::pwrite(fd_, &value, 1, static_cast<off_t>(at)), 1);
  }

  // A copy of a module as it was built, in the scratch folder.
  std::string copyOfModule() const {
    std::filesystem::copy_file(std::string(MODULE_FOLDER) + "/counter.so", folder_.at("counter.so"),
                               std::filesystem::copy_options::overwrite_existing);
    return folder_.at("counter.so");
  }
  static Result<SealState> checkFile(const std::string& path) {
    const posix::UniqueFd fd = openForReading(path).value();
    return check(fd.get());
  }

  bulkhead::testing::ScratchFolder folder_;
  int fd_ = ::memfd_create("calc.so", MFD_CLOEXEC);
};

TEST_F(SealTest, FileThatWasNeverSealedIsUnsealed) {
  fill(sealable().build());
  EXPECT_EQ(check().value(), SealState::unsealed);
  fill(bulkhead::testing::moduleFile().build());
  EXPECT_EQ(check().value(), SealState::unsealed);
}

TEST_F(SealTest, SealedFileIsIntactAndMayBeSealedAgain) {
  fill(sealable().build());
  seal();
  const Bytes once = content();
  EXPECT_EQ(check().value(), SealState::intact);
  seal();
  EXPECT_EQ(content(), once);
}

TEST_F(SealTest, FileWithoutRoomForASealIsNotSealed) {
  fill(bulkhead::testing::moduleFile().build());
  const auto sealed = writeSeal(fd_, readElf(fd_, "calc.so").value(), "calc.so");
  ASSERT_FALSE(sealed);
  EXPECT_THAT(sealed.error().text(), HasSubstr("no room for a seal"));
}

// What the seal leaves out, since nothing that loads the file looks at it, or an installation changes it.
class LeftOut {
 public:
  explicit LeftOut(const Bytes& file, const std::string& rpath) {
    add(offsetof(Elf64_Ehdr, e_shoff), sizeof(Elf64_Off));
    add(offsetof(Elf64_Ehdr, e_shentsize), sizeof(Elf64_Ehdr) - offsetof(Elf64_Ehdr, e_shentsize));
    add(std::string_view(reinterpret_cast<const char*>(file.data()), file.size()).find(rpath), rpath.size());
    const auto header = ElfBuilder::get<Elf64_Ehdr>(file, 0);
    for (std::size_t n = 0; n < header.e_phnum; ++n) {
      const auto segment = ElfBuilder::get<Elf64_Phdr>(file, header.e_phoff + n * sizeof(Elf64_Phdr));
      if (segment.p_type == PT_LOAD && segment.p_filesz > 0) loaded_.push_back(segment);
      if (segment.p_type != PT_DYNAMIC) continue;
      std::size_t end = segment.p_offset;  // behind its DT_NULL there is nothing
      while (ElfBuilder::get<Elf64_Dyn>(file, end).d_tag != DT_NULL) end += sizeof(Elf64_Dyn);
      end += sizeof(Elf64_Sxword);
      add(end, segment.p_offset + segment.p_filesz - end);
    }
  }
  bool holds(std::size_t at) const {
    return std::any_of(ranges_.begin(), ranges_.end(),
                       [&](const auto& range) { return at >= range.first && at < range.first + range.second; });
  }
  const std::vector<Elf64_Phdr>& loaded() const { return loaded_; }

 private:
  void add(std::size_t offset, std::size_t size) { ranges_.emplace_back(offset, size); }
  std::vector<std::pair<std::size_t, std::size_t>> ranges_;
  std::vector<Elf64_Phdr> loaded_;
};

TEST_F(SealTest, EveryBitThatFlipsIsNoticed) {
  fill(sealable().build());
  seal();
  const Bytes good = content();
  const LeftOut leftOut(good, "/build/lib:::::::");
  for (std::size_t at = 0; at < good.size(); ++at) {
    if (leftOut.holds(at)) continue;
    for (int bit = 0; bit < 8; ++bit) {
      setByte(at, good[at] ^ static_cast<std::byte>(1 << bit));
      const auto state = check();
      ASSERT_FALSE(state) << "bit " << bit << " of byte " << at << " of " << good.size();
      EXPECT_EQ(state.error().kind(), ErrorKind::notAModule);
    }
    setByte(at, good[at]);
  }
  EXPECT_EQ(check().value(), SealState::intact);
}

TEST_F(SealTest, RandomDamageToARealModuleIsNoticed) {
  const posix::UniqueFd original = openForReading(copyOfModule()).value();
  Bytes good(std::filesystem::file_size(folder_.at("counter.so")));
  ASSERT_EQ(::pread(original.get(), good.data(), good.size(), 0), static_cast<ssize_t>(good.size()));
  fill(good);
  ASSERT_EQ(check().value(), SealState::intact) << "bulkhead_add_module seals";
  const LeftOut leftOut(good, readElf(original.get(), "counter.so").value().runpath);
  std::mt19937 random(6);
  for (std::size_t round = 0; round < 400; ++round) {
    SCOPED_TRACE(round);
    const Elf64_Phdr& segment = leftOut.loaded()[round % leftOut.loaded().size()];
    const std::size_t at = segment.p_offset + random() % segment.p_filesz;
    if (leftOut.holds(at)) continue;
    setByte(at, good[at] ^ static_cast<std::byte>(1u << random() % 8));
    const auto state = check();
    setByte(at, good[at]);
    ASSERT_FALSE(state) << "byte " << at << " of " << good.size();
    EXPECT_EQ(state.error().kind(), ErrorKind::notAModule);
  }
  EXPECT_EQ(check().value(), SealState::intact);
}

TEST_F(SealTest, DamageIsNamedWithItsRemedy) {
  fill(sealable().build());
  seal();
  Bytes bad = content();
  bad.back() ^= std::byte{1};
  fill(bad);
  const auto state = check();
  ASSERT_FALSE(state);
  EXPECT_THAT(state.error().text(), HasSubstr("calc.so was damaged since it was built"));
  EXPECT_THAT(state.error().text(), HasSubstr("copy or build it anew"));
}

TEST_F(SealTest, StrippedModuleIsIntact) {
  if (std::string_view(STRIP_PROGRAM).empty()) GTEST_SKIP() << "no strip program was found when this was configured";
  const std::string path = copyOfModule();
  for (const std::string option : {"--strip-debug ", "--strip-unneeded ", "--strip-all "}) {
    ASSERT_EQ(std::system((STRIP_PROGRAM " " + option + path).c_str()), 0);
    const auto state = checkFile(path);
    ASSERT_TRUE(state) << option << state.error().message();
    EXPECT_EQ(*state, SealState::intact);
  }
}

TEST_F(SealTest, RunPathOfAnInstallationIsNoDamage) {
  const std::string path = copyOfModule();
  const std::string old = readElf(path).value().runpath;
  ASSERT_FALSE(old.empty());
  const std::string script = " -P " SCRIPTS "/rpath.cmake";
  ASSERT_EQ(std::system((CMAKE_PROGRAM " -DFILE=" + path + " -DOLD=" + old + " -DNEW=/x" + script).c_str()), 0);
  EXPECT_EQ(readElf(path).value().runpath, "/x");
  EXPECT_EQ(checkFile(path).value(), SealState::intact);
  ASSERT_EQ(std::system((CMAKE_PROGRAM " -DFILE=" + path + script).c_str()), 0);
  EXPECT_EQ(readElf(path).value().runpath, "");
  EXPECT_EQ(checkFile(path).value(), SealState::intact);
}

TEST_F(SealTest, SegmentsThatOverlapAreNoWorkForDays) {
  fill(sealable().build());
  seal();
  Bytes bad = content();
  for (const std::size_t n : {1u, 2u}) {
    ElfBuilder::edit<Elf64_Phdr>(bad, ElfBuilder::kProgramHeaders + n * sizeof(Elf64_Phdr), [&](Elf64_Phdr& s) {
      s.p_type = PT_LOAD;
      s.p_offset = 0;
      s.p_filesz = s.p_memsz = bad.size();
    });
  }
  fill(bad);
  EXPECT_FALSE(check());
}

}  // namespace
}  // namespace bulkhead::manifest
