// I6: libraries that the dynamic loader bound to an object are found, and named.
#include "shared/loader/pins.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>

#include <string>
#include <vector>

namespace bulkhead::loader {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Closed with its owner.
class Opened {
 public:
  explicit Opened(const std::string& file) : handle_(::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    EXPECT_NE(handle_, nullptr) << file;
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() { ::dlclose(handle_); }

  Extent extent() const {
    const link_map* map = nullptr;
    ::dlinfo(handle_, RTLD_DI_LINKMAP, &map);
    return extentOf(map->l_addr, map->l_name);
  }

 private:
  void* handle_;
};

const std::string kFolder = FIXTURE_FOLDER "/";

TEST(PinsTest, LibraryThatUsesItIsNamed) {
  const Opened bound(kFolder + "lib/libfixture-bound.so");
  EXPECT_THAT(findPins(bound.extent(), {}), IsEmpty()) << "nobody does yet";
  const Opened binder(kFolder + "libfixture-binder.so");
  const std::vector<Pin> pins = findPins(bound.extent(), {});
  ASSERT_EQ(pins.size(), 1u);
  EXPECT_EQ(pins.front().kind, Pin::Kind::boundSymbols);
  EXPECT_THAT(pins.front().name, EndsWith("libfixture-binder.so"));
  EXPECT_THAT(pins.front().text, AllOf(HasSubstr("symbols of it bound into "), HasSubstr("bulkhead_add_module")));
  EXPECT_THAT(findPins(binder.extent(), {}), IsEmpty()) << "only one way";
}

TEST(PinsTest, WhatTheFileSaysIsSaid) {
  const Opened bound(kFolder + "lib/libfixture-bound.so");
  manifest::UnloadHints hints;
  hints.noDelete = true;
  hints.uniqueSymbols = 3;
  hints.firstUniqueSymbol = "_ZN1aE";
  const std::vector<Pin> pins = findPins(bound.extent(), hints);
  ASSERT_EQ(pins.size(), 2u);
  EXPECT_EQ(pins[0].kind, Pin::Kind::noDelete);
  EXPECT_EQ(pins[1].kind, Pin::Kind::uniqueSymbol);
  EXPECT_EQ(pins[1].name, "_ZN1aE");
}

TEST(PinsTest, WhatIsNotLoadedHasNoExtent) { EXPECT_EQ(extentOf(0x1000, "/no/such.so").end, 0u); }

}  // namespace
}  // namespace bulkhead::loader
