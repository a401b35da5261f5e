#include "shared/manifest/dependencies.h"

#include "tests/unit/manifest/elf_builder.h"
#include "tests/unit/manifest/scratch_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::manifest {
namespace {

using bulkhead::testing::ElfBuilder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Texts = std::vector<std::pair<std::int64_t, std::string>>;

class DependenciesTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const Texts& texts = {}) {
    ElfBuilder elf;
    elf.texts = texts;
    return folder_.write(name, elf.build());
  }
  std::vector<std::string> resolve(const std::string& path) { return resolveDependencies(readElf(path).value(), path); }

  bulkhead::testing::ScratchFolder folder_;
};

TEST_F(DependenciesTest, FindsNeighboursByRunpathAndRpath) {
  const std::string one = write("libone.so");
  for (const std::int64_t tag : {DT_RUNPATH, DT_RPATH}) {
    for (const char* origin : {"$ORIGIN", "${ORIGIN}", "/nowhere:$ORIGIN/"}) {
      const auto found = resolve(write("m.so", {{DT_NEEDED, "libone.so"}, {DT_NEEDED, "libc.so.6"}, {tag, origin}}));
      ASSERT_EQ(found.size(), 1u) << origin;
      EXPECT_TRUE(std::filesystem::equivalent(found[0], one));
    }
  }
}

TEST_F(DependenciesTest, WhatDoesNotDependOnThePlaceIsLeftAlone) {
  write("libone.so");
  EXPECT_THAT(resolve(write("m.so", {{DT_NEEDED, "libone.so"}})), IsEmpty());
  EXPECT_THAT(resolve(write("m.so", {{DT_NEEDED, "libone.so"}, {DT_RUNPATH, folder_.path()}})), IsEmpty());
  EXPECT_THAT(resolve(write("m.so", {{DT_NEEDED, "libtwo.so"}, {DT_RUNPATH, "$ORIGIN"}})), IsEmpty());
}

TEST_F(DependenciesTest, NeededOnesComeFirstAndOnce) {
  const std::string base = write("lib/libbase.so");
  const std::string left = write("lib/libleft.so", {{DT_NEEDED, "libbase.so"}, {DT_RUNPATH, "$ORIGIN"}});
  const std::string right = write("lib/libright.so", {{DT_NEEDED, "libbase.so"}, {DT_RUNPATH, "$ORIGIN"}});
  const std::string module =
      write("m.so", {{DT_NEEDED, "libleft.so"}, {DT_NEEDED, "libright.so"}, {DT_RUNPATH, "$ORIGIN/lib"}});
  EXPECT_THAT(resolve(module), ElementsAre(base, left, right));
}

TEST_F(DependenciesTest, RpathIsInheritedAndRunpathIsNot) {
  const std::string base = write("lib/libbase.so");
  const std::string user = write("lib/libuser.so", {{DT_NEEDED, "libbase.so"}});
  EXPECT_THAT(resolve(write("m.so", {{DT_NEEDED, "libuser.so"}, {DT_RPATH, "$ORIGIN/lib"}})), ElementsAre(base, user));
  EXPECT_THAT(resolve(write("m.so", {{DT_NEEDED, "libuser.so"}, {DT_RUNPATH, "$ORIGIN/lib"}})), ElementsAre(user));
}

TEST_F(DependenciesTest, CyclesEnd) {
  write("liba.so", {{DT_NEEDED, "libb.so"}, {DT_RUNPATH, "$ORIGIN"}});
  write("libb.so", {{DT_NEEDED, "liba.so"}, {DT_RUNPATH, "$ORIGIN"}});
  EXPECT_EQ(resolve(write("m.so", {{DT_NEEDED, "liba.so"}, {DT_RUNPATH, "$ORIGIN"}})).size(), 2u);
}

TEST_F(DependenciesTest, FilesThatAreNoLibrariesArePassedOver) {
  folder_.write("bad/libone.so", {});
  const std::string good = write("good/libone.so");
  EXPECT_THAT(resolve(write("m.so", {{DT_NEEDED, "libone.so"}, {DT_RUNPATH, "$ORIGIN/bad:$ORIGIN/good"}})),
              ElementsAre(good));
}

}  // namespace
}  // namespace bulkhead::manifest
