// Each way in which a file cannot be loaded: an error that names the user's file and what to do, in both placements,
// after which nothing of it is left and the same host loads and calls a good module. Manifests that lie are in
// tests/hostile/files_test.cc. (C6)
#include "counter.host.h"
#include "journal.host.h"
#include "shared/manifest/manifest.h"
#include "tests/census.h"
#include "tests/conformance/gate.h"
#include "tests/conformance/modules.h"
#include "tests/unit/manifest/scratch_file.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

namespace bulkhead::conformance {
namespace {

namespace fs = std::filesystem;
using counter::host::Counter;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

using Bytes = std::vector<std::byte>;

Bytes contentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

template <class Change>
Bytes withHeader(Bytes file, const Change& change) {
  Elf64_Ehdr header;
  std::memcpy(&header, file.data(), sizeof header);
  change(header);
  std::memcpy(file.data(), &header, sizeof header);
  return file;
}

// What a load takes and has to give back.
struct Holdings {
  std::int64_t descriptors = testing::entriesOf("/proc/self/fd");
  std::int64_t processes = testing::children();
  std::int64_t files = testing::privateFiles();
  testing::MappedObjects objects = testing::mappedObjects();

  bool operator==(const Holdings&) const = default;
};

class LoadErrorsTest : public testing::EveryPlacement<> {
 protected:
  void SetUp() override {
    EveryPlacement<>::SetUp();
    expectGoodLoads();  // what a host makes once is there
    before_ = settled();
  }

  // The file is refused, nothing of it is left, and the host is as good as before.
  Error expectRefused(const std::string& path, ErrorKind kind, const std::string& text, const Imports& imports = {}) {
    const auto module = load(path, imports);
    EXPECT_FALSE(module) << path;
    if (module) return Error("it was loaded");
    const Error error = module.error();
    EXPECT_EQ(error.kind(), kind) << error.message();
    EXPECT_THAT(error.text(), HasSubstr(path));
    EXPECT_THAT(error.text(), HasSubstr(text));
    EXPECT_THAT(error.text(), Not(HasSubstr(testing::privateFolder()))) << "names the private copy";
    expectNothingLeft();
    expectGoodLoads();
    return error;
  }
  Error expectRefused(const Bytes& content, ErrorKind kind, const std::string& text) {
    return expectRefused(folder_.write("module.so", content), kind, text);
  }
  void expectNothingLeft() {
    const Holdings now = settled();
    EXPECT_EQ(now.descriptors, before_->descriptors);
    EXPECT_EQ(now.processes, before_->processes);
    EXPECT_EQ(now.files, before_->files);
    EXPECT_THAT(testing::newObjects(before_->objects, now.objects), IsEmpty());
  }
  void expectGoodLoads() {
    auto module = load(modulePath("counter"));
    ASSERT_TRUE(module) << module.error().message();
    EXPECT_EQ(module->get<Counter>().value().next().value(), 1u);
    const auto unloaded = module->unload();
    EXPECT_TRUE(unloaded) << unloaded.error().message();
  }
  std::string versionOf(const Module& module) const { return module.get<Counter>().value().version().value(); }

  Bytes good_ = contentOf(modulePath("counter"));
  testing::ScratchFolder folder_;

 private:
  // A worker's end is told a moment before its last descriptor is closed.
  Holdings settled() {
    using namespace std::chrono_literals;
    Holdings now;
    for (int look = 0; look < 1'000 && (before_ ? now != *before_ : now.processes != 0); ++look) {
      std::this_thread::sleep_for(5ms);
      now = Holdings();
    }
    return now;
  }

