#include "proto/plugin/read.h"

#include <algorithm>
#include <cctype>

namespace bulkhead::plugin {
namespace {

constexpr std::uint64_t kExports = 0xd6221efe1d20b04d;
constexpr std::uint64_t kImports = 0xeee2a9d9381f67a2;
constexpr std::uint64_t kDeadlineMs = 0xd0b014c3bfff5be7;
constexpr std::uint64_t kIdempotent = 0x82bb6d4eeeae7e02;
constexpr std::uint64_t kSerialized = 0xae7b1ba05647aebe;
constexpr std::uint64_t kCxxNamespace = 0xb9c6f99ebf805f2c;
constexpr std::uint64_t kCxxName = 0xf264a779fef191ce;

// Types whose Kind says it all.
struct Plain {
  capnp::schema::Type::Which which;
  Kind kind;
  const char* name;
};
using Which = capnp::schema::Type::Which;
constexpr Plain kPlain[] = {{Which::BOOL, Kind::boolean, "Bool"},       {Which::INT8, Kind::int8, "Int8"},
                            {Which::INT16, Kind::int16, "Int16"},       {Which::INT32, Kind::int32, "Int32"},
                            {Which::INT64, Kind::int64, "Int64"},       {Which::UINT8, Kind::uint8, "UInt8"},
                            {Which::UINT16, Kind::uint16, "UInt16"},    {Which::UINT32, Kind::uint32, "UInt32"},
                            {Which::UINT64, Kind::uint64, "UInt64"},    {Which::FLOAT32, Kind::float32, "Float32"},
                            {Which::FLOAT64, Kind::float64, "Float64"}, {Which::TEXT, Kind::text, "Text"},
                            {Which::DATA, Kind::data, "Data"}};

std::string stemOf(const std::string& file) {
  const std::string suffix = ".capnp";
  return file.ends_with(suffix) ? file.substr(0, file.size() - suffix.size()) : file;
}

std::string scopeOf(const std::string& cppNamespace) {
  return cppNamespace.empty() ? "::" : "::" + cppNamespace + "::";
}

std::string identifierOf(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return text;
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
    if (annotation.getId() != kCxxNamespace) continue;
    capnpNamespace_ = annotation.getValue().getText().cStr();
    contract_.cppNamespace = capnpNamespace_;
  }
  contract_.doc = doc(file_.getId());
  readInterfaces();
  readEnums();
  qualifyNames();
  return std::move(contract_);
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
  if (!contract_.usesCapnp) return;
  for (auto import : file_.getImports()) {
    const std::string name = import.getName().cStr();
    if (name != "/bulkhead/bulkhead.capnp" && name != "/capnp/c++.capnp") {
      fail("import \"" + name + "\"",
           "a contract with struct parameters or results cannot use types of other files; "
           "declare them in this file");
    }
  }
}

void Reader::readInterface(Node node, const char* annotation, std::optional<Interface>& to) {
  const std::string name = shortName(node);
  if (node.getScopeId() != file_.getId()) fail(name, "is nested; declare the interface at the top of the file");
  if (to) {
    fail(name, std::string("is the second interface with ") + annotation + ", after " + to->name +
                   "; a file is one contract: move it to a file of its own");
  }
  if (node.getIsGeneric()) fail(name, "is generic, which a function table cannot be; name the types");
  if (node.getInterface().getSuperclasses().size() != 0) {
    fail(name, "extends another interface, which is not supported; repeat the inherited methods");
  }
  Interface& interface = to.emplace();
  interface.name = name;
  interface.doc = doc(node.getId());
  interface.id = node.getId();
  interface.serialized = isAnnotated(node.getAnnotations(), kSerialized);
  std::uint16_t ordinal = 0;
  for (auto method : node.getInterface().getMethods()) {
    interface.methods.push_back(readMethod(interface, method, ordinal));
    interface.methods.back().doc = memberDoc(node.getId(), ordinal);
    ++ordinal;
  }
}

Method Reader::readMethod(const Interface& interface, capnp::schema::Method::Reader source, std::uint16_t ordinal) {
  Method method;
  method.name = source.getName().cStr();
  method.ordinal = ordinal;
  const std::string where = interface.name + "." + method.name;
  if (source.getImplicitParameters().size() != 0) fail(where, "is generic, which no C function is; name the types");
  for (auto annotation : source.getAnnotations()) {
    if (annotation.getId() == kDeadlineMs) method.deadlineMs = annotation.getValue().getUint32();
    if (annotation.getId() == kIdempotent) method.idempotent = true;
    if (annotation.getId() == kCxxName) fail(where, "has $Cxx.name, which is not supported; rename it in the schema");
  }
  method.params = readFields(source.getParamStructType(), where, "parameters");
  method.results = readFields(source.getResultStructType(), where, "results");
  readMethodKind(method, where);
  return method;
}

void Reader::readMethodKind(Method& method, const std::string& where) {
  const auto isStruct = [](const Field& field) { return field.type.kind == Kind::structure; };
  const auto& results = method.results.list;
  const bool structResult = std::any_of(results.begin(), results.end(), isStruct);
  const auto& params = method.params.list;
  method.isMessage = structResult || std::any_of(params.begin(), params.end(), isStruct);
  contract_.usesCapnp |= method.isMessage;
  if (structResult && results.size() != 1) {
    fail(where, "a struct among several results is not supported; return one struct that holds them all");
  }
  if (results.size() > 1) {
    method.resultClass = method.name + "Result";
    method.resultClass[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(method.resultClass[0])));
  }
}

