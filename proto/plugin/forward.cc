// Entries that pass a call on to another table: what remains direct where two versions of a contract differ elsewhere.
#include "proto/plugin/names.h"
#include "proto/plugin/pieces.h"

namespace bulkhead::plugin {
namespace {

void emitForwardEntry(Writer& out, const Interface& interface, const Method& method) {
  EntryNames names(method);
  const std::string to = names.names.pick("to");
  std::string arguments = to + ".self";
  for (const auto* list : {&names.params, &names.results}) {
    for (const std::string& name : *list) arguments += ", " + name;
  }
  out.open({"static std::int32_t ", method.name, entryParams(method), " noexcept {"});
  out.line({"const auto& ", to, " = *static_cast<const BulkheadForward*>(", names.self, ");"});
  out.line({"return reinterpret_cast<const ", tableClass(interface), "*>(", to, ".table)->", method.name, "(",
            arguments, ", ", names.error, ");"});
  out.close();
}

}  // namespace

void emitForward(Writer& out, const Interface& interface) {
  out.line("// Passes calls on to the table of a BulkheadForward, which `self` is.");
  out.open({"struct ", interface.name, "Forward {"});
  for (const Method& method : interface.methods) {
    emitForwardEntry(out, interface, method);
    out.line();
  }
  emitTableConstant(out, interface);
  out.close("};").line();
}

}  // namespace bulkhead::plugin
