// Interfaces and their methods.
#include "proto/plugin/read.h"

#include "proto/plugin/schema_ids.h"
#include "proto/plugin/types.h"

#include <algorithm>
#include <cctype>

namespace bulkhead::plugin {
namespace {

// A day: more is a slip of the pen, and nanoseconds of it would not fit everywhere.
constexpr std::uint32_t kMaxDeadlineMs = 24u * 60 * 60 * 1000;

std::string stemOf(const std::string& file) {
  const std::string suffix = ".capnp";
  return file.ends_with(suffix) ? file.substr(0, file.size() - suffix.size()) : file;
}

std::string identifierOf(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return text;
}

// The id of an inherited part: of both interfaces, so that one ancestor of several contracts keeps them apart. The same
// in every version of the schemas. proto/manifest.capnp has the rule.
std::uint64_t partId(std::uint64_t interface, std::uint64_t ancestor) {
  std::uint64_t x = interface + 0x9e3779b97f4a7c15u * ancestor;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return (x ^ (x >> 31)) | std::uint64_t{1} << 63;
}

}  // namespace

Reader::Reader(capnp::schema::CodeGeneratorRequest::Reader request,
               capnp::schema::CodeGeneratorRequest::RequestedFile::Reader file)
    : file_(file) {
  for (auto node : request.getNodes()) nodes_.emplace(node.getId(), node);
  for (auto source : request.getSourceInfo()) sources_.emplace(source.getId(), source);
}

Contract Reader::read() {
  contract_.file = file_.getFilename().cStr();
  contract_.stem = stemOf(contract_.file);
  contract_.name = contract_.stem.substr(contract_.stem.rfind('/') + 1);
  contract_.cppNamespace = identifierOf(contract_.name);
  for (auto annotation : node(file_.getId()).getAnnotations()) {
    if (annotation.getId() == kCxxNamespace) contract_.cppNamespace = annotation.getValue().getText().cStr();
  }
  contract_.doc = doc(file_.getId());
  readInterfaces();
  readEnums();
  readConstants();
  readCapnpTypes();
  refuseForCapnp();
  qualifyNames();
  readHeaders();
  return std::move(contract_);
}

// Those of the imported files, for types of theirs in a contract without capnp's own header (which has them).
void Reader::readHeaders() {
  if (contract_.usesCapnp || !hasForeignTypes_) return;
  for (auto import : file_.getImports()) {
    const std::string name = import.getName().cStr();
    if (name == "/bulkhead/bulkhead.capnp" || name == "/capnp/c++.capnp") continue;
    contract_.headers.push_back(name.starts_with("/") ? "<" + name.substr(1) + ".h>" : "\"" + name + ".h\"");
  }
}

void Reader::readInterfaces() {
  for (const auto& [id, node] : nodes_) {
    if (!node.isInterface() || !isInFile(node)) continue;
    const bool exports = isAnnotated(node.getAnnotations(), kExports);
    const bool imports = isAnnotated(node.getAnnotations(), kImports);
    if (exports && imports) fail(shortName(node), "is both exports and imports; make it two interfaces");
    if (exports) readInterface(node, "exports", contract_.exports);
    if (imports) readInterface(node, "imports", contract_.imports);
  }
  if (!contract_.exports && !contract_.imports) {
    fail("file",
         "has no contract; annotate an interface with $Bulkhead.exports (the module implements it) or "
         "$Bulkhead.imports (the host implements it)");
  }
  if (contract_.exports) nameResults(*contract_.exports);
  if (contract_.imports) nameResults(*contract_.imports);
}

void Reader::readInterface(Node node, const char* annotation, std::optional<Interface>& to) {
  const std::string name = shortName(node);
  if (node.getScopeId() != file_.getId()) fail(name, "is nested; declare the interface at the top of the file");
  if (to) {
    fail(name, std::string("is the second interface with ") + annotation + ", after " + to->name +
                   "; a file is one contract: move it to a file of its own");
  }
  if (isAnnotated(node.getAnnotations(), kCxxName)) {
    fail(name, "has $Cxx.name, which is not supported; rename it in the schema");
  }
  Interface& interface = to.emplace();
  interface.name = interface.shownName = name;
  interface.id = node.getId();
  interface.serialized = isAnnotated(node.getAnnotations(), kSerialized);
  readMethods(interface, node);
  readParts(interface, node);
}

void Reader::readMethods(Interface& interface, Node node) {
  interface.schemaName = shortName(node);
  interface.schemaId = node.getId();
  interface.doc = doc(node.getId());
  if (node.getIsGeneric()) fail(interface.schemaName, "is generic, which a function table cannot be; name the types");
  std::uint16_t ordinal = 0;
  for (auto method : node.getInterface().getMethods()) {
    interface.methods.push_back(readMethod(interface, method, ordinal));
    interface.methods.back().doc = memberDoc(node.getId(), ordinal);
    ++ordinal;
  }
}

// Ancestors in the order of the schema, each before its own ancestors and once.
void Reader::readParts(Interface& interface, Node node) {
  for (auto superclass : node.getInterface().getSuperclasses()) {
    const Node ancestor = this->node(superclass.getId());
    const auto same = [&](const Interface& part) { return part.schemaId == ancestor.getId(); };
    if (std::any_of(interface.parts.begin(), interface.parts.end(), same)) continue;
    Interface part;
    part.name = interface.name + shortName(ancestor);
    part.shownName = interface.name;
    part.id = partId(interface.id, ancestor.getId());
    part.serialized = interface.serialized || isAnnotated(ancestor.getAnnotations(), kSerialized);
    readMethods(part, ancestor);
    interface.parts.push_back(std::move(part));
    readParts(interface, ancestor);
  }
}

Method Reader::readMethod(const Interface& interface, capnp::schema::Method::Reader source, std::uint16_t ordinal) {
  Method method;
  method.name = source.getName().cStr();
  method.ordinal = ordinal;
  const std::string where = interface.shownName + "." + method.name;
  if (source.getImplicitParameters().size() != 0) fail(where, "is generic, which no C function is; name the types");
  for (auto annotation : source.getAnnotations()) {
    if (annotation.getId() == kDeadlineMs) method.deadlineMs = readDeadline(annotation, where);
    if (annotation.getId() == kIdempotent) method.idempotent = true;
    if (annotation.getId() == kSavesState) method.savesState = true;
    if (annotation.getId() == kRestoresState) method.restoresState = true;
    if (annotation.getId() == kCxxName) fail(where, "has $Cxx.name, which is not supported; rename it in the schema");
  }
  method.params = readFields(source.getParamStructType(), source.getParamBrand(), where, "parameters");
  method.results = readFields(source.getResultStructType(), source.getResultBrand(), where, "results");
  readMethodKind(method);
  return method;
}

std::uint32_t Reader::readDeadline(capnp::schema::Annotation::Reader annotation, const std::string& where) const {
  const std::uint32_t milliseconds = annotation.getValue().getUint32();
  if (milliseconds == 0) fail(where, "has a deadline of 0 ms; leave $deadlineMs out for a method without one");
  if (milliseconds > kMaxDeadlineMs) {
    fail(where, "has a deadline of " + std::to_string(milliseconds) +
                    " ms, which is more than a day; leave "
                    "$deadlineMs out for a method without one");
  }
  return milliseconds;
}

void Reader::readMethodKind(Method& method) {
  auto& results = method.results;
  const auto isCapnp = [](const Field& field) { return isCapnpClass(field.type); };
  const auto& list = results.list;
  const bool capnpResult = results.isNamed || std::any_of(list.begin(), list.end(), isCapnp);
  const bool oneStruct = list.size() == 1 && list.front().type.kind == Kind::structure;
  results.isWhole = results.isNamed || (capnpResult && !oneStruct);
  const auto& params = method.params.list;
  method.isMessage = capnpResult || std::any_of(params.begin(), params.end(), isCapnp);
  contract_.usesCapnp |= method.isMessage;
}

// The structs of several direct results. Where both interfaces would have one of a name, the host's side gives way.
void Reader::nameResults(Interface& interface) {
  const auto isTaken = [&](const std::string& name) {
    for (const Interface* other : contract_.interfaces()) {
      for (const Method& method : other->methods) {
        if (method.resultClass == name) return true;
      }
    }
    return false;
  };
  const auto nameAll = [&](Interface& part) {
    for (Method& method : part.methods) {
      if (method.results.isWhole || method.results.list.size() < 2) continue;
      const std::string name = capitalized(method.name) + "Result";
      method.resultClass = isTaken(name) ? part.name + name : name;
    }
  };
  nameAll(interface);
  for (Interface& part : interface.parts) nameAll(part);
}

}  // namespace bulkhead::plugin
