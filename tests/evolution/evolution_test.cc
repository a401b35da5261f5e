// Every way a contract may change, both ways: this program has one version of it (EVOLVING_VERSION), the modules have
// both. What may not change is refused before any code of the module runs. (C4)
#include "evolving.host.h"
#include "tests/modules/trace.h"

#include <bulkhead/host.h>

#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace bulkhead {
namespace {

using evolving::host::Evolving;
using ::testing::HasSubstr;

constexpr int kHost = EVOLVING_VERSION;

class EvolvingHost final : public evolving::host::EvolvingHost {
 public:
  Result<std::int32_t> untouched(std::int32_t a) override { return a + 1; }
#if EVOLVING_VERSION == 1
  Result<std::int32_t> parameterAdded(std::int32_t a) override { return 2 * a; }
  Result<std::string> hostResultAdded() override { return "t"; }
#else
  Result<std::int32_t> parameterAdded(std::int32_t a, std::int32_t bonus) override { return 2 * a + bonus; }
  Result<evolving::HostResultAddedResult> hostResultAdded() override { return evolving::HostResultAddedResult{"t", 9}; }
  Result<std::string> methodAdded() override { return "later"; }
#endif
};

// ---- what a call gave, as text

std::string textOf(std::int32_t value) { return std::to_string(value); }
std::string textOf(const std::string& value) { return value; }
std::string textOf(evolving::Color value) { return std::to_string(static_cast<int>(value)); }
std::string textOf(const Owned<evolving::Point>& point) {
  std::string text = std::to_string(point->getX()) + "," + std::to_string(point->getY());
#if EVOLVING_VERSION == 2
  text += "," + std::to_string(point->getZ()) + "," + std::string(point->getLabel());
#endif
  return text;
}
#if EVOLVING_VERSION == 2
std::string textOf(const evolving::ResultAddedResult& value) {
  return std::to_string(value.twice) + "," + std::to_string(value.thrice);
}
std::string textOf(const evolving::TextAddedResult& value) { return value.text + "," + std::to_string(value.size); }
#endif
template <class T>
std::string textOf(const Result<T>& result) {
  return result ? textOf(*result) : std::string(toString(result.error().kind())) + " " + result.error().text();
}
std::string textOf(const Result<void>& result) {
  return result ? "done" : std::string(toString(result.error().kind())) + " " + result.error().text();
}

// ---- the calls

std::string structGrown(const Evolving& module) {
  capnp::MallocMessageBuilder message;
  auto point = message.initRoot<evolving::Point>();
  point.setX(1);
  point.setY(2);
#if EVOLVING_VERSION == 2
  point.setZ(9);
  point.setLabel("label");
#endif
  return textOf(module.structGrown(point.asReader()));
}

std::string unionMemberAdded(const Evolving& module) {
  capnp::MallocMessageBuilder message;
  auto shape = message.initRoot<evolving::Shape>();
#if EVOLVING_VERSION == 1
  shape.setCircle(4);
#else
  shape.setName("x");
#endif
  return textOf(module.unionMemberAdded(shape.asReader()));
}

std::string listOfStructs(const Evolving& module) {
  capnp::MallocMessageBuilder message;
  auto lengths = message.initRoot<evolving::Path>().initLengths(3);
  for (int i = 0; i < 3; ++i) {
#if EVOLVING_VERSION == 1
    lengths.set(static_cast<unsigned>(i), i + 1);
#else
    lengths[static_cast<unsigned>(i)].setValue(i + 1);
    lengths[static_cast<unsigned>(i)].setUnit("m");
#endif
  }
  return textOf(module.listOfStructs(message.getRoot<evolving::Path>().asReader()));
}

#if EVOLVING_VERSION == 2
std::string becameMessage(const Evolving& module) {
  capnp::MallocMessageBuilder message;
  auto point = message.initRoot<evolving::Point>();
  point.setX(5);
  return textOf(module.becameMessage("n", point.asReader()));
}
#endif

struct Change {
  const char* name;
  std::string (*call)(const Evolving&);
  const char* older;  // what a module of the older version answers
  const char* newer;
};

const Change kChanges[] = {
    {"nothing", [](const Evolving& module) { return textOf(module.untouched(2, 3)); }, "5", "5"},
    {"structGrown", &structGrown, kHost == 1 ? "2,3" : "2,3,0,", kHost == 1 ? "2,3" : "2,3,10,label"},
    {"unionMemberAdded", &unionMemberAdded, kHost == 1 ? "circle 4" : "unknown", kHost == 1 ? "circle 4" : "name x"},
    {"listOfStructs", &listOfStructs, "6", "6"},
#if EVOLVING_VERSION == 1
    {"parameterAdded", [](const Evolving& module) { return textOf(module.parameterAdded(5)); }, "5", "5"},
    {"resultAdded", [](const Evolving& module) { return textOf(module.resultAdded(5)); }, "10", "10"},
    {"textAdded", [](const Evolving& module) { return textOf(module.textAdded("ab")); }, "ab", "ab"},
    {"enumValueAdded", [](const Evolving& module) { return textOf(module.enumValueAdded(evolving::Color::GREEN)); },
     "1", "1"},
    {"becameMessage", [](const Evolving& module) { return textOf(module.becameMessage("n")); }, "n", "n@0"},
    {"methodRenamed", [](const Evolving& module) { return textOf(module.oldName(4)); }, "40", "40"},
    {"imports", [](const Evolving& module) { return textOf(module.callsBack(1)); }, "2 2 t", "2 2 t/0 unimplemented"},
    {"errors", [](const Evolving& module) { return textOf(module.fails(7)); }, "moduleError cannot do 7",
     "moduleError cannot do 7"},
#else
    {"parameterAdded", [](const Evolving& module) { return textOf(module.parameterAdded(5, 6, "abc")); }, "5", "14"},
    {"resultAdded", [](const Evolving& module) { return textOf(module.resultAdded(5)); }, "10,0", "10,15"},
    {"textAdded", [](const Evolving& module) { return textOf(module.textAdded("ab", "cd")); }, "ab,0", "abcd,4"},
    {"enumValueAdded", [](const Evolving& module) { return textOf(module.enumValueAdded(evolving::Color::BLUE)); }, "2",
     "2"},
    {"becameMessage", &becameMessage, "n", "n@5"},
    {"methodRenamed", [](const Evolving& module) { return textOf(module.newName(4)); }, "40", "40"},
    {"imports", [](const Evolving& module) { return textOf(module.callsBack(1)); }, "2 2 t", "2 102 t/9 later"},
    {"errors", [](const Evolving& module) { return textOf(module.fails(7, "!")); }, "moduleError cannot do 7",
     "moduleError cannot do 7!"},
    {"methodAdded",
     [](const Evolving& module) {
       const auto result = module.methodAdded(3);
       return result ? textOf(*result) : std::string(toString(result.error().kind()));
     },
     "unimplemented", "-3"},
#endif
};

std::string modulePath(const std::string& name) { return MODULE_FOLDER "/evolving_" + name + ".so"; }
Placement placementOf(Placement::Kind kind) {
  return kind == Placement::Kind::inProcess ? Placement::inProcess() : Placement::isolated();
}

// ---- the matrix, printed by a run of the whole program

class Matrix final : public ::testing::Environment {
 public:
  static void add(const std::string& row, const std::string& column, const std::string& cell) {
    rows()[row][column] = cell;
  }
  void TearDown() override {
    for (const auto& [row, columns] : rows()) {
      std::printf("evolution: host %s | %-16s |", kHost == 1 ? "older" : "newer", row.c_str());
      for (const auto& [column, cell] : columns) std::printf(" %s: %s |", column.c_str(), cell.c_str());
      std::printf("\n");
    }
    std::fflush(stdout);
  }

