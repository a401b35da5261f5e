// codec.host.h and codec.host.cc: what the application compiles.
#include "proto/plugin/emit.h"
#include "proto/plugin/pieces.h"
#include "proto/plugin/preamble.h"
#include "proto/plugin/types.h"

namespace bulkhead::plugin {
namespace {

void emitHandle(Writer& out, const Interface& interface) {
  const std::string handle = "bulkhead::Handle<" + tableClass(interface) + ">";
  out.doc(interface.doc);
  if (!interface.doc.empty()) out.line("//");
  out.line(
      "// A handle to a module that implements it: cheap to copy, usable from any thread. Every method blocks until "
      "its");
  out.line("// answer or its deadline, borrows its arguments for the call, and gives a value or an error.");
  out.open({"class ", interface.name, " : public ", handle, " {"});
  out.label("public:");
  out.line({"static constexpr std::uint64_t kInterfaceId = ", idConstant(interface), ";"});
  out.line({"using ", handle, "::Handle;"});
  emitCallers(out, interface);
  out.line().line("// The same with a wall deadline for the calls of this expression.");
  out.line({"[[nodiscard]] bulkhead::Within<", interface.name,
            "> within(std::chrono::nanoseconds limit) const { return {*this, limit}; }"});
  out.line().line("// The same, cancelled when the token is stopped.");
  out.line({"[[nodiscard]] bulkhead::Cancellable<", interface.name,
            "> cancellable(const std::stop_token& token) const { return {*this, token}; }"});
  out.close("};").line();
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
  out.line({"bulkhead::HostImport hostImport(", interface.name, "& object);"}).line();
}

void emitImportEntries(Writer& out, const Interface& interface) {
  out.line("// The C entries that a module's calls arrive at.");
  out.open({"struct ", interface.name, "Entries {"});
  const Callee callee = {"static_cast<" + interface.name + "*>(bulkhead::detail::importObject(%))->",
                         "bulkhead::detail::guardedImport(%, "};
  for (const Method& method : interface.methods) {
    emitEntry(out, method, callee);
    out.line();
  }
  emitTableConstant(out, interface);
  out.close("};").line();
}

void emitRegistration(Writer& out, const Contract& contract) {
  const std::string manifest = "k" + contract.title() + "Manifest";
  std::string exports = "nullptr";
  if (contract.exports) {
    const Interface& interface = *contract.exports;
    exports = "&exports";
    out.line({"const bulkhead::detail::ExportDescription exports = {", idConstant(interface), ", \"", interface.name,
              "\", &", interface.name, "Stub::kTable.header, &", interface.name, "Unimplemented::kTable.header, ",
              interface.serialized ? "BULKHEAD_METHOD_SERIALIZED" : "0", "};"});
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
  out.line().line("#include <chrono>");
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
  if (contract.exports) {
    emitStubs(out, *contract.exports);
    emitUnimplemented(out, *contract.exports);
  }
  if (contract.imports) {
    emitImportEntries(out, *contract.imports);
    emitSkeletons(out, *contract.imports);
    emitSkeletonFunction(out, *contract.imports);
    out.line();
  }
  emitRegistration(out, contract);
  out.line("}  // namespace").line();
  if (contract.imports) {
    const Interface& interface = *contract.imports;
    out.open({"bulkhead::HostImport hostImport(", interface.name, "& object) {"});
    out.line({"return {", idConstant(interface), ", \"", interface.name, "\", &", interface.name,
              "Entries::kTable.header, &object, &", skeletonName(interface), "};"});
    out.close().line();
  }
  out.line({"}  // namespace ", contract.cppNamespace, "::host"});
  return out.text();
}

}  // namespace bulkhead::plugin
