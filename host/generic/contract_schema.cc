#include "host/generic/contract_schema.h"

#include "host/generic/fault.h"
#include "shared/manifest/schema_nodes.h"

#include <string>
#include <string_view>

namespace bulkhead::generic {

ContractSchema::ContractSchema(std::span<const std::uint64_t> message) {
  const manifest::SchemaNodes schema(message);
  const auto root = schema.manifest();
  for (const auto interface : root.getInterfaces()) {
    if (interface.getRole() != manifest::schema::Role::EXPORTS) continue;
    std::uint16_t ordinal = 0;
    for (const auto method : interface.getMethods()) {
      methods_.push_back({interface.getName(), method.getName(), method.getSignature(), interface.getId(), ordinal++});
    }
  }
  for (const auto node : root.getNodes()) loader_.load(node);
}

capnp::InterfaceSchema::Method ContractSchema::methodOf(const GenericMethod& method) const {
  KJ_IF_MAYBE (found, loader_.tryGet(method.interfaceId)) {
    if (!found->getProto().isInterface())
      throw Fault("its schema is malformed: " + method.interface + " is no interface");
    const auto interface = found->asInterface();
    const auto own = interface.getMethods();
    const auto hasName = [&](capnp::InterfaceSchema::Method candidate) {
      return std::string_view(candidate.getProto().getName().cStr()) == method.name;
    };
    if (method.ordinal < own.size() && hasName(own[method.ordinal])) return own[method.ordinal];
    KJ_IF_MAYBE (inherited, interface.findMethodByName(method.name.c_str())) return *inherited;
  }
  throw Fault("the module file carries no schema of " + method.interface + "." + method.name);
}

}  // namespace bulkhead::generic
