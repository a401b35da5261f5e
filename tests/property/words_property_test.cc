// capnp as the oracle of our own words: for random structs of direct types and random values, what we write capnp reads
// alike, and what capnp writes we read alike, also when the two sides have different versions of the struct.
#include <bulkhead/detail/sinks.h>
#include <bulkhead/detail/word_reader.h>
#include <bulkhead/detail/words.h>

#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/schema-parser.h>
#include <gtest/gtest.h>
#include <kj/filesystem.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace bulkhead::detail {
namespace {

using Random = std::mt19937_64;
using Words = std::vector<std::uint64_t>;

constexpr const char* kScalars[] = {"Bool",   "Int8",   "Int16",  "Int32",   "Int64",   "UInt8",
                                    "UInt16", "UInt32", "UInt64", "Float32", "Float64", "Color"};
constexpr std::size_t kScalarCount = std::size(kScalars);
constexpr std::size_t kKinds = 2 * (kScalarCount + 2);  // scalars, Text, Data, and lists of each

// A field's type: an index into kScalars, then Text and Data, then the lists in the same order.
struct Kind {
  std::size_t number;
  bool isList() const { return number >= kScalarCount + 2; }
  std::size_t element() const { return isList() ? number - (kScalarCount + 2) : number; }
  std::string elementName() const {
    const std::size_t at = element();
    return at < kScalarCount ? kScalars[at] : at == kScalarCount ? "Text" : "Data";
  }
  std::string name() const { return isList() ? "List(" + elementName() + ")" : elementName(); }
  // Whether a newer schema may make its elements structs: capnp packs bits otherwise.
  bool isUpgradable() const { return isList() && element() != 0; }
};

// Elements as bits or bytes: one for a single value.
struct Value {
  std::vector<std::uint64_t> bits;
  std::vector<std::string> bytes;
  friend bool operator==(const Value&, const Value&) = default;
};

std::uint64_t widthOf(std::size_t scalar) {
  static constexpr std::uint64_t kBytes[] = {0, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 2};
  return kBytes[scalar];
}

std::uint64_t randomBits(std::size_t scalar, Random& random) {
  if (scalar == 0) return random() & 1;
  if (scalar == 9) return std::bit_cast<std::uint32_t>(static_cast<float>(random() % 1000) / 8);
  if (scalar == 10) return std::bit_cast<std::uint64_t>(static_cast<double>(random() % 100000) / -16);
  const std::uint64_t width = widthOf(scalar) * 8;
  return width == 64 ? random() : random() & ((std::uint64_t{1} << width) - 1);
}

std::string randomBytes(Random& random) {
  std::string bytes(random() % 4 == 0 ? 0 : random() % 40, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

Value randomValue(Kind kind, Random& random) {
  Value value;
  const std::size_t count = kind.isList() ? (random() % 4 == 0 ? 0 : random() % 150) : 1;
  for (std::size_t i = 0; i < count; ++i) {
    if (kind.element() < kScalarCount) {
      value.bits.push_back(randomBits(kind.element(), random));
    } else {
      value.bytes.push_back(randomBytes(random));
    }
  }
  return value;
}

Value defaultValue(Kind kind) {
  Value value;
  if (kind.isList()) return value;
  if (kind.element() < kScalarCount) {
    value.bits.push_back(0);
  } else {
    value.bytes.emplace_back();
  }
  return value;
}

// --- capnp's side

std::uint64_t bitsOf(const capnp::DynamicValue::Reader& value, std::size_t scalar) {
  if (scalar == 0) return value.as<bool>() ? 1 : 0;
  if (scalar == 9) return std::bit_cast<std::uint32_t>(value.as<float>());
  if (scalar == 10) return std::bit_cast<std::uint64_t>(value.as<double>());
  if (scalar == 11) return value.as<capnp::DynamicEnum>().getRaw();
  if (scalar >= 5) return value.as<std::uint64_t>();
  const std::uint64_t width = widthOf(scalar) * 8;
  const auto bits = static_cast<std::uint64_t>(value.as<std::int64_t>());
  return width == 64 ? bits : bits & ((std::uint64_t{1} << width) - 1);
}

std::string bytesOf(const capnp::DynamicValue::Reader& value, std::size_t element) {
  if (element == kScalarCount) {
    const auto text = value.as<capnp::Text>();
    return {text.begin(), text.size()};
  }
  const auto data = value.as<capnp::Data>();
  return {reinterpret_cast<const char*>(data.begin()), data.size()};
}

// A list of structs gives each one's first field.
capnp::DynamicValue::Reader plainly(const capnp::DynamicValue::Reader& element) {
  if (element.getType() != capnp::DynamicValue::STRUCT) return element;
  const auto whole = element.as<capnp::DynamicStruct>();
  return whole.get(whole.getSchema().getFields()[0]);
}

Value readByCapnp(capnp::DynamicStruct::Reader from, capnp::StructSchema::Field field, Kind kind) {
  Value value;
  const auto add = [&](const capnp::DynamicValue::Reader& element) {
    if (kind.element() < kScalarCount) {
      value.bits.push_back(bitsOf(element, kind.element()));
    } else {
      value.bytes.push_back(bytesOf(element, kind.element()));
    }
  };
  const capnp::DynamicValue::Reader read = from.get(field);
  if (kind.isList()) {
    for (auto element : read.as<capnp::DynamicList>()) add(plainly(element));
  } else {
    add(read);
  }
  return value;
}

// `index`-th element of `value` as capnp takes it.
capnp::DynamicValue::Reader toCapnp(const Value& value, std::size_t index, Kind kind, capnp::Type type) {
  const std::size_t element = kind.element();
  if (element == kScalarCount) return capnp::Text::Reader(value.bytes[index].c_str(), value.bytes[index].size());
  if (element > kScalarCount) {
    return capnp::Data::Reader(reinterpret_cast<const kj::byte*>(value.bytes[index].data()), value.bytes[index].size());
  }
  const std::uint64_t bits = value.bits[index];
  switch (element) {
    case 0: return bits != 0;
    case 1: return static_cast<std::int8_t>(bits);
    case 2: return static_cast<std::int16_t>(bits);
    case 3: return static_cast<std::int32_t>(bits);
    case 4: return static_cast<std::int64_t>(bits);
    case 9: return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    case 10: return std::bit_cast<double>(bits);
    case 11: return capnp::DynamicEnum(type.asEnum(), static_cast<std::uint16_t>(bits));
    default: return bits;
  }
}

void writeByCapnp(capnp::DynamicStruct::Builder to, capnp::StructSchema::Field field, Kind kind, const Value& value) {
  if (!kind.isList()) {
    to.set(field, toCapnp(value, 0, kind, field.getType()));
    return;
  }
  const std::size_t count = value.bits.size() + value.bytes.size();
  auto list = to.init(field, static_cast<unsigned>(count)).as<capnp::DynamicList>();
  const capnp::Type element = field.getType().asList().getElementType();
  for (unsigned i = 0; i < count; ++i) {
    if (!element.isStruct()) {
      list.set(i, toCapnp(value, i, kind, element));
      continue;
    }
    auto whole = list[i].as<capnp::DynamicStruct>();
    const auto fields = whole.getSchema().getFields();
    whole.set(fields[0], toCapnp(value, i, kind, fields[0].getType()));
    whole.set(fields[1], std::uint64_t{i} + 1);
    whole.set(fields[2], "more");
  }
}

// --- Our side

std::vector<std::uint8_t> packed(const Value& value, std::uint64_t width) {
  const std::uint64_t size = std::max<std::uint64_t>(width, 1);
  std::vector<std::uint8_t> bytes(value.bits.size() * size + 1);
  for (std::size_t i = 0; i < value.bits.size(); ++i) std::memcpy(&bytes[i * size], &value.bits[i], size);
  return bytes;
}

// Calls `use` with a value of the C type of a scalar that is not a Bool.
template <class Use>
void withType(std::size_t scalar, const Use& use) {
  switch (scalar) {
    case 9: return use(float{});
    case 10: return use(double{});
    default: break;
  }
  switch (widthOf(scalar)) {
    case 1: return use(std::uint8_t{});
    case 2: return use(std::uint16_t{});
    case 4: return use(std::uint32_t{});
    default: return use(std::uint64_t{});
  }
}

struct Slot {
  Kind kind;
  std::uint32_t offset;
};

// The words of a value beside its field, or its writing.
std::uint64_t writeOurs(WordWriter* writer, const Slot& slot, const Value& value) {
  const std::size_t element = slot.kind.element();
  const auto index = static_cast<std::uint16_t>(slot.offset);
  const ViewList views(value.bytes);
  const std::vector<std::uint8_t> bytes = packed(value, element < kScalarCount ? widthOf(element) : 0);
  std::uint64_t words = 0;
  const auto either = [&](std::uint64_t needed, auto write) {
    words = needed;
    if (writer != nullptr) write();
  };
  if (element >= kScalarCount) {
    const bool isText = element == kScalarCount;
    const BulkheadBytes all = slot.kind.isList() ? views.bytes() : view(std::string_view(value.bytes[0]));
    if (slot.kind.isList()) {
      either(isText ? textListWords(all) : dataListWords(all),
             [&] { isText ? writer->textList(index, all) : writer->dataList(index, all); });
    } else {
      either(isText ? textWords(all) : dataWords(all),
             [&] { isText ? writer->text(index, all) : writer->data(index, all); });
    }
  } else if (slot.kind.isList() && element == 0) {
    const BulkheadBytes all = {bytes.data(), value.bits.size()};
    either(boolListWords(all), [&] { writer->boolList(index, all); });
  } else if (slot.kind.isList()) {
    const BulkheadBytes all = {bytes.data(), value.bits.size()};
    withType(element, [&](auto type) {
      either(listWords<decltype(type)>(all), [&] { writer->list<decltype(type)>(index, all); });
    });
  } else if (writer != nullptr && element == 0) {
    writer->setBool(slot.offset, bytes[0]);
  } else if (writer != nullptr) {
    withType(element, [&](auto type) {
      std::memcpy(&type, bytes.data(), sizeof(type));
      writer->set(slot.offset, type);
    });
  }
  return words;
}

Value readOurs(WordReader& reader, const Slot& slot) {
  Value value;
  const std::size_t element = slot.kind.element();
  const auto index = static_cast<std::uint16_t>(slot.offset);
  if (element >= kScalarCount) {
    const bool isText = element == kScalarCount;
    if (slot.kind.isList()) {
      const BulkheadBytes all = isText ? reader.textList(index) : reader.dataList(index);
      for (const BulkheadBytes& one : toList<BulkheadBytes>(all)) value.bytes.emplace_back(toText(one));
    } else {
      value.bytes.emplace_back(toText(isText ? reader.text(index) : reader.data(index)));
    }
  } else if (element == 0) {
    if (slot.kind.isList()) {
      for (std::uint8_t bit : toList<std::uint8_t>(reader.boolList(index))) value.bits.push_back(bit);
    } else {
      value.bits.push_back(reader.getBool(slot.offset));
    }
  } else {
    withType(element, [&](auto type) {
      using T = decltype(type);
      const auto add = [&](T one) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, &one, sizeof(one));
        value.bits.push_back(bits);
      };
      if (slot.kind.isList()) {
        for (T one : toList<T>(reader.list<T>(index))) add(one);
      } else {
        add(reader.get<T>(slot.offset));
      }
    });
  }
  return value;
}

// --- A random struct in three versions: the older one has the first fields only; in the wide one, lists have become
// lists of structs, which the schema alone can do (a C table takes elements).

class RandomStruct {
 public:
  explicit RandomStruct(Random& random) {
    const std::size_t count = random() % 14;
    oldCount_ = random() % (count + 1);
    for (std::size_t i = 0; i < count; ++i) kinds_.push_back({random() % kKinds});
    std::string text = "@0xb0f1d5d5c5a5b5f0;\nenum Color { red @0; green @1; }\n";
    text += declaration("New", count) + declaration("Old", oldCount_) + wideDeclaration();
    directory_ = kj::newInMemoryDirectory(kj::nullClock());
    directory_->openFile(kj::Path("random.capnp"), kj::WriteMode::CREATE)->writeAll(text);
    file_ = parser_.parseFromDirectory(*directory_, kj::Path("random.capnp"), nullptr);
  }

