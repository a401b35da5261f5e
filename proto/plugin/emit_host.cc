// codec.host.h and codec.host.cc: what the application compiles.
#include "proto/plugin/emit.h"
#include "proto/plugin/pieces.h"
#include "proto/plugin/preamble.h"
#include "proto/plugin/types.h"

namespace bulkhead::plugin {
namespace {

// Of a handle with inherited parts: one handle per table.
void emitHandleConstructors(Writer& out, const Interface& interface) {
  out.line({interface.name, "() = default;"});
  std::string initializers = "bulkhead::Handle<" + tableClass(interface) + ">(slot)";
  for (const Interface& part : interface.parts) {
    initializers +=
        ", bulkhead::Handle<" + tableClass(part) + ">(bulkhead::detail::siblingSlot(slot, " + idConstant(part) + "))";
  }
  out.line({"explicit ", interface.name,
            "(const std::shared_ptr<const bulkhead::detail::InterfaceSlot>& slot) : ", initializers, " {}"});
}

void emitHandle(Writer& out, const Interface& interface) {
  const std::string handle = "bulkhead::Handle<" + tableClass(interface) + ">";
  out.doc(interface.doc);
  if (!interface.doc.empty()) out.line("//");
  out.line(
      "// A handle to a module that implements it: cheap to copy, usable from any thread. Every method blocks until "
      "its");
  out.line("// answer or its deadline, borrows its arguments for the call, and gives a value or an error.");
  std::string bases = "public " + handle;
  for (const Interface& part : interface.parts) bases += ", public bulkhead::Handle<" + tableClass(part) + ">";
  out.open({"class ", interface.name, " : ", bases, " {"});
  out.label("public:");
  out.line({"static constexpr std::uint64_t kInterfaceId = ", idConstant(interface), ";"});
  if (interface.parts.empty()) {
    out.line({"using ", handle, "::Handle;"});
  } else {
    emitHandleConstructors(out, interface);
  }
  emitCallers(out, interface, "bulkhead::Handle");
  out.line().line("// The same with a wall deadline for the calls of this expression.");
  out.line({"[[nodiscard]] bulkhead::Within<", interface.name,
            "> within(std::chrono::nanoseconds limit) const { return {*this, limit}; }"});
  out.line().line("// The same, cancelled when the token is stopped.");
  out.line({"[[nodiscard]] bulkhead::Cancellable<", interface.name,
            "> cancellable(const std::stop_token& token) const { return {*this, token}; }"});
  out.close("};").line();
}

// One import, or with inherited parts an array of them.
std::string hostImportClass(const Interface& interface) {
  if (interface.parts.empty()) return "bulkhead::HostImport";
  return "std::array<bulkhead::HostImport, " + std::to_string(1 + interface.parts.size()) + ">";
}

void emitImportClass(Writer& out, const Interface& interface) {
  out.doc(interface.doc);
  if (!interface.doc.empty()) out.line("//");
  out.line(
      "// Derive from it and give the object to Host::load: modules call it, from any thread. Return an error or throw "
      "to");
  out.line("// make the module's call fail.");
  out.open({"class ", interface.name, " {"});
  out.label("public:");
  emitVirtualMethods(out, interface);
  out.close("};").line();
  out.line({hostImportClass(interface), " hostImport(", interface.name, "& object);"}).line();
}

void emitImportEntries(Writer& out, const Contract& contract, const Interface& interface) {
  out.line("// The C entries that a module's calls arrive at.");
  out.open({"struct ", interface.name, "Entries {"});
  const Callee callee = {"static_cast<" + interface.shownName + "*>(bulkhead::detail::importObject(%))->",
                         "bulkhead::detail::guardedImport(%, ", contract.usesCapnp};
  for (const Method& method : interface.methods) {
    emitEntry(out, method, callee);
    out.line();
  }
  emitTableConstant(out, interface);
  out.close("};").line();
}

void emitExportDescription(Writer& out, const Interface& interface, const std::string& name, const std::string& next) {
  out.line({"const bulkhead::detail::ExportDescription ", name, " = {", idConstant(interface), ", \"",
            interface.shownName, "\", &", interface.name, "Stub::kTable.header, &", interface.name,
            "Unimplemented::kTable.header, &", interface.name, "Forward::kTable.header, ",
            interface.serialized ? "BULKHEAD_METHOD_SERIALIZED" : "0", next, "};"});
}

// Makes the HostImports of an import object.
void emitHostImport(Writer& out, const Interface& interface) {
  const auto import = [](const Interface& part) {
    return "{" + idConstant(part) + ", \"" + part.shownName + "\", &" + part.name +
           "Entries::kTable.header, &object, &" + skeletonName(part) + "}";
  };
  out.open({hostImportClass(interface), " hostImport(", interface.name, "& object) {"});
  if (interface.parts.empty()) {
    out.line({"return ", import(interface), ";"});
  } else {
    std::string list = import(interface);
    for (const Interface& part : interface.parts) list += ", " + import(part);
    out.line({"return {{", list, "}};"});
  }
  out.close().line();
}

void emitRegistration(Writer& out, const Contract& contract) {
  const std::string manifest = "k" + contract.title() + "Manifest";
  std::string exports = "nullptr";
  if (contract.exports) {
    std::string next;
    for (std::size_t i = contract.exports->parts.size(); i > 0; --i) {
      const std::string name = "inheritedExports" + std::to_string(i);
      emitExportDescription(out, contract.exports->parts[i - 1], name, next);
      next = ", &" + name;
    }
    emitExportDescription(out, *contract.exports, "exports", next);
    exports = "&exports";
  }
  out.line({"const bulkhead::detail::ContractRegistration registration({\"", contract.name, "\", {", manifest,
            ".data(), ", manifest, ".size() * sizeof(std::uint64_t)}, ", exports, "});"});
  out.line();
}

}  // namespace

std::string emitHostHeader(const Contract& contract) {
  Writer out;
  emitPreamble(out, contract, "the host's side");
  out.line("#pragma once").line();
  out.line({"#include \"", neighbour(contract, ".table.h"), "\""}).line();
  out.line("#include <bulkhead/contract_host.h>");
  if (contract.usesCapnp) out.line("#include <bulkhead/detail/message.h>");
  out.line();
  if (contract.imports && !contract.imports->parts.empty()) out.line("#include <array>");
  out.line("#include <chrono>");
  if (contract.exports && !contract.exports->parts.empty()) out.line("#include <memory>");
  if (contract.exports) out.line("#include <stop_token>");
  out.line();
  out.line({"namespace ", contract.cppNamespace, "::host {"}).line();
  if (contract.exports) emitHandle(out, *contract.exports);
  if (contract.imports) emitImportClass(out, *contract.imports);
  out.line({"}  // namespace ", contract.cppNamespace, "::host"});
  return out.text();
}

std::string emitHostSource(const Contract& contract) {
  Writer out;
  emitPreamble(out, contract, "the host's side");
  out.line({"#include \"", neighbour(contract, ".host.h"), "\""}).line();
  out.line({"#include \"", neighbour(contract, ".manifest.h"), "\""}).line();
  out.line("#include <bulkhead/detail/stub.h>").line();
  out.line({"namespace ", contract.cppNamespace, "::host {"}).line("namespace {").line();
  for (const Interface* interface : contract.interfaces()) {
    if (contract.isExport(*interface)) {
      emitStubs(out, *interface);
      emitUnimplemented(out, *interface);
      emitForward(out, *interface);
    } else {
      emitImportEntries(out, contract, *interface);
      emitSkeletons(out, *interface);
      emitSkeletonFunction(out, *interface);
      out.line();
    }
  }
  emitRegistration(out, contract);
  out.line("}  // namespace").line();
  if (contract.imports) emitHostImport(out, *contract.imports);
  out.line({"}  // namespace ", contract.cppNamespace, "::host"});
  return out.text();
}

}  // namespace bulkhead::plugin
