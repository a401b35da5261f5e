// Module files that lie, one lie each: refused with a reason before any code of them runs, or loaded as if they did
// not; the same file without its lie loads, and so does the next one. Both placements, since both look at a file alike.
#include "proto/manifest.capnp.h"
#include "tests/hostile/fixture.h"

#include <bulkhead/abi.h>

#include <capnp/any.h>
#include <capnp/schema.capnp.h>
#include <capnp/serialize.h>
#include <elf.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>

namespace bulkhead::hostile {
namespace {

using ::testing::AnyOf;
using Bytes = std::vector<char>;

template <class T>
T get(const Bytes& file, std::size_t offset) {
  T value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}
template <class T, class Change>
void edit(Bytes& file, std::size_t offset, const Change& change) {
  auto value = get<T>(file, offset);
  change(value);
  std::memcpy(file.data() + offset, &value, sizeof value);
}
template <class Change>
void editHeader(Bytes& file, const Change& change) {
  edit<Elf64_Ehdr>(file, 0, change);
}
// The first program header of a type.
template <class Change>
void editSegment(Bytes& file, std::uint32_t type, const Change& change) {
  const auto header = get<Elf64_Ehdr>(file, 0);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const std::size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    if (get<Elf64_Phdr>(file, at).p_type == type) return edit<Elf64_Phdr>(file, at, change);
  }
  FAIL() << "no such segment";
}

// Where the note of the contract is: its header, and its message behind name, version and a reserved word.
struct Note {
  std::size_t header;
  std::size_t message;
  std::size_t messageBytes;
};
Note noteOf(const Bytes& file, std::uint32_t type = 1) {
  static constexpr char kName[] = "BULKHEAD";
  for (auto found = file.begin();; ++found) {
    found = std::search(found, file.end(), kName, kName + sizeof kName);
    if (found == file.end()) throw std::runtime_error("no note");
    const auto at = static_cast<std::size_t>(found - file.begin());
    if (at < sizeof(Elf64_Nhdr)) continue;
    const auto note = get<Elf64_Nhdr>(file, at - sizeof(Elf64_Nhdr));
    if (note.n_namesz != sizeof kName || note.n_type != type) continue;
    const std::size_t description = (at + sizeof kName + 7) / 8 * 8;
    return {at - sizeof(Elf64_Nhdr), description + 8, note.n_descsz - 8};
  }
}
template <class Change>
void editNote(Bytes& file, const Change& change) {
  edit<Elf64_Nhdr>(file, noteOf(file).header, change);
}
// A liar would seal his file anew: so that lies get past the seal, there is none.
Bytes unsealed(Bytes file) {
  constexpr std::uint32_t kSeal = 3;
  const Note note = noteOf(file, kSeal);
  std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(note.message - 8), note.messageBytes + 8, '\0');
  return file;
}
// A word of the note's message: word 0 is its segment table, word 1 the root pointer.
void setWord(Bytes& file, std::size_t word, std::uint64_t value) {
  edit<std::uint64_t>(file, noteOf(file).message + word * 8, [&](std::uint64_t& to) { to = value; });
}

class Files : public HostileTest {
 protected:
  Files() {
    std::string pattern = ::testing::TempDir() + "bulkhead_files.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::ifstream good(FAULTS_MODULE, std::ios::binary);
    sealed_.assign(std::istreambuf_iterator<char>(good), {});
    good_ = unsealed(sealed_);
  }
  ~Files() override { std::filesystem::remove_all(folder_); }

  Result<Module> loadFile(const Bytes& bytes, const Placement& placement) {
    const std::string path = folder_ + "/faults.so";
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return host().load(path, placement, imports_);
  }
  // The whole file, but for its seal.
  void expectGoodLoads(const Placement& placement) {
    auto module = loadFile(good_, placement);
    ASSERT_TRUE(module) << module.error().message();
    expectServes(handleOf(*module));
    EXPECT_TRUE(module->unload(kLong));
  }
  static std::size_t openDescriptors() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
  }

  Bytes sealed_, good_;  // as it was built, and without its seal
  std::string folder_;
};

