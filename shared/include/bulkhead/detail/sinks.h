// Values as they cross the C ABI: views of what goes in, sinks for what comes out, errors. Used by generated code on
// both sides.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/error.h>

#include <cxxabi.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace bulkhead::detail {

// --- Errors

inline BulkheadBytes view(std::string_view text) noexcept { return {text.data(), text.size()}; }

// Whoever takes a report keeps this much of its text and of its type, in both placements.
inline constexpr std::uint64_t kMaxErrorText = std::uint64_t{1} << 20;
inline std::string copyOfErrorText(BulkheadBytes text) {
  const std::uint64_t size = text.size < kMaxErrorText ? text.size : kMaxErrorText;
  return size == 0 ? std::string() : std::string(static_cast<const char*>(text.data), size);
}

// Reports one error and returns BULKHEAD_FAILED. `error` is a C sink of the caller's: it copies.
[[gnu::cold]] inline std::int32_t report(const BulkheadErrorSink* error, ErrorKind kind, std::string_view type,
                                         std::string_view text) noexcept {
  BulkheadErrorView crossing{};
  crossing.size = sizeof(crossing);
  crossing.kind = static_cast<std::uint32_t>(kind);
  crossing.type = view(type);
  crossing.text = view(text);
  error->report(error->context, &crossing);
  return BULKHEAD_FAILED;
}
[[gnu::cold]] inline std::int32_t report(const BulkheadErrorSink* error, const Error& what) noexcept {
  return report(error, what.kind(), what.type(), what.text());
}
[[gnu::cold]] inline std::int32_t reportNoRoom(const BulkheadErrorSink* error) noexcept {
  return report(error, ErrorKind::resourceExhausted, {}, "the caller has no room for the result");
}

// "std::logic_error" of the class that std::throw_with_nested() made of it; other names as they are.
[[gnu::cold]] inline std::string withoutNesting(std::string name) {
  for (const std::string_view wrapper : {"std::_Nested_exception<", "std::__nested<"}) {
    if (name.starts_with(wrapper) && name.ends_with('>'))
      return name.substr(wrapper.size(), name.size() - wrapper.size() - 1);
  }
  return name;
}

// The type of the exception being handled, as written in C++. Empty for a foreign one.
[[gnu::cold]] inline std::string currentExceptionType() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return {};
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(type->name(), nullptr, nullptr, &status),
                                                    &std::free);
  return status == 0 && name != nullptr ? withoutNesting(name.get()) : type->name();
}

inline constexpr const char* kNoText = "an exception without a text";
inline constexpr int kMaxCauses = 16;

inline void appendCauses(std::string& text, const std::exception& exception, int left);

// "; caused by TYPE: TEXT" for the exception that `cause` holds.
[[gnu::cold]] inline void appendCause(std::string& text, const std::exception_ptr& cause, int left) {
  text += "; caused by ";
  try {
    std::rethrow_exception(cause);
  } catch (const std::exception& exception) {
    const char* what = exception.what();
    text.append(currentExceptionType()).append(": ").append(what != nullptr ? what : kNoText);
    appendCauses(text, exception, left);
  } catch (...) {
    text += currentExceptionType();
  }
}
// What std::throw_with_nested() put behind an exception, outermost first. (std::rethrow_if_nested() would end the
// process where nothing is nested.)
[[gnu::cold]] inline void appendCauses([[maybe_unused]] std::string& text,
                                       [[maybe_unused]] const std::exception& exception, [[maybe_unused]] int left) {
#if defined(__cpp_rtti)
  const auto* nested = dynamic_cast<const std::nested_exception*>(&exception);
  if (left > 0 && nested != nullptr && nested->nested_ptr() != nullptr) {
    appendCause(text, nested->nested_ptr(), left - 1);
  }
#endif
}

// Reports the exception being handled: its type and, where it has one, its text. Called from a catch block.
[[gnu::cold]] inline std::int32_t reportCurrentException(const BulkheadErrorSink* error) noexcept {
  try {
    try {
      throw;
    } catch (const BadResult& exception) {
      return report(error, exception.error());
    } catch (const Error& thrown) {  // how a constructor fails with one
      return report(error, thrown);
    } catch (const std::exception& exception) {
      const char* what = exception.what();
      std::string text = what != nullptr ? what : kNoText;
      appendCauses(text, exception, kMaxCauses);
      return report(error, ErrorKind::moduleError, currentExceptionType(), text);
    } catch (const std::string& text) {
      return report(error, ErrorKind::moduleError, currentExceptionType(), text);
    } catch (const char* text) {
      return report(error, ErrorKind::moduleError, currentExceptionType(), text != nullptr ? text : kNoText);
    } catch (...) {
      return report(error, ErrorKind::moduleError, currentExceptionType(), kNoText);
    }
  } catch (...) {  // no memory to name the type
    return report(error, ErrorKind::resourceExhausted, {}, "an exception, and no memory to describe it");
  }
}

// Runs `run` at the boundary: returns its status; whatever it throws is reported.
template <class F>
[[gnu::always_inline]] inline std::int32_t guarded(const BulkheadErrorSink* error, F&& run) noexcept {
  try {
    return run();
  } catch (...) {
    return reportCurrentException(error);
  }
}

