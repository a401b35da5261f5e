// Cap'n Proto words, written and read without libcapnp: the messages of methods made of numbers, Text, Data and lists
// of them. A message is one segment with its root pointer in word 0, without far pointers. Layout and evolution rules
// are capnp's (its encoding specification); the property tests compare both directions with capnp itself.
#pragma once

#include <bulkhead/abi.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace bulkhead::detail {

static_assert(std::endian::native == std::endian::little, "capnp words are little-endian and copied as they are");

inline constexpr std::uint64_t kMaxListElements = (std::uint64_t{1} << 29) - 1;
// More than any message may have: what cannot be encoded counts this many words, and so does not fit.
inline constexpr std::uint64_t kUnencodable = std::uint64_t{1} << 40;
inline constexpr std::uint64_t kMaxMessageWords = std::uint64_t{1} << 29;

// The codes of a list pointer's element size.
enum class ElementSize : std::uint8_t { nothing, bit, byte, twoBytes, fourBytes, eightBytes, pointer, composite };

template <class T>
inline constexpr ElementSize kElementSize = sizeof(T) == 1   ? ElementSize::byte
                                            : sizeof(T) == 2 ? ElementSize::twoBytes
                                            : sizeof(T) == 4 ? ElementSize::fourBytes
                                                             : ElementSize::eightBytes;

constexpr std::uint64_t wordsOfBytes(std::uint64_t bytes) noexcept { return bytes / 8 + (bytes % 8 != 0 ? 1 : 0); }

// A number as its field holds it, or back: a field with a default value is XORed with it.
template <class T>
constexpr T masked(T value, std::uint64_t bits) noexcept {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t,
                                  std::conditional_t<sizeof(T) == 4, std::uint32_t,
                                                     std::conditional_t<sizeof(T) == 2, std::uint16_t, std::uint8_t>>>;
  return std::bit_cast<T>(static_cast<Bits>(std::bit_cast<Bits>(value) ^ static_cast<Bits>(bits)));
}

// How many words a value takes beside its pointer. Nothing is written for an empty one: its pointer is null.
constexpr std::uint64_t textWords(BulkheadBytes text) noexcept {
  if (text.size == 0) return 0;
  return text.size < kMaxListElements ? wordsOfBytes(text.size + 1) : kUnencodable;  // a NUL follows it
}
// Of one that is written even if it is empty, as WordWriter::kept() has it. The other types need no more then.
constexpr std::uint64_t keptTextWords(BulkheadBytes text) noexcept { return text.size == 0 ? 1 : textWords(text); }
constexpr std::uint64_t dataWords(BulkheadBytes data) noexcept {
  return data.size <= kMaxListElements ? wordsOfBytes(data.size) : kUnencodable;
}
template <class T>
constexpr std::uint64_t listWords(BulkheadBytes list) noexcept {
  return list.size <= kMaxListElements ? wordsOfBytes(list.size * sizeof(T)) : kUnencodable;
}
constexpr std::uint64_t boolListWords(BulkheadBytes list) noexcept {
  return list.size <= kMaxListElements ? (list.size + 63) / 64 : kUnencodable;
}
inline std::uint64_t pointerListWords(BulkheadBytes list, std::uint64_t (*wordsOf)(BulkheadBytes)) noexcept {
  if (list.size > kMaxListElements) return kUnencodable;
  const auto* elements = static_cast<const BulkheadBytes*>(list.data);
  std::uint64_t words = list.size;
  for (std::uint64_t i = 0; i < list.size; ++i) {
    words += wordsOf(elements[i]);
    if (words >= kUnencodable) return kUnencodable;
  }
  return words;
}
inline std::uint64_t textListWords(BulkheadBytes list) noexcept { return pointerListWords(list, &textWords); }
inline std::uint64_t dataListWords(BulkheadBytes list) noexcept { return pointerListWords(list, &dataWords); }

// Writes one message: its root struct, then the values behind the root's pointers in the order of the calls. The room
// is either given whole (a stub knows the size before) or grown through a BulkheadReply (a skeleton does not).
// Every word is written, padding as zero. Without room a function returns false and the message is void.
class WordWriter {
 public:
  // `words` holds at least what the words-functions above add up to, with 1 + dataWords + pointers for the root.
  explicit WordWriter(std::uint64_t* words) noexcept : words_(words), reply_(nullptr) {}
  explicit WordWriter(const BulkheadReply* reply) noexcept : words_(nullptr), reply_(reply) {}

  // First call: the root struct, all zero.
  bool root(std::uint16_t dataWords, std::uint16_t pointers) noexcept {
    std::uint64_t* start = allocate(1u + dataWords + pointers);
    if (start == nullptr) return false;
    std::memset(start, 0, (1u + dataWords + pointers) * sizeof(std::uint64_t));
    // A struct without size still is not a null pointer: capnp gives it the offset -1.
    const std::uint64_t offset = dataWords + pointers == 0 ? 0xfffffffcu : 0u;
    start[0] = offset | std::uint64_t{dataWords} << 32 | std::uint64_t{pointers} << 48;
    pointers_ = 1u + dataWords;
    return true;
  }

  // Fields of the root's data section. Offsets as in the schema: in units of T, in bits for a Bool.
  template <class T>
  void set(std::uint32_t offset, T value) noexcept {
    static_assert(std::is_arithmetic_v<T>);
    std::memcpy(reinterpret_cast<char*>(words_ + 1) + std::size_t{offset} * sizeof(T), &value, sizeof(T));
  }
  void setBool(std::uint32_t bit, std::uint8_t value) noexcept {
    words_[1 + bit / 64] |= std::uint64_t{value != 0 ? 1u : 0u} << (bit % 64);
  }

