// codec.module.h and codec.module.cc: what is compiled into a module.
#include "proto/plugin/emit.h"
#include "proto/plugin/pieces.h"
#include "proto/plugin/preamble.h"
#include "proto/plugin/types.h"

namespace bulkhead::plugin {
namespace {

std::string stubTable(const Interface& interface) { return "k" + interface.name + "StubTable"; }
std::string forwardTable(const Interface& interface) { return "k" + interface.name + "ForwardTable"; }
std::string unimplementedTable(const Interface& interface) { return "k" + interface.name + "UnimplementedTable"; }

std::string importObject(const Interface& interface) {
  return "bulkhead::detail::ImportObject<" + tableClass(interface) + ">";
}
// The initializer of one base of an import object that has several.
std::string foundImport(const Interface& interface) {
  return importObject(interface) + "(bulkhead::detail::findImport(arguments, " + idConstant(interface) + ", \"" +
         interface.shownName + "\"), " + unimplementedTable(interface) + ")";
}

void emitImportObject(Writer& out, const Interface& interface) {
  const std::string base = importObject(interface);
  const auto declareTables = [&](const Interface& part) {
    out.line({"extern const ", tableClass(part), " ", stubTable(part), ";"});
    out.line({"extern const ", tableClass(part), " ", forwardTable(part), ";"});
    out.line({"extern const ", tableClass(part), " ", unimplementedTable(part), ";"});
  };
  declareTables(interface);
  for (const Interface& part : interface.parts) declareTables(part);
  out.line();
  out.doc(interface.doc);
  if (!interface.doc.empty()) out.line("//");
  out.line(
      "// The host's object. The module's class gets a reference to it, valid as long as the module's object lives; "
      "its");
  out.line("// methods may be called from any thread and block until the host answers.");
  std::string bases = "public " + base;
  for (const Interface& part : interface.parts) bases += ", public " + importObject(part);
  out.open({"class ", interface.name, " final : ", bases, " {"});
  out.label("public:");
  if (interface.parts.empty()) {
    out.line({"explicit ", interface.name, "(const BulkheadImport& import) noexcept : ImportObject(import, ",
              unimplementedTable(interface), ") {}"});
  } else {
    std::string initializers = foundImport(interface);
    for (const Interface& part : interface.parts) initializers += ", " + foundImport(part);
    out.line({"explicit ", interface.name, "(const BulkheadCreateArguments& arguments) : ", initializers, " {}"});
  }
  emitCallers(out, interface, "bulkhead::detail::ImportObject");
  out.close("};").line();
}

// The interface, if there is one, and what it inherits.
std::vector<const Interface*> partsOf(const std::optional<Interface>& interface) {
  std::vector<const Interface*> list;
  if (!interface) return list;
  list.push_back(&*interface);
  for (const Interface& part : interface->parts) list.push_back(&part);
  return list;
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

void emitExportEntries(Writer& out, const Contract& contract, const Interface& interface) {
  out.line("// The C entries of a module's class, which they call without a virtual call.");
  out.line("template <class Instance>");
  out.open({"struct ", interface.name, "Exports {"});
  out.line("using Module = typename Instance::Module;").line();
  const Callee callee = {"static_cast<Instance*>(%)->module.Module::", "bulkhead::detail::guarded(",
                         contract.usesCapnp};
  for (const Method& method : interface.methods) {
    emitEntry(out, method, callee);
    out.line();
  }
  emitTableConstant(out, interface);
  out.close("};").line();
  out.line({skeletonDeclaration(interface), ";"}).line();
}

std::string exportOf(const Interface& interface) {
  return "{" + idConstant(interface) + ", \"" + interface.shownName + "\", &" + interface.name +
         "Exports<Instance>::kTable.header, &" + skeletonName(interface) + "}";
}
std::string importOf(const Interface& interface) {
  return "{" + idConstant(interface) + ", \"" + interface.shownName + "\", &" + stubTable(interface) + ".header, &" +
         forwardTable(interface) + ".header}";
}
std::string listOf(const std::vector<Interface>& parts, std::string (*describe)(const Interface&)) {
  std::string list;
  for (const Interface& part : parts) list += (list.empty() ? "" : ", ") + describe(part);
  return list;
}

void emitContract(Writer& out, const Contract& contract) {
  out.line("// Names the contract to BULKHEAD_MODULE.");
  out.open({"struct ", contract.title(), "Contract {"});
  out.line({"using Import = ", contract.imports ? contract.imports->name : "bulkhead::detail::NoImport", ";"});
  out.line({"static constexpr bool kHasExport = ", contract.exports ? "true" : "false", ";"});
  if (contract.exports) {
    const Interface& interface = *contract.exports;
    out.line("template <class Instance>");
    out.line({"static constexpr BulkheadExport kExport = ", exportOf(interface), ";"});
    if (!interface.parts.empty()) {
      out.line("template <class Instance>");
      out.line({"static constexpr std::array<BulkheadExport, ", std::to_string(interface.parts.size()),
                "> kInheritedExports = {{", listOf(interface.parts, &exportOf), "}};"});
    }
  }
  if (contract.imports) {
    const Interface& interface = *contract.imports;
    out.line({"static constexpr BulkheadImportDeclaration kImport = ", importOf(interface), ";"});
    if (!interface.parts.empty()) {
      out.line({"static constexpr std::array<BulkheadImportDeclaration, ", std::to_string(interface.parts.size()),
                "> kInheritedImports = {{", listOf(interface.parts, &importOf), "}};"});
    }
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
    emitExportEntries(out, contract, *contract.exports);
    for (const Interface& part : contract.exports->parts) emitExportEntries(out, contract, part);
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
  const auto imports = partsOf(contract.imports);
  const auto exports = partsOf(contract.exports);
  for (const Interface* part : imports) {
    emitStubs(out, *part);
    emitUnimplemented(out, *part);
    emitForward(out, *part);
  }
  for (const Interface* part : exports) emitSkeletons(out, *part);
  out.line("}  // namespace").line();
  for (const Interface* part : imports) {
    out.line({"constexpr ", tableClass(*part), " ", stubTable(*part), " = ", part->name, "Stub::kTable;"});
    out.line({"constexpr ", tableClass(*part), " ", forwardTable(*part), " = ", part->name, "Forward::kTable;"});
    out.line(
        {"constexpr ", tableClass(*part), " ", unimplementedTable(*part), " = ", part->name, "Unimplemented::kTable;"});
    out.line();
  }
  for (const Interface* part : exports) {
    emitSkeletonFunction(out, *part);
    out.line();
  }
  out.line({"}  // namespace ", contract.cppNamespace, "::module"});
  return out.text();
}

}  // namespace bulkhead::plugin
