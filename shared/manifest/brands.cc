#include "shared/manifest/brands.h"

#include <cstdint>
#include <optional>

namespace bulkhead::manifest {
namespace {

namespace cs = capnp::schema;

bool sameType(cs::Type::Reader a, cs::Type::Reader b) {
  if (a.which() != b.which()) return false;
  if (a.isList()) return sameType(a.getList().getElementType(), b.getList().getElementType());
  if (a.isEnum()) return a.getEnum().getTypeId() == b.getEnum().getTypeId();
  if (a.isStruct()) {
    return a.getStruct().getTypeId() == b.getStruct().getTypeId() &&
           sameBrand(a.getStruct().getBrand(), b.getStruct().getBrand());
  }
  return true;
}

bool sameBinding(cs::Brand::Binding::Reader a, cs::Brand::Binding::Reader b) {
  if (a.which() != b.which()) return false;
  return !a.isType() || sameType(a.getType(), b.getType());
}

std::optional<cs::Brand::Scope::Reader> find(cs::Brand::Reader brand, std::uint64_t scopeId) {
  for (const auto scope : brand.getScopes()) {
    if (scope.getScopeId() == scopeId) return scope;
  }
  return std::nullopt;
}

bool sameScope(cs::Brand::Scope::Reader a, cs::Brand::Scope::Reader b) {
  if (a.which() != b.which()) return false;
  if (!a.isBind()) return true;
  if (a.getBind().size() != b.getBind().size()) return false;
  for (unsigned i = 0; i < a.getBind().size(); ++i) {
    if (!sameBinding(a.getBind()[i], b.getBind()[i])) return false;
  }
  return true;
}

}  // namespace

bool sameBrand(cs::Brand::Reader a, cs::Brand::Reader b) {
  if (a.getScopes().size() != b.getScopes().size()) return false;
  for (const auto scope : a.getScopes()) {
    const auto other = find(b, scope.getScopeId());
    if (!other || !sameScope(scope, *other)) return false;
  }
  return true;
}

bool sameBrands(cs::Type::Reader a, cs::Type::Reader b) {
  while (a.isList() && b.isList()) {
    a = a.getList().getElementType();
    b = b.getList().getElementType();
  }
  if (!a.isStruct() || !b.isStruct() || a.getStruct().getTypeId() != b.getStruct().getTypeId()) return true;
  return sameBrand(a.getStruct().getBrand(), b.getStruct().getBrand());
}

}  // namespace bulkhead::manifest
