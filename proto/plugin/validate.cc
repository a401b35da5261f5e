#include "proto/plugin/validate.h"

#include "proto/plugin/c_names.h"
#include "proto/plugin/types.h"
#include "proto/plugin/validate_state.h"
#include "shared/manifest/limits.h"

#include <map>
#include <set>
#include <string>

namespace bulkhead::plugin {
namespace {

// C++ keywords, and macros of the C library that look like names.
const std::set<std::string> kKeywords = {
    "alignas",     "alignof",  "and",        "and_eq",    "asm",       "auto",         "bitand",
    "bitor",       "bool",     "break",      "case",      "catch",     "char",         "char8_t",
    "char16_t",    "char32_t", "class",      "co_await",  "co_return", "co_yield",     "compl",
    "concept",     "const",    "const_cast", "consteval", "constexpr", "constinit",    "continue",
    "decltype",    "default",  "delete",     "do",        "double",    "dynamic_cast", "else",
    "enum",        "explicit", "export",     "extern",    "false",     "float",        "for",
    "friend",      "goto",     "if",         "inline",    "int",       "long",         "mutable",
    "namespace",   "new",      "noexcept",   "not",       "not_eq",    "nullptr",      "operator",
    "or",          "or_eq",    "private",    "protected", "public",    "register",     "reinterpret_cast",
    "requires",    "return",   "short",      "signed",    "sizeof",    "static",       "static_assert",
    "static_cast", "struct",   "switch",     "template",  "this",      "thread_local", "throw",
    "true",        "try",      "typedef",    "typeid",    "typename",  "union",        "unsigned",
    "using",       "virtual",  "void",       "volatile",  "wchar_t",   "while",        "xor",
    "xor_eq",      "errno",    "linux",      "unix",      "assert",    "bulkhead",     "std"};

// Members that generated classes have beside the schema's methods.
const std::set<std::string> kMembers = {"within", "cancellable",  "invoke",     "header",
                                        "kTable", "kInterfaceId", "hostImport", "module"};

class Validator {
 public:
  explicit Validator(const Contract& contract) : contract_(contract) {}

  void run() {
    checkNamespace();
    checkLimits();
    for (const Enum& source : contract_.enums) {
      addType(source.name, "the enum " + source.name);
      for (const Enum::Value& value : source.values) checkWord(source.name + "." + value.name, value.name);
    }
    for (const std::string& name : contract_.capnpTypes) addType(name, "the type " + name);
    for (const Constant& constant : contract_.constants) addConstant(constant.name, "the constant " + constant.name);
    for (const Interface* interface : contract_.interfaces()) checkInterface(*interface);
    for (const Interface* interface : contract_.interfaces()) validateState(contract_, *interface);
    addType(contract_.title() + "Contract", "the generated contract class");
  }

 private:
  [[noreturn]] void fail(const std::string& node, const std::string& what) const {
    throw SchemaError(contract_.file, node, what);
  }
  void checkWord(const std::string& node, const std::string& name) const {
    if (kKeywords.contains(name)) fail(node, "\"" + name + "\" is a reserved word in C++; rename it");
  }

  void checkNamespace() const {
    const std::string& whole = contract_.cppNamespace;
    for (std::size_t at = 0; at <= whole.size();) {
      const std::size_t end = std::min(whole.find("::", at), whole.size());
      const std::string part = whole.substr(at, end - at);
      if (part.empty() || part[0] == '_' || (part[0] >= '0' && part[0] <= '9')) {
        fail("namespace " + whole, "is no C++ namespace; set one with $Cxx.namespace");
      }
      if (kKeywords.contains(part)) {
        fail("namespace " + whole, "\"" + part + "\" is reserved; set another with $Cxx.namespace");
      }
      if (at == 0 && isGlobalCName(part)) {
        fail("namespace " + whole, "\"" + part + "\" is a name of the C library; set another with $Cxx.namespace");
      }
      at = end + 2;
    }
  }

