// A plug-in of somebody else's program that is itself a host: all of Bulkhead is inside this library.
#include "tests/conformance/hosted/hosted.h"

#include "counter.host.h"

#include <bulkhead/host.h>

#include <string>

namespace {

using bulkhead::Error;
using bulkhead::Result;

Result<void> use(const char* file, const bulkhead::Placement& placement) {
  bulkhead::Host host;
  auto module = host.load(file, placement);
  if (!module) return std::move(module).error();
  const auto counter = module->get<counter::host::Counter>();
  if (!counter) return counter.error();
  for (std::uint32_t wanted = 1; wanted <= 3; ++wanted) {
    const auto count = counter->next();
    if (!count) return count.error();
    if (*count != wanted) return Error("counted " + std::to_string(*count) + " for " + std::to_string(wanted));
  }
  return module->unload();
}

}  // namespace

const char* hosted_use(const char* file, int isolated) {
  static std::string text;
  const auto used = use(file, isolated != 0 ? bulkhead::Placement::isolated() : bulkhead::Placement::inProcess());
  if (used) return nullptr;
  text = used.error().message();
  return text.c_str();
}