  capnp::StructSchema schema(bool isOld) const { return file_.getNested(isOld ? "Old" : "New").asStruct(); }
  capnp::StructSchema wideSchema() const { return file_.getNested("Wide").asStruct(); }
  std::size_t fieldCount(bool isOld) const { return isOld ? oldCount_ : kinds_.size(); }
  std::size_t size() const { return kinds_.size(); }
  Kind kind(std::size_t field) const { return kinds_[field]; }
  capnp::StructSchema::Field field(bool isOld, std::size_t index) const {
    return schema(isOld).getFieldByName("f" + std::to_string(index));
  }
  Slot slot(bool isOld, std::size_t index) const {
    return {kinds_[index], field(isOld, index).getProto().getSlot().getOffset()};
  }

  // In memory that was full of `garbage` before.
  Words encodeOurs(bool isOld, const std::vector<Value>& values, std::uint64_t garbage = 0xdbdbdbdbdbdbdbdb) const {
    const auto layout = schema(isOld).getProto().getStruct();
    std::uint64_t words = 1u + layout.getDataWordCount() + layout.getPointerCount();
    for (std::size_t i = 0; i < fieldCount(isOld); ++i) words += writeOurs(nullptr, slot(isOld, i), values[i]);
    Words message(words, garbage);
    WordWriter writer(message.data());
    writer.root(layout.getDataWordCount(), layout.getPointerCount());
    for (std::size_t i = 0; i < fieldCount(isOld); ++i) writeOurs(&writer, slot(isOld, i), values[i]);
    EXPECT_EQ(writer.size(), words) << "the size was known before";
    return message;
  }

