#include "host/oracle/reencode.h"

#include <capnp/any.h>
#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <kj/exception.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>

namespace bulkhead::oracle {
namespace {

namespace type = capnp::schema;

capnp::ReaderOptions limitsOf(BulkheadBytes message) {
  capnp::ReaderOptions options;
  // Every word once or twice, and something for lists of elements without size.
  options.traversalLimitInWords = message.size * 2 + (std::uint64_t{1} << 20);
  options.nestingLimit = 64;
  return options;
}

// A reader over one message, with limits of its own.
class Message {
 public:
  explicit Message(BulkheadBytes words)
      : segment_(static_cast<const capnp::word*>(words.data), words.size),
        reader_(kj::arrayPtr(&segment_, 1), limitsOf(words)) {}
  capnp::DynamicStruct::Reader root(capnp::StructSchema schema) {
    return reader_.getRoot<capnp::DynamicStruct>(schema);
  }

 private:
  kj::ArrayPtr<const capnp::word> segment_;
  capnp::SegmentArrayMessageReader reader_;
};

[[noreturn]] void refuse(const char* what) { kj::throwFatalException(KJ_EXCEPTION(FAILED, what)); }

// Copies values into a builder of the same schema.
class Copier {
 public:
  void copyStruct(capnp::DynamicStruct::Reader from, capnp::DynamicStruct::Builder to) {
    noticeUnknown(from);
    const capnp::StructSchema schema = from.getSchema();
    for (const auto field : schema.getNonUnionFields()) copyField(from, to, field);
    if (schema.getUnionFields().size() == 0) return;
    hasUnion_ = true;
    KJ_IF_MAYBE (active, from.which()) {
      copyField(from, to, *active);
    } else {
      hasUnknown_ = true;
    }
  }
  // Whether the copy may lack something of the original that is no fault: what the schema does not know, and what a
  // union's former member left behind.
  bool mayDiffer() const { return hasUnknown_ || hasUnion_; }

 private:
  void copyField(capnp::DynamicStruct::Reader from, capnp::DynamicStruct::Builder to,
                 capnp::StructSchema::Field field) {
    if (field.getProto().isGroup()) {
      return copyStruct(from.get(field).as<capnp::DynamicStruct>(), to.init(field).as<capnp::DynamicStruct>());
    }
    if (!from.has(field)) return to.clear(field);
    const capnp::DynamicValue::Reader value = from.get(field);
    switch (field.getType().which()) {
      case type::Type::STRUCT:
        return copyStruct(value.as<capnp::DynamicStruct>(), to.init(field).as<capnp::DynamicStruct>());
      case type::Type::LIST: {
        const auto list = value.as<capnp::DynamicList>();
        return copyList(list, to.init(field, list.size()).as<capnp::DynamicList>());
      }
      case type::Type::ANY_POINTER: return to.get(field).as<capnp::AnyPointer>().set(value.as<capnp::AnyPointer>());
      case type::Type::INTERFACE: refuse("a capability in a message");
      case type::Type::FLOAT32:  // passes through a double, which quiets what signals
        hasUnknown_ = hasUnknown_ || std::isnan(value.as<float>());
        [[fallthrough]];
      default: return to.set(field, value);
    }
  }

  void copyList(capnp::DynamicList::Reader from, capnp::DynamicList::Builder to) {
    const capnp::Type element = from.getSchema().getElementType();
    if (element.isStruct()) {
      for (unsigned i = 0; i < from.size(); ++i) {
        copyStruct(from[i].as<capnp::DynamicStruct>(), to[i].as<capnp::DynamicStruct>());
      }
      return;
    }
    const capnp::AnyList::Reader raw = from;
    const bool isPointers = raw.getElementSize() == capnp::ElementSize::POINTER;
    if (raw.getElementSize() == capnp::ElementSize::INLINE_COMPOSITE) hasUnknown_ = true;  // upgraded by a newer sender
    for (unsigned i = 0; i < from.size(); ++i) {
      if (isPointers && raw.as<capnp::List<capnp::AnyPointer>>()[i].isNull()) continue;
      if (element.isList()) {
        const auto inner = from[i].as<capnp::DynamicList>();
        copyList(inner, to.init(i, inner.size()).as<capnp::DynamicList>());
      } else if (element.isAnyPointer()) {  // of a generic struct that nothing is bound to
        capnp::AnyList::Builder all = to;
        all.as<capnp::List<capnp::AnyPointer>>()[i].set(raw.as<capnp::List<capnp::AnyPointer>>()[i]);
      } else if (element.isInterface()) {
        refuse("a list of capabilities");
      } else {
        copyElement(from[i], to, i, element);
      }
    }
  }
  void copyElement(const capnp::DynamicValue::Reader& value, capnp::DynamicList::Builder to, unsigned index,
                   capnp::Type element) {
    if (element.isFloat32()) hasUnknown_ = hasUnknown_ || std::isnan(value.as<float>());
    to.set(index, value);
  }

