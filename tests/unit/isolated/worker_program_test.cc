#include "host/isolated/worker_program.h"

#include "host/isolated/environment.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace bulkhead::isolated {
namespace {

namespace fs = std::filesystem;

class WorkerProgramTest : public ::testing::Test {
 protected:
  WorkerProgramTest() : directory_(::testing::TempDir() + "bulkhead_program." + std::to_string(::getpid())) {
    fs::create_directories(directory_);
    ::unsetenv("BULKHEAD_WORKER");
  }
  ~WorkerProgramTest() override { fs::remove_all(directory_); }

  std::string make(const std::string& name, fs::perms permissions) {
    const std::string path = directory_ / name;
    std::ofstream(path) << "x";
    fs::permissions(path, permissions);
    return path;
  }

  fs::path directory_;
};

TEST_F(WorkerProgramTest, ConfiguredPathIsTheOnlyPlace) {
  const auto path = make("w", fs::perms::owner_all);
  ::setenv("BULKHEAD_WORKER", "/bin/true", 1);
  const auto program = findWorkerProgram(path);
  ASSERT_TRUE(program);
  EXPECT_EQ(program->path, path);
  EXPECT_FALSE(findWorkerProgram(directory_ / "missing"));
  ::unsetenv("BULKHEAD_WORKER");
}

TEST_F(WorkerProgramTest, EnvironmentIsNext) {
  const auto path = make("w", fs::perms::owner_all);
  ::setenv("BULKHEAD_WORKER", path.c_str(), 1);
  EXPECT_EQ(findWorkerProgram("").value().path, path);
  ::unsetenv("BULKHEAD_WORKER");
}

TEST_F(WorkerProgramTest, ErrorListsThePlacesAndReasons) {
  const auto plain = make("plain", fs::perms::owner_read);
  for (const auto& [path, reason] : std::vector<std::pair<std::string, std::string>>{
           {plain, "not executable"}, {directory_, "not a regular file"}, {directory_ / "none", "No such file"}}) {
    const auto program = findWorkerProgram(path);
    ASSERT_FALSE(program);
    EXPECT_EQ(program.error().kind(), ErrorKind::workerStartFailed);
    EXPECT_NE(program.error().text().find(path), std::string::npos);
    EXPECT_NE(program.error().text().find(reason), std::string::npos) << program.error().text();
  }
}

TEST_F(WorkerProgramTest, FifoIsRefusedWithoutBlocking) {
  const std::string path = directory_ / "fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0700), 0);
  EXPECT_FALSE(openProgram(path));
}

TEST_F(WorkerProgramTest, PlacesAreNeighboursOfThisProgram) {
  const auto places = workerPlaces();
  const fs::path own = fs::canonical("/proc/self/exe").parent_path();
  ASSERT_FALSE(places.empty());
  EXPECT_EQ(places[0], (own / kWorkerFileName).string());
  const std::string neighbour = (own.parent_path() / "bin" / kWorkerFileName).lexically_normal().string();
  EXPECT_NE(std::find(places.begin(), places.end(), neighbour), places.end());
}

TEST(Environment, LetsTimeZoneAndLanguageThroughAlone) {
  for (const char* name : {"TZ", "LANG", "LC_ALL", "LC_NUMERIC"}) EXPECT_TRUE(passesToWorker(name)) << name;
  for (const char* name :
       {"PATH", "HOME", "LD_PRELOAD", "LD_LIBRARY_PATH", "LANGUAGE", "TZDIR", "BULKHEAD_WORKER", ""}) {
    EXPECT_FALSE(passesToWorker(name)) << name;
  }
  ::setenv("LD_PRELOAD_TEST", "x", 1);
  ::setenv("LC_TIME", "C", 1);
  const auto lines = workerEnvironment();
  EXPECT_NE(std::find(lines.begin(), lines.end(), "LC_TIME=C"), lines.end());
  for (const auto& line : lines) EXPECT_FALSE(line.starts_with("LD_")) << line;
}

}  // namespace
}  // namespace bulkhead::isolated
