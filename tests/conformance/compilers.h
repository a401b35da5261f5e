// The matrix of compilers: the same test bodies on modules of every compiler that tests/modules/compilers.cmake lists,
// in every placement, and one line about each of them in the output of the run.
#pragma once

#ifdef HAS_COMPILERS

#include "compiler_rows.h"
#include "shared/manifest/manifest.h"
#include "tests/conformance/modules.h"

#include <cstdio>
#include <map>
#include <string>
#include <utility>

namespace bulkhead::conformance {

// Counts what ran, and prints it when the run ends.
class CompilerMatrix final : public ::testing::Environment {
 public:
  static CompilerMatrix& instance() {
    static auto* const matrix = new CompilerMatrix;  // GoogleTest's, once it is added
    return *matrix;
  }
  static bool install() {
    ::testing::AddGlobalTestEnvironment(&instance());
    return true;
  }

  void SetUp() override { rows_.clear(); }
  void count(const std::string& row, Placement::Kind kind, const std::string& module, bool passed) {
    Count& count = rows_[{row, kind}];
    count.module = module;
    ++(passed ? count.passed : count.failed);
  }
  void TearDown() override {
    const char* const line = "  %-15s %-22s %-31s %-8s %-8s %-11s %s\n";
    if (!rows_.empty()) std::printf("compilers:\n");
    if (!rows_.empty()) std::printf(line, "row", "compiler", "standard library", "build", "runtime", "placement", "");
    for (const auto& [key, count] : rows_) {
      const auto manifest = manifest::readManifest(count.module);
      const auto note = [&](const char* name) {
        if (!manifest) return std::string("?");
        for (const auto& [candidate, value] : manifest->build) {
          if (candidate == name) return value;
        }
        return std::string("?");
      };
      const std::string outcome = std::to_string(count.passed) + " passed, " + std::to_string(count.failed) + " failed";
      std::printf(line, key.first.c_str(), note("compiler").substr(0, 22).c_str(), note("stdlib").c_str(),
                  note("build").c_str(), note("runtime").c_str(), std::string(toString(key.second)).c_str(),
                  outcome.c_str());
    }
    if (*MISSING_COMPILERS != '\0') std::printf("compilers: NOT TESTED, not installed: %s\n", MISSING_COMPILERS);
    std::fflush(stdout);
  }

 private:
  struct Count {
    std::string module;
    int passed = 0;
    int failed = 0;
  };
  std::map<std::pair<std::string, Placement::Kind>, Count> rows_;
};

inline const bool compilerMatrixInstalled = CompilerMatrix::install();

// A fixture over a module of the row that the instantiation is named after: "ClangLibcxx/CompilersTest".
template <class Fixture>
class CompilerRow : public Fixture {
 protected:
  explicit CompilerRow(std::string source) : source_(std::move(source)) {}

  static std::string row() {
    const std::string suite = ::testing::UnitTest::GetInstance()->current_test_info()->test_suite_name();
    return suite.substr(0, suite.find('/'));
  }
  std::string modulePath() const override { return conformance::modulePath(source_ + "_" + row()); }
  void TearDown() override {
    Fixture::TearDown();
    CompilerMatrix::instance().count(row(), this->kind(), modulePath(), !this->HasFailure());
  }

 private:
  const std::string source_;
};

}  // namespace bulkhead::conformance

// Instantiates a CompilerRow for one row and every placement; for FOR_EACH_COMPILER.
#define BULKHEAD_COMPILER_PLACEMENTS(Row, Fixture)                                                                    \
  INSTANTIATE_TEST_SUITE_P(                                                                                           \
      Row, Fixture, ::testing::Values(::bulkhead::Placement::Kind::inProcess, ::bulkhead::Placement::Kind::isolated), \
      [](const ::testing::TestParamInfo<::bulkhead::Placement::Kind>& info) {                                         \
        return std::string(::bulkhead::detail::PlacementCensus::nameOf(info.param));                                  \
      });

#endif
