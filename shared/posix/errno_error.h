// Error values from errno.
#pragma once

#include <bulkhead/error.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

namespace bulkhead::posix {

// "memfd_create: Too many open files (errno 24)".
inline std::string errnoText(std::string_view what, int number) {
  return std::string(what) + ": " + std::generic_category().message(number) + " (errno " + std::to_string(number) + ")";
}

inline Error errnoError(ErrorKind kind, std::string_view what, int number = errno) {
  return Error(kind, errnoText(what, number));
}

}  // namespace bulkhead::posix
