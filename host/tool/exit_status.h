// The exit status of the command, the same for every subcommand: scripts depend on it.
#pragma once

#include <bulkhead/error.h>

namespace bulkhead::tool {

enum ExitStatus : int {
  kOk = 0,
  kCallFailed = 1,  // the module answered with an error, or threw
  kUsage = 2,       // wrong options, no such method, wrong JSON or types; nothing was called
  kNotLoaded = 3,   // the file is missing, no module, does not fit, or could not be loaded
  kNoAnswer = 4,    // deadline passed, worker died, or broke the rules
  kSystem = 5,      // no memory or descriptors, output that cannot be written, a bug of ours
};

// Of an error of a call of a method that is there: what is unimplemented then is an import that the module needs.
inline ExitStatus statusOf(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::moduleError:
    case ErrorKind::hostError:
    case ErrorKind::unimplemented: return kCallFailed;
    case ErrorKind::invalidArgument:
    case ErrorKind::messageTooLarge: return kUsage;
    case ErrorKind::notFound:
    case ErrorKind::notAModule:
    case ErrorKind::contractMismatch: return kNotLoaded;
    case ErrorKind::resourceExhausted:
    case ErrorKind::internal: return kSystem;
    default: return kNoAnswer;
  }
}

inline constexpr const char* kStatusHelp =
    "Exit status:\n"
    "  0  success\n"
    "  1  the module's method failed: it returned an error or threw\n"
    "  2  wrong usage: options, no such method, wrong JSON or types; nothing was called\n"
    "  3  the file is missing, is no module, or could not be loaded\n"
    "  4  no answer: deadline passed, worker died or broke the rules\n"
    "  5  the system: no memory, output not writable, a bug of Bulkhead\n"
    "Results go to standard output; errors, logs and what the module prints to standard error.\n";

}  // namespace bulkhead::tool
