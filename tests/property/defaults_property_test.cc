// Default values: what our words hold capnp reads alike, and the reverse, whether a field is absent, empty, at its
// default or anything else.
#include <bulkhead/detail/sinks.h>
#include <bulkhead/detail/word_reader.h>
#include <bulkhead/detail/words.h>

#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/schema-parser.h>
#include <gtest/gtest.h>
#include <kj/filesystem.h>

#include <bit>
#include <cstdint>
#include <random>
#include <string>
#include <variant>
#include <vector>

namespace bulkhead::detail {
namespace {

using Random = std::mt19937_64;
using Words = std::vector<std::uint64_t>;
using Texts = std::vector<std::string>;
using Numbers = std::vector<std::int16_t>;
using Bits = std::vector<bool>;
using Value = std::variant<bool, std::int16_t, std::uint64_t, double, std::string, Numbers, Bits, Texts>;

constexpr const char* kTypes[] = {"Bool", "Int16",       "UInt64",     "Float64",
                                  "Text", "List(Int16)", "List(Bool)", "List(Text)"};

std::string randomText(Random& random) {
  std::string text(random() % 3 == 0 ? 0 : random() % 20, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return text;
}

Value randomValue(std::size_t type, Random& random) {
  const std::size_t count = random() % 3 == 0 ? 0 : random() % 70;
  switch (type) {
    case 0: return random() % 2 == 0;
    case 1: return static_cast<std::int16_t>(random());
    case 2: return std::uint64_t{random()};
    case 3: return static_cast<double>(static_cast<std::int64_t>(random() % 2000) - 1000) / 8;
    case 4: return randomText(random);
    case 5: {
      Numbers numbers(count);
      for (auto& number : numbers) number = static_cast<std::int16_t>(random());
      return numbers;
    }
    case 6: {
      Bits bits(count);
      for (std::size_t i = 0; i < count; ++i) bits[i] = random() % 2 == 0;
      return bits;
    }
    default: {
      Texts texts(count % 5);
      for (std::string& text : texts) text = randomText(random);
      return texts;
    }
  }
}

// As a schema writes it.
std::string literal(bool value) { return value ? "true" : "false"; }
std::string literal(std::int16_t value) { return std::to_string(value); }
std::string literal(std::uint64_t value) { return std::to_string(value); }
std::string literal(double value) { return std::to_string(value); }  // eighths: exact
std::string literal(const std::string& value) { return "\"" + value + "\""; }
template <class T>
std::string literal(const std::vector<T>& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + literal(T(value));
  return "[" + text + "]";
}

bool isEmpty(const Value& value) {
  return std::visit(
      [](const auto& one) {
        if constexpr (requires { one.empty(); }) return one.empty();
        return false;
      },
      value);
}

Value readByCapnp(const capnp::DynamicValue::Reader& value, std::size_t type) {
  const auto text = [](const capnp::DynamicValue::Reader& one) {
    const auto reader = one.as<capnp::Text>();
    return std::string(reader.begin(), reader.size());
  };
  switch (type) {
    case 0: return value.as<bool>();
    case 1: return value.as<std::int16_t>();
    case 2: return value.as<std::uint64_t>();
    case 3: return value.as<double>();
    case 4: return text(value);
    default: break;
  }
  Numbers numbers;
  Bits bits;
  Texts texts;
  for (auto element : value.as<capnp::DynamicList>()) {
    if (type == 5) numbers.push_back(element.as<std::int16_t>());
    if (type == 6) bits.push_back(element.as<bool>());
    if (type == 7) texts.push_back(text(element));
  }
  if (type == 5) return numbers;
  if (type == 6) return bits;
  return texts;
}

void writeByCapnp(capnp::DynamicStruct::Builder to, capnp::StructSchema::Field field, const Value& value) {
  std::visit(
      [&](const auto& one) {
        using T = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<T, std::string>) {
          to.set(field, capnp::Text::Reader(one.c_str(), one.size()));
        } else if constexpr (requires { one.empty(); }) {
          auto list = to.init(field, static_cast<unsigned>(one.size())).template as<capnp::DynamicList>();
          for (unsigned i = 0; i < one.size(); ++i) {
            const typename T::value_type element = one[i];
            if constexpr (std::is_same_v<T, Texts>) {
              list.set(i, capnp::Text::Reader(element.c_str(), element.size()));
            } else {
              list.set(i, element);
            }
          }
        } else {
          to.set(field, one);
        }
      },
      value);
}

// A field with a default, as generated code knows it.
struct Slot {
  std::size_t type;
  std::uint32_t offset;
  Value whenAbsent;

