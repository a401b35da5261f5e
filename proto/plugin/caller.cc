// The caller's C++ functions, and what all pieces agree on: names and parameter lists.
#include "proto/plugin/names.h"
#include "proto/plugin/pieces.h"
#include "proto/plugin/types.h"

#include <algorithm>

namespace bulkhead::plugin {
namespace {

const std::string kDetail = "bulkhead::detail::";

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

// Making the C argument may throw: the call has to be guarded.
bool mayThrow(const Method& method) {
  return method.isMessage || std::any_of(method.params.list.begin(), method.params.list.end(), [](const Field& field) {
           return field.type.kind == Kind::list &&
                  (field.type.element == Kind::text || field.type.element == Kind::data);
         });
}

// What a caller's function knows by name.
struct CallerNames {
  explicit CallerNames(const Method& method) {
    for (const Field& field : method.params.list) names.pick(field.name);
    table = names.pick("table");
    self = names.pick("self");
    error = names.pick("error");
    value = names.pick("value");
    status = names.pick("status");
  }
  std::string target(const Method& method, const Field& result) const {
    return method.resultClass.empty() ? value : value + "." + result.name;
  }
  Names names;
  std::string table, self, error, value, status;
};

// Through out pointers and sinks of this stack frame.
void emitDirectCall(Writer& out, const Method& method, CallerNames& names) {
  std::vector<std::string> arguments = {names.self};
  for (const Field& field : method.params.list) arguments.push_back(toC(field.type, field.name));
  std::vector<std::string> after;
  for (const Field& field : method.results.list) {
    const std::string target = names.target(method, field);
    const bool isConverted = field.type.kind == Kind::boolean || field.type.kind == Kind::enumeration;
    if (isScalar(field.type) && !isConverted) {
      arguments.push_back("&" + target);
      continue;
    }
    const std::string local = names.names.pick(field.name);
    if (isConverted) {
      out.line({cValue(field.type), " ", local, " = 0;"});
      arguments.push_back("&" + local);
      after.push_back(target + " = " + fromC(field.type, local) + ";");
    } else {
      out.line({"const ", sinkClass(field.type), " ", local, "(", target, ");"});
      arguments.push_back(local + ".sink()");
    }
  }
  arguments.push_back(names.error);
  const std::string call = names.table + "." + method.name + "(" + join(arguments) + ");";
  if (after.empty()) {
    out.line({"return ", call});
    return;
  }
  out.line({"const std::int32_t ", names.status, " = ", call});
  for (const std::string& line : after) out.line(line);
  out.line({"return ", names.status, ";"});
}

// Through a request message built here and a copy of the reply message.
void emitMessageCall(Writer& out, const Method& method, CallerNames& names) {
  const std::string request = names.names.pick("request");
  const std::string params = names.names.pick("params");
  const std::string reply = names.names.pick("reply");
  std::string words = "64";
  for (const Field& field : method.params.list) {
    const std::string more = capnpWords(field, field.name);
    if (!more.empty()) words += " + " + more;
  }
  out.line({kDetail, "MessageBuilder ", request, "(", words, ");"});
  const std::string root = request + ".root<" + method.params.capnpName + ">()";
  if (method.params.isWhole) {
    out.line({request, ".set(", method.params.list.front().name, ");"});
  } else {
    out.line(method.params.list.empty() ? root + ";" : "auto " + params + " = " + root + ";");
    for (const Field& field : method.params.list) out.line(capnpSetter(field, params, field.name));
  }
  out.line({kDetail, "MessageSink ", reply, ";"});
  out.line({"const std::int32_t ", names.status, " = ", names.table, ".", method.name, "(", names.self, ", ", request,
            ".words(), ", reply, ".sink(), ", names.error, ");"});
  if (method.results.isWhole) {
    const std::string& name = method.results.capnpName;
    out.line({"if (", names.status, " != BULKHEAD_OK) return ", names.status, ";"});
    out.line({names.value, " = ", reply, ".own<", name, ">(", reply, ".root<", name, ">());"});
  } else if (!method.results.list.empty()) {
    const std::string results = names.names.pick("results");
    out.line({"if (", names.status, " != BULKHEAD_OK) return ", names.status, ";"});
    out.line({"const auto ", results, " = ", reply, ".root<", method.results.capnpName, ">();"});
    for (const Field& field : method.results.list) {
      const bool isStruct = field.type.kind == Kind::structure;
      if (isStruct) {
        out.line({names.target(method, field), " = ", reply, ".own<", field.type.name, ">(", results, ".get",
                  capitalized(field.name), "());"});
      } else {
        out.line({names.target(method, field), " = ", capnpResult(field, results), ";"});
      }
    }
  }
  out.line({"return ", names.status, ";"});
}

void emitCaller(Writer& out, const Interface& interface, const Method& method, const std::string& base) {
  CallerNames names(method);
  const std::string result = cppResult(method);
  out.doc(method.doc);
  out.open({"[[nodiscard]] bulkhead::Result<", result, "> ", method.name, "(", callerParams(method), ") const {"});
  std::string lambda = "[=](const " + tableClass(interface) + "& " + names.table + ", void* " + names.self +
                       ", const BulkheadErrorSink* " + names.error;
  if (result != "void") lambda += ", " + result + "& " + names.value;
  out.open({"return ", base, "invoke<", result, ">(", methodConstant(interface, method), ", ", lambda, ") {"});
  const bool guard = mayThrow(method);
  if (guard) out.open({"return ", kDetail, "guarded(", names.error, ", [&]() -> std::int32_t {"});
  if (method.isMessage) out.open({"return ", kDetail, "withCapnp(", names.error, ", [&]() -> std::int32_t {"});
  method.isMessage ? emitMessageCall(out, method, names) : emitDirectCall(out, method, names);
  if (method.isMessage) out.close("});");
  if (guard) out.close("});");
  out.close("});");
  out.close();
}

}  // namespace

std::string tableClass(const Interface& interface) { return interface.name + "Table"; }
std::string idConstant(const Interface& interface) { return "k" + interface.name + "InterfaceId"; }
std::string methodConstant(const Interface& interface, const Method& method) {
  return "k" + interface.name + capitalized(method.name);
}

std::string callerParams(const Method& method) {
  std::vector<std::string> list;
  for (const Field& field : method.params.list) list.push_back(cppParam(field.type) + " " + field.name);
  return join(list);
}

EntryNames::EntryNames(const Method& method) {
  if (method.isMessage) {
    params = {names.pick("params")};
    results = {names.pick("results")};
  } else {
    for (const Field& field : method.params.list) params.push_back(names.pick(field.name));
    for (const Field& field : method.results.list) results.push_back(names.pick(field.name));
  }
  self = names.pick("self");
  error = names.pick("error");
}

namespace {
std::string entryList(const Method& method, bool isNamed) {
  const EntryNames names(method);
  const auto named = [&](const std::string& type, const std::string& name) {
    return isNamed ? type + " " + name : type;
  };
  std::vector<std::string> list = {named("void*", names.self)};
  if (method.isMessage) {
    list.push_back(named("BulkheadBytes", names.params[0]));
    list.push_back(named("const BulkheadSink*", names.results[0]));
  } else {
    for (std::size_t i = 0; i < names.params.size(); ++i) {
      list.push_back(named(cValue(method.params.list[i].type), names.params[i]));
    }
    for (std::size_t i = 0; i < names.results.size(); ++i) {
      list.push_back(named(cResult(method.results.list[i].type), names.results[i]));
    }
  }
  list.push_back("const BulkheadErrorSink* " + names.error);
  return "(" + join(list) + ")";
}
}  // namespace

std::string entryParams(const Method& method) { return entryList(method, true); }
std::string entryParamsUnnamed(const Method& method) { return entryList(method, false); }

void emitCallers(Writer& out, const Interface& interface, const std::string& base) {
  // With several bases each call says through which.
  const auto emitMethods = [&](const Interface& part) {
    for (const Method& method : part.methods) {
      out.line();
      emitCaller(out, part, method, interface.parts.empty() ? "" : base + "<" + tableClass(part) + ">::");
    }
  };
  emitMethods(interface);
  for (const Interface& part : interface.parts) emitMethods(part);
}

}  // namespace bulkhead::plugin