  Words encodeByCapnp(bool isOld, const std::vector<Value>& values) const {
    return encodeByCapnp(schema(isOld), fieldCount(isOld), values);
  }
  Words encodeWideByCapnp(const std::vector<Value>& values) const {
    return encodeByCapnp(wideSchema(), size(), values);
  }

 private:
  Words encodeByCapnp(capnp::StructSchema schema, std::size_t count, const std::vector<Value>& values) const {
    capnp::MallocMessageBuilder message(1 << 17, capnp::AllocationStrategy::FIXED_SIZE);
    auto root = message.initRoot<capnp::DynamicStruct>(schema);
    for (std::size_t i = 0; i < count; ++i) {
      writeByCapnp(root, schema.getFieldByName("f" + std::to_string(i)), kind(i), values[i]);
    }
    const auto segments = message.getSegmentsForOutput();
    EXPECT_EQ(segments.size(), 1u);
    const auto* words = reinterpret_cast<const std::uint64_t*>(segments[0].begin());
    return {words, words + segments[0].size()};
  }

  std::string wideDeclaration() const {
    std::string text = "struct Wide {\n";
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      const std::string number = std::to_string(i);
      if (!kinds_[i].isUpgradable()) {
        text += "  f" + number + " @" + number + " :" + kinds_[i].name() + ";\n";
        continue;
      }
      text += "  struct E" + number + " { v @0 :" + kinds_[i].elementName() +
              "; number @1 :UInt64; text @2 :Text; }\n  f" + number + " @" + number + " :List(E" + number + ");\n";
    }
    return text + "}\n";
  }
  std::string declaration(const std::string& name, std::size_t count) const {
    std::string text = "struct " + name + " {\n";
    for (std::size_t i = 0; i < count; ++i) {
      text += "  f" + std::to_string(i) + " @" + std::to_string(i) + " :" + kinds_[i].name() + ";\n";
    }
    return text + "}\n";
  }

