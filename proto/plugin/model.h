// A contract as the emitters see it: read from the schema compiler's request, checked, and free of capnp types.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace bulkhead::plugin {

// What is wrong with a schema: "codec.capnp: Codec.decode: what is wrong; what to do".
class SchemaError : public std::runtime_error {
 public:
  SchemaError(const std::string& file, const std::string& node, const std::string& what)
      : std::runtime_error(file + ": " + node + ": " + what) {}
};

enum class Kind : std::uint8_t {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  enumeration,
  text,
  data,
  list,  // of one of the kinds above
  // Those that make their method a message method: in C++ they are capnp's own classes.
  structure,
  compound,    // a list of structs, lists or Void; AnyStruct, AnyList
  anyPointer,  // AnyPointer alone
};

struct Type {
  Kind kind = Kind::boolean;
  Kind element = Kind::boolean;  // of a list
  std::string name;              // C++, from the global namespace: "::calc::Color", "::capnp::List<::calc::Point>"
  std::string schemaName;        // as the schema writes it: "Int32", "List(Color)"
  std::uint64_t id = 0;          // of the enum or struct
};

// What a field reads as when the message does not hold it; nothing for what capnp's own classes read.
struct Default {
  std::uint64_t bits = 0;          // of a scalar, as its field is XORed with
  bool isSet = false;              // of Text, Data or a list: it is not empty
  std::vector<std::string> items;  // a Text's or Data's bytes; a list's elements, as C++ initializers
};

// A parameter or a result.
struct Field {
  std::string name;
  std::string doc;
  Type type;
  std::uint32_t offset = 0;  // in the data section, in units of the type; or the pointer's index
  Default whenAbsent{};
};

// The struct that holds a method's parameters or results. Void fields carry nothing and are left out.
struct Fields {
  std::vector<Field> list;
  std::uint64_t structId = 0;
  std::string capnpName;  // the struct's class in capnp's own header
  std::string shown;      // as the schema writes them: "(a: Int32, nothing: Void)", "Request"
  std::uint16_t dataWords = 0;
  std::uint16_t pointers = 0;
  bool isNamed = false;  // the method names a struct: `run @0 Request -> Response`
  // In C++ one value: the named struct's Reader as parameter, a Builder or an Owned of `capnpName` as result.
  bool isWhole = false;
};

struct Method {
  std::string name;
  std::string doc;
  std::uint16_t ordinal = 0;
  Fields params;
  Fields results;
  std::uint32_t deadlineMs = 0;
  bool idempotent = false;
  bool savesState = false;
  bool restoresState = false;
  bool isMessage = false;   // crosses as whole capnp messages, for its struct types
  std::string resultClass;  // with several results: "DivideResult"
};

// An annotated interface. What it inherits crosses as tables of their own, one per ancestor, so that a method added to
// one shifts no other: each is an Interface here whose id is made of both ids (partId) and whose C++ names start with
// both names.
struct Interface {
  std::string name;        // "Codec"; of an inherited part "CodecClosable"
  std::string shownName;   // "Codec", what users call: the same for its parts
  std::string schemaName;  // "Codec"; of a part "Closable"
  std::string doc;
  std::uint64_t id = 0;
  std::uint64_t schemaId = 0;  // of its schema node; another than `id` for a part
  bool serialized = false;
  std::vector<Method> methods;   // element n has ordinal n
  std::vector<Interface> parts;  // what it inherits, each ancestor once; parts have none
};

struct Enum {
  std::string name;
  std::string doc;
  std::uint64_t id = 0;
  struct Value {
    std::string name;
    std::string doc;
  };
  std::vector<Value> values;
};

// A constant of the file: a number or a Text.
struct Constant {
  std::string name;  // "kMaxSize"
  std::string doc;
  std::string cppType;
  std::string value;
};

// One schema file.
struct Contract {
  std::string file;          // "codec.capnp", as given on the command line
  std::string stem;          // "codec", with its folder
  std::string name;          // "codec", without
  std::string cppNamespace;  // "codec", "acme::codec"
  std::string doc;
  std::optional<Interface> exports;
  std::optional<Interface> imports;
  std::vector<Enum> enums;  // those that methods use and no header of capnp's declares
  std::vector<Constant> constants;
  std::vector<std::string> capnpTypes;  // the file's other types that capnp's own header declares in the namespace
  std::vector<std::string> headers;     // of capnp's for types of other files: "\"common.capnp.h\""
  bool usesCapnp = false;               // it has message methods: capnp's own generated header takes part
  std::vector<std::uint64_t> manifest;  // the flat message of proto/manifest.capnp

  // "Codec": what the contract's C++ names start with.
  const std::string& title() const { return exports ? exports->name : imports->name; }
  // Both interfaces, each followed by its parts.
  std::vector<const Interface*> interfaces() const {
    std::vector<const Interface*> list;
    for (const std::optional<Interface>* annotated : {&exports, &imports}) {
      if (!*annotated) continue;
      list.push_back(&**annotated);
      for (const Interface& part : (*annotated)->parts) list.push_back(&part);
    }
    return list;
  }
  bool isExport(const Interface& interface) const { return exports && exports->shownName == interface.shownName; }
};

}  // namespace bulkhead::plugin
