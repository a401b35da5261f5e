#include "shared/manifest/elf_file.h"

#include "tests/unit/manifest/elf_builder.h"
#include "tests/unit/manifest/manifest_builder.h"
#include "tests/unit/manifest/scratch_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <random>

namespace bulkhead::manifest {
namespace {

using bulkhead::testing::Bytes;
using bulkhead::testing::ElfBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ElfFileTest : public ::testing::Test {
 protected:
  // By way of memory: thousands of small files are slow to write.
  static Result<ElfFile> read(const Bytes& bytes) {
    const int fd = ::memfd_create("x.so", MFD_CLOEXEC);
    EXPECT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    Result<ElfFile> result = readElf(fd, "x.so");
    ::close(fd);
    return result;
  }

  void expectRefused(const Bytes& bytes, const std::string& reason) {
    const Result<ElfFile> result = read(bytes);
    ASSERT_FALSE(result) << "expected: " << reason;
    EXPECT_EQ(result.error().kind(), ErrorKind::notAModule);
    EXPECT_THAT(result.error().text(), HasSubstr(reason));
    EXPECT_THAT(result.error().text(), HasSubstr("x.so"));
  }

  template <class T>
  static Bytes edited(std::size_t offset, const std::function<void(T&)>& change) {
    Bytes file = bulkhead::testing::moduleFile().build();
    ElfBuilder::edit<T>(file, offset, change);
    return file;
  }
  static Bytes editedHeader(const std::function<void(Elf64_Ehdr&)>& change) { return edited<Elf64_Ehdr>(0, change); }
  static Bytes editedSegment(std::size_t n, const std::function<void(Elf64_Phdr&)>& change) {
    return edited<Elf64_Phdr>(ElfBuilder::kProgramHeaders + n * sizeof(Elf64_Phdr), change);
  }

  bulkhead::testing::ScratchFolder folder_;
};

TEST_F(ElfFileTest, ReadsNotesAndDynamicEntries) {
  ElfBuilder elf;
  elf.notes = {{"GNU", 5, Bytes(16)}, {"BULKHEAD", 1, Bytes(24, std::byte{7})}, {"X", 9, Bytes(3)}};
  elf.texts = {{DT_NEEDED, "libone.so"}, {DT_NEEDED, "libtwo.so.2"}, {DT_SONAME, "me.so"}, {DT_RUNPATH, "$ORIGIN"}};
  const Result<ElfFile> file = read(elf.build());
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_EQ(file->notes.size(), 3u);
  EXPECT_EQ(file->notes[1].name, "BULKHEAD");
  EXPECT_EQ(file->notes[1].type, 1u);
  EXPECT_EQ(file->notes[1].description, Bytes(24, std::byte{7}));
  EXPECT_EQ(file->notes[2].name, "X");
  EXPECT_THAT(file->needed, ElementsAre("libone.so", "libtwo.so.2"));
  EXPECT_EQ(file->soname, "me.so");
  EXPECT_EQ(file->runpath, "$ORIGIN");
  EXPECT_EQ(file->rpath, "");
  EXPECT_FALSE(file->unload.noDelete);
}

TEST_F(ElfFileTest, ReadsNotesOfBothAlignments) {
  for (const std::uint64_t alignment : {4u, 8u}) {
    ElfBuilder elf;
    elf.noteAlignment = alignment;
    elf.notes = {{"BULKHEAD", 2, Bytes(5)}, {"ab", 3, Bytes(9)}, {"BULKHEAD", 1, Bytes(8)}};
    const Result<ElfFile> file = read(elf.build());
    ASSERT_TRUE(file) << file.error().message();
    ASSERT_EQ(file->notes.size(), 3u);
    EXPECT_EQ(file->notes[2].name, "BULKHEAD");
    EXPECT_EQ(file->notes[2].description.size(), 8u);
  }
}

TEST_F(ElfFileTest, ReportsWhatMayPreventUnloading) {
  ElfBuilder elf;
  elf.numbers = {{DT_FLAGS_1, DF_1_NODELETE}, {DT_FLAGS, DF_STATIC_TLS}};
  elf.definedSymbols = {{"plain", STB_GLOBAL}, {"_ZGVunique", STB_GNU_UNIQUE}, {"other", STB_GNU_UNIQUE}};
  elf.undefinedSymbols = {"malloc", "__cxa_thread_atexit_impl"};
  const Result<ElfFile> file = read(elf.build());
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_TRUE(file->unload.noDelete);
  EXPECT_TRUE(file->unload.staticTls);
  EXPECT_TRUE(file->unload.threadExitDestructors);
  EXPECT_EQ(file->unload.uniqueSymbols, 2u);
  EXPECT_EQ(file->unload.firstUniqueSymbol, "_ZGVunique");
}

TEST_F(ElfFileTest, ReadsThroughAPathAndLeavesTheOffsetOfADescriptorAlone) {
  const std::string path = folder_.write("y.so", ElfBuilder().build());
  EXPECT_TRUE(readElf(path));
  const posix::UniqueFd fd = openForReading(path).value();
  EXPECT_TRUE(readElf(fd.get(), path));
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_CUR), 0);
}

