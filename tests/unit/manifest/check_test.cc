#include "shared/manifest/check.h"

#include "tests/unit/manifest/manifest_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::manifest {
namespace {

using namespace bulkhead::testing;  // NOLINT: the builders
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kCalc = 0xca1cca1cca1cca1cu;

std::vector<Contract> contracts(const ContractSpec& spec) {
  return {decodeContract(manifestMessage(spec), "the application").value()};
}
Manifest moduleOf(const ContractSpec& spec) {
  Manifest manifest;
  manifest.contracts = contracts(spec);
  return manifest;
}
ContractSpec calc(std::vector<MethodSpec> methods) { return {"calc", {{kCalc, "Calc", false, std::move(methods)}}}; }

std::vector<MethodFit> fits(const InterfaceCheck& interface) {
  std::vector<MethodFit> result;
  for (const MethodCheck& method : interface.methods) result.push_back(method.fit);
  return result;
}

MethodSpec wideAdd() { return {"add", "add(a: Int64, b: Int32) -> (sum: Int32)", "(i64, i32) -> (i32)"}; }

TEST(CheckTest, EqualContractsFit) {
  const Result<Fit> fit = check(contracts(calcContract()), moduleOf(calcContract()), "calc.so");
  ASSERT_TRUE(fit) << fit.error().message();
  ASSERT_NE(fit->find(kCalc), nullptr);
  EXPECT_EQ(fits(*fit->find(kCalc)), (std::vector<MethodFit>{MethodFit::same, MethodFit::same}));
  EXPECT_TRUE(fit->unknownToApp.empty());
}

TEST(CheckTest, RenamedMethodFits) {
  MethodSpec renamed = addMethod();
  renamed.name = "plus";
  const Result<Fit> fit = check(contracts(calc({addMethod()})), moduleOf(calc({renamed})), "calc.so");
  ASSERT_TRUE(fit);
  EXPECT_EQ(fits(fit->interfaces[0]), std::vector<MethodFit>{MethodFit::renamed});
  EXPECT_EQ(fit->interfaces[0].methods[0].moduleName, "plus");
}

TEST(CheckTest, MethodsOfOneSideAloneAreTolerated) {
  Result<Fit> fit = check(contracts(calc({addMethod(), greetMethod()})), moduleOf(calc({addMethod()})), "calc.so");
  ASSERT_TRUE(fit);
  EXPECT_EQ(fits(fit->interfaces[0]), (std::vector<MethodFit>{MethodFit::same, MethodFit::onlyInApp}));
  fit = check(contracts(calc({addMethod()})), moduleOf(calc({addMethod(), greetMethod()})), "calc.so");
  ASSERT_TRUE(fit);
  EXPECT_EQ(fits(fit->interfaces[0]), (std::vector<MethodFit>{MethodFit::same, MethodFit::onlyInModule}));
  EXPECT_EQ(fit->interfaces[0].methods[1].moduleName, "greet");
  EXPECT_EQ(fit->interfaces[0].methods[1].appName, "");
}

TEST(CheckTest, MismatchNamesMethodBothSignaturesAndRemedy) {
  const Result<Fit> fit =
      check(contracts(calc({addMethod(), greetMethod()})), moduleOf(calc({wideAdd()})), "/opt/calc.so");
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().kind(), ErrorKind::contractMismatch);
  EXPECT_EQ(fit.error().method(), "Calc.add");
  EXPECT_THAT(fit.error().text(),
              AllOf(HasSubstr("Calc.add (@0) differs"), HasSubstr("`add(a: Int32, b: Int32) -> (sum: Int32)`"),
                    HasSubstr("`add(a: Int64, b: Int32) -> (sum: Int32)`"), HasSubstr("rebuild /opt/calc.so")));
}

TEST(CheckTest, RemedyNamesTheOlderSide) {
  const auto text = [](const ContractSpec& app, const ContractSpec& module) {
    return check(contracts(app), moduleOf(module), "calc.so").error().text();
  };
  EXPECT_THAT(text(calc({addMethod()}), calc({wideAdd(), greetMethod()})), HasSubstr("rebuild the application"));
  EXPECT_THAT(text(calc({addMethod()}), calc({wideAdd()})), HasSubstr("rebuild calc.so or the application"));
}

TEST(CheckTest, FurtherMismatchesAreCounted) {
  MethodSpec otherGreet = greetMethod();
  otherGreet.cSignature = "(data) -> (text)";
  const Result<Fit> fit = check(contracts(calcContract()), moduleOf(calc({wideAdd(), otherGreet})), "calc.so");
  ASSERT_FALSE(fit);
  EXPECT_THAT(fit.error().text(), HasSubstr("1 more method differs"));
  const Fit inspected = compare(contracts(calcContract()), moduleOf(calc({wideAdd(), otherGreet})));
  EXPECT_EQ(fits(inspected.interfaces[0]), (std::vector<MethodFit>{MethodFit::mismatched, MethodFit::mismatched}));
}

TEST(CheckTest, OtherAbiVersionIsAMismatch) {
  ContractSpec spec = calcContract();
  spec.abiVersion = BULKHEAD_ABI_VERSION + 1;
  const Result<Fit> fit = check(contracts(calcContract()), moduleOf(spec), "calc.so");
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().kind(), ErrorKind::contractMismatch);
  EXPECT_THAT(fit.error().text(), HasSubstr("version 2 of the module ABI"));
}

TEST(CheckTest, OneInterfaceInTwoRolesIsAMismatch) {
  ContractSpec spec = calcContract();
  spec.interfaces[0].imports = true;
  const Result<Fit> fit = check(contracts(calcContract()), moduleOf(spec), "calc.so");
  ASSERT_FALSE(fit);
  EXPECT_THAT(fit.error().text(), HasSubstr("Calc is annotated as exports"));
}

TEST(CheckTest, InterfacesOfOneSideAlone) {
  const ContractSpec log{"log", {{5, "LogHost", true, {}}}};
  const Manifest module = moduleOf(log);
  const Result<Fit> fit = check(contracts(calcContract()), module, "log.so");
  ASSERT_TRUE(fit);
  EXPECT_TRUE(fit->interfaces.empty());
  ASSERT_EQ(fit->unknownToApp.size(), 1u);
  EXPECT_EQ(fit->unknownToApp[0].name, "LogHost");
  EXPECT_EQ(fit->unknownToApp[0].role, Role::imports);

  EXPECT_TRUE(requireInterface(module, 5, "LogHost", Role::imports, "log.so"));
  const Result<void> lacking = requireInterface(module, kCalc, "Calc", Role::exports, "log.so");
  ASSERT_FALSE(lacking);
  EXPECT_EQ(lacking.error().kind(), ErrorKind::unimplemented);
  EXPECT_EQ(lacking.error().text(), "log.so does not implement interface Calc (it implements none)");
}

}  // namespace
}  // namespace bulkhead::manifest
