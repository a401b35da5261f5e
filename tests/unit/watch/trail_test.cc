// Which places decide what a path leads to. (R3)
#include "host/watch/trail.h"

#include "tests/unit/manifest/scratch_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace bulkhead::watch {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::IsSupersetOf;
using ::testing::Not;

class TrailTest : public ::testing::Test {
 protected:
  // "DIRECTORY|NAME" with directories relative to the folder.
  std::vector<std::string> places(const std::string& path) const {
    std::vector<std::string> result;
    for (const Step& step : follow(folder_.at(path)).steps) {
      const std::string& root = folder_.path().native();
      if (!step.directory.starts_with(root)) continue;
      result.push_back(step.directory.substr(root.size()) + "|" + step.name);
    }
    return result;
  }
  std::string fileOf(const std::string& path) const { return follow(folder_.at(path)).file.value_or(""); }
  void write(const std::string& name) const { folder_.write(name, {}); }

  testing::ScratchFolder folder_;
};

TEST_F(TrailTest, APlainPathIsItsDirectories) {
  write("a/b/x.so");
  EXPECT_THAT(places("a/b/x.so"), IsSupersetOf({"|", "/a|", "/a/b|", "/a/b|x.so"}));
  EXPECT_EQ(fileOf("a/b/x.so"), folder_.at("a/b/x.so"));
}

TEST_F(TrailTest, EverySymbolicLinkOnTheWayIsAPlace) {
  write("releases/42/x.so");
  fs::create_directory_symlink("releases/42", folder_.path() / "current");
  fs::create_symlink("current/x.so", folder_.path() / "y.so");
  EXPECT_THAT(places("y.so"), IsSupersetOf({"|y.so", "|current", "/releases|", "/releases/42|x.so"}));
  EXPECT_EQ(fileOf("y.so"), folder_.at("releases/42/x.so"));
}

TEST_F(TrailTest, AnAbsoluteLinkStartsAgain) {
  write("far/x.so");
  fs::create_symlink(folder_.at("far/x.so"), folder_.path() / "near.so");
  EXPECT_THAT(places("near.so"), IsSupersetOf({"|near.so", "/far|x.so"}));
}

TEST_F(TrailTest, DotsAreThoseOfTheRealDirectory) {
  write("real/x.so");
  fs::create_directories(folder_.path() / "real/deep");
  fs::create_directory_symlink("real/deep", folder_.path() / "link");
  EXPECT_EQ(fileOf("link/../x.so"), folder_.at("real/x.so"));
  EXPECT_EQ(fileOf("./real/./x.so"), folder_.at("real/x.so"));
}

TEST_F(TrailTest, TheNearestDirectoryWaitsForWhatIsMissing) {
  fs::create_directories(folder_.path() / "a");
  const auto found = places("a/b/c/x.so");
  EXPECT_EQ(found.back(), "/a|b");
  EXPECT_THAT(found, Contains("|a"));
  EXPECT_THAT(found, Not(Contains("/a/b|c")));
  EXPECT_EQ(fileOf("a/b/c/x.so"), "");
}

TEST_F(TrailTest, ADanglingLinkWaitsWhereItLeads) {
  fs::create_symlink("nowhere/x.so", folder_.path() / "x.so");
  EXPECT_THAT(places("x.so"), IsSupersetOf({"|x.so", "|nowhere"}));
}

TEST_F(TrailTest, LinksInACircleEnd) {
  fs::create_symlink("two", folder_.path() / "one");
  fs::create_symlink("one", folder_.path() / "two");
  EXPECT_EQ(fileOf("one"), "");
  EXPECT_THAT(places("one"), IsSupersetOf({"|one", "|two"}));
}

TEST_F(TrailTest, AFileWhereADirectoryIsExpectedIsWaitedFor) {
  write("a");
  EXPECT_EQ(places("a/x.so").back(), "|a");
}

TEST_F(TrailTest, AnotherDirectoryOfTheSameNameIsAnotherTrail) {
  write("a/x.so");
  const Trail before = follow(folder_.at("a/x.so"));
  EXPECT_EQ(follow(folder_.at("a/x.so")), before);
  write("b/x.so");
  fs::rename(folder_.path() / "a", folder_.path() / "old");
  fs::rename(folder_.path() / "b", folder_.path() / "a");
  EXPECT_NE(follow(folder_.at("a/x.so")), before);
}

}  // namespace
}  // namespace bulkhead::watch
