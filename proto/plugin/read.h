// The schema compiler's request to a Contract.
#pragma once

#include "proto/plugin/model.h"

#include <capnp/schema.capnp.h>

#include <map>
#include <set>
#include <string>

namespace bulkhead::plugin {

// Reads one requested file. Throws SchemaError for what no contract may have or Bulkhead does not support.
class Reader {
 public:
  Reader(capnp::schema::CodeGeneratorRequest::Reader request,
         capnp::schema::CodeGeneratorRequest::RequestedFile::Reader file);

  Contract read();

  capnp::schema::Node::Reader node(std::uint64_t id) const { return nodes_.at(id); }

 private:
  using Node = capnp::schema::Node::Reader;
  using Brand = capnp::schema::Brand::Reader;

  // read.cc: interfaces and their methods
  void readHeaders();
  void readInterfaces();
  void readInterface(Node node, const char* annotation, std::optional<Interface>& to);
  void readMethods(Interface& interface, Node node);
  void readParts(Interface& interface, Node node);
  Method readMethod(const Interface& interface, capnp::schema::Method::Reader method, std::uint16_t ordinal);
  std::uint32_t readDeadline(capnp::schema::Annotation::Reader annotation, const std::string& where) const;
  void readMethodKind(Method& method);
  void nameResults(Interface& interface);

  // read_types.cc: parameters, results, and what they are made of
  Fields readFields(std::uint64_t structId, Brand brand, const std::string& method, const char* role);
  void readNamed(Fields& fields, Node node, Brand brand, const std::string& method, const char* role);
  void readField(Fields& fields, capnp::schema::Field::Reader source, std::uint32_t index, const std::string& where);
  Default readDefault(const Type& type, capnp::schema::Value::Reader value);
  Type readType(capnp::schema::Type::Reader type, const std::string& where);
  Type readList(capnp::schema::Type::List::Reader list, const std::string& where);
  Type readAny(capnp::schema::Type::AnyPointer::Reader any, const std::string& where);
  void refuseCapabilities(std::uint64_t structId, const std::string& where);
  void readEnums();
  void readConstants();
  void qualifyNames();

  // read_capnp.cc: capnp's own header, if it takes part
  void readCapnpTypes();
  void refuseForCapnp() const;

  // read_names.cc: how nodes are called
  bool isAnnotated(capnp::List<capnp::schema::Annotation>::Reader annotations, std::uint64_t id) const;
  Node fileOf(Node node) const;
  bool isInFile(Node node) const { return fileOf(node).getId() == file_.getId(); }
  std::string shortName(Node node) const;
  std::string className(Node node, Brand brand, const std::string& where);  // without its scope: "Box< ::capnp::Text>"
  std::string capnpName(Node node, Brand brand, const std::string& where);  // in capnp's own header
  std::string capnpName(capnp::schema::Type::Reader type, const std::string& where);
  std::string shownName(capnp::schema::Type::Reader type) const;  // as the schema writes it
  std::string shownName(Node node, Brand brand) const;
  std::string doc(std::uint64_t id) const;
  std::string memberDoc(std::uint64_t id, std::uint32_t index) const;
  [[noreturn]] void fail(const std::string& node, const std::string& what) const;

  std::map<std::uint64_t, Node> nodes_;
  std::map<std::uint64_t, capnp::schema::Node::SourceInfo::Reader> sources_;
  capnp::schema::CodeGeneratorRequest::RequestedFile::Reader file_;
  Contract contract_;
  std::set<std::uint64_t> plainStructs_;  // known to hold no interface
  bool hasForeignTypes_ = false;
};

}  // namespace bulkhead::plugin