TEST_F(ElfFileTest, ReadsARealSharedObject) {
  const Result<ElfFile> file = readElf(BULKHEAD_TEST_LIBRARY);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_THAT(file->needed, ::testing::Not(::testing::IsEmpty()));
  EXPECT_THAT(file->soname, HasSubstr("libbulkhead-fixture"));
}

TEST_F(ElfFileTest, MissingFileIsNotFound) {
  for (const std::string& path : {folder_.at("none.so"), folder_.write("file", {}) + "/below.so", std::string()}) {
    const Result<ElfFile> result = readElf(path);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), ErrorKind::notFound) << result.error().message();
  }
}

TEST_F(ElfFileTest, WhatIsNoRegularFileIsNamed) {
  Result<ElfFile> result = readElf(folder_.path().string());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::notAModule);
  EXPECT_THAT(result.error().text(), HasSubstr("is a directory"));

  const std::string fifo = folder_.at("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  result = readElf(fifo);  // must not wait for a writer
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text(), HasSubstr("not a regular file"));
}

TEST_F(ElfFileTest, EachKindOfWrongFileHasItsReason) {
  expectRefused({}, "is empty");
  expectRefused(Bytes(3, std::byte{'x'}), "is not an ELF file");
  expectRefused(Bytes(5000, std::byte{'x'}), "is not an ELF file");
  expectRefused(editedHeader([](Elf64_Ehdr& h) { h.e_ident[EI_CLASS] = ELFCLASS32; }), "not a 64-bit");
  expectRefused(editedHeader([](Elf64_Ehdr& h) { h.e_ident[EI_DATA] = ELFDATA2MSB; }), "not a little-endian");
  expectRefused(editedHeader([](Elf64_Ehdr& h) { h.e_machine = EM_AARCH64; }), "another architecture");
  expectRefused(editedHeader([](Elf64_Ehdr& h) { h.e_type = ET_EXEC; }), "is an executable");
  expectRefused(editedHeader([](Elf64_Ehdr& h) { h.e_type = ET_REL; }), "is an object file");
  expectRefused(editedHeader([](Elf64_Ehdr& h) { h.e_type = ET_CORE; }), "is a core dump");
  expectRefused(editedSegment(2, [](Elf64_Phdr& s) { s.p_type = PT_NULL; }), "no dynamic section");
  expectRefused(editedSegment(0, [](Elf64_Phdr& s) { s.p_type = PT_NULL; }), "nothing to load");
  ElfBuilder pie;
  pie.numbers = {{DT_FLAGS_1, DF_1_PIE}};
  expectRefused(pie.build(), "is an executable");
}

