// Whatever schema nodes a module's manifest holds, comparing them with the application's ends in a fit or an error.
#include "evolving.manifest.h"
#include "shared/manifest/check.h"
#include "shared/manifest/manifest.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::manifest;  // NOLINT
  static const std::vector<Contract> kApplication = {
      decodeContract(std::as_bytes(std::span(evolving::kEvolvingManifest)), "application").value()};
  auto contract = decodeContract(std::as_bytes(std::span(data, size)), "input");
  if (!contract) return 0;
  Manifest module;
  module.contracts.push_back(*std::move(contract));
  static_cast<void>(check(kApplication, module, "input"));
  return 0;
}
