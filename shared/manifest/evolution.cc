#include "shared/manifest/evolution.h"

#include "shared/manifest/brands.h"
#include "shared/manifest/schema_nodes.h"

#include <capnp/schema-loader.h>
#include <kj/exception.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace bulkhead::manifest {
namespace {

namespace cs = capnp::schema;

// kj's descriptions start with what was being compared and where: only their end is of use to people.
std::string reasonOf(const kj::Exception& exception) {
  std::string text(exception.getDescription().begin(), exception.getDescription().size());
  const std::size_t at = text.rfind("; ");
  if (at != std::string::npos && at + 2 < text.size()) text.erase(0, at + 2);
  if (text.starts_with("expected ")) text = "a type was changed";  // it is C++ of the loader's own otherwise
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text.substr(0, 200);
}

std::string nameOf(cs::Node::Reader node) {
  const std::string_view name(node.getDisplayName().cStr(), node.getDisplayName().size());
  return std::string(name.substr(name.rfind(':') + 1).substr(0, 100));
}

// Of two versions of a struct: whether the fields that both have bind generics alike.
bool sameFields(cs::Node::Reader a, cs::Node::Reader b) {
  if (!a.isStruct() || !b.isStruct()) return true;
  const auto ours = a.getStruct().getFields();
  const auto theirs = b.getStruct().getFields();
  for (unsigned i = 0; i < ours.size() && i < theirs.size(); ++i) {
    if (ours[i].isSlot() && theirs[i].isSlot() &&
        !sameBrands(ours[i].getSlot().getType(), theirs[i].getSlot().getType())) {
      return false;
    }
  }
  return true;
}

// Runs what may throw kj's exceptions; gives their reason, or nothing.
template <class F>
std::string reasonOfFailure(F&& run) {
  try {
    run();
    return {};
  } catch (const kj::Exception& exception) {
    const std::string reason = reasonOf(exception);
    return reason.empty() ? "malformed" : reason;
  }
}

}  // namespace

// The schema nodes of one manifest, and which of them each method reaches.
class Evolution::Side {
 public:
  Side(const Contract& contract, std::uint64_t interfaceId) {
    fault_ = reasonOfFailure([&] {
      schema_.emplace(contract.message);
      for (auto node : schema_->nodes()) nodes_.emplace(node.getId(), node);
      const auto found = nodes_.find(interfaceId);
      if (found == nodes_.end() || !found->second.isInterface()) return;
      for (auto method : found->second.getInterface().getMethods()) {
        structs_.emplace_back(method.getParamStructType(), method.getResultStructType());
        methods_.push_back(method);
      }
    });
  }

  const std::string& fault() const { return fault_; }
  // What must not be asked for when there is a fault.
  const std::map<std::uint64_t, cs::Node::Reader>& nodes() const { return nodes_; }
  // Ids of a method's parameter and result structs; null without schema nodes.
  const std::pair<std::uint64_t, std::uint64_t>* structsOf(std::uint16_t ordinal) const {
    return ordinal < structs_.size() ? &structs_[ordinal] : nullptr;
  }
  cs::Method::Reader method(std::uint16_t ordinal) const { return methods_[ordinal]; }
  void reach(std::uint64_t id, std::set<std::uint64_t>& reached) const {
    std::vector<std::uint64_t> open = {id};
    while (!open.empty()) {
      const std::uint64_t next = open.back();
      open.pop_back();
      if (!reached.insert(next).second) continue;
      const auto node = nodes_.find(next);
      if (node != nodes_.end() && node->second.isStruct()) addFields(node->second.getStruct(), open);
    }
  }