TEST_F(ElfFileTest, EveryTruncationIsRefused) {
  ElfBuilder elf = bulkhead::testing::moduleFile();
  elf.texts = {{DT_NEEDED, "libone.so"}};
  const Bytes whole = elf.build();
  ASSERT_TRUE(read(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Result<ElfFile> result = read({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    ASSERT_FALSE(result) << "accepted " << size << " of " << whole.size() << " bytes";
    EXPECT_EQ(result.error().kind(), ErrorKind::notAModule);
  }
}

TEST_F(ElfFileTest, OffsetsAndSizesThatOverflowAreRefused) {
  const std::uint64_t huge = ~std::uint64_t{0};
  expectRefused(editedHeader([=](Elf64_Ehdr& h) { h.e_phoff = huge - 8; }), "truncated");
  expectRefused(editedHeader([](Elf64_Ehdr& h) { h.e_phnum = 0xffff; }), "program header table");
  expectRefused(editedHeader([](Elf64_Ehdr& h) { h.e_phentsize = 1; }), "program header table");
  expectRefused(editedHeader([=](Elf64_Ehdr& h) { h.e_shoff = huge; }), "section headers");
  for (std::size_t n = 0; n < 3; ++n) {
    expectRefused(editedSegment(n, [=](Elf64_Phdr& s) { s.p_offset = huge - 7; }), "past its end");
    expectRefused(editedSegment(n, [=](Elf64_Phdr& s) { s.p_filesz = huge; }), "past its end");
  }
  expectRefused(editedSegment(0, [](Elf64_Phdr& s) { s.p_memsz = s.p_filesz - 1; }), "sizes of a segment");
  expectRefused(editedSegment(0, [=](Elf64_Phdr& s) { s.p_vaddr = huge - 8; }), "sizes of a segment");
}

TEST_F(ElfFileTest, CorruptNotesAndStringsAreRefused) {
  const Bytes good = bulkhead::testing::moduleFile().build();
  const auto notes = ElfBuilder::get<Elf64_Phdr>(good, ElfBuilder::kProgramHeaders + sizeof(Elf64_Phdr)).p_offset;
  for (const Elf64_Word size : {0x7fffffffu, 0xffffffffu, 100000u}) {
    expectRefused(edited<Elf64_Nhdr>(notes, [=](Elf64_Nhdr& n) { n.n_descsz = size; }), "a note is cut off");
    expectRefused(edited<Elf64_Nhdr>(notes, [=](Elf64_Nhdr& n) { n.n_namesz = size; }), "a note is cut off");
  }
  ElfBuilder elf;
  elf.numbers = {{DT_NEEDED, 1 << 20}};
  expectRefused(elf.build(), "outside its string table");
  Bytes file = ElfBuilder().build();
  const auto dynamic = ElfBuilder::get<Elf64_Phdr>(file, ElfBuilder::kProgramHeaders + 2 * sizeof(Elf64_Phdr)).p_offset;
  ElfBuilder::edit<Elf64_Dyn>(file, dynamic, [](Elf64_Dyn& d) { d.d_un.d_ptr = ~std::uint64_t{0} - 4; });
  expectRefused(file, "string table is not in the file");
}

TEST_F(ElfFileTest, RandomDamageNeverCrashes) {
  ElfBuilder elf = bulkhead::testing::moduleFile();
  elf.texts = {{DT_NEEDED, "libone.so"}, {DT_RUNPATH, "$ORIGIN/lib"}};
  elf.definedSymbols = {{"unique", STB_GNU_UNIQUE}};
  const Bytes good = elf.build();
  std::mt19937 random(20);
  for (int round = 0; round < 3000; ++round) {
    Bytes bad = good;
    for (int n = 0; n < 6; ++n) bad[random() % bad.size()] = static_cast<std::byte>(random());
    static_cast<void>(read(bad));  // any outcome but a crash, a hang or a sanitizer's report
  }
}

}  // namespace
}  // namespace bulkhead::manifest
