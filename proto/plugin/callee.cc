// C entries that call a C++ object: in a module its own class, in a host the application's import object.
#include "proto/plugin/names.h"
#include "proto/plugin/pieces.h"
#include "proto/plugin/types.h"

namespace bulkhead::plugin {
namespace {

const std::string kDetail = "bulkhead::detail::";

// The one struct result, or all results of a method whose results are capnp's classes.
bool fillsBuilder(const Method& method) {
  const auto& results = method.results.list;
  return method.results.isWhole || (results.size() == 1 && results.front().type.kind == Kind::structure);
}

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
  std::string arguments;
  const auto add = [&](const std::string& argument) { arguments += (arguments.empty() ? "" : ", ") + argument; };
  if (!method.params.list.empty()) {
    out.line({kDetail, "MessageView request(", names.params[0], ");"});
    out.line({"const auto arguments = request.root<", method.params.capnpName, ">();"});
    if (method.params.isWhole) {
      add("arguments");
    } else {
      for (const Field& field : method.params.list) add(capnpGetter(field, "arguments"));
    }
  }
  out.line({kDetail, "MessageBuilder reply;"});
  const std::string root = "reply.root<" + method.results.capnpName + ">();";
  out.line(method.results.list.empty() ? root : "auto answer = " + root);
  if (method.results.isWhole) {
    add("answer");
  } else if (fillsBuilder(method)) {
    add("answer.init" + capitalized(method.results.list.front().name) + "()");
  }
  out.line({"const auto result = ", withSelf(callee.object, names.self), method.name, "(", arguments, ");"});
  out.line({"if (!result) return ", kDetail, "report(", names.error, ", result.error());"});
  for (const Field& field : method.results.list) {
    if (fillsBuilder(method)) break;
    const std::string value = method.resultClass.empty() ? "*result" : "result->" + field.name;
    out.line(capnpSetter(field, "answer", value));
  }
  out.line({"return ", kDetail, "put(", names.results[0], ", reply.words(), ", names.error, ");"});
}

// What comes out as a Builder to fill is the last parameter.
std::string calleeParams(const Method& method) {
  Names names;
  std::string list;
  const auto add = [&list](const std::string& parameter) { list += (list.empty() ? "" : ", ") + parameter; };
  for (const Field& field : method.params.list) add(cppParam(field.type) + " " + names.pick(field.name));
  if (method.results.isWhole) {
    add(method.results.capnpName + "::Builder " + names.pick("results"));
  } else if (fillsBuilder(method)) {
    const Field& result = method.results.list.front();
    add(result.type.name + "::Builder " + names.pick(result.name));
  }
  return list;
}

std::string calleeResult(const Method& method) { return fillsBuilder(method) ? "void" : cppResult(method); }

}  // namespace

void emitVirtualMethods(Writer& out, const Interface& interface) {
  out.line({"virtual ~", interface.name, "() = default;"});
  const auto emitMethods = [&](const Interface& part) {
    for (const Method& method : part.methods) {
      out.line().doc(method.doc);
      out.line(
          {"virtual bulkhead::Result<", calleeResult(method), "> ", method.name, "(", calleeParams(method), ") = 0;"});
    }
  };
  emitMethods(interface);
  for (const Interface& part : interface.parts) emitMethods(part);
}

void emitEntry(Writer& out, const Method& method, const Callee& callee) {
  const EntryNames names(method);
  std::string params = entryParams(method);
  if (method.isMessage && method.params.list.empty()) params.replace(params.find(" params"), 7, "");
  out.open({"static std::int32_t ", method.name, params, " noexcept {"});
  out.open({"return ", withSelf(callee.guard, names.self), names.error, ", [&]() -> std::int32_t {"});
  if (callee.usesCapnp) out.open({"return ", kDetail, "withCapnp(", names.error, ", [&]() -> std::int32_t {"});
  method.isMessage ? emitMessage(out, method, callee) : emitDirect(out, method, callee);
  if (callee.usesCapnp) out.close("});");
  out.close("});");
  out.close();
}

}  // namespace bulkhead::plugin
