#include "host/core/placement_rules.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

namespace bulkhead::detail {
namespace {

constexpr const char* kVariable = "BULKHEAD_PLACEMENT";

struct Rule {
  std::string_view text;
  Placement::Kind kind;
};

std::optional<Placement::Kind> parseKind(std::string_view word) noexcept {
  for (const auto kind : {Placement::Kind::inProcess, Placement::Kind::isolated}) {
    if (word == toString(kind)) return kind;
  }
  return std::nullopt;
}

std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Error malformed(std::string_view rule) {
  return Error(ErrorKind::invalidConfiguration,
               std::string(kVariable) + ": cannot read '" + std::string(rule) +
                   "'; it is a list of 'in-process', 'isolated' (for all modules) and 'name=in-process', "
                   "'name=isolated', separated by commas");
}

// The rule for the module: one that names it before one for all.
Result<std::optional<Rule>> findRule(std::string_view module, std::string_view rules) {
  std::optional<Rule> named;
  std::optional<Rule> general;
  while (!rules.empty()) {
    const auto comma = rules.find(',');
    const std::string_view rule = trim(rules.substr(0, comma));
    rules = comma == std::string_view::npos ? std::string_view() : rules.substr(comma + 1);
    const auto equals = rule.find('=');
    const auto kind = parseKind(trim(equals == std::string_view::npos ? rule : rule.substr(equals + 1)));
    if (!kind || equals == 0) return malformed(rule);
    if (equals == std::string_view::npos) {
      general = Rule{rule, *kind};
    } else if (trim(rule.substr(0, equals)) == module) {
      named = Rule{rule, *kind};
    }
  }
  return named ? named : general;
}

std::string codeReason(const Placement& code) {
  return std::string("code: Placement::") + (code.kind() == Placement::Kind::inProcess ? "inProcess()" : "isolated()") +
         (code.isRequired() ? ".required()" : "");
}

}  // namespace

Result<PlacementChoice> choosePlacement(std::string_view module, const Placement& code, const char* environment) {
  PlacementChoice byCode{code, {code.kind(), codeReason(code)}};
  const std::string_view rules = environment == nullptr ? std::string_view() : trim(environment);
  if (rules.empty()) return byCode;
  auto rule = findRule(module, rules);
  if (!rule) return std::move(rule).error();
  if (!*rule) return byCode;
  const std::string source = std::string("environment: ") + kVariable + ", rule '" + std::string((*rule)->text) + "'";
  if (code.isRequired() && (*rule)->kind < code.kind()) {
    byCode.decision.reason += "; it overrules " + source;
    return byCode;
  }
  return PlacementChoice{code.as((*rule)->kind), {(*rule)->kind, source}};
}

const char* placementEnvironment() noexcept { return ::secure_getenv(kVariable); }

}  // namespace bulkhead::detail
