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
  list,       // of one of the kinds above
  structure,  // makes its method a message method
};

struct Type {
  Kind kind = Kind::boolean;
  Kind element = Kind::boolean;  // of a list
  std::string name;              // an enum's or a struct's C++ name, from the global namespace: "::calc::Color"
  std::string schemaName;        // as the schema writes it: "Int32", "List(Color)"
  std::uint64_t id = 0;          // of the enum or struct
};

// A parameter or a result.
struct Field {
  std::string name;
  std::string doc;
  Type type;
  std::uint32_t offset = 0;  // in the data section, in units of the type; or the pointer's index
};

// The struct that holds a method's parameters or results.
struct Fields {
  std::vector<Field> list;
  std::uint64_t structId = 0;
  std::string capnpName;  // the struct's class in capnp's own header
  std::uint16_t dataWords = 0;
  std::uint16_t pointers = 0;
};

struct Method {
  std::string name;
  std::string doc;
  std::uint16_t ordinal = 0;
  Fields params;
  Fields results;
  std::uint32_t deadlineMs = 0;
  bool idempotent = false;
  bool isMessage = false;   // crosses as whole capnp messages, for its struct types
  std::string resultClass;  // with several results: "DivideResult"
};

struct Interface {
  std::string name;
  std::string doc;
  std::uint64_t id = 0;
  bool serialized = false;
  std::vector<Method> methods;  // element n has ordinal n
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

// One schema file.
struct Contract {
  std::string file;          // "codec.capnp", as given on the command line
  std::string stem;          // "codec", with its folder
  std::string name;          // "codec", without
  std::string cppNamespace;  // "codec", "acme::codec"
  std::string doc;
  std::optional<Interface> exports;
  std::optional<Interface> imports;
  std::vector<Enum> enums;              // those that methods use
  bool usesCapnp = false;               // it has message methods: capnp's own generated header takes part
  std::vector<std::uint64_t> manifest;  // the flat message of proto/manifest.capnp

  // "Codec": what the contract's C++ names start with.
  const std::string& title() const { return exports ? exports->name : imports->name; }
  std::vector<const Interface*> interfaces() const {
    std::vector<const Interface*> list;
    if (exports) list.push_back(&*exports);
    if (imports) list.push_back(&*imports);
    return list;
  }
};

}  // namespace bulkhead::plugin