  std::optional<Holdings> before_;
};
BULKHEAD_EVERY_PLACEMENT(LoadErrorsTest);

// ---- what is at the path

TEST_P(LoadErrorsTest, AFileThatIsNotThere) {
  expectRefused(folder_.at("none.so"), ErrorKind::notFound, "cannot be opened");
  expectRefused(folder_.at("no/folder/none.so"), ErrorKind::notFound, "cannot be opened");
  expectRefused(folder_.path().string() + "/" + std::string(300, 'n'), ErrorKind::notFound, "too long");
  EXPECT_EQ(load("").error().kind(), ErrorKind::notFound);
}

// The system would take the part before the NUL.
TEST_P(LoadErrorsTest, AnEmbeddedNulIsNotTheEndOfAPath) {
  expectRefused(modulePath("counter") + std::string("\0.so", 4), ErrorKind::notFound, "NUL");
}

TEST_P(LoadErrorsTest, ALinkThatLeadsNowhere) {
  const std::string path = folder_.at("link.so");
  fs::create_symlink(folder_.at("none.so"), path);
  expectRefused(path, ErrorKind::notFound, "cannot be opened");
  fs::remove(path);
  fs::create_symlink(path, path);
  expectRefused(path, ErrorKind::notFound, "cannot be opened");
  fs::remove(path);
  fs::create_symlink(modulePath("counter"), path);
  EXPECT_TRUE(load(path)) << "a link to a module is one";
}

TEST_P(LoadErrorsTest, ADirectory) { expectRefused(folder_.path().string(), ErrorKind::notAModule, "is a directory"); }

// Nobody ever writes to it: the load does not wait for that.
TEST_P(LoadErrorsTest, AFifo) {
  const std::string path = folder_.at("fifo.so");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  expectRefused(path, ErrorKind::notAModule, "is not a regular file");
}

TEST_P(LoadErrorsTest, ADevice) {
  expectRefused("/dev/null", ErrorKind::notAModule, "is not a regular file");
  expectRefused("/dev/zero", ErrorKind::notAModule, "is not a regular file");
}

TEST_P(LoadErrorsTest, ASocket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder_.at("socket.so");
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(listener);
  expectRefused(path, ErrorKind::loadFailed, "cannot be opened");
}

// A user without rights on files of others: root's own are set aside for this thread.
class Unprivileged {
 public:
  Unprivileged() : before_(::setfsuid(kNobody)) {}
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
  ~Unprivileged() { ::setfsuid(static_cast<uid_t>(before_)); }