  // A struct that is larger than its schema says, with something in it.
  void noticeUnknown(capnp::DynamicStruct::Reader from) {
    const auto layout = from.getSchema().getProto().getStruct();
    capnp::AnyStruct::Reader raw = from;
    const auto data = raw.getDataSection();
    for (std::size_t i = layout.getDataWordCount() * sizeof(capnp::word); i < data.size(); ++i) {
      hasUnknown_ = hasUnknown_ || data[i] != 0;
    }
    const auto pointers = raw.getPointerSection();
    for (unsigned i = layout.getPointerCount(); i < pointers.size(); ++i) {
      hasUnknown_ = hasUnknown_ || !pointers[i].isNull();
    }
  }

  bool hasUnknown_ = false;
  bool hasUnion_ = false;
};

// kj quotes what it found, whatever bytes those are.
std::string readable(kj::StringPtr text) {
  constexpr std::size_t kMaxBytes = 500;
  std::string result(text.begin(), std::min(text.size(), kMaxBytes));
  const auto isPlain = [](char c) { return c >= 0x20 && c < 0x7f; };
  std::replace_if(result.begin(), result.end(), std::not_fn(isPlain), '?');
  return result;
}

// Runs `check`, which returns what it found; what capnp throws is a finding too.
template <class Check>
std::optional<std::string> guarded(const Check& check) {
  std::optional<std::string> found;
  const auto failure = kj::runCatchingExceptions([&] { found = check(); });
  KJ_IF_MAYBE (exception, failure) return readable(exception->getDescription());
  return found;
}

// First words for a builder: with room for all of it.
unsigned firstWords(BulkheadBytes message) { return static_cast<unsigned>(message.size + message.size / 2 + 16); }

std::string firstDifference(kj::ArrayPtr<const capnp::word> a, kj::ArrayPtr<const capnp::word> b) {
  std::size_t at = 0;
  while (at < a.size() && at < b.size() && std::memcmp(&a[at], &b[at], sizeof(capnp::word)) == 0) ++at;
  return "encoded again it differs from word " + std::to_string(at) + " of its canonical form on (" +
         std::to_string(a.size()) + " and " + std::to_string(b.size()) + " words)";
}

}  // namespace

std::optional<std::string> walk(BulkheadBytes message, capnp::StructSchema receiver) {
  if (message.size == 0) return "it is empty";
  return guarded([&]() -> std::optional<std::string> {
    capnp::MallocMessageBuilder builder(firstWords(message));
    Copier().copyStruct(Message(message).root(receiver), builder.initRoot<capnp::DynamicStruct>(receiver));
    return std::nullopt;
  });
}

std::optional<std::string> compareReencoded(BulkheadBytes message, capnp::StructSchema sender) {
  if (message.size == 0) return "it is empty";
  return guarded([&]() -> std::optional<std::string> {
    capnp::MallocMessageBuilder builder(firstWords(message));
    Copier copier;
    Message source(message);
    copier.copyStruct(source.root(sender), builder.initRoot<capnp::DynamicStruct>(sender));
    const auto copy = builder.getRoot<capnp::DynamicStruct>(sender).asReader();
    Message again(message);
    const auto original = capnp::AnyStruct::Reader(again.root(sender)).canonicalize();
    const auto reencoded = capnp::AnyStruct::Reader(copy).canonicalize();
    if (original.asBytes() == reencoded.asBytes()) return std::nullopt;
    if (copier.mayDiffer()) {
      Message once(message);
      if (kj::str(once.root(sender)) == kj::str(copy)) return std::nullopt;
    }
    return firstDifference(original, reencoded);
  });
}

}  // namespace bulkhead::oracle
