// A module's source is edited, built by the real compiler and loaded anew in one host that lives on: four rebuilds, two
// dozen reloads, in both placements side by side. (R1, I2)
#include "counter.host.h"
#include "tests/census.h"
#include "tests/unit/manifest/scratch_file.h"

#include <bulkhead/host.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

namespace bulkhead::conformance {
namespace {

using counter::host::Counter;

// A module whose file is built anew meanwhile.
class Loaded {
 public:
  Loaded(Host& host, std::string file, const Placement& placement)
      : host_(host), file_(std::move(file)), placement_(placement) {}

  // Gives what the file holds now.
  Result<void> reload() {
    if (module_) {
      if (auto unloaded = module_->unload(); !unloaded) return unloaded;
      module_.reset();
    }
    auto module = host_.load(file_, placement_);
    if (!module) return std::move(module).error();
    module_.emplace(*std::move(module));
    return {};
  }
  Counter counter() const { return module_->get<Counter>().value(); }

 private:
  Host& host_;
  const std::string file_;
  const Placement placement_;
  std::optional<Module> module_;
};

class RebuildTest : public ::testing::Test {
 protected:
  // Edits the source, here its first line, and builds it. The compiler's exit status.
  int build(const std::string& version) {
    std::stringstream source;
    source << "#define COUNTER_VERSION \"" << version << "\"\n" << std::ifstream(MODULE_SOURCE).rdbuf();
    std::ofstream(folder_.at("module.cc")) << source.str();
    return std::system(
        (COMPILER " " + folder_.at("module.cc") + " @" MODULE_FLAGS " -o " + file_ + " 2> " + folder_.at("log"))
            .c_str());
  }
  std::string messages() const {
    std::stringstream text;
    text << std::ifstream(folder_.at("log")).rdbuf();
    return text.str();
  }
  static void expectServes(const Loaded& module, const std::string& version, std::uint32_t count) {
    EXPECT_EQ(module.counter().version().value(), version);
    EXPECT_EQ(module.counter().next().value(), count);
  }

  testing::ScratchFolder folder_;
  const std::string file_ = folder_.at("module.so");
  Host host_;
};

TEST_F(RebuildTest, FourRebuildsAndTwoDozenReloadsInOneHost) {
  Loaded inProcess(host_, file_, Placement::inProcess());
  Loaded isolated(host_, file_, Placement::isolated());
  std::string before;
  testing::MappedObjects objects = testing::mappedObjects();
  for (const std::string version : {"first", "second, longer than the first", "3", "and the last"}) {
    ASSERT_EQ(build(version), 0) << messages();
    if (!before.empty()) {  // what is loaded does not care what happens to its file
      expectServes(inProcess, before, 2);
      expectServes(isolated, before, 2);
    }
    for (int round = 0; round < 3; ++round) {
      for (Loaded* const module : {&inProcess, &isolated}) {
        const auto reloaded = module->reload();
        ASSERT_TRUE(reloaded) << reloaded.error().message();
        expectServes(*module, version, 1);
      }
      EXPECT_EQ(testing::newObjects(objects).size(), 1u) << "one generation is mapped, in-process";
    }
    before = version;
  }
}

// The compiler writes nothing then, or something that is no module.
TEST_F(RebuildTest, ASourceThatDoesNotCompileLeavesTheLoadedModuleServing) {
  Loaded module(host_, file_, Placement::inProcess());
  ASSERT_EQ(build("good"), 0) << messages();
  ASSERT_TRUE(module.reload());
  EXPECT_NE(build("bad\" this is no C++ \""), 0);
  expectServes(module, "good", 1);
  ASSERT_EQ(build("good again"), 0) << messages();
  const auto reloaded = module.reload();
  ASSERT_TRUE(reloaded) << reloaded.error().message();
  expectServes(module, "good again", 1);
}

}  // namespace
}  // namespace bulkhead::conformance