// C6: bits that flip on the way from the build to the load.
TEST_F(Files, DamageSinceTheBuildIsRefusedBeforeAnyCodeRuns) {
  const auto header = get<Elf64_Ehdr>(sealed_, 0);
  std::vector<Elf64_Phdr> code;
  for (std::size_t n = 0; n < header.e_phnum; ++n) {
    const auto segment = get<Elf64_Phdr>(sealed_, header.e_phoff + n * sizeof(Elf64_Phdr));
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0) code.push_back(segment);
  }
  ASSERT_FALSE(code.empty());
  for (const Placement& placement : {Placement::inProcess(), Placement::isolated()}) {
    ASSERT_TRUE(loadFile(sealed_, placement));
    const std::uint32_t loads = imports_.loads;
    for (unsigned seed = 1; seed <= 20; ++seed) {
      std::mt19937 random(seed);
      Bytes damaged = sealed_;
      char& byte = damaged[code[0].p_offset + random() % code[0].p_filesz];
      byte = static_cast<char>(byte ^ (1 << random() % 8));
      const auto module = loadFile(damaged, placement);
      ASSERT_FALSE(module) << seed;
      EXPECT_EQ(module.error().kind(), ErrorKind::notAModule);
      EXPECT_THAT(module.error().text(), ::testing::HasSubstr("was damaged since it was built"));
    }
    EXPECT_EQ(imports_.loads, loads);
    EXPECT_TRUE(loadFile(sealed_, placement));
  }
}

struct Lie {
  const char* name;
  void (*tell)(Bytes&);
};

class LyingFiles : public Files, public ::testing::WithParamInterface<Lie> {};

TEST_P(LyingFiles, AreRefusedBeforeAnyCodeRuns) {
  for (const Placement& placement : {Placement::inProcess(), Placement::isolated()}) {
    expectGoodLoads(placement);
    const std::size_t descriptors = openDescriptors();
    const std::uint32_t loads = imports_.loads;
    Bytes lying = good_;
    GetParam().tell(lying);
    for (int round = 0; round < 3; ++round) {
      const auto module = loadFile(lying, placement);
      ASSERT_FALSE(module) << toString(placement.kind());
      EXPECT_EQ(module.error().kind(), ErrorKind::notAModule) << module.error().message();
      EXPECT_FALSE(module.error().text().empty());
    }
    EXPECT_EQ(imports_.loads, loads) << "no code of it has run";
    EXPECT_LE(openDescriptors(), descriptors) << "fewer: those of a worker that was about to be gone";
    expectGoodLoads(placement);
  }
}

constexpr std::uint64_t kAll = ~std::uint64_t{0};

