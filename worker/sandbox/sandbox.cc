#include "worker/sandbox/sandbox.h"

#include "worker/sandbox/phases.h"

namespace bulkhead::sandbox {

Result<Report> lockDown(const Policy& policy) {
  Report report;
  for (const Phase& phase : phases()) {
    Result<Outcome> outcome = phase.apply(policy);
    if (!outcome) {
      return Error(ErrorKind::requirementNotMet, std::string(phase.name) + ": " + outcome.error().text());
    }
    if (outcome->reached && phase.tier > report.tier) report.tier = phase.tier;
    report.steps.push_back({phase.name, outcome->reached, std::move(outcome->detail)});
  }
  return report;
}

}  // namespace bulkhead::sandbox
