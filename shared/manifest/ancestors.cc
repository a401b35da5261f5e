#include "shared/manifest/ancestors.h"

#include "shared/manifest/schema_nodes.h"

#include <kj/exception.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace bulkhead::manifest {
namespace {

// "Lifecycle" of "shared/lifecycle.capnp:Lifecycle".
std::string shortName(capnp::schema::Node::Reader node) {
  const std::string_view name(node.getDisplayName().begin(), node.getDisplayName().size());
  return std::string(name.substr(std::min<std::size_t>(name.size(), node.getDisplayNamePrefixLength())));
}

std::map<std::uint64_t, std::string> namesOf(const Contract& contract) {
  std::map<std::uint64_t, std::string> names;
  try {
    const SchemaNodes schema(contract.message);
    for (const auto node : schema.nodes()) {
      if (node.isInterface()) names.emplace(node.getId(), shortName(node));
    }
  } catch (const kj::Exception&) {
    names.clear();  // malformed nodes: whoever uses them says so
  }
  return names;
}

}  // namespace

// The first interface of a role is the contract's own, what follows is inherited (proto/manifest.capnp).
std::vector<std::string> ancestorsOf(const Contract& contract) {
  std::vector<std::string> result(contract.interfaces.size());
  std::map<std::uint64_t, std::string> names;
  std::map<Role, bool> seen;
  for (std::size_t n = 0; n < result.size(); ++n) {
    const Interface& interface = contract.interfaces[n];
    if (!std::exchange(seen[interface.role], true)) continue;
    if (names.empty()) names = namesOf(contract);
    const auto found = names.find(interface.id);
    result[n] = found == names.end() || found->second.empty() ? "?" : found->second;
  }
  return result;
}

}  // namespace bulkhead::manifest
