// What capnp's own header makes of the file: its names, and what it cannot express.
#include "proto/plugin/read.h"
#include "proto/plugin/types.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace bulkhead::plugin {
namespace {

using Node = capnp::schema::Node::Reader;

bool isNonFinite(capnp::schema::Value::Reader value) {
  return (value.isFloat32() && !std::isfinite(value.getFloat32())) ||
         (value.isFloat64() && !std::isfinite(value.getFloat64()));
}

// The classes that capnp declares inside that of a struct or interface, so that neither it nor a type in it may be
// called so.
std::set<std::string> innerClasses(Node node) {
  if (node.isInterface()) return {"Client", "Server"};
  if (!node.isStruct()) return {};
  std::set<std::string> names = {"Reader", "Builder", "Pipeline"};
  if (node.getStruct().getDiscriminantCount() > 0) names.insert("Which");
  return names;
}

}  // namespace

void Reader::readCapnpTypes() {
  if (!contract_.usesCapnp) return;
  for (auto nested : node(file_.getId()).getNestedNodes()) {
    const auto found = nodes_.find(nested.getId());
    if (found == nodes_.end() || found->second.isConst() || found->second.isAnnotation()) continue;
    const auto interfaces = contract_.interfaces();
    const bool isOfContract = std::any_of(interfaces.begin(), interfaces.end(),
                                          [&](const Interface* each) { return each->id == nested.getId(); });
    if (!isOfContract) contract_.capnpTypes.push_back(shortName(found->second));
  }
}

// What makes a header of capnp's own that does not compile.
void Reader::refuseForCapnp() const {
  if (!contract_.usesCapnp) return;
  for (const auto& [id, node] : nodes_) {
    if (!isInFile(node) || node.isFile() || node.isAnnotation()) continue;
    const std::string shown = node.getDisplayName().cStr();
    const std::string name = shown.substr(shown.rfind(':') + 1);
    if (node.isConst()) {
      if (isNonFinite(node.getConst().getValue())) {
        fail(name,
             "is no finite number, which capnp's own header of a contract with structs cannot express; make it a "
             "struct's default value or leave it out");
      }
      continue;
    }
    const std::string cppName = capitalized(shortName(node));
    const Node parent = this->node(node.getScopeId());
    const bool meetsParent = !parent.isFile() && cppName == capitalized(shortName(parent));
    if (meetsParent || innerClasses(node).contains(cppName) || innerClasses(parent).contains(cppName)) {
      fail(name, "makes a class " + cppName + " where capnp's own header has another one; rename it");
    }
  }
}

}  // namespace bulkhead::plugin