Fields Reader::readFields(std::uint64_t structId, const std::string& method, const char* role) {
  const Node node = this->node(structId);
  if (node.getScopeId() != 0) {
    fail(method, std::string("names the struct ") + shortName(node) + " as its " + role +
                     ", which is not supported; write them out, as in (value :" + shortName(node) + ")");
  }
  Fields fields;
  fields.structId = structId;
  fields.dataWords = node.getStruct().getDataWordCount();
  fields.pointers = node.getStruct().getPointerCount();
  std::uint32_t index = 0;
  for (auto source : node.getStruct().getFields()) {
    Field field;
    field.name = source.getName().cStr();
    const std::string where = method + ": " + field.name;
    if (source.isGroup()) fail(where, "is a group, which is not supported; make it a struct");
    if (source.getSlot().getHadExplicitDefault()) {
      fail(where, "has a default value, which a C function cannot have; drop it");
    }
    field.doc = memberDoc(structId, index++);
    field.type = readType(source.getSlot().getType(), where);
    field.offset = source.getSlot().getOffset();
    fields.list.push_back(std::move(field));
  }
  return fields;
}

Type Reader::readType(capnp::schema::Type::Reader type, const std::string& where) {
  for (const Plain& plain : kPlain) {
    if (plain.which == type.which()) return {plain.kind, Kind::boolean, {}, plain.name, 0};
  }
  switch (type.which()) {
    case Which::LIST: return readList(type.getList(), where);
    case Which::ENUM: {
      const Node node = this->node(type.getEnum().getTypeId());
      return {Kind::enumeration, Kind::boolean, {}, shortName(node), node.getId()};
    }
    case Which::STRUCT: {
      const Node node = this->node(type.getStruct().getTypeId());
      if (node.getIsGeneric()) fail(where, "has a generic struct type, which is not supported; name the types");
      if (!isInFile(node)) fail(where, "has a struct type of another file, which is not supported; declare it here");
      return {Kind::structure, Kind::boolean, {}, shortName(node), node.getId()};
    }
    case Which::VOID: fail(where, "is Void, which carries nothing; leave it out");
    case Which::INTERFACE: fail(where, "is an interface, which cannot be passed; use an imports interface");
    case Which::ANY_POINTER: fail(where, "is an AnyPointer, which is not supported; use a struct or Data");
    default: fail(where, "has a type that this version does not know");
  }
}