 private:
  static std::map<std::string, std::map<std::string, std::string>>& rows() {
    static std::map<std::string, std::map<std::string, std::string>> all;
    return all;
  }
};
const auto* const kMatrix = ::testing::AddGlobalTestEnvironment(new Matrix);

const char* nameOf(Placement::Kind kind) { return kind == Placement::Kind::inProcess ? "InProcess" : "Isolated"; }

class CompatibleTest
    : public ::testing::TestWithParam<std::tuple<std::size_t /*of kChanges*/, int /*version*/, Placement::Kind>> {
 protected:
  const Change& change() const { return kChanges[std::get<0>(GetParam())]; }
  bool isNewer() const { return std::get<1>(GetParam()) == 2; }
  Placement::Kind kind() const { return std::get<2>(GetParam()); }
};

// Every change in one contract: the one under test is called in the company of the others.
TEST_P(CompatibleTest, IsTolerated) {
  Host host;
  EvolvingHost imports;
  auto module = host.load(modulePath(isNewer() ? "newer" : "older"), placementOf(kind()), imports);
  ASSERT_TRUE(module) << module.error().message();
  const std::string answer = change().call(module->get<Evolving>().value());
  Matrix::add(change().name, std::string("module ") + (isNewer() ? "newer " : "older ") + nameOf(kind()), answer);
  EXPECT_EQ(answer, isNewer() ? change().newer : change().older);
  EXPECT_TRUE(module->unload());
}

INSTANTIATE_TEST_SUITE_P(Evolution, CompatibleTest,
                         ::testing::Combine(::testing::Range(std::size_t{0}, std::size(kChanges)),
                                            ::testing::Values(1, 2),
                                            ::testing::Values(Placement::Kind::inProcess, Placement::Kind::isolated)),
                         [](const auto& param) {
                           return std::string(kChanges[std::get<0>(param.param)].name) + "_Module" +
                                  (std::get<1>(param.param) == 1 ? "Older" : "Newer") + "_" +
                                  nameOf(std::get<2>(param.param));
                         });

// ---- what is refused

struct Fault {
  const char* module;
  const char* method;
  const char* app;     // part of the application's signature, in both versions
  const char* theirs;  // and of the module's
};

const Fault kFaults[] = {
    {"type_changed", "Evolving.untouched", "b: Int32", "b: Float32"},
    {"ordinal_reused", kHost == 1 ? "Evolving.oldName" : "Evolving.newName", kHost == 1 ? "a: Int32" : "first: Int32",
     "other(text: Text)"},
    {"struct_changed", "Evolving.structGrown", "point: Point", "(Point: a type was changed)"},
    {"other_parameters", "EvolvingHost.untouched", "a: Int32", "a: Text"},
};

class IncompatibleTest : public ::testing::TestWithParam<std::tuple<std::size_t /*of kFaults*/, Placement::Kind>> {};

TEST_P(IncompatibleTest, IsRefusedBeforeAnyCodeRuns) {
  const Fault& fault = kFaults[std::get<0>(GetParam())];
  EvolvingHost imports;
  Result<Module> module = Error("it was not loaded");
  EXPECT_FALSE(leavesTrace([&] {
    Host host;
    module = host.load(modulePath(fault.module), placementOf(std::get<1>(GetParam())), imports);
  }));
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().kind(), ErrorKind::contractMismatch);
  EXPECT_EQ(module.error().method(), fault.method);
  EXPECT_THAT(module.error().text(), HasSubstr(fault.app));
  EXPECT_THAT(module.error().text(), HasSubstr(fault.theirs));
  EXPECT_THAT(module.error().text(), HasSubstr(std::string("evolving_") + fault.module));
  Matrix::add(fault.module, nameOf(std::get<1>(GetParam())), "refused, " + module.error().method());
}

INSTANTIATE_TEST_SUITE_P(Evolution, IncompatibleTest,
                         ::testing::Combine(::testing::Range(std::size_t{0}, std::size(kFaults)),
                                            ::testing::Values(Placement::Kind::inProcess, Placement::Kind::isolated)),
                         [](const auto& param) {
                           return std::string(kFaults[std::get<0>(param.param)].module) + "_" +
                                  nameOf(std::get<1>(param.param));
                         });

// The same source without a fault is loaded, and leaves its trace.
class SoundTest : public ::testing::TestWithParam<Placement::Kind> {};

TEST_P(SoundTest, WithoutTheFaultItsCodeRuns) {
  EvolvingHost imports;
  EXPECT_TRUE(leavesTrace([&] {
    Host host;
    const auto module = host.load(modulePath("tracing"), placementOf(GetParam()), imports);
    EXPECT_TRUE(module) << module.error().message();
  }));
}

INSTANTIATE_TEST_SUITE_P(Evolution, SoundTest, ::testing::Values(Placement::Kind::inProcess, Placement::Kind::isolated),
                         [](const auto& param) { return nameOf(param.param); });

}  // namespace
}  // namespace bulkhead
