#include "host/module_file/module_file.h"

#include "host/module_file/copy.h"
#include "shared/manifest/seal.h"
#include "tests/unit/manifest/manifest_builder.h"
#include "tests/unit/manifest/scratch_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <thread>

namespace bulkhead::module_file {
namespace {

namespace fs = std::filesystem;
using namespace bulkhead::testing;  // NOLINT: the builders
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ModuleFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(private_);
    ::setenv("XDG_RUNTIME_DIR", private_.c_str(), 1);
  }
  void TearDown() override { EXPECT_THAT(names(private_), IsEmpty()) << "something stayed behind"; }

  static std::vector<std::string> names(const fs::path& folder) {
    std::vector<std::string> result;
    for (const auto& entry : fs::directory_iterator(folder)) result.push_back(entry.path().filename());
    return result;
  }
  static std::string contentOf(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string writeModule(const std::string& name = "codec.so", const ContractSpec& contract = calcContract()) {
    return folder_.write(name, moduleFile(contract).build());
  }
  void expectFailure(const std::string& path, ErrorKind kind, const std::string& text) {
    const Result<ModuleFile> file = ModuleFile::open(path);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().kind(), kind) << file.error().message();
    EXPECT_THAT(file.error().text(), HasSubstr(text));
    EXPECT_THAT(names(private_), IsEmpty());
  }

  ScratchFolder folder_;
  fs::path private_ = folder_.path() / "runtime";
};

