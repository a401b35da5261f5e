// The reading half of words.h: takes the fields of one untrusted message apart.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/words.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

namespace bulkhead::detail {

// Reads one message, whose words must not change meanwhile but may hold anything: every pointer is checked against the
// segment before it is followed. What a field reads as when the sender's schema is older or newer follows capnp: a
// field beyond the sender's struct and a null pointer are the default, a list that became a list of structs gives each
// one's first field.
//
// The first violation makes fault() say what it was; fields read as empty then, and the caller drops the message. What
// is read may not add up to more words than the message has, so pointers that share a target cannot inflate it.
// Views point into the message or, where the layout differs, into memory of the reader: valid while both live.
// Each field is to be read once. Functions that make lists throw std::bad_alloc.
class WordReader {
 public:
  explicit WordReader(BulkheadBytes message) noexcept
      : words_(static_cast<const std::uint64_t*>(message.data)), size_(message.size), budget_(message.size) {
    readRoot();
  }

  // What is wrong with the message, or null.
  const char* fault() const noexcept { return fault_; }

  // Fields of the root's data section. Offsets as in the schema: in units of T, in bits for a Bool.
  template <class T>
  T get(std::uint32_t offset) const noexcept {
    static_assert(std::is_arithmetic_v<T>);
    const std::uint64_t byte = std::uint64_t{offset} * sizeof(T);
    T value{};
    if (byte + sizeof(T) <= dataBytes_) std::memcpy(&value, data_ + byte, sizeof(T));
    return value;
  }
  std::uint8_t getBool(std::uint32_t bit) const noexcept {
    if (bit / 8 >= dataBytes_) return 0;
    return static_cast<std::uint8_t>((static_cast<unsigned char>(data_[bit / 8]) >> (bit % 8)) & 1);
  }

  // Whether the sender set the root's pointer number `index`; else the field reads as its default.
  bool has(std::uint16_t index) const noexcept {
    const std::uint64_t* pointer = root(index);
    return pointer != nullptr && *pointer != 0;
  }

  // Values behind the root's pointer number `index`. Sizes as in abi.h.
  BulkheadBytes text(std::uint16_t index) noexcept { return textAt(root(index)); }
  BulkheadBytes data(std::uint16_t index) noexcept { return dataAt(root(index)); }
  template <class T>
  BulkheadBytes list(std::uint16_t index) {
    const List list = listAt(root(index));
    if (list.count == 0) return {};
    if (list.element == kElementSize<T>) return {list.start, list.count};
    if (!isStructList(list, list.structDataWords)) return {};
    std::byte* copy = keep(list.count * sizeof(T));
    for (std::uint64_t i = 0; i < list.count; ++i) {
      std::memcpy(copy + i * sizeof(T), list.start + i * list.step, sizeof(T));
    }
    return {copy, list.count};
  }
  BulkheadBytes boolList(std::uint16_t index) {
    const List list = listAt(root(index));
    if (list.count == 0) return {};
    if (list.element != ElementSize::bit) return fail("a list of Bool has another element size"), BulkheadBytes{};
    std::byte* copy = keep(list.count);
    for (std::uint64_t i = 0; i < list.count; ++i) {
      copy[i] = static_cast<std::byte>((list.start[i / 64] >> (i % 64)) & 1);
    }
    return {copy, list.count};
  }
  BulkheadBytes textList(std::uint16_t index) { return pointerList(root(index), &WordReader::textAt); }
  BulkheadBytes dataList(std::uint16_t index) { return pointerList(root(index), &WordReader::dataAt); }

 private:
  struct List {
    const std::uint64_t* start = nullptr;
    std::uint64_t count = 0;
    ElementSize element = ElementSize::nothing;
    std::uint64_t step = 1;  // words from one element to the next, of pointers and structs
    std::uint16_t structDataWords = 0;
    std::uint16_t structPointers = 0;
  };

  void fail(const char* what) noexcept {
    if (fault_ == nullptr) fault_ = what;
  }
  bool charge(std::uint64_t words) noexcept {
    if (words > budget_) return fail("pointers share their targets"), false;
    budget_ -= words;
    return true;
  }

  // The word a pointer's offset leads to, if `words` words from there lie in the message.
  const std::uint64_t* target(const std::uint64_t* pointer, std::uint64_t words) noexcept {
    const std::int64_t offset = static_cast<std::int32_t>(*pointer & 0xffffffffu) >> 2;
    const std::int64_t start = (pointer - words_) + 1 + offset;
    const auto size = static_cast<std::int64_t>(size_);
    if (start < 0 || start > size || words > static_cast<std::uint64_t>(size - start)) {
      return fail("a pointer leads out of the message"), nullptr;
    }
    return charge(words) ? words_ + start : nullptr;
  }

