// C entries that call a C++ object: in a module its own class, in a host the application's import object.
#include "proto/plugin/names.h"
#include "proto/plugin/pieces.h"
#include "proto/plugin/types.h"

namespace bulkhead::plugin {
namespace {

const std::string kDetail = "bulkhead::detail::";

// `pattern` with its %, if it has one, replaced.
std::string withSelf(std::string pattern, const std::string& self) {
  const std::size_t at = pattern.find('%');
  return at == std::string::npos ? pattern : pattern.replace(at, 1, self);
}

// Hands out one result whose C++ value is `value`; the last one's status is the entry's.
void emitPut(Writer& out, const Field& field, const std::string& value, const std::string& to,
             const EntryNames& names) {
  if (isScalar(field.type)) {
    out.line({"*", to, " = ", resultToC(field.type, value), ";"});
    return;
  }
  out.line({"if (", kDetail, "put(", to, ", ", resultToC(field.type, value), ", ", names.error,
            ") != BULKHEAD_OK) return BULKHEAD_FAILED;"});
}

void emitDirect(Writer& out, const Method& method, const Callee& callee) {
  EntryNames names(method);
  std::string arguments;
  for (std::size_t i = 0; i < names.params.size(); ++i) {
    arguments += (i == 0 ? "" : ", ") + fromC(method.params.list[i].type, names.params[i]);
  }
  const std::string result = names.names.pick("result");
  out.line({"const auto ", result, " = ", withSelf(callee.object, names.self), method.name, "(", arguments, ");"});
  out.line({"if (!", result, ") return ", kDetail, "report(", names.error, ", ", result, ".error());"});
  for (std::size_t i = 0; i < names.results.size(); ++i) {
    const Field& field = method.results.list[i];
    const std::string value = method.resultClass.empty() ? "*" + result : result + "->" + field.name;
    emitPut(out, field, value, names.results[i], names);
  }
  out.line("return BULKHEAD_OK;");
}

void emitMessage(Writer& out, const Method& method, const Callee& callee) {
  EntryNames names(method);
  out.line({"const ", kDetail, "CapnpErrors capnpErrors;"});
  std::string arguments;
  const auto add = [&](const std::string& argument) { arguments += (arguments.empty() ? "" : ", ") + argument; };
  if (!method.params.list.empty()) {
    out.line({kDetail, "MessageView request(", names.params[0], ");"});
    out.line({"const auto arguments = request.root<", method.params.capnpName, ">();"});
    for (const Field& field : method.params.list) add(capnpGetter(field, "arguments"));
  }
  out.line({kDetail, "MessageBuilder reply;"});
  const std::string root = "reply.root<" + method.results.capnpName + ">();";
  out.line(method.results.list.empty() ? root : "auto answer = " + root);
  for (const Field& field : method.results.list) {
    if (field.type.kind == Kind::structure) add("answer.init" + capitalized(field.name) + "()");
  }
  out.line({"const auto result = ", withSelf(callee.object, names.self), method.name, "(", arguments, ");"});
  out.line({"if (!result) return ", kDetail, "report(", names.error, ", result.error());"});
  for (const Field& field : method.results.list) {
    if (field.type.kind == Kind::structure) continue;
    const std::string value = method.resultClass.empty() ? "*result" : "result->" + field.name;
    out.line(capnpSetter(field, "answer", value));
  }
  out.line({"return ", kDetail, "put(", names.results[0], ", reply.words(), ", names.error, ");"});
}

// A struct result is a Builder to fill.
std::string calleeParams(const Method& method) {
  Names names;
  std::string list;
  const auto add = [&list](const std::string& parameter) { list += (list.empty() ? "" : ", ") + parameter; };
  for (const Field& field : method.params.list) add(cppParam(field.type) + " " + names.pick(field.name));
  for (const Field& field : method.results.list) {
    if (field.type.kind == Kind::structure) add(field.type.name + "::Builder " + names.pick(field.name));
  }
  return list;
}

std::string calleeResult(const Method& method) {
  const auto& results = method.results.list;
  return results.size() == 1 && results.front().type.kind == Kind::structure ? "void" : cppResult(method);
}

}  // namespace

void emitVirtualMethods(Writer& out, const Interface& interface) {
  out.line({"virtual ~", interface.name, "() = default;"});
  for (const Method& method : interface.methods) {
    out.line().doc(method.doc);
    out.line(
        {"virtual bulkhead::Result<", calleeResult(method), "> ", method.name, "(", calleeParams(method), ") = 0;"});
  }
}

void emitEntry(Writer& out, const Method& method, const Callee& callee) {
  const EntryNames names(method);
  std::string params = entryParams(method);
  if (method.isMessage && method.params.list.empty()) params.replace(params.find(" params"), 7, "");
  out.open({"static std::int32_t ", method.name, params, " noexcept {"});
  out.open({"return ", withSelf(callee.guard, names.self), names.error, ", [&]() -> std::int32_t {"});
  method.isMessage ? emitMessage(out, method, callee) : emitDirect(out, method, callee);
  out.close("});");
  out.close();
}

}  // namespace bulkhead::plugin
