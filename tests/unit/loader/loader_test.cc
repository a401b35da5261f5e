#include "shared/loader/loader.h"

#include "shared/loader/entry.h"
#include "shared/loader/instance.h"
#include "shared/manifest/deferred_constructors.h"
#include "shared/manifest/dependencies.h"
#include "shared/manifest/limits.h"
#include "tests/unit/manifest/scratch_file.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <future>
#include <thread>
#include <vector>

namespace bulkhead::loader {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct FixtureTable {
  BulkheadTable header;
  std::int32_t (*next)(void* self, std::int32_t* value, const BulkheadErrorSink* error);
};

class LoaderTest : public ::testing::Test {
 protected:
  // A private copy of a fixture under a new name, its constructors deferred as the host does.
  Source source(const std::string& fixture, bool defer = true) {
    const std::string original = std::string(FIXTURE_FOLDER) + "/" + fixture + ".so";
    Source result;
    result.name = original;
    result.path = folder_.at(fixture + "." + std::to_string(++generation_) + ".so");
    std::filesystem::copy_file(original, result.path);
    const manifest::ElfFile elf = manifest::readElf(result.path).value();
    result.hints = elf.unload;
    result.dependencies = manifest::resolveDependencies(elf, original);
    if (defer) {
      const int fd = ::open(result.path.c_str(), O_RDWR | O_CLOEXEC);
      EXPECT_TRUE(manifest::deferConstructors(fd, original));
      ::close(fd);
    }
    return result;
  }

  void expectFailure(const std::string& fixture, ErrorKind kind, const std::string& text) {
    Source from = source(fixture);
    const std::string path = from.path;
    const Result<Library> library = Library::open(std::move(from));
    ASSERT_FALSE(library);
    EXPECT_EQ(library.error().kind(), kind) << library.error().message();
    EXPECT_THAT(library.error().text(), HasSubstr(text));
    EXPECT_THAT(library.error().text(), HasSubstr(fixture));
    EXPECT_THAT(library.error().text(), Not(HasSubstr(folder_.path().string()))) << "names the private copy";
    EXPECT_FALSE(isMapped(path));
  }

  static bool isMapped(const std::string& path) {
    struct Search {
      std::string path;
      bool found = false;
    } search{path};
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* data) {
          auto* wanted = static_cast<Search*>(data);
          wanted->found = wanted->found || wanted->path == info->dlpi_name;
          return 0;
        },
        &search);
    return search.found;
  }

  static std::int32_t next(const BulkheadModule& module, void* self = nullptr) {
    std::int32_t value = 0;
    const auto* table = reinterpret_cast<const FixtureTable*>(module.exports[0].table);
    EXPECT_EQ(table->next(self, &value, nullptr), BULKHEAD_OK);
    return value;
  }

  bulkhead::testing::ScratchFolder folder_;
  int generation_ = 0;
};

TEST_F(LoaderTest, LoadsCallsAndUnloadsForReal) {
  for (const bool defer : {true, false}) {
    Source from = source("good", defer);
    const std::string path = from.path;
    Result<Library> library = Library::open(std::move(from));
    ASSERT_TRUE(library) << library.error().message();
    EXPECT_EQ(next(library->module()), 1) << "its statics are constructed";
    EXPECT_EQ(next(library->module()), 2);
    EXPECT_TRUE(isMapped(path));
    const Result<void> closed = library->close();
    EXPECT_TRUE(closed) << closed.error().message();
    EXPECT_FALSE(isMapped(path));
    EXPECT_TRUE(library->close()) << "closing twice is harmless";
  }
}

TEST_F(LoaderTest, DestructorCloses) {
  Source from = source("good");
  const std::string path = from.path;
  {
    const Result<Library> library = Library::open(std::move(from));
    ASSERT_TRUE(library);
    ASSERT_TRUE(isMapped(path));
  }
  EXPECT_FALSE(isMapped(path));
}

TEST_F(LoaderTest, CopiesStandSideBySide) {
  Result<Library> one = Library::open(source("good"));
  Result<Library> two = Library::open(source("good"));
  ASSERT_TRUE(one && two);
  EXPECT_NE(one->base(), two->base());
  EXPECT_EQ(next(one->module()), 1);
  EXPECT_EQ(next(one->module()), 2);
  EXPECT_EQ(next(two->module()), 1) << "each has its own statics";
  EXPECT_TRUE(one->close());
  EXPECT_EQ(next(two->module()), 2) << "one's end is nothing to the other";
}

