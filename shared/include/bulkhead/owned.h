// A struct result and the message it lives in.
#pragma once

#include <memory>
#include <utility>

namespace bulkhead {

namespace detail {
class OwnedMessage;
class MessageSink;
}  // namespace detail

// What a method with a struct result gives: T::Reader with the memory behind it. Move-only; readers taken from it are
// valid as long as it lives. A default-constructed or moved-from one reads as a struct of default values.
template <class T>
class Owned {
 public:
  using Reader = typename T::Reader;

  Owned() = default;
  Owned(Owned&& other) noexcept
      : message_(std::move(other.message_)), reader_(std::exchange(other.reader_, Reader())) {}
  Owned& operator=(Owned&& other) noexcept {
    message_ = std::move(other.message_);
    reader_ = std::exchange(other.reader_, Reader());
    return *this;
  }

  const Reader& reader() const noexcept { return reader_; }
  const Reader& operator*() const noexcept { return reader_; }
  const Reader* operator->() const noexcept { return &reader_; }

 private:
  friend class detail::MessageSink;
  Owned(std::shared_ptr<const detail::OwnedMessage> message, Reader reader)
      : message_(std::move(message)), reader_(std::move(reader)) {}

  std::shared_ptr<const detail::OwnedMessage> message_;
  Reader reader_{};
};

}  // namespace bulkhead