  void readRoot() noexcept {
    if (size_ == 0 || size_ > kMaxMessageWords) return fail("the message has no root or is too large");
    if (!charge(1) || words_[0] == 0) return;
    if ((words_[0] & 3) != 0) return fail("the root is not a struct");
    const std::uint64_t dataWords = words_[0] >> 32 & 0xffff;
    const std::uint64_t pointers = words_[0] >> 48;
    const std::uint64_t* start = target(words_, dataWords + pointers);
    if (start == nullptr) return;
    data_ = reinterpret_cast<const char*>(start);
    dataBytes_ = dataWords * 8;
    pointers_ = start + dataWords;
    pointerCount_ = pointers;
  }

  // The root's pointer, or null for one that reads as the default.
  const std::uint64_t* root(std::uint16_t index) const noexcept {
    return index < pointerCount_ && fault_ == nullptr ? pointers_ + index : nullptr;
  }

  List listAt(const std::uint64_t* pointer) noexcept {
    List list;
    if (pointer == nullptr || *pointer == 0) return list;
    if ((*pointer & 3) != 1) return fail("a pointer to a list is of another kind"), list;
    list.element = static_cast<ElementSize>(*pointer >> 32 & 7);
    const std::uint64_t count = *pointer >> 35;
    if (list.element == ElementSize::composite) return structListAt(pointer, count);
    static constexpr std::uint8_t kBits[] = {0, 1, 8, 16, 32, 64, 64};
    const std::uint64_t words = (count * kBits[static_cast<std::size_t>(list.element)] + 63) / 64;
    list.start = target(pointer, words);
    if (list.start != nullptr) list.count = count;
    return list;
  }
  List structListAt(const std::uint64_t* pointer, std::uint64_t words) noexcept {
    List list;
    list.element = ElementSize::composite;
    const std::uint64_t* tag = target(pointer, words + 1);
    if (tag == nullptr) return list;
    const std::uint64_t count = (*tag & 0xffffffffu) >> 2;
    list.structDataWords = static_cast<std::uint16_t>(*tag >> 32);
    list.structPointers = static_cast<std::uint16_t>(*tag >> 48);
    list.step = std::uint64_t{list.structDataWords} + list.structPointers;
    if ((*tag & 3) != 0 || count * list.step > words) return fail("a list of structs has a wrong tag"), list;
    // Elements without size would cost nothing, however many.
    if (list.step == 0 && !charge(count)) return list;
    list.start = tag + 1;
    list.count = count;
    return list;
  }
  // Whether the elements can stand for single values: structs with the section that holds the first field.
  bool isStructList(const List& list, std::uint16_t sectionSize) noexcept {
    const bool fits = list.element == ElementSize::composite && sectionSize != 0;
    if (!fits) fail("a list has another element size");
    return fits;
  }

  BulkheadBytes textAt(const std::uint64_t* pointer) noexcept {
    const BulkheadBytes bytes = dataAt(pointer);
    if (pointer == nullptr || *pointer == 0 || fault_ != nullptr) return {};
    if (bytes.size == 0 || static_cast<const char*>(bytes.data)[bytes.size - 1] != '\0') {
      return fail("a text does not end with NUL"), BulkheadBytes{};
    }
    return {bytes.data, bytes.size - 1};
  }
  BulkheadBytes dataAt(const std::uint64_t* pointer) noexcept {
    const List list = listAt(pointer);
    if (list.start == nullptr) return {};
    if (list.element != ElementSize::byte) return fail("a text or data has another element size"), BulkheadBytes{};
    return {list.start, list.count};
  }
  BulkheadBytes pointerList(const std::uint64_t* pointer,
                            BulkheadBytes (WordReader::*read)(const std::uint64_t*) noexcept) {
    const List list = listAt(pointer);
    if (list.count == 0) return {};
    if (list.element != ElementSize::pointer && !isStructList(list, list.structPointers)) return {};
    auto* elements = reinterpret_cast<BulkheadBytes*>(keep(list.count * sizeof(BulkheadBytes)));
    for (std::uint64_t i = 0; i < list.count; ++i) {
      elements[i] = (this->*read)(list.start + i * list.step + list.structDataWords);
    }
    return {elements, list.count};
  }

  // Memory that lives as long as the reader, aligned for any element.
  std::byte* keep(std::uint64_t bytes) {
    kept_.push_back(std::make_unique<std::uint64_t[]>(wordsOfBytes(bytes)));
    return reinterpret_cast<std::byte*>(kept_.back().get());
  }

  const std::uint64_t* words_;
  std::uint64_t size_;
  std::uint64_t budget_;  // words that may still be read
  const char* data_ = nullptr;
  std::uint64_t dataBytes_ = 0;
  const std::uint64_t* pointers_ = nullptr;
  std::uint64_t pointerCount_ = 0;
  const char* fault_ = nullptr;
  std::vector<std::unique_ptr<std::uint64_t[]>> kept_;
};

}  // namespace bulkhead::detail
