// Reads of a file that may be corrupt, hostile or shrinking: nothing outside it is touched, nothing unbounded is
// allocated. Inside this room what is wrong with a file travels as the exception Corrupt; it never leaves the room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace bulkhead::manifest {

// The predicate of a sentence whose subject is the file: "is truncated: ...".
class Corrupt final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class BoundedFile {
 public:
  static constexpr std::size_t kMaxString = 4096;

  // `fd` is borrowed. Throws Corrupt unless it is a regular file.
  explicit BoundedFile(int fd);

  std::uint64_t size() const { return size_; }
  bool holds(std::uint64_t offset, std::uint64_t size) const { return offset <= size_ && size <= size_ - offset; }

  // Fills `size` bytes from `offset`, all or Corrupt.
  void read(std::uint64_t offset, void* to, std::size_t size) const;

  // `count` elements, checked against the file's size before anything is allocated. `what` names them in the error.
  template <class T>
  std::vector<T> readArray(std::uint64_t offset, std::uint64_t count, const char* what) const {
    if (count > size_ / sizeof(T) || !holds(offset, count * sizeof(T))) {
      throw Corrupt(std::string("is truncated: its ") + what + " reach past its end");
    }
    std::vector<T> values(count);
    read(offset, values.data(), count * sizeof(T));
    return values;
  }

  // The NUL-terminated string at `offset`, which ends within `limit` bytes and kMaxString.
  std::string readString(std::uint64_t offset, std::uint64_t limit) const;

 private:
  int fd_;
  std::uint64_t size_ = 0;
};

}  // namespace bulkhead::manifest
