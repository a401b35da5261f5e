// Which placement a module gets: what the code says, then what the environment says, never below the code's floor.
#pragma once

#include <bulkhead/host.h>
#include <bulkhead/placement.h>
#include <bulkhead/result.h>

#include <string_view>

namespace bulkhead::detail {

struct PlacementChoice {
  Placement placement;
  PlacementDecision decision;
};

// `environment` is the value of BULKHEAD_PLACEMENT: a placement for all modules, or rules "name=placement" separated by
// commas, where a bare placement is for the modules that no rule names: "in-process,codec=isolated". Names as in
// LoadOptions::name. Null or empty: no rule. Anything else is invalidConfiguration, naming the part.
Result<PlacementChoice> choosePlacement(std::string_view module, const Placement& code, const char* environment);

// The environment's value, not trusted in set-user-id programs.
const char* placementEnvironment() noexcept;

}  // namespace bulkhead::detail
