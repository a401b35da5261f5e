// Trust in the type: a value that the other process wrote cannot be used before it is checked: it does not compile.
#pragma once

#include <utility>

namespace bulkhead {

template <class T>
class Untrusted {
 public:
  explicit Untrusted(T raw) noexcept : raw_(std::move(raw)) {}

  // The only exit: `check` gets the private copy and says whether it may be used. It must not look at the shared
  // memory again.
  template <class Check>
  bool accept(T& into, Check&& check) const {
    if (!check(raw_)) return false;
    into = raw_;
    return true;
  }

 private:
  T raw_;
};

}  // namespace bulkhead
