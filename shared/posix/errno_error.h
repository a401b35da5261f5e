// Error values from errno.
#pragma once

#include <bulkhead/error.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace bulkhead::posix {

// "memfd_create: Too many open files (errno 24)".
// Not translated and safe on any thread (strerrordesc_np(3), glibc 2.32).
inline std::string errnoText(std::string_view what, int number) {
  const char* description = ::strerrordesc_np(number);
  return std::string(what) + ": " + (description != nullptr ? description : "Unknown error") + " (errno " +
         std::to_string(number) + ")";
}

inline Error errnoError(ErrorKind kind, std::string_view what, int number = errno) {
  return Error(kind, errnoText(what, number));
}

}  // namespace bulkhead::posix
