// For an embedder's own tests: one GoogleTest fixture whose test bodies run once per placement.
//
//   class CodecTest : public bulkhead::testing::EveryPlacement<codec::host::Codec> {
//    protected:
//     std::string modulePath() const override { return CODEC_MODULE; }
//     bulkhead::Imports imports() override { return log_; }     // where the module has imports
//     Log log_;
//   };
//   BULKHEAD_EVERY_PLACEMENT(CodecTest);
//
//   TEST_P(CodecTest, RefusesAnEmptyFile) { EXPECT_FALSE(subject().decode({})); }
//
// gives the tests Placement/CodecTest.RefusesAnEmptyFile/InProcess and .../Isolated. Link bulkhead::testing, GoogleTest
// and the contract.
//
// The placement under test is the parameter's: a program that includes this header ignores BULKHEAD_PLACEMENT. At its
// end it prints how many tests ran and how many were skipped in each placement; the run fails when a test of this kind
// was skipped, or when the placements do not have the same number of tests.
#pragma once

#include <bulkhead/detail/placement_census.h>
#include <bulkhead/host.h>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>
#include <utility>

// Instantiates the tests of a fixture for every placement, once per fixture, at namespace scope. Placed before or after
// the tests.
#define BULKHEAD_EVERY_PLACEMENT(Fixture)                                                               \
  INSTANTIATE_TEST_SUITE_P(                                                                             \
      Placement, Fixture,                                                                               \
      ::testing::Values(::bulkhead::Placement::Kind::inProcess, ::bulkhead::Placement::Kind::isolated), \
      [](const ::testing::TestParamInfo<::bulkhead::Placement::Kind>& info) {                           \
        return std::string(::bulkhead::detail::PlacementCensus::nameOf(info.param));                    \
      })

namespace bulkhead::testing {

// The part without a module of its own: a host, and the placement to load modules in. Derive from EveryPlacement.
class PlacementFixture : public ::testing::TestWithParam<Placement::Kind> {
 protected:
  // Options for the placement under test; `kind` is that of the running test.
  virtual Placement placement(Placement::Kind kind) const {
    return kind == Placement::Kind::inProcess ? Placement::inProcess() : Placement::isolated();
  }
  // Options of the host that each test gets for itself.
  virtual HostOptions hostOptions() { return {}; }

  void SetUp() override { host_.emplace(hostOptions()); }
  void TearDown() override { host_.reset(); }

  Placement::Kind kind() const { return GetParam(); }
  // Valid from SetUp to TearDown.
  Host& host() { return *host_; }
  // Loads one more module in the placement under test. `imports` are borrowed, as by Host::load.
  Result<Module> load(const std::string& file, const Imports& imports = {}, const LoadOptions& options = {}) {
    return host().load(file, placement(kind()), imports, options);
  }

 private:
  std::optional<Host> host_;
};

// A fixture that has loaded the user's module. Each test gets a host and a module of its own; both are gone before the
// members of the derived class are, so imports may be members. Derived classes that override SetUp or TearDown call
// these, and call this TearDown last. Without handles nothing is loaded: for tests of loading.
template <class... Handles>
class EveryPlacement : public PlacementFixture {
 protected:
  // The module's file.
  virtual std::string modulePath() const = 0;
  // What it may call. Called once per test; the objects must outlive it.
  virtual Imports imports() { return {}; }

  void SetUp() override {
    PlacementFixture::SetUp();
    auto loaded = load(modulePath(), imports());
    ASSERT_TRUE(loaded) << loaded.error().message();
    ASSERT_EQ(loaded->placement().kind, kind()) << loaded->placement().reason;
    module_.emplace(*std::move(loaded));
    (take<Handles>(), ...);
  }
  // The module must let itself be unloaded, unless the test did that.
  void TearDown() override {
    if (module_) {
      const auto unloaded = module_->unload();
      EXPECT_TRUE(unloaded) << unloaded.error().message();
    }
    module_.reset();
    PlacementFixture::TearDown();
  }

  // The handle under test: the first of the fixture's, or the one of the type that is asked for.
  template <class Handle = std::tuple_element_t<0, std::tuple<Handles...>>>
  const Handle& subject() const {
    return std::get<Handle>(handles_);
  }
  Module& module() { return *module_; }

 private:
  template <class Handle>
  void take() {
    auto handle = module_->get<Handle>();
    ASSERT_TRUE(handle) << handle.error().message();
    std::get<Handle>(handles_) = *std::move(handle);
  }

  std::optional<Module> module_;
  std::tuple<Handles...> handles_;
};

template <>
class EveryPlacement<> : public PlacementFixture {};

}  // namespace bulkhead::testing