INSTANTIATE_TEST_SUITE_P(
    Threat36Elf, LyingFiles,
    ::testing::Values(
        Lie{"Empty", [](Bytes& file) { file.clear(); }}, Lie{"OneByte", [](Bytes& file) { file.resize(1); }},
        Lie{"HalfAHeader", [](Bytes& file) { file.resize(32); }},
        Lie{"HeaderAlone", [](Bytes& file) { file.resize(sizeof(Elf64_Ehdr)); }},
        Lie{"HalfAFile", [](Bytes& file) { file.resize(file.size() / 2); }},
        Lie{"WrongMagic", [](Bytes& file) { file[1] = 'e'; }},
        Lie{"AnotherMachine",
            [](Bytes& file) { editHeader(file, [](Elf64_Ehdr& header) { header.e_machine = EM_AARCH64; }); }},
        Lie{"ProgramHeadersNowhere",
            [](Bytes& file) { editHeader(file, [](Elf64_Ehdr& header) { header.e_phoff = kAll - 7; }); }},
        Lie{"ProgramHeadersOfAnotherSize",
            [](Bytes& file) { editHeader(file, [](Elf64_Ehdr& header) { header.e_phentsize = 1; }); }},
        Lie{"TooManyProgramHeaders",
            [](Bytes& file) { editHeader(file, [](Elf64_Ehdr& header) { header.e_phnum = 0xfffe; }); }},
        Lie{"NotesNowhere",
            [](Bytes& file) { editSegment(file, PT_NOTE, [](Elf64_Phdr& notes) { notes.p_offset = kAll - 15; }); }},
        Lie{"NotesOfAllBytes",
            [](Bytes& file) { editSegment(file, PT_NOTE, [](Elf64_Phdr& notes) { notes.p_filesz = kAll; }); }},
        Lie{"DynamicSectionNowhere",
            [](Bytes& file) { editSegment(file, PT_DYNAMIC, [](Elf64_Phdr& part) { part.p_offset = kAll - 15; }); }}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Threat36Note, LyingFiles,
    ::testing::Values(
        Lie{"NameOfAllBytes",
            [](Bytes& file) { editNote(file, [](Elf64_Nhdr& note) { note.n_namesz = ~Elf64_Word{0}; }); }},
        Lie{"DescriptionOfAllBytes",
            [](Bytes& file) { editNote(file, [](Elf64_Nhdr& note) { note.n_descsz = ~Elf64_Word{0}; }); }},
        Lie{"DescriptionOfFourBytes", [](Bytes& file) { editNote(file, [](Elf64_Nhdr& note) { note.n_descsz = 4; }); }},
        Lie{"Gone", [](Bytes& file) { editNote(file, [](Elf64_Nhdr& note) { note.n_type = 77; }); }},
        Lie{"NewerFormat", [](Bytes& file) { file[noteOf(file).message - 8] = 9; }},
        Lie{"SegmentsWithoutEnd", [](Bytes& file) { setWord(file, 0, 0xffffffffu); }},
        Lie{"SegmentOfAllWords", [](Bytes& file) { setWord(file, 0, std::uint64_t{0xffffffffu} << 32); }},
        Lie{"RootNowhere", [](Bytes& file) { setWord(file, 1, std::uint64_t{0xffffffffu} << 32 | 0x7ffffffcu); }},
        Lie{"RootIsFar", [](Bytes& file) { setWord(file, 1, 2); }},
        Lie{"RootIsNull", [](Bytes& file) { setWord(file, 1, 0); }}),
    [](const auto& info) { return std::string(info.param.name); });

// Schema nodes and all else of a manifest, damaged anywhere: cycles, sizes, counts, ids. Whatever passes the check is a
// module whose code is as good as before; the oracle reads the nodes as well.
TEST_F(Files, Threat36DamagedManifestsAreRefusedOrHarmless) {
  HostOptions options = hostOptions();
  options.oracle = true;
  makeHost(std::move(options));
  const Note note = noteOf(good_);
  int loaded = 0;
  int refused = 0;
  for (unsigned seed = 1; seed <= (kSanitized ? 60u : 300u); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Bytes damaged = good_;
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      // Words of pointers and numbers are mostly zero and small: changing one bit leads to the next of its kind.
      const std::size_t at = note.message + 8 + random() % (note.messageBytes - 8);
      damaged[at] =
          random() % 2 == 0 ? static_cast<char>(random()) : static_cast<char>(damaged[at] ^ (1 << random() % 8));
    }
    const auto module = loadFile(damaged, seed % 8 == 0 ? Placement::isolated() : Placement::inProcess());
    if (!module) {
      ++refused;
      EXPECT_THAT(module.error().kind(), AnyOf(ErrorKind::notAModule, ErrorKind::contractMismatch,
                                               ErrorKind::loadFailed, ErrorKind::protocolViolation))
          << module.error().message();
      continue;
    }
    ++loaded;
    if (const auto faults = module->get<faults::host::Faults>()) {
      const auto pong = faults->within(kLong).ping(5);
      EXPECT_TRUE(pong || !pong.error().text().empty());
    }
  }
  EXPECT_GT(loaded, 0);
  EXPECT_GT(refused, 0);
  expectGoodLoads(Placement::inProcess());
  expectGoodLoads(Placement::isolated());
}

// ---- a contract that this program was not compiled with: all that is known of it are the file's schema nodes

// Changes pointers and numbers of the nodes where they are.
class NodesInPlace {
 public:
  explicit NodesInPlace(Bytes& file) : file_(file), note_(noteOf(file)), words_(note_.messageBytes / 8) {
    std::memcpy(words_.data(), file.data() + note_.message, words_.size() * 8);
    reader_.emplace(kj::arrayPtr(reinterpret_cast<const capnp::word*>(words_.data()), words_.size()));
    manifest_ = reader_->getRoot<manifest::schema::Manifest>();
  }