TEST_F(LoaderTest, FailuresAreValues) {
  expectFailure("no_entry", ErrorKind::notAModule, "no symbol bulkhead_module_entry");
  expectFailure("null_entry", ErrorKind::loadFailed, "it is null");
  expectFailure("other_abi", ErrorKind::loadFailed, "version 2 of the module ABI");
  expectFailure("bad_table", ErrorKind::loadFailed, "a table of 3 bytes");
  expectFailure("undefined_symbol", ErrorKind::loadFailed, "undefined symbol: fixtureSymbolOfNobody");
}

TEST_F(LoaderTest, ThrowingConstructorIsAnErrorWithTypeAndText) {
  const int uncaught = std::uncaught_exceptions();
  Source from = source("throwing_constructor");
  const std::string path = from.path;
  const Result<Library> library = Library::open(std::move(from));
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().kind(), ErrorKind::loadFailed);
  EXPECT_EQ(library.error().type(), "std::runtime_error");
  EXPECT_THAT(library.error().text(), HasSubstr("a static constructor threw: no licence"));
  EXPECT_FALSE(isMapped(path));
  EXPECT_EQ(std::uncaught_exceptions(), uncaught);

  // The dynamic loader is still sound: on this thread and on others.
  EXPECT_TRUE(Library::open(source("good")));
  EXPECT_TRUE(std::async(std::launch::async, [&] { return Library::open(source("good")).hasValue(); }).get());
}

TEST_F(LoaderTest, ExceptionOfTheModulesOwnRuntimeIsCaughtToo) {
  const int uncaught = std::uncaught_exceptions();
  expectFailure("throwing_static_runtime", ErrorKind::loadFailed, "no licence");
  EXPECT_EQ(std::uncaught_exceptions(), uncaught);
  expectFailure("throwing_foreign", ErrorKind::loadFailed, "a static constructor threw");
}

TEST_F(LoaderTest, MissingFileIsTheDynamicLoadersError) {
  const Result<Library> library =
      Library::open({.path = folder_.at("none.so"), .name = "none", .dependencies = {}, .hints = {}});
  ASSERT_FALSE(library);
  EXPECT_EQ(library.error().kind(), ErrorKind::loadFailed);
  EXPECT_THAT(library.error().text(), HasSubstr("No such file"));
}

TEST_F(LoaderTest, NeighboursOfTheOriginalAreFoundFromTheCopy) {
  Source from = source("with_dependency");
  ASSERT_THAT(from.dependencies, Not(IsEmpty()));
  const std::string dependency = from.dependencies[0];
  Result<Library> library = Library::open(from);
  ASSERT_TRUE(library) << library.error().message();
  EXPECT_EQ(next(library->module()), 42);
  EXPECT_TRUE(isMapped(dependency));
  EXPECT_TRUE(library->close());
  EXPECT_FALSE(isMapped(dependency));

  from.dependencies.clear();
  const Result<Library> lost = Library::open(from);
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().text(), HasSubstr("libfixture-dependency.so"));

  from.dependencies = {folder_.at("libgone.so")};
  const Result<Library> gone = Library::open(from);
  ASSERT_FALSE(gone);
  EXPECT_THAT(gone.error().text(), HasSubstr("a library it needs cannot be loaded"));
}

TEST_F(LoaderTest, PinnedModuleIsRefusedAndStaysUsable) {
  for (const auto& [fixture, reason] : {std::pair("nodelete", "-z nodelete"), std::pair("good", "another dlopen")}) {
    Source from = source(fixture);
    void* another = nullptr;
    Result<Library> library = Library::open(from);
    ASSERT_TRUE(library);
    if (std::string(fixture) == "good") another = ::dlopen(from.path.c_str(), RTLD_NOW);
    EXPECT_EQ(next(library->module()), 1);
    for (int attempt = 0; attempt < 2; ++attempt) {
      const Result<void> closed = library->close();
      ASSERT_FALSE(closed);
      EXPECT_EQ(closed.error().kind(), ErrorKind::unloadRefused);
      EXPECT_THAT(closed.error().text(), HasSubstr(reason));
    }
    EXPECT_EQ(next(library->module()), 2);
    if (another == nullptr) continue;
    ::dlclose(another);
    EXPECT_TRUE(library->close()) << "retried once what held it is gone";
    EXPECT_FALSE(isMapped(from.path));
  }
}

#if defined(FIXTURE_HAS_UNIQUE)
TEST_F(LoaderTest, UniqueSymbolsAreNamed) {
  Source from = source("unique");
  ASSERT_GT(from.hints.uniqueSymbols, 0u);
  Result<Library> library = Library::open(std::move(from));
  ASSERT_TRUE(library);
  const Result<void> closed = library->close();
  ASSERT_FALSE(closed);
  EXPECT_THAT(closed.error().text(), HasSubstr("STB_GNU_UNIQUE symbols, for example _ZN6SharedIiE5valueE"));
}
#endif