TEST_F(ModuleFileTest, MakesAPrivateCopyAndReadsItsManifest) {
  const std::string original = writeModule();
  const Result<ModuleFile> file = ModuleFile::open(original);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->name(), "codec");
  EXPECT_EQ(file->originalPath(), original);
  EXPECT_EQ(contentOf(file->path()), contentOf(original));
  EXPECT_THAT(fs::path(file->path()).filename().string(), StartsWith("codec." + std::to_string(::getpid()) + "."));
  ASSERT_EQ(file->manifest().contracts.size(), 1u);
  EXPECT_EQ(file->manifest().contracts[0].name, "calc");
  EXPECT_EQ(file->sizeBytes(), fs::file_size(original));

  struct stat copy {};
  struct stat viaFd {};
  ASSERT_EQ(::stat(file->path().c_str(), &copy), 0);
  ASSERT_EQ(::fstat(file->fd(), &viaFd), 0);
  EXPECT_EQ(copy.st_ino, file->inode());
  EXPECT_EQ(copy.st_dev, file->device());
  EXPECT_EQ(viaFd.st_ino, copy.st_ino);
  EXPECT_EQ(copy.st_mode & 0777u, 0400u);
  EXPECT_EQ(::fcntl(file->fd(), F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_NE(::fcntl(file->fd(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(fs::status(fs::path(file->path()).parent_path()).permissions(), fs::perms::owner_all);
}

TEST_F(ModuleFileTest, EachCopyHasItsOwnNameAndEqualFilesEqualHashes) {
  const std::string original = writeModule();
  const Result<ModuleFile> one = ModuleFile::open(original);
  const Result<ModuleFile> two = ModuleFile::open(original);
  ContractSpec other = calcContract();
  other.name = "kalk";
  const Result<ModuleFile> three = ModuleFile::open(writeModule("other.so", other));
  ASSERT_TRUE(one && two && three);
  EXPECT_NE(one->path(), two->path());
  EXPECT_EQ(one->contentHash(), two->contentHash());
  EXPECT_NE(one->contentHash(), three->contentHash());
}

TEST_F(ModuleFileTest, CopyAndDirectoryGoWithTheirOwners) {
  std::optional<Result<ModuleFile>> one = ModuleFile::open(writeModule());
  std::optional<Result<ModuleFile>> two = ModuleFile::open(writeModule());
  ASSERT_TRUE(*one && *two);
  const std::string path = (*one)->path();
  {
    const ModuleFile moved = std::move(**one);
    one.reset();
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(names(private_).size(), 1u);
  two.reset();
  EXPECT_THAT(names(private_), IsEmpty());
}

TEST_F(ModuleFileTest, LaterChangesOfTheOriginalDoNotReachTheCopy) {
  const std::string original = writeModule();
  const Result<ModuleFile> file = ModuleFile::open(original);
  ASSERT_TRUE(file);
  const std::string before = contentOf(file->path());
  folder_.write("codec.so", {});
  EXPECT_EQ(contentOf(file->path()), before);
}

TEST_F(ModuleFileTest, FailuresLeaveNothingBehind) {
  expectFailure(folder_.at("none.so"), ErrorKind::notFound, "none.so cannot be opened");
  expectFailure(folder_.path().string(), ErrorKind::notAModule, "is a directory");
  expectFailure(folder_.write("empty.so", {}), ErrorKind::notAModule, "is empty");
  expectFailure(folder_.write("text.so", Bytes(100, std::byte{'x'})), ErrorKind::notAModule,
                "text.so is not an ELF file");
  expectFailure(folder_.write("plain.so", ElfBuilder().build()), ErrorKind::notAModule, "no Bulkhead manifest");
  Bytes cut = moduleFile().build();
  cut.resize(cut.size() - 1);
  expectFailure(folder_.write("cut.so", cut), ErrorKind::notAModule, "truncated");
  const std::string fifo = folder_.at("fifo.so");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  expectFailure(fifo, ErrorKind::notAModule, "not a regular file");
}

TEST_F(ModuleFileTest, FileThatWasDamagedSinceItWasBuiltIsRefused) {  // C6
  ElfBuilder elf = moduleFile();
  elf.notes.push_back({"BULKHEAD", manifest::kSealNote, Bytes(24)});
  const std::string path = folder_.write("codec.so", elf.build());
  EXPECT_TRUE(ModuleFile::open(path)) << "not sealed yet";
  {
    const posix::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(manifest::writeSeal(fd.get(), manifest::readElf(path).value(), path));
  }
  EXPECT_TRUE(ModuleFile::open(path));
  std::string bytes = contentOf(path);
  bytes.back() ^= 1;
  folder_.write("codec.so", std::as_bytes(std::span(bytes)));
  expectFailure(path, ErrorKind::notAModule, "codec.so was damaged since it was built");
}

TEST_F(ModuleFileTest, NamesAreTakenFromTheFileAndMadeHarmless) {
  EXPECT_EQ(ModuleFile::open(writeModule("codec.so.2.1")).value().name(), "codec");
  EXPECT_EQ(ModuleFile::open(writeModule("plain")).value().name(), "plain");
  const Result<ModuleFile> odd = ModuleFile::open(writeModule("b\nd n%me.so"));
  ASSERT_TRUE(odd);
  EXPECT_THAT(fs::path(odd->path()).filename().string(), StartsWith("b_d_n_me."));
}

TEST_F(ModuleFileTest, RelativePathsBecomeAbsolute) {
  const std::string original = writeModule();
  const Result<ModuleFile> file = ModuleFile::open(fs::relative(original).string());
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_TRUE(fs::path(file->originalPath()).is_absolute());
  EXPECT_TRUE(fs::equivalent(file->originalPath(), original));
}

TEST_F(ModuleFileTest, DependenciesAreThoseOfTheOriginalsFolder) {
  const std::string library = folder_.write("libnext.so", ElfBuilder().build());
  ElfBuilder elf = moduleFile();
  elf.texts = {{DT_NEEDED, "libnext.so"}, {DT_RUNPATH, "$ORIGIN"}};
  const Result<ModuleFile> file = ModuleFile::open(folder_.write("codec.so", elf.build()));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->dependencies(), std::vector<std::string>{library});
}

// The writer replaces the content in place, over and over: a copy is whole, of one version, or an error.
TEST_F(ModuleFileTest, FileThatChangesMeanwhileIsWholeOrRefused) {
  const std::string original = writeModule();
  ContractSpec large = calcContract();
  large.name = std::string(4000, 'l');
  const Bytes versions[] = {moduleFile(large).build(), moduleFile().build()};
  std::atomic<bool> stop = false;
  std::jthread writer([&] {
    for (std::size_t n = 0; !stop; ++n) folder_.write("codec.so", versions[n % 2]);
  });
  for (int n = 0; n < 300; ++n) {
    const Result<ModuleFile> file = ModuleFile::open(original);
    if (file) continue;
    EXPECT_EQ(file.error().kind(), ErrorKind::notAModule) << file.error().message();
  }
  stop = true;
}

TEST_F(ModuleFileTest, UnusableFirstChoiceIsPassedOver) {
  const fs::path second = folder_.path() / "second";
  fs::create_directory(second);
  ::setenv("XDG_RUNTIME_DIR", folder_.at("missing").c_str(), 1);
  ::setenv("TMPDIR", second.c_str(), 1);
  const Result<ModuleFile> file = ModuleFile::open(writeModule());
  ::unsetenv("TMPDIR");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_THAT(file->path(), StartsWith(second.string()));
}

TEST_F(ModuleFileTest, DirectoryOfADeadProcessIsRemovedAndThatOfALivingOneIsNot) {
  const fs::path dead = private_ / "bulkhead-1.AAAAAA";
  fs::create_directory(dead);
  std::ofstream(dead / "codec.1.1.so") << "x";
  const Result<ModuleFile> file = ModuleFile::open(writeModule());
  ASSERT_TRUE(file);
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(file->path()));
}

TEST_F(ModuleFileTest, DirectoriesWhoseNamesOnlyBeginLikeOursAreLeftAlone) {
  for (const char* name : {"bulkhead-results", "bulkhead-1", "bulkhead-1.AAAAAAA", "bulkhead-x.AAAAAA"}) {
    const fs::path other = private_ / name;
    fs::create_directory(other);
    std::ofstream(other / "file") << "x";
    EXPECT_TRUE(ModuleFile::open(writeModule()));
    EXPECT_TRUE(fs::exists(other / "file")) << name;
    fs::remove_all(other);
  }
}

TEST_F(ModuleFileTest, ForkedChildRemovesNothing) {
  std::optional<Result<ModuleFile>> file = ModuleFile::open(writeModule());
  ASSERT_TRUE(*file);
  const pid_t child = ::fork();
  if (child == 0) {
    file.reset();
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(fs::exists((*file)->path()));
}

TEST(CopyTest, WriteErrorsAreExhaustion) {
  ScratchFolder folder;
  const int from = ::open(folder.write("a", Bytes(10)).c_str(), O_RDONLY | O_CLOEXEC);
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  const Result<CopiedContent> copied = copyContent(from, full, "a");
  ::close(from);
  ::close(full);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().kind(), ErrorKind::resourceExhausted);
}

}  // namespace
}  // namespace bulkhead::module_file