 private:
  static constexpr uid_t kNobody = 65534;
  int before_;
};

TEST_P(LoadErrorsTest, AFileThatMayNotBeRead) {
  const std::string path = folder_.write("secret.so", good_);
  fs::permissions(path, fs::perms::none);
  Result<Module> refused = Error("not tried");
  {
    auto keepsTheCopiesFolder = load(modulePath("counter"));
    const Unprivileged user;
    refused = load(path);
  }
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::loadFailed);
  EXPECT_THAT(refused.error().text(), HasSubstr(path + " cannot be opened: Permission denied"));
  expectNothingLeft();
  expectGoodLoads();
}

// ---- what is in the file

TEST_P(LoadErrorsTest, AFileThatIsNoElfFile) {
  expectRefused(Bytes{}, ErrorKind::notAModule, "is empty");
  expectRefused(Bytes(1, std::byte{0x7f}), ErrorKind::notAModule, "is not an ELF file");
  expectRefused(Bytes(5'000, std::byte{'x'}), ErrorKind::notAModule, "is not an ELF file");
  expectRefused(MODULE_SOURCE, ErrorKind::notAModule, "is not an ELF file");
}

TEST_P(LoadErrorsTest, AFileThatIsCutOff) {
  for (const std::size_t size : {std::size_t{5}, sizeof(Elf64_Ehdr) - 1, sizeof(Elf64_Ehdr), std::size_t{4'096},
                                 good_.size() / 2, good_.size() - 1}) {
    SCOPED_TRACE(size);
    expectRefused(Bytes(good_.begin(), good_.begin() + static_cast<std::ptrdiff_t>(size)), ErrorKind::notAModule,
                  "truncated");
  }
}

TEST_P(LoadErrorsTest, AFileThatIsTooLarge) {
  const std::string path = folder_.write("large.so", good_);
  fs::resize_file(path, (std::uint64_t{1} << 30) + 1);  // of holes
  expectRefused(path, ErrorKind::notAModule, "larger than 1 GiB");
}

TEST_P(LoadErrorsTest, AFileThatIsCorrupt) {
  const auto corrupt = [this](const auto& change) { return withHeader(good_, change); };
  expectRefused(corrupt([](Elf64_Ehdr& header) { header.e_phentsize = 1; }), ErrorKind::notAModule, "is corrupt");
  expectRefused(corrupt([](Elf64_Ehdr& header) { header.e_phnum = 0; }), ErrorKind::notAModule, "is corrupt");
  expectRefused(corrupt([](Elf64_Ehdr& header) { header.e_phoff = ~std::uint64_t{7}; }), ErrorKind::notAModule, "");
  Bytes unnamed = good_;
  const std::string_view name = "BULKHEAD";
  for (auto at = unnamed.begin();; ++at) {
    at = std::search(at, unnamed.end(), name.begin(), name.end(),
                     [](std::byte byte, char wanted) { return static_cast<char>(byte) == wanted; });
    if (at == unnamed.end()) break;
    *at = std::byte{'b'};
  }
  expectRefused(unnamed, ErrorKind::notAModule, "has no Bulkhead manifest");
}

TEST_P(LoadErrorsTest, AFileOfAnotherMachine) {
  const auto other = [this](const auto& change) { return withHeader(good_, change); };
  expectRefused(other([](Elf64_Ehdr& header) { header.e_machine = EM_AARCH64; }), ErrorKind::notAModule,
                "is built for another architecture (ELF machine 183; this host is x86-64)");
  expectRefused(other([](Elf64_Ehdr& header) { header.e_ident[EI_CLASS] = ELFCLASS32; }), ErrorKind::notAModule,
                "is not a 64-bit ELF file");
  expectRefused(other([](Elf64_Ehdr& header) { header.e_ident[EI_DATA] = ELFDATA2MSB; }), ErrorKind::notAModule,
                "is not a little-endian ELF file");
}

TEST_P(LoadErrorsTest, AnElfFileOfAnotherKind) {
  const auto other = [this](Elf64_Half type) {
    return withHeader(good_, [type](Elf64_Ehdr& header) { header.e_type = type; });
  };
  expectRefused(other(ET_EXEC), ErrorKind::notAModule, "is an executable");
  expectRefused(other(ET_REL), ErrorKind::notAModule, "is an object file");
  expectRefused(other(ET_CORE), ErrorKind::notAModule, "is a core dump");
  expectRefused("/proc/self/exe", ErrorKind::notAModule, "is an executable");
}

// ---- a shared library that is no module, or not this host's

TEST_P(LoadErrorsTest, APlainSharedLibrary) {
  expectRefused(MODULE_FOLDER "/lib/libbulkhead-fixture-dependency.so", ErrorKind::notAModule,
                "has no Bulkhead manifest: it was not built with bulkhead_add_module");
}

TEST_P(LoadErrorsTest, AModuleWithoutItsEntry) {
  expectRefused(modulePath("broken_no_entry"), ErrorKind::notAModule,
                "has no symbol bulkhead_module_entry: a module needs BULKHEAD_MODULE");
}

TEST_P(LoadErrorsTest, AModuleOfAnotherAbi) {
  expectRefused(modulePath("broken_abi"), ErrorKind::loadFailed, "version 2 of the module ABI");
}

TEST_P(LoadErrorsTest, AModuleWithATableThatMakesNoSense) {
  expectRefused(modulePath("broken_table"), ErrorKind::loadFailed, "its entry table makes no sense");
}

TEST_P(LoadErrorsTest, AModuleOfAnotherContract) {
  const Error error = expectRefused(modulePath("tool_other"), ErrorKind::contractMismatch, "Tool.twice");
  EXPECT_THAT(error.text(), HasSubstr("twice(number: Int32) -> (number: Int32)"));
  EXPECT_THAT(error.text(), HasSubstr("twice(number: Text) -> (number: Text)"));
}

TEST_P(LoadErrorsTest, AModuleWhoseImportsAreNotGranted) {
  expectRefused(modulePath("hanging"), ErrorKind::contractMismatch, "which the host did not grant");
}

TEST_P(LoadErrorsTest, AMissingSymbol) {
  expectRefused(modulePath("broken_symbol"), ErrorKind::loadFailed, "undefined symbol: symbolOfNobody");
}

TEST_P(LoadErrorsTest, AMissingLibrary) {
  const std::string path = folder_.at("dependent.so");
  fs::copy_file(modulePath("dependent"), path);
  expectRefused(path, ErrorKind::loadFailed, "libbulkhead-fixture-dependency.so");
}

TEST_P(LoadErrorsTest, ALibraryThatIsNone) {
  const std::string library = "lib/libbulkhead-fixture-dependency.so";
  const Bytes whole = contentOf(MODULE_FOLDER "/" + library);
  const std::string path = folder_.at("dependent.so");
  fs::copy_file(modulePath("dependent"), path);
  folder_.write(library, Bytes(100, std::byte{'x'}));
  expectRefused(path, ErrorKind::loadFailed, "libbulkhead-fixture-dependency.so");
  folder_.write(library, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2)));
  expectRefused(path, ErrorKind::loadFailed, "libbulkhead-fixture-dependency.so");
  folder_.write(library, whole);
  EXPECT_TRUE(load(path));
}

// Only the unload shows what is missing: g++ makes symbols of it that the dynamic loader never lets go.
TEST_P(LoadErrorsTest, AModuleBuiltWithoutTheFlags) {
  const auto manifest = manifest::readManifest(modulePath("unflagged"));
  ASSERT_TRUE(manifest) << manifest.error().message();
  EXPECT_THAT(manifest->build, Contains(Pair("runtime", "unknown")));
  auto module = load(modulePath("unflagged"));
  ASSERT_TRUE(module) << module.error().message();
  auto handle = module->get<Counter>().value();
  [[maybe_unused]] const std::uint32_t count = handle.next().value();
  const auto unloaded = module->unload();
#if !defined(__clang__)
  if (kind() == Placement::Kind::inProcess) {
    ASSERT_FALSE(unloaded);
    EXPECT_EQ(unloaded.error().kind(), ErrorKind::unloadRefused);
    EXPECT_EQ(unloaded.error().module(), "unflagged");
    EXPECT_THAT(unloaded.error().text(), HasSubstr("STB_GNU_UNIQUE"));
    EXPECT_THAT(unloaded.error().text(), HasSubstr("bulkhead_add_module"));
    EXPECT_EQ(handle.next().value(), count + 1) << "it serves on";
    expectGoodLoads();
    return;
  }
#endif
  EXPECT_TRUE(unloaded) << unloaded.error().message();
  handle = {};
  { const Module gone = *std::move(module); }
  expectNothingLeft();
  expectGoodLoads();
}

// ---- its code

TEST_P(LoadErrorsTest, AStaticConstructorThatThrows) {
  const Error error = expectRefused(modulePath("broken_static"), ErrorKind::loadFailed,
                                    modulePath("broken_static") + ": a static constructor threw: no licence");
  EXPECT_EQ(error.type(), "std::runtime_error");
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}

TEST_P(LoadErrorsTest, AConstructorThatThrows) {
  const Error error = expectRefused(modulePath("throwing_constructor"), ErrorKind::loadFailed,
                                    modulePath("throwing_constructor") + ": its constructor failed: no licence file");
  EXPECT_EQ(error.type(), "std::invalid_argument");
  EXPECT_EQ(error.module(), "throwing_constructor");
}

TEST_P(LoadErrorsTest, AConstructorThatFailsWithAnError) {
  expectRefused(modulePath("broken_refuses"), ErrorKind::loadFailed, ": its constructor failed: no licence server");
}

TEST_P(LoadErrorsTest, AModuleThatRefusesWithoutAWord) {
  expectRefused(modulePath("broken_create"), ErrorKind::loadFailed, "its constructor failed without saying why");
}

class Journal final : public journal::host::Journal {
 public:
  Result<std::string> name() override { return onName(); }
  Result<journal::RenameResult> rename(std::string_view) override { return Error("not asked for"); }
  Result<bool> write(journal::Level, std::string_view) override { return true; }

  std::function<Result<std::string>()> onName;
};

TEST_P(LoadErrorsTest, AnImportThatFailsInAConstructor) {
  Journal journal;
  journal.onName = [] { return Error("nameless"); };
  expectRefused(modulePath("hanging"), ErrorKind::loadFailed, "nameless", journal);
  journal.onName = []() -> Result<std::string> { throw std::out_of_range("no name left"); };
  expectRefused(modulePath("hanging"), ErrorKind::loadFailed, "no name left", journal);
}

// Isolated it costs its worker. In-process a load takes as long as the module's constructors do: nothing ends them.
class HangingTest : public LoadErrorsTest {
 protected:
  Placement placement(Placement::Kind kind) const override {
    if (kind == Placement::Kind::inProcess) return Placement::inProcess();
    return Placement::isolated({.loadDeadline = loadDeadline_});
  }
  std::chrono::milliseconds loadDeadline_{30'000};
};
BULKHEAD_EVERY_PLACEMENT(HangingTest);

TEST_P(HangingTest, AConstructorThatHangsEndsWithItsWorkerOrIsWaitedFor) {
  Journal journal;
  if (kind() == Placement::Kind::isolated) {
    journal.onName = [] { return std::string("hang"); };
    loadDeadline_ = std::chrono::milliseconds(300);
    const auto refused = load(modulePath("hanging"), journal);
    loadDeadline_ = std::chrono::milliseconds(30'000);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::deadlineExceeded) << refused.error().message();
    EXPECT_EQ(refused.error().module(), "hanging");
  } else {
    Gate gate;
    journal.onName = [&] {
      gate.pass();
      return std::string("go on");
    };
    std::atomic<bool> returned{false};
    std::thread loading([&] {
      EXPECT_TRUE(load(modulePath("hanging"), journal));
      returned = true;
    });
    gate.awaitArrivals(1);
    EXPECT_FALSE(returned);
    gate.open();
    loading.join();
  }
  expectNothingLeft();
  expectGoodLoads();
}

// ---- files that change

// Shortened and written anew in place, over and over: a load has the whole of it, or is refused.
TEST_P(LoadErrorsTest, AFileThatIsRewrittenMeanwhileIsWholeOrRefused) {
  const std::string path = folder_.write("counter.so", good_);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    const std::size_t sizes[] = {0, good_.size() / 3, good_.size()};
    for (std::size_t turn = 0; !stop; ++turn) folder_.write("counter.so", std::span(good_).first(sizes[turn % 3]));
  });
  const int rounds = kind() == Placement::Kind::inProcess ? 200 : 40;
  for (int round = 0; round < rounds; ++round) {
    auto module = load(path);
    if (module) {
      EXPECT_EQ(versionOf(*module), "1");
    } else {
      EXPECT_EQ(module.error().kind(), ErrorKind::notAModule) << module.error().message();
      EXPECT_THAT(module.error().text(), HasSubstr(path));
    }
  }
  stop = true;
  writer.join();
  expectNothingLeft();
  expectGoodLoads();
}

// The right way to put a new version in its place never disturbs a load.
TEST_P(LoadErrorsTest, AFileThatIsRenamedOverMeanwhileIsTheOldOneOrTheNewOne) {
  const std::string path = folder_.write("counter.so", good_);
  const Bytes newer = contentOf(modulePath("counter_2"));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (bool isNew = true; !stop; isNew = !isNew) {
      fs::rename(folder_.write("next.so", isNew ? newer : good_), path);
    }
  });
  const int rounds = kind() == Placement::Kind::inProcess ? 200 : 40;
  for (int round = 0; round < rounds; ++round) {
    auto module = load(path);
    ASSERT_TRUE(module) << module.error().message();
    EXPECT_THAT(versionOf(*module), AnyOf("1", "2"));
  }
  stop = true;
  writer.join();
  expectNothingLeft();
  expectGoodLoads();
}