TEST_F(LoaderTest, LoadsAndUnloadsFromManyThreads) {
  std::vector<std::vector<Source>> sources(4);
  for (auto& list : sources) {
    for (int n = 0; n < 25; ++n) list.push_back(source("good"));
  }
  std::vector<std::jthread> threads;
  for (auto& list : sources) {
    threads.emplace_back([&list] {
      for (Source& from : list) {
        Result<Library> library = Library::open(std::move(from));
        ASSERT_TRUE(library) << library.error().message();
        EXPECT_EQ(next(library->module()), 1);
        EXPECT_TRUE(library->close());
      }
    });
  }
}

TEST_F(LoaderTest, InstanceOwnsTheModulesObject) {
  Result<Library> library = Library::open(source("good"));
  ASSERT_TRUE(library);
  std::string log;
  BulkheadHostServices services{sizeof services, &log, [](void* context, std::uint32_t, BulkheadBytes line) {
                                  static_cast<std::string*>(context)->append(static_cast<const char*>(line.data),
                                                                             line.size);
                                }};
  {
    Result<Instance> instance = Instance::create(library->module(), {}, services, "good");
    ASSERT_TRUE(instance);
    EXPECT_NE(instance->self(), nullptr);
    Instance moved = std::move(*instance);
    EXPECT_NE(moved.self(), nullptr);
    EXPECT_EQ(log, "");
  }
  EXPECT_EQ(log, "destroyed") << "exactly once";
}

TEST_F(LoaderTest, FailingCreateIsLoadFailedWithTypeAndText) {
  Result<Library> library = Library::open(source("failing_create"));
  ASSERT_TRUE(library);
  const BulkheadHostServices services{sizeof services, nullptr, nullptr};
  const Result<Instance> instance = Instance::create(library->module(), {}, services, "codec");
  ASSERT_FALSE(instance);
  EXPECT_EQ(instance.error().kind(), ErrorKind::loadFailed) << "never the kind that the module claims";
  EXPECT_EQ(instance.error().type(), "std::runtime_error");
  EXPECT_EQ(instance.error().text(), "codec: its constructor failed: no configuration");
}

TEST(EntryTest, ImplausibleTablesAreRefused) {
  const BulkheadTable table{sizeof table, 1};
  const BulkheadExport good{1, "A", &table, [](auto...) -> std::int32_t { return BULKHEAD_FAILED; }};
  const auto create = [](const BulkheadCreateArguments*, void**, const BulkheadErrorSink*) { return BULKHEAD_OK; };
  const auto withExport = [&](const BulkheadExport* exports, std::uint64_t count) {
    return BulkheadModule{
        sizeof(BulkheadModule), BULKHEAD_ABI_VERSION, 0, exports, count, nullptr, 0, create, [](void*) {}, nullptr};
  };
  const auto refused = [](const BulkheadModule& module) { return !checkEntry(&module, "x"); };

  EXPECT_FALSE(refused(withExport(&good, 1)));
  EXPECT_FALSE(refused(withExport(nullptr, 0)));
  EXPECT_TRUE(refused(withExport(nullptr, 1)));
  EXPECT_TRUE(refused(withExport(&good, 1 << 20)));
  const std::vector<BulkheadExport> many(manifest::kMaxInterfaces + 1, good);
  EXPECT_FALSE(refused(withExport(many.data(), manifest::kMaxInterfaces))) << "what a manifest may hold";
  EXPECT_TRUE(refused(withExport(many.data(), manifest::kMaxInterfaces + 1)));
  BulkheadExport bad = good;
  bad.interface_id = 2;
  EXPECT_TRUE(refused(withExport(&bad, 1)));
  bad = good;
  bad.table = nullptr;
  EXPECT_TRUE(refused(withExport(&bad, 1)));
  bad = good;
  bad.skeleton = nullptr;
  EXPECT_TRUE(refused(withExport(&bad, 1)));
  const BulkheadTable huge{1 << 30, 1};
  bad = good;
  bad.table = &huge;
  EXPECT_TRUE(refused(withExport(&bad, 1)));
  BulkheadModule module = withExport(&good, 1);
  module.create = nullptr;
  EXPECT_TRUE(refused(module));
  module = withExport(&good, 1);
  module.size = 4;
  EXPECT_TRUE(refused(module));
}

}  // namespace
}  // namespace bulkhead::loader
