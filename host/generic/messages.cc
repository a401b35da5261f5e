#include "host/generic/messages.h"

#include "host/generic/arguments.h"
#include "host/generic/fault.h"
#include "host/generic/json_text.h"

#include <bulkhead/generic.h>

#include <capnp/compat/json.h>
#include <capnp/dynamic.h>
#include <capnp/message.h>

#include <cstring>
#include <unordered_set>

namespace bulkhead::generic {
namespace {

using capnp::JsonCodec;
using Which = capnp::schema::Type::Which;

constexpr int kNesting = 64;            // of a message, as everywhere in Bulkhead
constexpr std::size_t kMaxDepth = 96;   // of a value: lists and groups do not all count in the message
constexpr std::size_t kValueBytes = 8;  // of JSON text at least, with its name, for one value in the budget

// Something stands in the place of what has no JSON.
class Placeholder final : private JsonCodec::Handler<capnp::DynamicValue> {
 public:
  JsonCodec::Handler<capnp::DynamicValue>& handler() noexcept { return *this; }

 private:
  void encode(const JsonCodec&, capnp::DynamicValue::Reader, capnp::JsonValue::Builder out) const override {
    out.setString("(no JSON for this type)");
  }
  capnp::Orphan<capnp::DynamicValue> decode(const JsonCodec&, capnp::JsonValue::Reader,
                                            capnp::Orphanage) const override {
    throw Fault("there is no JSON for this type");
  }
};

// Looks at a result before the codec does: that it ends, how much text it makes, and what the codec cannot show.
class Survey {
 public:
  explicit Survey(JsonCodec& codec, Placeholder& placeholder) : codec_(codec), placeholder_(placeholder) {}

  void lookAt(capnp::DynamicStruct::Reader value) {
    enter();
    const auto type = value.getSchema();
    for (const auto field : type.getNonUnionFields()) lookAtField(value, field);
    KJ_IF_MAYBE (field, value.which()) lookAtField(value, *field);
    --depth_;
  }

 private:
  void enter() {
    if (++depth_ > kMaxDepth) throw Fault("nested too deeply");
  }
  void spend(std::size_t bytes) {
    if (bytes > left_) throw Fault("more than " + std::to_string(GenericModule::kMaxJsonBytes) + " bytes of JSON");
    left_ -= bytes;
  }
  void lookAtField(capnp::DynamicStruct::Reader value, capnp::StructSchema::Field field) {
    spend(1);  // what is not there takes time, too
    if (!value.has(field)) return;
    spend(field.getProto().getName().size());
    lookAt(value.get(field), field.getType());
  }
  void lookAtList(capnp::DynamicList::Reader list, capnp::Type element) {
    enter();
    for (unsigned i = 0; i < list.size(); ++i) lookAt(list[i], element);
    --depth_;
  }
  void lookAt(const capnp::DynamicValue::Reader& value, capnp::Type type) {
    spend(kValueBytes);
    switch (type.which()) {
      case Which::TEXT: return spend(value.as<capnp::Text>().size());
      case Which::DATA: return spend(value.as<capnp::Data>().size() * 2);
      case Which::LIST: return lookAtList(value.as<capnp::DynamicList>(), type.asList().getElementType());
      case Which::STRUCT: return lookAt(value.as<capnp::DynamicStruct>());
      case Which::INTERFACE:
      case Which::ANY_POINTER:
        if (shown_.insert(type.hashCode()).second) codec_.addTypeHandler(type, placeholder_.handler());
        return;
      default: return;
    }
  }

  JsonCodec& codec_;
  Placeholder& placeholder_;
  std::unordered_set<std::uint64_t> shown_;
  std::size_t depth_ = 0;
  std::size_t left_ = GenericModule::kMaxJsonBytes;
};

// A copy of a message in one segment without holes.
std::vector<std::uint64_t> flatten(capnp::DynamicStruct::Reader root) {
  const std::size_t words = root.totalSize().wordCount + 1;
  capnp::MallocMessageBuilder message(static_cast<unsigned>(words), capnp::AllocationStrategy::FIXED_SIZE);
  message.setRoot(root);
  const auto segments = message.getSegmentsForOutput();
  if (segments.size() != 1) throw Fault("the parameters do not fit one segment");
  std::vector<std::uint64_t> flat(segments[0].size());
  std::memcpy(flat.data(), segments[0].begin(), flat.size() * sizeof(std::uint64_t));
  return flat;
}

}  // namespace

std::vector<std::uint64_t> encodeArguments(std::string_view json, capnp::StructSchema type) {
  capnp::MallocMessageBuilder parsed;
  const auto value = parsed.initRoot<capnp::JsonValue>();
  parseJson(json, value);
  checkArguments(value, type);
  capnp::MallocMessageBuilder message;
  const auto root = message.initRoot<capnp::DynamicStruct>(type);
  JsonCodec codec;
  codec.setRejectUnknownFields(true);
  codec.decode(value.asReader(), root);
  return flatten(root.asReader());
}

std::string decodeResults(std::span<const std::uint64_t> message, capnp::StructSchema type, bool pretty) {
  const kj::ArrayPtr<const capnp::word> words(reinterpret_cast<const capnp::word*>(message.data()), message.size());
  const kj::ArrayPtr<const capnp::word> segments[] = {words};
  // Looked at twice: by the survey and by the codec.
  capnp::SegmentArrayMessageReader reader(segments,
                                          {.traversalLimitInWords = 2 * message.size() + 2, .nestingLimit = kNesting});
  JsonCodec codec;
  codec.setPrettyPrint(pretty);
  Placeholder placeholder;
  Survey(codec, placeholder).lookAt(reader.getRoot<capnp::DynamicStruct>(type));
  const kj::String json = codec.encode(reader.getRoot<capnp::DynamicStruct>(type));
  return cleanJson({json.begin(), json.size()});
}

}  // namespace bulkhead::generic