  // What manifest and loader refuse.
  void checkLimits() const {
    const auto interfaces = contract_.interfaces();
    std::size_t methods = 0;
    for (const Interface* interface : interfaces) {
      methods += interface->methods.size();
      checkText(interface->shownName, "a name", interface->shownName, "shorten it");
    }
    if (interfaces.size() > manifest::kMaxInterfaces) {
      fail(contract_.title(), "makes " + std::to_string(interfaces.size()) +
                                  " interfaces with all that is inherited, and no module takes more than " +
                                  std::to_string(manifest::kMaxInterfaces) + "; inherit from fewer");
    }
    if (methods > manifest::kMaxMethods) {
      fail(contract_.title(), "makes " + std::to_string(methods) +
                                  " methods with all that are inherited, and no module takes more than " +
                                  std::to_string(manifest::kMaxMethods) + "; spread them over several modules");
    }
  }

  void checkText(const std::string& node, const char* what, const std::string& text, const char* remedy) const {
    if (text.size() <= manifest::kMaxTextBytes) return;
    fail(node.substr(0, 100), std::string("has ") + what + " of more than " + std::to_string(manifest::kMaxTextBytes) +
                                  " characters, which no manifest takes; " + remedy);
  }

  void checkInterface(const Interface& interface) {
    const auto generated = [&](const std::string& suffix, const std::string& what) {
      addType(interface.name + suffix, "the generated " + what + " of " + interface.name);
    };
    if (interface.id == interface.schemaId) {
      addType(interface.name, "the interface " + interface.name);
      checkInherited(interface);
    }
    generated("Table", "table");
    generated("Stub", "stubs");
    generated("Unimplemented", "thunks");
    generated("Forward", "thunks");
    generated("Skeleton", "skeleton");
    generated("Entries", "entries");
    generated("Exports", "entries");
    for (const Method& method : interface.methods) checkMethod(interface, method);
  }

  // In C++ one class has them all.
  void checkInherited(const Interface& interface) {
    std::map<std::string, std::string> known;
    const auto check = [&](const Interface& part) {
      for (const Method& method : part.methods) {
        const auto [other, isNew] = known.emplace(method.name, part.schemaName);
        if (isNew) continue;
        fail(interface.name + "." + method.name,
             "is a method of " + other->second + " and of " + part.schemaName + "; rename one of them");
      }
    };
    check(interface);
    for (const Interface& part : interface.parts) check(part);
  }

  void checkMethod(const Interface& interface, const Method& method) {
    const std::string node = interface.shownName + "." + method.name;
    checkWord(node, method.name);
    if (kMembers.contains(method.name)) {
      fail(node, "\"" + method.name + "\" is a member of the generated class; rename the method");
    }
    checkText(node, "a name", method.name, "shorten it");
    checkText(node, "a signature", signature(method), "make its parameters a struct");
    checkText(node, "a C signature", cSignature(method), "make its parameters a struct");
    addConstant("k" + interface.name + capitalized(method.name), node);
    for (const Fields* fields : {&method.params, &method.results}) {
      for (const Field& field : fields->list) checkWord(node + ": " + field.name, field.name);
    }
    if (!method.resultClass.empty()) addType(method.resultClass, "the generated result struct of " + node);
  }

  void addType(const std::string& name, const std::string& what) {
    const auto [known, isNew] = types_.emplace(name, what);
    if (!isNew) fail(name, "names both " + known->second + " and " + what + "; rename one of them");
  }
  void addConstant(const std::string& name, const std::string& node) {
    const bool isOwn = name.ends_with("InterfaceId") || name.ends_with("StubTable") || name.ends_with("ForwardTable") ||
                       name.ends_with("UnimplementedTable") || name == "k" + contract_.title() + "Manifest";
    const auto [known, isNew] = constants_.emplace(name, node);
    if (isOwn || !isNew) {
      fail(node, "makes the constant " + name + ", which " + (isNew ? "the contract" : known->second) +
                     " makes, too; rename it");
    }
  }

  const Contract& contract_;
  std::map<std::string, std::string> types_;
  std::map<std::string, std::string> constants_;
};

}  // namespace

void validate(const Contract& contract) { Validator(contract).run(); }

}  // namespace bulkhead::plugin
