// codec.module.h and codec.module.cc: what is compiled into a module.
#include "proto/plugin/emit.h"
#include "proto/plugin/pieces.h"
#include "proto/plugin/preamble.h"
#include "proto/plugin/types.h"

namespace bulkhead::plugin {
namespace {

std::string stubTable(const Interface& interface) { return "k" + interface.name + "StubTable"; }
std::string unimplementedTable(const Interface& interface) { return "k" + interface.name + "UnimplementedTable"; }

void emitImportObject(Writer& out, const Interface& interface) {
  const std::string base = "bulkhead::detail::ImportObject<" + tableClass(interface) + ">";
  out.line({"extern const ", tableClass(interface), " ", stubTable(interface), ";"});
  out.line({"extern const ", tableClass(interface), " ", unimplementedTable(interface), ";"}).line();
  out.doc(interface.doc);
  if (!interface.doc.empty()) out.line("//");
  out.line(
      "// The host's object. The module's class gets a reference to it, valid as long as the module's object lives; "
      "its");
  out.line("// methods may be called from any thread and block until the host answers.");
  out.open({"class ", interface.name, " final : public ", base, " {"});
  out.label("public:");
  out.line({"explicit ", interface.name, "(const BulkheadImport& import) noexcept : ImportObject(import, ",
            unimplementedTable(interface), ") {}"});
  emitCallers(out, interface);
  out.close("};").line();
}

void emitExportClass(Writer& out, const Contract& contract, const Interface& interface) {
  out.line({"struct ", contract.title(), "Contract;"}).line();
  out.doc(interface.doc);
  if (!interface.doc.empty()) out.line("//");
  out.line(
      "// The module's class derives from it. Arguments are borrowed for the call; calls come from several threads at "
      "once");
  out.line("// unless the schema says `serialized`. Return an error or throw to make the host's call fail.");
  out.open({"class ", interface.name, " {"});
  out.label("public:");
  out.line({"using BulkheadContracts = bulkhead::ContractList<", contract.title(), "Contract>;"}).line();
  emitVirtualMethods(out, interface);
  out.close("};").line();
}

void emitExportEntries(Writer& out, const Interface& interface) {
  out.line("// The C entries of a module's class, which they call without a virtual call.");
  out.line("template <class Instance>");
  out.open({"struct ", interface.name, "Exports {"});
  out.line("using Module = typename Instance::Module;").line();
  const Callee callee = {"static_cast<Instance*>(%)->module.Module::", "bulkhead::detail::guarded("};
  for (const Method& method : interface.methods) {
    emitEntry(out, method, callee);
    out.line();
  }
  emitTableConstant(out, interface);
  out.close("};").line();
  out.line({skeletonDeclaration(interface), ";"}).line();
}

void emitContract(Writer& out, const Contract& contract) {
  out.line("// Names the contract to BULKHEAD_MODULE.");
  out.open({"struct ", contract.title(), "Contract {"});
  out.line({"using Import = ", contract.imports ? contract.imports->name : "bulkhead::detail::NoImport", ";"});
  out.line({"static constexpr bool kHasExport = ", contract.exports ? "true" : "false", ";"});
  if (contract.exports) {
    const Interface& interface = *contract.exports;
    out.line("template <class Instance>");
    out.line({"static constexpr BulkheadExport kExport = {", idConstant(interface), ", \"", interface.name, "\", &",
              interface.name, "Exports<Instance>::kTable.header, &", skeletonName(interface), "};"});
  }
  if (contract.imports) {
    const Interface& interface = *contract.imports;
    out.line({"static constexpr BulkheadImportDeclaration kImport = {", idConstant(interface), ", \"", interface.name,
              "\", &", stubTable(interface), ".header};"});
  }
  out.close("};").line();
}

}  // namespace

std::string emitModuleHeader(const Contract& contract) {
  Writer out;
  emitPreamble(out, contract, "the module's side");
  out.line("#pragma once").line();
  out.line({"#include \"", neighbour(contract, ".table.h"), "\""}).line();
  if (contract.usesCapnp) out.line("#include <bulkhead/detail/message.h>");
  out.line("#include <bulkhead/module.h>").line();
  out.line({"namespace ", contract.cppNamespace, "::module {"}).line();
  if (contract.imports) emitImportObject(out, *contract.imports);
  if (contract.exports) {
    emitExportClass(out, contract, *contract.exports);
    emitExportEntries(out, *contract.exports);
  }
  emitContract(out, contract);
  out.line({"}  // namespace ", contract.cppNamespace, "::module"});
  return out.text();
}

std::string emitModuleSource(const Contract& contract) {
  Writer out;
  emitPreamble(out, contract, "the module's side");
  out.line({"#include \"", neighbour(contract, ".module.h"), "\""}).line();
  out.line({"#include \"", neighbour(contract, ".manifest.h"), "\""}).line();
  out.line({"namespace ", contract.cppNamespace, "::module {"}).line("namespace {").line();
  out.line({"BULKHEAD_DETAIL_NOTE constexpr auto manifestNote = bulkhead::detail::manifestNote(k", contract.title(),
            "Manifest);"});
  out.line();
  if (contract.imports) {
    emitStubs(out, *contract.imports);
    emitUnimplemented(out, *contract.imports);
  }
  if (contract.exports) emitSkeletons(out, *contract.exports);
  out.line("}  // namespace").line();
  if (contract.imports) {
    const Interface& interface = *contract.imports;
    out.line({"constexpr ", tableClass(interface), " ", stubTable(interface), " = ", interface.name, "Stub::kTable;"});
    out.line({"constexpr ", tableClass(interface), " ", unimplementedTable(interface), " = ", interface.name,
              "Unimplemented::kTable;"});
    out.line();
  }
  if (contract.exports) {
    emitSkeletonFunction(out, *contract.exports);
    out.line();
  }
  out.line({"}  // namespace ", contract.cppNamespace, "::module"});
  return out.text();
}

}  // namespace bulkhead::plugin
