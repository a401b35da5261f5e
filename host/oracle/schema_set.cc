#include "host/oracle/schema_set.h"

#include "proto/manifest.capnp.h"
#include "shared/manifest/schema_nodes.h"

#include <kj/exception.h>

#include <cstring>
#include <utility>

namespace bulkhead::oracle {
namespace {

namespace schema = manifest::schema;

std::vector<MethodSchema> methodsOf(const capnp::SchemaLoader& loader, schema::Interface::Reader interface) {
  const capnp::InterfaceSchema loaded = loader.get(interface.getId()).asInterface();
  std::vector<MethodSchema> methods;
  for (const auto method : interface.getMethods()) {
    // By name: inherited methods have numbers of their own in the interface they come from.
    KJ_IF_MAYBE (found, loaded.findMethodByName(method.getName())) {
      methods.push_back({std::string(interface.getName().cStr()) + "." + method.getName().cStr(), found->getParamType(),
                         found->getResultType()});
    } else {
      methods.emplace_back();
    }
  }
  return methods;
}

}  // namespace

void SchemaSet::add(std::span<const std::byte> manifest) {
  std::vector<std::uint64_t> words(manifest.size() / sizeof(std::uint64_t));
  if (words.empty()) return;
  std::memcpy(words.data(), manifest.data(), words.size() * sizeof(std::uint64_t));
  auto loader = std::make_unique<capnp::SchemaLoader>();
  std::map<std::uint64_t, std::vector<MethodSchema>> found;
  auto failure = kj::runCatchingExceptions([&] {
    const manifest::SchemaNodes checked(words);  // a module's are hostile until then
    const auto root = checked.manifest();
    for (const auto node : checked.nodes()) loader->load(node);
    for (const auto interface : root.getInterfaces()) found[interface.getId()] = methodsOf(*loader, interface);
  });
  if (failure != nullptr) return;
  loaders_.push_back(std::move(loader));
  for (auto& [id, methods] : found) methods_[id] = std::move(methods);
}

const MethodSchema* SchemaSet::find(std::uint64_t interfaceId, std::uint16_t ordinal) const {
  const auto found = methods_.find(interfaceId);
  if (found == methods_.end() || ordinal >= found->second.size()) return nullptr;
  const MethodSchema& method = found->second[ordinal];
  return method.name.empty() ? nullptr : &method;
}

}  // namespace bulkhead::oracle