 private:
  static void addFields(cs::Node::Struct::Reader source, std::vector<std::uint64_t>& open) {
    for (auto field : source.getFields()) {
      if (field.isGroup()) {
        open.push_back(field.getGroup().getTypeId());
      } else {
        addType(field.getSlot().getType(), open);
      }
    }
  }
  static void addType(cs::Type::Reader type, std::vector<std::uint64_t>& open) {
    while (type.isList()) type = type.getList().getElementType();
    if (type.isStruct()) {
      open.push_back(type.getStruct().getTypeId());
      for (auto scope : type.getStruct().getBrand().getScopes()) {
        if (!scope.isBind()) continue;
        for (auto binding : scope.getBind()) {
          if (binding.isType()) addType(binding.getType(), open);
        }
      }
    }
    if (type.isEnum()) open.push_back(type.getEnum().getTypeId());
  }

  std::optional<SchemaNodes> schema_;
  std::map<std::uint64_t, cs::Node::Reader> nodes_;
  std::string fault_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> structs_;
  std::vector<cs::Method::Reader> methods_;
};

Evolution::Evolution(const Contract& app, const Contract& module, std::uint64_t interfaceId)
    : identical_(app.message == module.message) {
  if (identical_) return;
  app_ = std::make_unique<Side>(app, interfaceId);
  module_ = std::make_unique<Side>(module, interfaceId);
  if (app_->fault().empty() && module_->fault().empty()) compareNodes();
}

Evolution::~Evolution() = default;

// capnp's loader compares a node with the version it has; interfaces are compared method by method instead, so that a
// conflict is known by its method.
void Evolution::compareNodes() {
  capnp::SchemaLoader loader;
  const auto load = [&](const Side& side) {
    for (const auto& [id, node] : side.nodes()) {
      std::string reason = reasonOfFailure([&, &node = node] {
        if (node.isStruct() || node.isEnum()) loader.load(node);
      });
      if (reason.empty()) continue;
      reasonOfFailure([&, &node = node, id = id] { conflicts_.emplace(id, nameOf(node) + ": " + reason); });
      conflicts_.emplace(id, std::move(reason));
    }
  };
  load(*app_);
  load(*module_);
  for (const auto& [id, node] : app_->nodes()) {
    if (const auto other = module_->nodes().find(id);
        other != module_->nodes().end() && !sameFields(node, other->second)) {
      conflicts_.emplace(id, nameOf(node) + ": what a generic is bound to was changed");
    }
  }
}

bool Evolution::hasSchema(std::uint16_t ordinal) const {
  return !identical_ && app_->structsOf(ordinal) != nullptr && module_->structsOf(ordinal) != nullptr;
}

std::string Evolution::conflict(std::uint16_t ordinal) const {
  if (identical_) return {};
  if (!app_->fault().empty()) return "the application's schema is malformed: " + app_->fault();
  if (!module_->fault().empty()) return "the module's schema is malformed: " + module_->fault();
  const auto* ours = app_->structsOf(ordinal);
  const auto* theirs = module_->structsOf(ordinal);
  if (ours == nullptr || theirs == nullptr) return ours == theirs ? "" : "one side carries no schema of it";
  if (ours->first != theirs->first) return "its parameters are another struct";
  if (ours->second != theirs->second) return "its results are another struct";
  if (!sameBrand(app_->method(ordinal).getParamBrand(), module_->method(ordinal).getParamBrand()) ||
      !sameBrand(app_->method(ordinal).getResultBrand(), module_->method(ordinal).getResultBrand())) {
    return "what a generic is bound to was changed";
  }
  // A node that one version alone reaches never crosses.
  std::set<std::uint64_t> reached, theirReach;
  std::string reason = reasonOfFailure([&] {
    for (const std::uint64_t id : {ours->first, ours->second}) {
      app_->reach(id, reached);
      module_->reach(id, theirReach);
    }
  });
  std::erase_if(reached, [&](std::uint64_t id) { return !theirReach.contains(id); });
  for (auto id = reached.begin(); reason.empty() && id != reached.end(); ++id) {
    if (const auto found = conflicts_.find(*id); found != conflicts_.end()) reason = found->second;
  }
  return reason;
}

}  // namespace bulkhead::manifest