  std::uint64_t mask() const {
    if (type == 0) return std::get<bool>(whenAbsent) ? 1 : 0;
    if (type == 1) return static_cast<std::uint16_t>(std::get<std::int16_t>(whenAbsent));
    if (type == 2) return std::get<std::uint64_t>(whenAbsent);
    return std::bit_cast<std::uint64_t>(std::get<double>(whenAbsent));
  }

  // Writes if there is a writer. Returns how many words the value takes beside its field.
  std::uint64_t write(WordWriter* writer, const Value& value) const {
    const auto index = static_cast<std::uint16_t>(offset);
    WordWriter* const to = writer != nullptr && !isEmpty(whenAbsent) && type >= 4 ? &writer->kept() : writer;
    switch (type) {
      case 0:
        if (to != nullptr) to->setBool(offset, (std::get<bool>(value) ? 1 : 0) != mask());
        return 0;
      case 1:
        if (to != nullptr) to->set(offset, masked(std::get<std::int16_t>(value), mask()));
        return 0;
      case 2:
        if (to != nullptr) to->set(offset, masked(std::get<std::uint64_t>(value), mask()));
        return 0;
      case 3:
        if (to != nullptr) to->set(offset, masked(std::get<double>(value), mask()));
        return 0;
      case 4: {
        const BulkheadBytes text = view(std::string_view(std::get<std::string>(value)));
        if (to != nullptr) to->text(index, text);
        return isEmpty(whenAbsent) ? textWords(text) : keptTextWords(text);
      }
      case 5: {
        const BulkheadBytes list = listView(std::get<Numbers>(value));
        if (to != nullptr) to->list<std::int16_t>(index, list);
        return listWords<std::int16_t>(list);
      }
      case 6: {
        const BoolBytes bits(std::get<Bits>(value));
        if (to != nullptr) to->boolList(index, bits.bytes());
        return boolListWords(bits.bytes());
      }
      default: {
        const ViewList views(std::get<Texts>(value));
        if (to != nullptr) to->textList(index, views.bytes());
        return textListWords(views.bytes());
      }
    }
  }

  Value read(WordReader& reader) const {
    const auto index = static_cast<std::uint16_t>(offset);
    if (type >= 4 && !reader.has(index)) return whenAbsent;
    switch (type) {
      case 0: return reader.getBool(offset) != mask();
      case 1: return masked(reader.get<std::int16_t>(offset), mask());
      case 2: return masked(reader.get<std::uint64_t>(offset), mask());
      case 3: return masked(reader.get<double>(offset), mask());
      case 4: return std::string(toText(reader.text(index)));
      case 5: {
        const auto list = toList<std::int16_t>(reader.list<std::int16_t>(index));
        return Numbers(list.begin(), list.end());
      }
      case 6: {
        const auto list = toList<std::uint8_t>(reader.boolList(index));
        return Bits(list.begin(), list.end());
      }
      default: {
        Texts texts;
        for (const auto& one : toList<BulkheadBytes>(reader.textList(index))) texts.emplace_back(toText(one));
        return texts;
      }
    }
  }
};

// A random struct with defaults, and values for its fields; some fields stay absent where capnp writes.
class RandomStruct {
 public:
  explicit RandomStruct(Random& random) {
    std::string text = "@0xb0f1d5d5c5a5b5f1;\nstruct S {\n";
    const std::size_t count = 1 + random() % 12;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t type = random() % std::size(kTypes);
      slots_.push_back({type, 0, randomValue(type, random)});
      const std::string written = std::visit([](const auto& one) { return literal(one); }, slots_[i].whenAbsent);
      text += "  f" + std::to_string(i) + " @" + std::to_string(i) + " :" + kTypes[type] + " = " + written + ";\n";
      const std::size_t choice = random() % 4;
      values_.push_back(choice == 0 ? slots_[i].whenAbsent : randomValue(type, random));
      isSet_.push_back(random() % 3 != 0);
    }
    directory_ = kj::newInMemoryDirectory(kj::nullClock());
    directory_->openFile(kj::Path("s.capnp"), kj::WriteMode::CREATE)->writeAll(text + "}\n");
    schema_ = parser_.parseFromDirectory(*directory_, kj::Path("s.capnp"), nullptr).getNested("S").asStruct();
    for (std::size_t i = 0; i < count; ++i) slots_[i].offset = field(i).getProto().getSlot().getOffset();
  }