TEST_P(LoadErrorsTest, WhatAnotherProcessPutsInItsPlaceIsServedNext) {
  const std::string path = folder_.write("counter.so", good_);
  auto first = load(path);
  ASSERT_TRUE(first) << first.error().message();
  for (const char* const command : {"cp -f ", "mv -f "}) {
    const std::string newer = folder_.write("newer.so", contentOf(modulePath("counter_2")));
    ASSERT_EQ(std::system((command + newer + " " + path).c_str()), 0);
    auto second = load(path);
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_EQ(versionOf(*second), "2");
    EXPECT_EQ(versionOf(*first), "1") << "what is loaded stays as it was";
    fs::rename(folder_.write("older.so", good_), path);
  }
}

// What is loaded is a copy.
TEST_P(LoadErrorsTest, AFileThatIsCutOffOrRemovedAfterItsLoadServesOn) {
  const std::string path = folder_.write("counter.so", good_);
  {
    auto module = load(path);
    ASSERT_TRUE(module) << module.error().message();
    fs::resize_file(path, 0);
    EXPECT_EQ(versionOf(*module), "1");
    fs::remove(path);
    EXPECT_EQ(versionOf(*module), "1");
  }
  expectRefused(path, ErrorKind::notFound, "cannot be opened");
}

}  // namespace
}  // namespace bulkhead::conformance
