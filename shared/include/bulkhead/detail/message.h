// Whole capnp messages as they cross the C ABI, for methods with struct parameters or results. Needs libcapnp.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/message_types.h>
#include <bulkhead/detail/sinks.h>
#include <bulkhead/owned.h>

#include <capnp/any.h>
#include <capnp/message.h>
#include <kj/exception.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace bulkhead::detail {

// What kj reports while a CapnpErrors is in force.
class CapnpError final : public kj::Exception, public std::exception {
 public:
  explicit CapnpError(kj::Exception&& exception)
      : kj::Exception(std::move(exception)), what_(getDescription().cStr(), getDescription().size()) {}
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

// While one lives on a thread's stack, kj's errors there are thrown from this library's own code. Without it libkj
// throws with its C++ runtime, which must not meet a module's own static one. Stack only, strictly nested.
class CapnpErrors final : public kj::ExceptionCallback {
 public:
  void onRecoverableException(kj::Exception&& exception) override {
    // In a destructor that runs during unwinding of this frame's callees: the first error is on its way already.
    if (std::uncaught_exceptions() <= outer_) throw CapnpError(std::move(exception));
  }
  void onFatalException(kj::Exception&& exception) override { throw CapnpError(std::move(exception)); }

 private:
  // Not 0 where a destructor calls through this frame during unwinding: what is thrown here is caught here.
  const int outer_ = std::uncaught_exceptions();
};

// Runs `run`, in which kj may report errors and a kj::Exception be thrown, inside of `guarded`.
template <class F>
std::int32_t withCapnp(const BulkheadErrorSink* error, F&& run) {
  const CapnpErrors errors;
  try {
    return run();
  } catch (const kj::Exception& exception) {
    const kj::StringPtr text = exception.getDescription();
    return report(error, ErrorKind::moduleError, "kj::Exception", {text.begin(), text.size()});
  }
}

// Reads a message of one segment where it is: `words` (size in words) must not change and must outlive it. Following
// more pointers than the message can honestly have, or deeper than 64, is an error of capnp's, raised where it happens.
class MessageView {
 public:
  explicit MessageView(BulkheadBytes words) : MessageView(words, limitOf(words)) {}
  // Follows as many pointers as it is asked to: for a message that was looked through once.
  static MessageView checked(BulkheadBytes words) { return MessageView(words, ~std::uint64_t{0}); }
  MessageView(const MessageView&) = delete;
  MessageView& operator=(const MessageView&) = delete;

  template <class T>
  typename T::Reader root() {
    return reader_.getRoot<T>();
  }

 private:
  MessageView(BulkheadBytes words, std::uint64_t traversalLimit)
      : segment_(static_cast<const capnp::word*>(words.data), words.size),
        reader_(kj::arrayPtr(&segment_, 1), {.traversalLimitInWords = traversalLimit, .nestingLimit = 64}) {}
  // Code may read a field many times.
  static std::uint64_t limitOf(BulkheadBytes words) { return words.size * 64 + (std::uint64_t{1} << 20); }

  kj::ArrayPtr<const capnp::word> segment_;
  capnp::SegmentArrayMessageReader reader_;
};

// The same over a copy of its own.
class OwnedMessage {
 public:
  explicit OwnedMessage(BulkheadBytes words)
      : words_(new std::uint64_t[words.size]),  // libc++ 14 has no make_unique_for_overwrite
        size_(words.size),
        view_(MessageView::checked(copy(words))) {}

  template <class T>
  typename T::Reader root() {
    return view_.root<T>();
  }
  // Looks through the whole message now, so that a malformed reply is an error of its call and no exception wherever
  // the application happens to look. Throws BadResult where a pointer leads out of the message or is of another kind
  // than the schema has, a text has no end, or pointers nest too deep or share their targets too often.
  template <class T>
  void requireSound() {
    const CapnpErrors errors;
    try {
      MessageView view({words_.get(), size_});
      static_cast<void>(view.root<capnp::AnyPointer>().targetSize());
      requireTypes(capnp::DynamicStruct::Reader(view.root<T>()));
    } catch (const kj::Exception& exception) {
      throw BadResult(
          Error(ErrorKind::protocolViolation, std::string("malformed message: ") + exception.getDescription().cStr()));
    }
  }

 private:
  BulkheadBytes copy(BulkheadBytes words) const {
    if (words.size != 0) std::memcpy(words_.get(), words.data, words.size * sizeof(std::uint64_t));
    return {words_.get(), words.size};
  }

  std::unique_ptr<std::uint64_t[]> words_;
  std::uint64_t size_;
  MessageView view_;
};

// Takes the reply message of a message method.
class MessageSink {
 public:
  MessageSink() noexcept : sink_{this, &put} {}
  MessageSink(const MessageSink&) = delete;
  MessageSink& operator=(const MessageSink&) = delete;

  const BulkheadSink* sink() const noexcept { return &sink_; }
  // After a successful call, once. Default values when the callee put none. Throws BadResult for a malformed message.
  template <class T>
  typename T::Reader root() {
    if (!message_) return typename T::Reader();
    message_->requireSound<T>();
    return message_->root<T>();
  }
  template <class T>
  Owned<T> own(typename T::Reader reader) {
    return Owned<T>(message_, reader);
  }