// --- What goes in: C++ to C. Lists of views need an array of the C type, which these own.

inline BulkheadBytes view(std::span<const std::byte> data) noexcept { return {data.data(), data.size()}; }
template <class T>
BulkheadBytes listView(std::span<const T> list) noexcept {
  return {list.data(), list.size()};
}
template <class T>
BulkheadBytes listView(const std::vector<T>& list) noexcept {
  return {list.data(), list.size()};
}

// A list of Text or Data (spans or vectors of anything that `view` takes) as an array of BulkheadBytes. Its elements
// stay where they are. Throws std::bad_alloc.
class ViewList {
 public:
  template <class List>
  explicit ViewList(const List& list) {
    views_.reserve(list.size());
    for (const auto& element : list) views_.push_back(view(element));
  }
  BulkheadBytes bytes() const noexcept { return {views_.data(), views_.size()}; }

 private:
  std::vector<BulkheadBytes> views_;
};

// A std::vector<bool> as an array of bytes. Throws std::bad_alloc.
class BoolBytes {
 public:
  explicit BoolBytes(const std::vector<bool>& list) : bytes_(list.begin(), list.end()) {}
  BulkheadBytes bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<std::uint8_t> bytes_;
};

// --- What goes in: C to C++. Borrowed from the caller, like the view itself.

inline std::string_view toText(BulkheadBytes text) noexcept { return {static_cast<const char*>(text.data), text.size}; }
inline std::span<const std::byte> toData(BulkheadBytes data) noexcept {
  return {static_cast<const std::byte*>(data.data), data.size};
}
template <class T>
std::span<const T> toList(BulkheadBytes list) noexcept {
  return {static_cast<const T*>(list.data), list.size};
}
inline std::vector<std::string_view> toTexts(BulkheadBytes list) {
  std::vector<std::string_view> texts;
  texts.reserve(list.size);
  for (const BulkheadBytes& element : toList<BulkheadBytes>(list)) texts.push_back(toText(element));
  return texts;
}
inline std::vector<std::span<const std::byte>> toDatas(BulkheadBytes list) {
  std::vector<std::span<const std::byte>> datas;
  datas.reserve(list.size);
  for (const BulkheadBytes& element : toList<BulkheadBytes>(list)) datas.push_back(toData(element));
  return datas;
}

// --- What comes out

// Copies a view into a C++ value, in the consumer's own heap.
inline void assign(std::string& value, BulkheadBytes text) { value.assign(toText(text)); }
inline void assign(std::vector<std::byte>& value, BulkheadBytes data) {
  const std::span<const std::byte> bytes = toData(data);
  value.assign(bytes.begin(), bytes.end());
}
template <class T>
void assignList(std::vector<T>& value, BulkheadBytes list) {
  const std::span<const T> elements = toList<T>(list);
  value.assign(elements.begin(), elements.end());
}
inline void assignList(std::vector<bool>& value, BulkheadBytes list) {
  const std::span<const std::uint8_t> elements = toList<std::uint8_t>(list);
  value.assign(elements.begin(), elements.end());
}
template <class T>
void assignViews(std::vector<T>& value, BulkheadBytes list) {
  value.clear();
  value.reserve(list.size);
  for (const BulkheadBytes& element : toList<BulkheadBytes>(list)) assign(value.emplace_back(), element);
}

// A C sink that fills a value of the caller's by `Assign`. Lives on the caller's stack for one call.
template <class T, void (*Assign)(T&, BulkheadBytes)>
class ValueSink {
 public:
  explicit ValueSink(T& value) noexcept : sink_{&value, &put} {}
  ValueSink(const ValueSink&) = delete;
  ValueSink& operator=(const ValueSink&) = delete;

  const BulkheadSink* sink() const noexcept { return &sink_; }

 private:
  static std::int32_t put(void* context, BulkheadBytes bytes) noexcept {
    try {
      Assign(*static_cast<T*>(context), bytes);
      return BULKHEAD_OK;
    } catch (...) {
      return BULKHEAD_FAILED;
    }
  }
  BulkheadSink sink_;
};
using TextSink = ValueSink<std::string, &assign>;
using DataSink = ValueSink<std::vector<std::byte>, &assign>;
template <class T>
using ListSink = ValueSink<std::vector<T>, &assignList<T>>;
using BoolListSink =
    ValueSink<std::vector<bool>, static_cast<void (*)(std::vector<bool>&, BulkheadBytes)>(&assignList)>;
using TextListSink = ValueSink<std::vector<std::string>, &assignViews<std::string>>;
using DataListSink = ValueSink<std::vector<std::vector<std::byte>>, &assignViews<std::vector<std::byte>>>;

// Hands a result to the caller's sink; what the caller cannot take becomes this side's error.
inline std::int32_t put(const BulkheadSink* sink, BulkheadBytes bytes, const BulkheadErrorSink* error) noexcept {
  if (sink->put(sink->context, bytes) == BULKHEAD_OK) [[likely]]
    return BULKHEAD_OK;
  return reportNoRoom(error);
}

}  // namespace bulkhead::detail