  std::vector<Kind> kinds_;
  std::size_t oldCount_;
  kj::Own<const kj::Directory> directory_;
  capnp::SchemaParser parser_;
  capnp::ParsedSchema file_;
};

// Runs `check` on many random structs, values, and pairs of writer's and reader's version.
template <class Check>
void forRandomStructs(const Check& check) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RandomStruct type(random);
    std::vector<Value> values;
    for (std::size_t i = 0; i < type.size(); ++i) values.push_back(randomValue(type.kind(i), random));
    for (const bool writesOld : {false, true}) {
      for (const bool readsOld : {false, true}) check(type, values, writesOld, readsOld, random);
    }
    if (testing::Test::HasFailure()) return;
  }
}

Value expected(const RandomStruct& type, const std::vector<Value>& values, std::size_t field, bool writesOld) {
  return field < type.fieldCount(writesOld) ? values[field] : defaultValue(type.kind(field));
}

TEST(WordsPropertyTest, CapnpReadsWhatWeWrite) {
  forRandomStructs([](const RandomStruct& type, const std::vector<Value>& values, bool writesOld, bool readsOld,
                      Random&) {
    const Words message = type.encodeOurs(writesOld, values);
    const kj::ArrayPtr<const capnp::word> segment(reinterpret_cast<const capnp::word*>(message.data()), message.size());
    capnp::SegmentArrayMessageReader reader(kj::arrayPtr(&segment, 1));
    const auto root = reader.getRoot<capnp::DynamicStruct>(type.schema(readsOld));
    for (std::size_t i = 0; i < type.fieldCount(readsOld); ++i) {
      EXPECT_EQ(readByCapnp(root, type.field(readsOld, i), type.kind(i)), expected(type, values, i, writesOld))
          << type.kind(i).name();
    }
  });
}