 private:
  static std::int32_t put(void* context, BulkheadBytes words) noexcept {
    try {
      static_cast<MessageSink*>(context)->message_ = std::make_shared<OwnedMessage>(words);
      return BULKHEAD_OK;
    } catch (...) {
      return BULKHEAD_FAILED;
    }
  }

  std::shared_ptr<OwnedMessage> message_;
  BulkheadSink sink_;
};

// Builds a message and gives it as one segment.
class MessageBuilder {
 public:
  static constexpr std::uint64_t kDefaultWords = 512;
  static constexpr std::uint64_t kMaxFirstWords = std::uint64_t{1} << 28;

  // `expectedWords`: what it will probably take; more is copied once more at the end.
  explicit MessageBuilder(std::uint64_t expectedWords = kDefaultWords)
      : builder_(static_cast<unsigned>(expectedWords < kMaxFirstWords ? expectedWords : kMaxFirstWords)) {}

  template <class T>
  typename T::Builder root() {
    return builder_.initRoot<T>();
  }

  // In place of root(): a copy of a whole struct.
  template <class Reader>
  void set(const Reader& reader) {
    builder_.setRoot(reader);
  }

  // The finished message (size in words), valid as long as this object. Last call.
  BulkheadBytes words() {
    kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments = builder_.getSegmentsForOutput();
    if (segments.size() > 1) {
      const auto root = builder_.getRoot<capnp::AnyPointer>().asReader();
      flat_.emplace(static_cast<unsigned>(root.targetSize().wordCount + 1), capnp::AllocationStrategy::FIXED_SIZE);
      flat_->getRoot<capnp::AnyPointer>().set(root);
      segments = flat_->getSegmentsForOutput();
      if (segments.size() != 1) throw std::length_error("a message does not fit one segment");
    }
    return {segments[0].begin(), segments[0].size()};
  }

 private:
  capnp::MallocMessageBuilder builder_;
  std::optional<capnp::MallocMessageBuilder> flat_;
};

// --- Values of direct types in capnp's classes

// The size to give to an init function of capnp's.
template <class T>
unsigned sizeOf(const T& value) {
  if (value.size() >= (std::size_t{1} << 29) - 1) throw std::length_error("a value is too large for a message");
  return static_cast<unsigned>(value.size());
}

// Fills what such an init function made: a Text, a Data, or a list of anything direct.
template <class Builder, class Value>
void fill(Builder to, const Value& value) {
  if constexpr (std::is_same_v<Builder, capnp::Text::Builder> || std::is_same_v<Builder, capnp::Data::Builder>) {
    if (!value.empty()) std::memcpy(to.begin(), value.data(), value.size());
  } else {
    unsigned index = 0;
    for (const auto& element : value) {
      if constexpr (requires { element.size(); }) {
        fill(to.init(index, sizeOf(element)), element);
      } else {
        to.set(index, element);
      }
      ++index;
    }
  }
}

// Views of what a reader refers to.
inline std::string_view textOf(capnp::Text::Reader text) noexcept { return {text.begin(), text.size()}; }
inline std::span<const std::byte> dataOf(capnp::Data::Reader data) noexcept {
  return {reinterpret_cast<const std::byte*>(data.begin()), data.size()};
}
template <class T, class List>
std::vector<T> listOf(const List& list) {
  std::vector<T> values;
  values.reserve(list.size());
  for (T value : list) values.push_back(value);
  return values;
}
template <class List>
std::vector<std::string_view> textsOf(const List& list) {
  std::vector<std::string_view> values;
  values.reserve(list.size());
  for (capnp::Text::Reader value : list) values.push_back(textOf(value));
  return values;
}
template <class List>
std::vector<std::span<const std::byte>> datasOf(const List& list) {
  std::vector<std::span<const std::byte>> values;
  values.reserve(list.size());
  for (capnp::Data::Reader value : list) values.push_back(dataOf(value));
  return values;
}

// A List(Bool) as an array.
class BoolArray {
 public:
  template <class List>
  explicit BoolArray(const List& list) : values_(std::make_unique<bool[]>(list.size())), size_(list.size()) {
    std::size_t at = 0;
    for (bool value : list) values_[at++] = value;
  }
  std::span<const bool> span() const noexcept { return {values_.get(), size_}; }

 private:
  std::unique_ptr<bool[]> values_;
  std::size_t size_;
};

// A copy of what a reader refers to.
template <class T>
T copyOf(capnp::Text::Reader text) {
  return T(textOf(text));
}
template <class T>
T copyOf(capnp::Data::Reader data) {
  const std::span<const std::byte> bytes = dataOf(data);
  return T(bytes.begin(), bytes.end());
}
template <class T, class List>
requires requires { typename List::Reads; }
T copyOf(const List& list) {
  T values;
  values.reserve(list.size());
  for (auto value : list) {
    if constexpr (requires { value.begin(); }) {
      values.push_back(copyOf<typename T::value_type>(value));
    } else {
      values.push_back(value);
    }
  }
  return values;
}

}  // namespace bulkhead::detail
