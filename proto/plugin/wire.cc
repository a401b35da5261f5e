// Stubs and skeletons: table entries onto a channel, and messages onto a table.
#include "proto/plugin/names.h"
#include "proto/plugin/pieces.h"
#include "proto/plugin/types.h"

#include <algorithm>

namespace bulkhead::plugin {
namespace {

const std::string kDetail = "bulkhead::detail::";

std::string sectionSizes(const Fields& fields) {
  return std::to_string(fields.dataWords) + ", " + std::to_string(fields.pointers);
}

// Reads the fields behind pointers into `locals` (empty strings for the others) and refuses a malformed message.
void emitReads(Writer& out, const Fields& fields, const std::string& reader, const std::vector<std::string>& locals,
               Names& names, const std::string& error) {
  for (std::size_t i = 0; i < fields.list.size(); ++i) {
    if (locals[i].empty()) continue;
    const Field& field = fields.list[i];
    std::string value = readCall(field, reader);
    if (field.whenAbsent.isSet) {
      const std::string array = field.type.kind == Kind::list ? names.pick(locals[i] + "Default") : std::string();
      if (!array.empty()) out.line(defaultArray(field, array));
      value.insert(0, reader + ".has(" + std::to_string(field.offset) + ") ? ");
      value.append(" : ").append(defaultView(field, array));
    }
    out.line({"const BulkheadBytes ", locals[i], " = ", value, ";"});
  }
  out.line(
      {"if (", reader, ".fault() != nullptr) return ", kDetail, "reportMalformed(", error, ", ", reader, ".fault());"});
}

std::vector<std::string> viewLocals(const Fields& fields, Names& names, const std::string& suffix) {
  std::vector<std::string> locals;
  for (const Field& field : fields.list) {
    locals.push_back(isScalar(field.type) ? std::string() : names.pick(field.name + suffix));
  }
  return locals;
}

void emitDirectStub(Writer& out, const Interface& interface, const Method& method) {
  EntryNames names(method);
  const std::string call = names.names.pick("call");
  const std::string request = names.names.pick("request");
  std::string words = std::to_string(1 + method.params.dataWords + method.params.pointers);
  for (std::size_t i = 0; i < names.params.size(); ++i) {
    const std::string variable = wordsOf(method.params.list[i], names.params[i]);
    if (!variable.empty()) words += " + " + variable;
  }
  out.line(
      {kDetail, "StubCall ", call, "(", names.self, ", ", methodConstant(interface, method), ", ", names.error, ");"});
  out.line({"if (!", call, ".begin(", words, ")) return BULKHEAD_FAILED;"});
  out.line({kDetail, "WordWriter ", request, "(", call, ".words());"});
  out.line({request, ".root(", sectionSizes(method.params), ");"});
  for (std::size_t i = 0; i < names.params.size(); ++i) {
    out.line({request, ".", writeCall(method.params.list[i], names.params[i]), ";"});
  }
  out.line({"if (!", call, ".send()) return BULKHEAD_FAILED;"});
  const std::string reply = names.names.pick("reply");
  out.line({kDetail, "WordReader ", reply, "(", call, ".reply());"});
  const std::vector<std::string> locals = viewLocals(method.results, names.names, "View");
  emitReads(out, method.results, reply, locals, names.names, names.error);
  for (std::size_t i = 0; i < names.results.size(); ++i) {
    if (locals[i].empty()) {
      out.line({"*", names.results[i], " = ", readCall(method.results.list[i], reply), ";"});
    } else {
      out.line({"if (", kDetail, "put(", names.results[i], ", ", locals[i], ", ", names.error,
                ") != BULKHEAD_OK) return BULKHEAD_FAILED;"});
    }
  }
  out.line("return BULKHEAD_OK;");
}

void emitDirectSkeleton(Writer& out, const Method& method) {
  Names names;
  for (const char* own : {"table", "self", "params", "reply", "error", "request", "answer", "status"}) names.pick(own);
  out.line({kDetail, "WordReader request(params);"});
  const std::vector<std::string> locals = viewLocals(method.params, names, "");
  emitReads(out, method.params, "request", locals, names, "error");
  out.line({kDetail, "WordWriter answer(reply);"});
  out.line({"if (!answer.root(", sectionSizes(method.results), ")) return ", kDetail, "reportNoRoom(error);"});
  std::string arguments = "self";
  for (std::size_t i = 0; i < locals.size(); ++i) {
    arguments += ", " + (locals[i].empty() ? readCall(method.params.list[i], "request") : locals[i]);
  }
  std::string after;
  std::vector<std::string> writes;
  for (const Field& field : method.results.list) {
    const std::string local = names.pick(field.name + (isScalar(field.type) ? "" : "Reply"));
    if (isScalar(field.type)) {
      out.line({cValue(field.type), " ", local, "{};"});
      arguments += ", &" + local;
      writes.push_back("answer." + writeCall(field, local) + ";");
    } else {
      out.line({"const ", replyClass(field.type), " ", local, "(answer, ", std::to_string(field.offset),
                field.whenAbsent.isSet ? ", true" : "", ");"});
      arguments += ", " + local + ".sink()";
    }
  }
  const std::string call = "table." + method.name + "(" + arguments + ", error)";
  if (writes.empty()) {
    out.line({"return ", call, ";"});
    return;
  }
  out.line({"if (", call, " != BULKHEAD_OK) return BULKHEAD_FAILED;"});
  for (const std::string& write : writes) out.line(write);
  out.line("return BULKHEAD_OK;");
}

}  // namespace

void emitStub(Writer& out, const Interface& interface, const Method& method) {
  const EntryNames names(method);
  out.open({"static std::int32_t ", method.name, entryParams(method), " noexcept {"});
  if (method.isMessage) {
    out.line({"return ", kDetail, "callWithMessage(", names.self, ", ", methodConstant(interface, method), ", ",
              names.params[0], ", ", names.results[0], ", ", names.error, ");"});
  } else {
    out.open({"return ", kDetail, "guarded(", names.error, ", [&]() -> std::int32_t {"});
    emitDirectStub(out, interface, method);
    out.close("});");
  }
  out.close();
}

void emitSkeleton(Writer& out, const Interface& interface, const Method& method) {
  out.open(
      {"static std::int32_t ", method.name, "(const ", tableClass(interface),
       "& table, void* self, BulkheadBytes params, const BulkheadReply* reply, const BulkheadErrorSink* error) {"});
  if (method.isMessage) {
    out.line({"const ", kDetail, "MessageReply results(reply);"});
    out.line({"return table.", method.name, "(self, params, results.sink(), error);"});
  } else {
    emitDirectSkeleton(out, method);
  }
  out.close();
}

void emitTableConstant(Writer& out, const Interface& interface) {
  std::string entries = "{sizeof(" + tableClass(interface) + "), " + idConstant(interface) + "}";
  for (const Method& method : interface.methods) entries += ", &" + method.name;
  out.line({"static constexpr ", tableClass(interface), " kTable = {", entries, "};"});
}

void emitStubs(Writer& out, const Interface& interface) {
  out.line("// The caller's side: encodes onto a channel, which `self` is, and decodes the answer.");
  out.open({"struct ", interface.name, "Stub {"});
  for (const Method& method : interface.methods) {
    emitStub(out, interface, method);
    out.line();
  }
  emitTableConstant(out, interface);
  out.close("};").line();
}

void emitUnimplemented(Writer& out, const Interface& interface) {
  out.line("// Stands in for entries that the other side's table does not have.");
  out.open({"struct ", interface.name, "Unimplemented {"});
  for (const Method& method : interface.methods) {
    out.open({"static std::int32_t ", method.name, entryParamsUnnamed(method), " noexcept {"});
    const EntryNames names(method);
    out.line({"return ", kDetail, "guarded(", names.error, ", [&] { return ", kDetail, "reportUnimplemented(",
              names.error, ", ", methodConstant(interface, method), ".name); });"});
    out.close().line();
  }
  emitTableConstant(out, interface);
  out.close("};").line();
}

std::string skeletonName(const Interface& interface) {
  std::string name = interface.name;
  name[0] = static_cast<char>(name[0] - 'A' + 'a');
  return name + "Skeleton";
}

void emitSkeletons(Writer& out, const Interface& interface) {
  out.open({"struct ", interface.name, "Skeleton {"});
  for (const Method& method : interface.methods) {
    emitSkeleton(out, interface, method);
    if (&method != &interface.methods.back()) out.line();
  }
  out.close("};").line();
}

std::string skeletonDeclaration(const Interface& interface) {
  return "std::int32_t " + skeletonName(interface) +
         "(const BulkheadTable* header, void* self, std::uint16_t ordinal, BulkheadBytes params, const BulkheadReply* "
         "reply, const BulkheadErrorSink* error) noexcept";
}

void emitSkeletonFunction(Writer& out, const Interface& interface) {
  out.open({skeletonDeclaration(interface), " {"});
  out.open({"return ", kDetail, "guarded(error, [&]() -> std::int32_t {"});
  out.line({"[[maybe_unused]] const auto& table = *reinterpret_cast<const ", tableClass(interface), "*>(header);"});
  out.open({"switch (ordinal) {"});
  for (const Method& method : interface.methods) {
    out.line({"case ", methodConstant(interface, method), ".ordinal: return ", interface.name,
              "Skeleton::", method.name, "(table, self, params, reply, error);"});
  }
  out.line({"default: return ", kDetail, "reportUnknownMethod(error, \"", interface.shownName, "\", ordinal);"});
  out.close().close("});").close();
}

}  // namespace bulkhead::plugin
