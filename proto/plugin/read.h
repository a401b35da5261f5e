// The schema compiler's request to a Contract.
#pragma once

#include "proto/plugin/model.h"

#include <capnp/schema.capnp.h>

#include <map>
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

  void readInterfaces();
  void readInterface(Node node, const char* annotation, std::optional<Interface>& to);
  Method readMethod(const Interface& interface, capnp::schema::Method::Reader method, std::uint16_t ordinal);
  Fields readFields(std::uint64_t structId, const std::string& method, const char* role);
  Type readType(capnp::schema::Type::Reader type, const std::string& where);
  Type readList(capnp::schema::Type::List::Reader list, const std::string& where);
  void readMethodKind(Method& method, const std::string& where);
  void readEnums();
  void qualifyNames();

  bool isAnnotated(capnp::List<capnp::schema::Annotation>::Reader annotations, std::uint64_t id) const;
  bool isInFile(Node node) const;
  std::string shortName(Node node) const;
  std::string cppName(Node node) const;
  std::string doc(std::uint64_t id) const;
  std::string memberDoc(std::uint64_t id, std::uint32_t index) const;
  [[noreturn]] void fail(const std::string& node, const std::string& what) const;

  std::map<std::uint64_t, Node> nodes_;
  std::map<std::uint64_t, capnp::schema::Node::SourceInfo::Reader> sources_;
  capnp::schema::CodeGeneratorRequest::RequestedFile::Reader file_;
  Contract contract_;
  std::string capnpNamespace_;  // of the types that capnp's own generator declares
};

}  // namespace bulkhead::plugin