TEST(WordsPropertyTest, WeReadWhatCapnpWrites) {
  forRandomStructs([](const RandomStruct& type, const std::vector<Value>& values, bool writesOld, bool readsOld,
                      Random&) {
    const Words message = type.encodeByCapnp(writesOld, values);
    WordReader reader({message.data(), message.size()});
    for (std::size_t i = 0; i < type.fieldCount(readsOld); ++i) {
      EXPECT_EQ(readOurs(reader, type.slot(readsOld, i)), expected(type, values, i, writesOld)) << type.kind(i).name();
    }
    EXPECT_EQ(reader.fault(), nullptr);
  });
}

// The sender's schema made structs of the elements of every list; and the receiver's did.
TEST(WordsPropertyTest, ListsThatBecameListsOfStructsReadAlike) {
  forRandomStructs([](const RandomStruct& type, const std::vector<Value>& values, bool writesOld, bool readsOld,
                      Random&) {
    const Words wide = type.encodeWideByCapnp(values);
    WordReader reader({wide.data(), wide.size()});
    for (std::size_t i = 0; i < type.fieldCount(readsOld); ++i) {
      EXPECT_EQ(readOurs(reader, type.slot(readsOld, i)), values[i]) << type.kind(i).name();
    }
    EXPECT_EQ(reader.fault(), nullptr);

    const Words plain = type.encodeOurs(writesOld, values);
    const kj::ArrayPtr<const capnp::word> segment(reinterpret_cast<const capnp::word*>(plain.data()), plain.size());
    capnp::SegmentArrayMessageReader byCapnp(kj::arrayPtr(&segment, 1));
    const auto root = byCapnp.getRoot<capnp::DynamicStruct>(type.wideSchema());
    for (std::size_t i = 0; i < type.size(); ++i) {
      const auto field = type.wideSchema().getFieldByName("f" + std::to_string(i));
      EXPECT_EQ(readByCapnp(root, field, type.kind(i)), expected(type, values, i, writesOld)) << type.kind(i).name();
    }
  });
}

TEST(WordsPropertyTest, NothingOfTheMemoryBeforeShowsInAMessage) {
  forRandomStructs(
      [](const RandomStruct& type, const std::vector<Value>& values, bool writesOld, bool, Random& random) {
        EXPECT_EQ(type.encodeOurs(writesOld, values, 0), type.encodeOurs(writesOld, values, random()));
      });
}

TEST(WordsPropertyTest, WhatWeWriteWeReadThoughItGrowsAndMoves) {
  forRandomStructs(
      [](const RandomStruct& type, const std::vector<Value>& values, bool writesOld, bool readsOld, Random&) {
        const Words whole = type.encodeOurs(writesOld, values);
        Words grown;
        const BulkheadReply reply = {&grown, [](void* context, std::uint64_t words) {
                                       auto& room = *static_cast<Words*>(context);
                                       room.resize(words, 0xdbdbdbdbdbdbdbdb);
                                       room.shrink_to_fit();
                                       return room.data();
                                     }};
        WordWriter writer(&reply);
        const auto layout = type.schema(writesOld).getProto().getStruct();
        ASSERT_TRUE(writer.root(layout.getDataWordCount(), layout.getPointerCount()));
        for (std::size_t i = 0; i < type.fieldCount(writesOld); ++i)
          writeOurs(&writer, type.slot(writesOld, i), values[i]);
        EXPECT_EQ(grown, whole);
        WordReader reader({grown.data(), grown.size()});
        for (std::size_t i = 0; i < type.fieldCount(readsOld); ++i) {
          EXPECT_EQ(readOurs(reader, type.slot(readsOld, i)), expected(type, values, i, writesOld));
        }
      });
}

// Whatever a peer sends, reading stays inside the message and gives no more than it holds. (Sanitizers look on.)
TEST(WordsPropertyTest, ADamagedMessageIsReadOrRefused) {
  forRandomStructs(
      [](const RandomStruct& type, const std::vector<Value>& values, bool writesOld, bool readsOld, Random& random) {
        const Words sound = type.encodeOurs(writesOld, values);
        for (int round = 0; round < 20; ++round) {
          Words message = sound;
          for (int change = 0; change < 3; ++change) {
            message[random() % message.size()] ^= std::uint64_t{1} << (random() % 64);
          }
          if (random() % 3 == 0) message.resize(random() % message.size());
          WordReader reader({message.data(), message.size()});
          std::uint64_t read = 0;
          for (std::size_t i = 0; i < type.fieldCount(readsOld); ++i) {
            const Value value = readOurs(reader, type.slot(readsOld, i));
            if (type.kind(i).element() != 0) read += value.bits.size() + value.bytes.size();
          }
          EXPECT_LE(read, message.size() * 8 + type.size());
        }
      });
}

}  // namespace
}  // namespace bulkhead::detail
