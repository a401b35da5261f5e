// Calls of any module without generated code: methods by name, arguments and results as JSON. Link bulkhead::generic.
//
//   auto module = host.load("codec.so", bulkhead::Placement::inProcess(), {},
//                           {.missingImports = bulkhead::MissingImports::unimplemented}).value();
//   auto generic = bulkhead::GenericModule::of(module).value();
//   auto answer = generic.callJson("Codec.decode", R"({"file": [137, 80]})");      // R"({"pixels":[...]})"
//
// JSON is that of Cap'n Proto's own codec: an object with a member per parameter or result. What is left out has its
// default value, and a result that is an empty text, data or list may be left out; 64-bit integers are written as text
// (and read as either, up to 2^53 as numbers); Data is an array of numbers from 0 to 255; enums are names; of a union
// at most one member is given; NaN and infinities are the texts "NaN", "Infinity", "-Infinity"; Void is null.
// AnyPointer and interfaces have no JSON: they cannot be given, and in results a text stands in their place.
// Annotations of /capnp/compat/json.capnp are not looked at.
#pragma once

#include <bulkhead/host.h>
#include <bulkhead/result.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead {

// A method that a module implements, as the module describes it.
struct GenericMethod {
  std::string interface;  // "Codec"
  std::string name;       // "decode"
  std::string signature;  // "decode(file: Data) -> (pixels: Data)"
  std::uint64_t interfaceId = 0;
  std::uint16_t ordinal = 0;
};

struct JsonCallOptions {
  // In place of the method's and the placement's deadline, as Handle::within(); zero: those.
  std::chrono::milliseconds deadline{0};
  bool pretty = false;  // the result in lines and indented
};

// The methods of one loaded module. Every function may be called from any thread at once.
class GenericModule {
 public:
  // The largest JSON text that is read, and the largest that is made.
  static constexpr std::size_t kMaxJsonBytes = std::size_t{64} << 20;

  // Reads what `module` says about itself; `module` is borrowed, and must stay where it is as long as this object.
  // Never calls it. notAModule: its schema is malformed.
  static Result<GenericModule> of(const Module& module);

  GenericModule(GenericModule&&) noexcept;
  GenericModule& operator=(GenericModule&&) noexcept;
  ~GenericModule();

  // All that it implements, interface by interface in order of the ordinals. Valid as long as this object.
  const std::vector<GenericMethod>& methods() const noexcept;
  // "Codec.decode", or "decode" where one interface alone has it. unimplemented with the names that are nearly it and
  // with all signatures; invalidArgument when several interfaces have it. Valid as long as this object.
  Result<const GenericMethod*> find(std::string_view method) const;

  // Calls a method by name. Blocks as long as any call of the module. Errors: those of find() and of any call, and
  // invalidArgument for wrong JSON (with line and column), an unknown parameter or a value of the wrong type (with its
  // place), messageTooLarge over kMaxJsonBytes; then nothing was called, and the text ends with the right signature.
  // protocolViolation: the answer is malformed. The result is one JSON object, valid UTF-8 whatever the module gave;
  // of control characters it has none but the newlines of a pretty one.
  Result<std::string> callJson(std::string_view method, std::string_view json,
                               const JsonCallOptions& options = {}) const;

 private:
  class Implementation;
  explicit GenericModule(std::unique_ptr<Implementation> implementation) noexcept;

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace bulkhead