Type Reader::readList(capnp::schema::Type::List::Reader list, const std::string& where) {
  const auto which = list.getElementType().which();
  if (which == Which::STRUCT) {
    fail(where, "is a list of structs, which is not supported here; put the list in a struct");
  }
  if (which == Which::LIST) fail(where, "is a list of lists, which is not supported here; put it in a struct");
  Type element = readType(list.getElementType(), where);
  element.element = element.kind;
  element.kind = Kind::list;
  element.schemaName = "List(" + element.schemaName + ")";
  return element;
}

void Reader::readEnums() {
  if (contract_.usesCapnp) return;  // capnp's own header declares them
  for (const Interface* interface : contract_.interfaces()) {
    for (const Method& method : interface->methods) {
      for (const Fields* fields : {&method.params, &method.results}) {
        for (const Field& field : fields->list) {
          const std::uint64_t id = field.type.id;
          const auto same = [id](const Enum& known) { return known.id == id; };
          if (id == 0 || std::any_of(contract_.enums.begin(), contract_.enums.end(), same)) continue;
          const Node node = this->node(id);
          if (!isInFile(node)) {
            fail(interface->name + "." + method.name + ": " + field.name,
                 "has an enum of another file, which is not supported; declare it here");
          }
          Enum& to = contract_.enums.emplace_back();
          to.name = shortName(node);
          to.doc = doc(id);
          to.id = id;
          std::uint32_t index = 0;
          for (auto value : node.getEnum().getEnumerants()) {
            to.values.push_back({value.getName().cStr(), memberDoc(id, index++)});
          }
        }
      }
    }
  }
}

bool Reader::isAnnotated(capnp::List<capnp::schema::Annotation>::Reader annotations, std::uint64_t id) const {
  for (auto annotation : annotations) {
    if (annotation.getId() == id) return true;
  }
  return false;
}

bool Reader::isInFile(Node node) const {
  for (auto parent = nodes_.find(node.getScopeId()); parent != nodes_.end(); parent = nodes_.find(node.getScopeId())) {
    node = parent->second;
  }
  return node.getId() == file_.getId();
}

std::string Reader::shortName(Node node) const {
  return node.getDisplayName().cStr() + node.getDisplayNamePrefixLength();
}

// Types stand where capnp's own header puts them or, where that takes no part, directly in the contract's namespace.
void Reader::qualifyNames() {
  const auto qualify = [&](Interface& interface) {
    for (Method& method : interface.methods) {
      for (Fields* fields : {&method.params, &method.results}) {
        for (Field& field : fields->list) {
          if (field.type.id != 0) field.type.name = cppName(node(field.type.id));
        }
      }
      std::string title = method.name;
      title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
      const std::string scope = scopeOf(capnpNamespace_) + interface.name + "::";
      method.params.capnpName = scope + title + "Params";
      method.results.capnpName = scope + title + "Results";
    }
  };
  if (contract_.exports) qualify(*contract_.exports);
  if (contract_.imports) qualify(*contract_.imports);
}

std::string Reader::cppName(Node node) const {
  std::string name = shortName(node);
  if (!contract_.usesCapnp) return scopeOf(contract_.cppNamespace) + name;
  for (auto parent = nodes_.find(node.getScopeId()); parent != nodes_.end() && !parent->second.isFile();
       parent = nodes_.find(parent->second.getScopeId())) {
    name.insert(0, shortName(parent->second) + "::");
  }
  return scopeOf(capnpNamespace_) + name;
}

std::string Reader::doc(std::uint64_t id) const {
  const auto source = sources_.find(id);
  return source == sources_.end() ? std::string() : source->second.getDocComment().cStr();
}

std::string Reader::memberDoc(std::uint64_t id, std::uint32_t index) const {
  const auto source = sources_.find(id);
  if (source == sources_.end() || index >= source->second.getMembers().size()) return {};
  return source->second.getMembers()[index].getDocComment().cStr();
}

void Reader::fail(const std::string& node, const std::string& what) const {
  throw SchemaError(contract_.file, node, what);
}

}  // namespace bulkhead::plugin