  std::size_t size() const { return slots_.size(); }
  const Slot& slot(std::size_t i) const { return slots_[i]; }
  const Value& value(std::size_t i) const { return values_[i]; }
  const Value& valueIfSet(std::size_t i) const { return isSet_[i] ? values_[i] : slots_[i].whenAbsent; }
  capnp::StructSchema schema() const { return schema_; }
  capnp::StructSchema::Field field(std::size_t i) const { return schema_.getFieldByName("f" + std::to_string(i)); }

  Words encodeOurs() const {
    const auto layout = schema_.getProto().getStruct();
    std::uint64_t words = 1u + layout.getDataWordCount() + layout.getPointerCount();
    for (std::size_t i = 0; i < size(); ++i) words += slots_[i].write(nullptr, values_[i]);
    Words message(words, 0xdbdbdbdbdbdbdbdb);
    WordWriter writer(message.data());
    writer.root(layout.getDataWordCount(), layout.getPointerCount());
    for (std::size_t i = 0; i < size(); ++i) slots_[i].write(&writer, values_[i]);
    EXPECT_EQ(writer.size(), words) << "the size was known before";
    return message;
  }
  Words encodeByCapnp() const {
    capnp::MallocMessageBuilder message(1 << 16, capnp::AllocationStrategy::FIXED_SIZE);
    auto root = message.initRoot<capnp::DynamicStruct>(schema_);
    for (std::size_t i = 0; i < size(); ++i) {
      if (isSet_[i]) writeByCapnp(root, field(i), values_[i]);
    }
    const auto segment = message.getSegmentsForOutput()[0];
    const auto* words = reinterpret_cast<const std::uint64_t*>(segment.begin());
    return {words, words + segment.size()};
  }

 private:
  std::vector<Slot> slots_;
  std::vector<Value> values_;
  std::vector<bool> isSet_;
  kj::Own<const kj::Directory> directory_;
  capnp::SchemaParser parser_;
  capnp::StructSchema schema_;
};

TEST(DefaultsPropertyTest, CapnpReadsWhatWeWrite) {
  for (std::uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RandomStruct type(random);
    const Words message = type.encodeOurs();
    const kj::ArrayPtr<const capnp::word> segment(reinterpret_cast<const capnp::word*>(message.data()), message.size());
    capnp::SegmentArrayMessageReader reader(kj::arrayPtr(&segment, 1));
    const auto root = reader.getRoot<capnp::DynamicStruct>(type.schema());
    for (std::size_t i = 0; i < type.size(); ++i) {
      EXPECT_EQ(readByCapnp(root.get(type.field(i)), type.slot(i).type), type.value(i)) << kTypes[type.slot(i).type];
    }
  }
}

TEST(DefaultsPropertyTest, WeReadWhatCapnpWrites) {
  for (std::uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RandomStruct type(random);
    const Words message = type.encodeByCapnp();
    WordReader reader({message.data(), message.size()});
    for (std::size_t i = 0; i < type.size(); ++i) {
      EXPECT_EQ(type.slot(i).read(reader), type.valueIfSet(i)) << kTypes[type.slot(i).type];
    }
    EXPECT_EQ(reader.fault(), nullptr);
  }
}

TEST(DefaultsPropertyTest, WhatIsAbsentIsTheDefault) {
  for (std::uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const RandomStruct type(random);
    const Words empty = {0x00000000fffffffc};
    WordReader reader({empty.data(), empty.size()});
    for (std::size_t i = 0; i < type.size(); ++i) EXPECT_EQ(type.slot(i).read(reader), type.slot(i).whenAbsent);
  }
}

}  // namespace
}  // namespace bulkhead::detail
