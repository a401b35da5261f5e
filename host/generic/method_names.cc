#include "host/generic/method_names.h"

#include <bulkhead/detail/printable.h>

#include <algorithm>
#include <cctype>
#include <numeric>

namespace bulkhead::generic {
namespace {

constexpr std::size_t kShownMethods = 100;
constexpr std::size_t kShownNearNames = 3;
constexpr std::size_t kMaxComparedBytes = 100;

std::string fullName(const GenericMethod& method) { return method.interface + "." + method.name; }

bool isNamed(const GenericMethod& method, std::string_view name) {
  return name == method.name || name == fullName(method);
}

// Edits (one byte added, left out or changed; case for nothing) between two names.
std::size_t distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

std::string nearNames(const std::vector<GenericMethod>& methods, std::string_view name) {
  name = name.substr(0, kMaxComparedBytes);
  const std::size_t limit = std::max<std::size_t>(2, name.size() / 4);
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const GenericMethod& method : methods) {
    if (method.name.size() > kMaxComparedBytes || method.interface.size() > kMaxComparedBytes) continue;
    const std::size_t away = std::min(distance(name, method.name), distance(name, fullName(method)));
    if (away <= limit) near.emplace_back(away, fullName(method));
  }
  std::sort(near.begin(), near.end());
  std::string names;
  for (std::size_t i = 0; i < std::min(near.size(), kShownNearNames); ++i) {
    names.append(names.empty() ? "" : " or ").append(near[i].second);
  }
  return names.empty() ? "" : "; did you mean " + names + "?";
}

std::string allSignatures(const std::vector<GenericMethod>& methods) {
  if (methods.empty()) return "; it implements none";
  std::string text = "; it has:";
  for (std::size_t i = 0; i < std::min(methods.size(), kShownMethods); ++i) {
    text.append("\n  ").append(methods[i].interface).append(".").append(methods[i].signature);
  }
  return methods.size() > kShownMethods ? text + "\n  ..." : text;
}

}  // namespace

Result<const GenericMethod*> findMethod(const std::vector<GenericMethod>& methods, std::string_view name,
                                        const std::string& module) {
  std::vector<const GenericMethod*> found;
  for (const GenericMethod& method : methods) {
    if (isNamed(method, name)) found.push_back(&method);
  }
  if (found.size() == 1) return found.front();
  const std::string shown = "'" + detail::printable(name, kMaxComparedBytes) + "'";
  if (found.empty()) {
    std::string text = "no method is called " + shown + nearNames(methods, name) + allSignatures(methods);
    return Error(ErrorBody{ErrorKind::unimplemented, module, {}, {}, std::move(text), nullptr});
  }
  std::string text = "several methods are called " + shown + ": name one of";
  for (const GenericMethod* method : found) text.append("\n  ").append(method->interface + "." + method->signature);
  return Error(ErrorBody{ErrorKind::invalidArgument, module, {}, {}, std::move(text), nullptr});
}

}  // namespace bulkhead::generic
