// Raises what trouble.capnp lists. Compiled into the module and into the test's host: each throws its own types.
#pragma once

#include "trouble.capnp.h"

#include <bulkhead/detail/message.h>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/debug.h>

#include <cstdint>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

namespace trouble {

class OwnException : public std::exception {
 public:
  const char* what() const noexcept override { return "of its own"; }
};
struct Strange {};
class NullWhat : public std::exception {
 public:
  const char* what() const noexcept override { return nullptr; }
};
class Causeless : public std::runtime_error, public std::nested_exception {
 public:
  Causeless() : std::runtime_error("no cause") {}
};

inline constexpr std::size_t kHugeText = std::size_t{3} << 20;
inline constexpr std::uint32_t kTooDeep = 100;  // capnp follows 64 levels

inline void grow(Tree::Builder tree, std::uint32_t depth) {
  tree.setName("root");
  for (; depth > 0; --depth) tree = tree.initInner();
}
inline std::uint32_t depthOf(Tree::Reader tree) {
  std::uint32_t depth = 0;
  for (; tree.hasInner(); tree = tree.getInner()) ++depth;
  return depth;
}

// A tree that capnp refuses to follow to its end.
class TooDeepTree {
 public:
  TooDeepTree() : words_(make()), reader_(words_) {}
  Tree::Reader root() { return reader_.getRoot<Tree>(); }

 private:
  static kj::Array<capnp::word> make() {
    capnp::MallocMessageBuilder builder;
    grow(builder.initRoot<Tree>(), kTooDeep);
    return capnp::messageToFlatArray(builder);
  }
  kj::Array<capnp::word> words_;
  capnp::FlatArrayMessageReader reader_;
};

inline void readTooDeep() {
  TooDeepTree tree;
  static_cast<void>(depthOf(tree.root()));
}

struct ReadsWhenDestroyed {
  ~ReadsWhenDestroyed() { readTooDeep(); }
};

[[noreturn]] inline void raiseNested() {
  try {
    try {
      throw OwnException();
    } catch (...) {
      std::throw_with_nested(std::runtime_error("in the middle"));
    }
  } catch (...) {
    std::throw_with_nested(std::logic_error("outermost"));
  }
}

// Returns only for `nothing`.
inline void raise(Raise what) {
  switch (what) {
    case Raise::NOTHING: return;
    case Raise::RUNTIME_ERROR: throw std::runtime_error("a runtime error");
    case Raise::OWN_EXCEPTION: throw OwnException();
    case Raise::STRANGE: throw Strange();
    case Raise::NUMBER: throw 42;
    case Raise::TEXT: throw "a plain text";
    case Raise::NULL_TEXT: throw static_cast<const char*>(nullptr);
    case Raise::STANDARD_STRING: throw std::string("a string\0with everything", 24);
    case Raise::BAD_ALLOC: throw std::bad_alloc();
    case Raise::NESTED: raiseNested();
    case Raise::CAUSELESS: throw Causeless();
    case Raise::NULL_WHAT: throw NullWhat();
    case Raise::SYSTEM_ERROR: throw std::system_error(std::make_error_code(std::errc::no_such_device), "the disk");
    case Raise::KJ_THROWN: throw kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::str("kj, thrown"));
    case Raise::KJ_FATAL: KJ_FAIL_REQUIRE("kj, fatal");
    case Raise::KJ_RECOVERABLE: KJ_FAIL_REQUIRE("kj, recoverable") { break;
      }
      return;
    case Raise::READ_TOO_DEEP: readTooDeep(); return;
    case Raise::UNWINDING_READS: {
      const ReadsWhenDestroyed reads;
      throw std::runtime_error("a runtime error");
    }
    case Raise::HUGE: throw std::runtime_error(std::string(kHugeText, 'h'));
  }
}

// The next step of trouble.capnp's relay, 'c' excepted.
[[noreturn]] inline void endRelay(std::string_view steps) {
  if (steps.starts_with('t')) throw OwnException();
  throw bulkhead::BadResult(bulkhead::Error(steps.starts_with('e') ? "an error" : "an unknown step"));
}

}  // namespace trouble
