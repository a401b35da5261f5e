// Result<T>: a value or an Error, from every call in both placements.
//
// Own and small instead of boost::system::result: that one needs Boost in every public header, and in Boost 1.81 an
// error type that is default-constructible, that is, an Error that could be empty.
#pragma once

#include <bulkhead/error.h>

#include <memory>
#include <type_traits>
#include <utility>

namespace bulkhead {

template <class T>
class [[nodiscard]] Result {
  static_assert(!std::is_reference_v<T> && !std::is_same_v<std::remove_cv_t<T>, Error>);

 public:
  using value_type = T;

  Result(T value) noexcept(std::is_nothrow_move_constructible_v<T>) : ok_(true) {
    std::construct_at(std::addressof(value_), std::move(value));
  }
  Result(Error error) noexcept : ok_(false) { std::construct_at(std::addressof(error_), std::move(error)); }
  template <class U>
  requires(std::is_constructible_v<T, U&&>&& std::is_convertible_v<U&&, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error>) Result(U&& value)
      : ok_(true) {
    std::construct_at(std::addressof(value_), std::forward<U>(value));
  }

  Result(const Result& other) requires std::is_copy_constructible_v<T> : ok_(other.ok_) {
    if (ok_) {
      std::construct_at(std::addressof(value_), other.value_);
    } else {
      std::construct_at(std::addressof(error_), other.error_);
    }
  }
  Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : ok_(other.ok_) {
    if (ok_) {
      std::construct_at(std::addressof(value_), std::move(other.value_));
    } else {
      std::construct_at(std::addressof(error_), std::move(other.error_));
    }
  }
  Result& operator=(Result other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    destroy();
    std::construct_at(this, std::move(other));
    return *this;
  }
  ~Result() { destroy(); }

  bool hasValue() const noexcept { return ok_; }
  explicit operator bool() const noexcept { return ok_; }

  // The value. Throws BadResult when there is none.
  T& value() & { return check(), value_; }
  const T& value() const& { return check(), value_; }
  T&& value() && { return check(), std::move(value_); }
  template <class U>
  T valueOr(U&& fallback) const& {
    return ok_ ? value_ : static_cast<T>(std::forward<U>(fallback));
  }

  // The value, unchecked: only after a test.
  T& operator*() & noexcept { return value_; }
  const T& operator*() const& noexcept { return value_; }
  T&& operator*() && noexcept { return std::move(value_); }
  T* operator->() noexcept { return std::addressof(value_); }
  const T* operator->() const noexcept { return std::addressof(value_); }

  // The error, unchecked: only when there is no value.
  const Error& error() const& noexcept { return error_; }
  Error&& error() && noexcept { return std::move(error_); }

 private:
  void check() const {
    if (!ok_) [[unlikely]]
      throw BadResult(error_);
  }
  void destroy() noexcept {
    if (ok_) [[likely]] {
      value_.~T();
    } else {
      error_.~Error();
    }
  }

  // Not one union: compilers keep members of different types in registers only where they do not overlap.
  bool ok_;
  union {
    T value_;  // if ok_
  };
  union {
    Error error_;  // if not
  };
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() noexcept : ok_(true) {}
  Result(Error error) noexcept : ok_(false) { std::construct_at(std::addressof(error_), std::move(error)); }
  Result(const Result& other) : ok_(other.ok_) {
    if (!ok_) std::construct_at(std::addressof(error_), other.error_);
  }
  Result(Result&& other) noexcept : ok_(other.ok_) {
    if (!ok_) std::construct_at(std::addressof(error_), std::move(other.error_));
  }
  Result& operator=(Result other) noexcept {
    if (!ok_) error_.~Error();
    std::construct_at(this, std::move(other));
    return *this;
  }
  ~Result() {
    if (!ok_) error_.~Error();
  }

  bool hasValue() const noexcept { return ok_; }
  explicit operator bool() const noexcept { return ok_; }
  void value() const {
    if (!ok_) throw BadResult(error_);
  }
  const Error& error() const& noexcept { return error_; }
  Error&& error() && noexcept { return std::move(error_); }

 private:
  bool ok_;
  union {
    char nothing_ = 0;
    Error error_;
  };
};

}  // namespace bulkhead