  // `change(node)` for each; then what it noted is written.
  template <class Change>
  void each(const Change& change) {
    for (const auto node : manifest_.getNodes()) change(node);
    std::memcpy(file_.data() + note_.message, words_.data(), words_.size() * 8);
  }
  // The first pointer of a struct, its name, leads to a struct.
  template <class Reader>
  void spoilName(Reader reader) {
    std::uint64_t& name = words_.at(indexOf(reader, 0) + dataWords(reader));
    name = (name & 0xffff'fffcu) | std::uint64_t{1} << 32;
  }
  void setOffset(capnp::schema::Field::Reader field, std::uint32_t offset) {
    std::uint64_t& first = words_.at(indexOf(field, 0));
    first = (first & 0xffff'ffffu) | std::uint64_t{offset} << 32;
  }

 private:
  template <class Reader>
  static std::size_t dataWords(Reader reader) {
    return capnp::toAny(reader).getDataSection().size() / 8;
  }
  template <class Reader>
  std::size_t indexOf(Reader reader, std::size_t word) const {
    const auto* const start = reinterpret_cast<const std::uint64_t*>(capnp::toAny(reader).getDataSection().begin());
    return static_cast<std::size_t>(start - words_.data()) + word;
  }

  Bytes& file_;
  Note note_;
  std::vector<std::uint64_t> words_;
  std::optional<capnp::FlatArrayMessageReader> reader_;
  manifest::schema::Manifest::Reader manifest_;
};

class UnknownContracts : public Files, public ::testing::WithParamInterface<Lie> {
 protected:
  UnknownContracts() {
    std::ifstream unknown(UNKNOWN_MODULE, std::ios::binary);
    unknown_ = unsealed({std::istreambuf_iterator<char>(unknown), {}});
    HostOptions options = hostOptions();
    options.oracle = true;
    makeHost(std::move(options));
  }
  // What its method @3, add(a: Int32, b: Int32) -> (sum: Int32), gave for 1 and 2.
  Result<std::vector<std::uint64_t>> loadAndAdd(const Bytes& bytes, const Placement& placement) {
    const std::string path = folder_ + "/unknown.so";
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    auto module = host().load(path, placement, {}, {.name = {}, .missingImports = MissingImports::unimplemented});
    if (!module) return std::move(module).error();
    const std::vector<std::uint64_t> params = {std::uint64_t{1} << 32, std::uint64_t{2} << 32 | 1};
    return module->callMessage(interfaceOf(*module), 3, params);
  }
  static std::uint64_t interfaceOf(const Module& module) {
    const auto words = module.manifests().front();
    capnp::FlatArrayMessageReader reader(
        kj::arrayPtr(reinterpret_cast<const capnp::word*>(words.data()), words.size()));
    for (const auto interface : reader.getRoot<manifest::schema::Manifest>().getInterfaces()) {
      if (interface.getRole() == manifest::schema::Role::EXPORTS) return interface.getId();
    }
    return 0;
  }

  Bytes unknown_;
};

TEST_P(UnknownContracts, AreServedOrRefusedUnderTheOracle) {
  for (const Placement& placement : {Placement::inProcess(), Placement::isolated()}) {
    const auto sound = loadAndAdd(unknown_, placement);
    ASSERT_TRUE(sound) << sound.error().message();
    EXPECT_EQ(static_cast<std::uint32_t>(sound->back()), 3u);
    Bytes lying = unknown_;
    GetParam().tell(lying);
    ASSERT_NE(lying, unknown_);
    const auto outcome = loadAndAdd(lying, placement);
    if (outcome) {
      EXPECT_EQ(static_cast<std::uint32_t>(outcome->back()), 3u);
    } else {
      EXPECT_THAT(outcome.error().kind(), AnyOf(ErrorKind::notAModule, ErrorKind::protocolViolation))
          << outcome.error().message();
    }
  }
  expectGoodLoads(Placement::isolated());
}

using NodeReader = capnp::schema::Node::Reader;

void spoilNodes(Bytes& file) {
  NodesInPlace nodes(file);
  nodes.each([&](NodeReader node) { nodes.spoilName(node); });
}
void spoilFields(Bytes& file) {
  NodesInPlace nodes(file);
  nodes.each([&](NodeReader node) {
    if (!node.isStruct()) return;
    for (const auto field : node.getStruct().getFields()) nodes.spoilName(field);
  });
}
void spoilMethods(Bytes& file) {
  NodesInPlace nodes(file);
  nodes.each([&](NodeReader node) {
    if (!node.isInterface()) return;
    for (const auto method : node.getInterface().getMethods()) nodes.spoilName(method);
  });
}
template <std::uint32_t Offset>
void moveFields(Bytes& file) {
  NodesInPlace nodes(file);
  nodes.each([&](NodeReader node) {
    if (!node.isStruct()) return;
    for (const auto field : node.getStruct().getFields()) nodes.setOffset(field, Offset);
  });
}

INSTANTIATE_TEST_SUITE_P(Threat36, UnknownContracts,
                         ::testing::Values(Lie{"NodesWithoutNames", &spoilNodes},
                                           Lie{"FieldsWithoutNames", &spoilFields},
                                           Lie{"MethodsWithoutNames", &spoilMethods},
                                           Lie{"FieldsFarOut", &moveFields<0x2000'0000u>},
                                           Lie{"FieldsAtTheLastOffset", &moveFields<0xffff'ffffu>}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace bulkhead::hostile