  // For a field with a default value, before the call that writes it: an empty value is written, too, for a null
  // pointer would read as the default.
  WordWriter& kept() noexcept {
    keepsEmpty_ = true;
    return *this;
  }

  // Values behind the root's pointer number `index`.
  bool text(std::uint16_t index, BulkheadBytes text) noexcept {
    if (text.size == 0) return empty(index, ElementSize::byte, 1);
    return textAt(pointers_ + index, text);
  }
  bool data(std::uint16_t index, BulkheadBytes data) noexcept {
    if (data.size == 0) return empty(index, ElementSize::byte, 0);
    return dataAt(pointers_ + index, data);
  }
  template <class T>
  bool list(std::uint16_t index, BulkheadBytes list) noexcept {
    if (list.size == 0) return empty(index, kElementSize<T>, 0);
    return copyAt(pointers_ + index, kElementSize<T>, list.size, list.data, list.size * sizeof(T), listWords<T>(list));
  }
  bool boolList(std::uint16_t index, BulkheadBytes list) noexcept {
    if (list.size == 0) return empty(index, ElementSize::bit, 0);
    const std::uint64_t start = point(pointers_ + index, ElementSize::bit, list.size, boolListWords(list));
    if (start == 0) return false;
    const auto* values = static_cast<const std::uint8_t*>(list.data);
    std::memset(words_ + start, 0, boolListWords(list) * sizeof(std::uint64_t));
    for (std::uint64_t i = 0; i < list.size; ++i) {
      words_[start + i / 64] |= std::uint64_t{values[i] != 0 ? 1u : 0u} << (i % 64);
    }
    return true;
  }
  bool textList(std::uint16_t index, BulkheadBytes list) noexcept {
    if (list.size == 0) return empty(index, ElementSize::pointer, 0);
    return pointerList(pointers_ + index, list, &WordWriter::textAt);
  }
  bool dataList(std::uint16_t index, BulkheadBytes list) noexcept {
    if (list.size == 0) return empty(index, ElementSize::pointer, 0);
    return pointerList(pointers_ + index, list, &WordWriter::dataAt);
  }

  std::uint64_t size() const noexcept { return used_; }

 private:
  // New words at the end, not zeroed. Null without room.
  std::uint64_t* allocate(std::uint64_t count) noexcept {
    if (count > kMaxMessageWords - used_) return nullptr;
    if (reply_ != nullptr) {
      words_ = reply_->extend(reply_->context, used_ + count);
      if (words_ == nullptr) return nullptr;
    }
    std::uint64_t* start = words_ + used_;
    used_ += count;
    return start;
  }

  // Allocates a list and makes the pointer in word `at` refer to it. Returns the index of its first word, or 0.
  std::uint64_t point(std::uint64_t at, ElementSize element, std::uint64_t count, std::uint64_t words) noexcept {
    const std::uint64_t start = used_;
    keepsEmpty_ = false;
    if (count > kMaxListElements || allocate(words) == nullptr) return 0;
    words_[at] = 1u | (start - at - 1) << 2 | static_cast<std::uint64_t>(element) << 32 | count << 35;
    return start;
  }
  // A value without contents but for a text's NUL: nothing, unless it is kept.
  bool empty(std::uint16_t index, ElementSize element, std::uint64_t count) noexcept {
    if (!keepsEmpty_) return true;
    const std::uint64_t start = point(pointers_ + index, element, count, count);
    if (start == 0) return false;
    if (count != 0) words_[start] = 0;
    return true;
  }
  bool copyAt(std::uint64_t at, ElementSize element, std::uint64_t count, const void* from, std::uint64_t bytes,
              std::uint64_t words) noexcept {
    if (count == 0) return true;
    const std::uint64_t start = point(at, element, count, words);
    if (start == 0) return false;
    words_[start + words - 1] = 0;
    if (bytes != 0) std::memcpy(words_ + start, from, bytes);
    return true;
  }
  bool textAt(std::uint64_t at, BulkheadBytes text) noexcept {
    if (text.size == 0) return true;
    return copyAt(at, ElementSize::byte, text.size + 1, text.data, text.size, textWords(text));
  }
  bool dataAt(std::uint64_t at, BulkheadBytes data) noexcept {
    return copyAt(at, ElementSize::byte, data.size, data.data, data.size, dataWords(data));
  }
  bool pointerList(std::uint64_t at, BulkheadBytes list,
                   bool (WordWriter::*write)(std::uint64_t, BulkheadBytes) noexcept) {
    if (list.size == 0) return true;
    const std::uint64_t start = point(at, ElementSize::pointer, list.size, list.size);
    if (start == 0) return false;
    std::memset(words_ + start, 0, list.size * sizeof(std::uint64_t));
    const auto* elements = static_cast<const BulkheadBytes*>(list.data);
    for (std::uint64_t i = 0; i < list.size; ++i) {
      if (!(this->*write)(start + i, elements[i])) return false;
    }
    return true;
  }

  std::uint64_t* words_;
  std::uint64_t used_ = 0;
  std::uint64_t pointers_ = 1;  // index of the root's first pointer
  const BulkheadReply* reply_;
  bool keepsEmpty_ = false;
};

}  // namespace bulkhead::detail
