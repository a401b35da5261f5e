// Sole owner of one file descriptor.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace bulkhead::posix {

// Move-only; closes on destruction. -1 is "none".
class UniqueFd {
 public:
  UniqueFd() noexcept = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  // Hands the descriptor to the caller, who closes it.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  // Closes what is held and takes `fd`. Leaves errno alone.
  void reset(int fd = -1) noexcept {
    const int old = std::exchange(fd_, fd);
    if (old < 0) return;
    const int saved = errno;
    ::close(old);  // Linux frees the number even on EINTR: never retried
    errno = saved;
  }

 private:
  int fd_ = -1;
};

}  // namespace bulkhead::posix
