// What went wrong with a call or a load, and what to do about it. Used by host and module alike.
#pragma once

#include <bulkhead/detail/printable.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace bulkhead {

struct ExitReport;
struct UnloadReport;

// Classed by what the caller should do. The numbers cross the ABI and the wire: never reuse one.
enum class ErrorKind : std::uint32_t {
  // The callee's own verdict: read the text.
  moduleError = 1,  // the module threw or returned an error
  hostError = 2,    // an import of the host threw or returned an error (seen by modules)

  // Call again, now or later.
  deadlineExceeded = 10,  // no answer in time; isolated: the worker was killed, the next call gets a fresh one
  moduleDied = 11,        // the worker died under the call: see Error::exitReport()
  unavailable = 12,       // no worker serves right now (starting, or its start failed)
  overloaded = 13,        // a lane, queue or thread did not become free in time; nothing was called
  cancelled = 14,         // the caller cancelled it before it began; nothing was called

  // Change the call.
  unimplemented = 20,    // the other side has no such method or interface
  messageTooLarge = 21,  // over the cap of Placement: raise it or send less
  nestingTooDeep = 22,   // host and module called each other too often within one call
  wouldDeadlock = 23,    // unload or reload from inside a call of the same module
  staleHandle = 24,      // the module was unloaded, or the handle is empty
  invalidArgument = 25,  // generic calls: what was given does not fit the method, whose signature is in the text

  // Change the module, its file or the set-up.
  notFound = 30,              // no file at this path
  notAModule = 31,            // not ELF, corrupt, another architecture, or without a manifest
  contractMismatch = 32,      // names the method and both signatures; no module code has run
  loadFailed = 33,            // the dynamic loader, a constructor or the module's own constructor failed
  workerStartFailed = 34,     // no worker program, not executable, or of another version
  requirementNotMet = 35,     // a required tier or limit that this system cannot give
  invalidConfiguration = 36,  // an option or an environment variable that makes no sense

  // The module or its worker broke the rules.
  protocolViolation = 40,  // a malformed message; isolated: the worker was killed
  unloadRefused = 41,      // what holds the module is in the text; it stays loaded and usable

  resourceExhausted = 50,  // the system gave no memory, descriptor or thread
  internal = 51,           // a bug in Bulkhead: please report it
};

// "deadlineExceeded"; "unknown" for a number that is none of ours.
constexpr const char* toString(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::moduleError: return "moduleError";
    case ErrorKind::hostError: return "hostError";
    case ErrorKind::deadlineExceeded: return "deadlineExceeded";
    case ErrorKind::moduleDied: return "moduleDied";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::overloaded: return "overloaded";
    case ErrorKind::cancelled: return "cancelled";
    case ErrorKind::unimplemented: return "unimplemented";
    case ErrorKind::messageTooLarge: return "messageTooLarge";
    case ErrorKind::nestingTooDeep: return "nestingTooDeep";
    case ErrorKind::wouldDeadlock: return "wouldDeadlock";
    case ErrorKind::staleHandle: return "staleHandle";
    case ErrorKind::invalidArgument: return "invalidArgument";
    case ErrorKind::notFound: return "notFound";
    case ErrorKind::notAModule: return "notAModule";
    case ErrorKind::contractMismatch: return "contractMismatch";
    case ErrorKind::loadFailed: return "loadFailed";
    case ErrorKind::workerStartFailed: return "workerStartFailed";
    case ErrorKind::requirementNotMet: return "requirementNotMet";
    case ErrorKind::invalidConfiguration: return "invalidConfiguration";
    case ErrorKind::protocolViolation: return "protocolViolation";
    case ErrorKind::unloadRefused: return "unloadRefused";
    case ErrorKind::resourceExhausted: return "resourceExhausted";
    case ErrorKind::internal: return "internal";
  }
  return "unknown";
}

// The parts of an error. Strings may hold any bytes when they come from a module.
struct ErrorBody {
  ErrorKind kind = ErrorKind::internal;
  std::string module;  // the module's name, or empty
  std::string method;  // "Codec.decode", or empty
  std::string type;    // exception type, or empty
  std::string text;    // what happened, and the remedy where there is one
  std::shared_ptr<const ExitReport> exit;
  std::shared_ptr<const UnloadReport> unload = nullptr;
};

// An error value: one pointer wide, cheap to copy (the body is shared and immutable). Never empty, except after it was
// moved from. Copies may be used from several threads.
class Error {
 public:
  explicit Error(ErrorBody body) : shared_(new Shared{std::move(body)}) {}
  Error(ErrorKind kind, std::string text) : Error(ErrorBody{kind, {}, {}, {}, std::move(text), nullptr}) {}
  // What a module's method or a host's import returns to fail with a message.
  explicit Error(std::string text) : Error(ErrorKind::moduleError, std::move(text)) {}

  Error(const Error& other) noexcept : shared_(other.shared_) { retain(); }
  Error(Error&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  Error& operator=(Error other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~Error() { release(); }

  ErrorKind kind() const noexcept { return shared_->body.kind; }
  const std::string& module() const noexcept { return shared_->body.module; }
  const std::string& method() const noexcept { return shared_->body.method; }
  const std::string& type() const noexcept { return shared_->body.type; }
  const std::string& text() const noexcept { return shared_->body.text; }
  // Why the worker died; null unless the error comes from such a death. A deadlineExceeded has none either: its caller
  // is not kept waiting for the end of the process, whose report follows by HostOptions::onExit and Module::lastExit().
  const std::shared_ptr<const ExitReport>& exitReport() const noexcept { return shared_->body.exit; }
  // Of an unload that did not happen: what holds the module. Else null.
  const std::shared_ptr<const UnloadReport>& unloadReport() const noexcept { return shared_->body.unload; }
  const ErrorBody& body() const noexcept { return shared_->body; }

  // One line of valid UTF-8 without control characters, whatever the parts hold:
  // "deadlineExceeded: codec: Codec.decode: no answer within 50 ms; ...".
  std::string message() const {
    std::string line = toString(kind());
    for (const std::string* part : {&module(), &method(), &type(), &text()}) {
      if (!part->empty()) line.append(": ").append(*part);
    }
    for (char& byte : line) {
      if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) byte = ' ';
    }
    return detail::printable(line, std::string::npos);
  }

 private:
  struct Shared {
    ErrorBody body;
    std::atomic<std::uint32_t> references{1};
  };
  void retain() const noexcept {
    if (shared_ != nullptr) shared_->references.fetch_add(1, std::memory_order_relaxed);
  }
  void release() noexcept {
    if (shared_ != nullptr) drop(shared_);
  }
  // Takes the pointer, not the Error: a Result without an error can stay in registers.
  [[gnu::cold, gnu::noinline]] static void drop(Shared* shared) noexcept {
    if (shared->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete shared;
  }

  Shared* shared_;
};

// What Result::value() throws: the one exception type of the public interface.
class BadResult final : public std::exception {
 public:
  explicit BadResult(Error error) : error_(std::move(error)), what_(error_.message()) {}
  const Error& error() const noexcept { return error_; }
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  Error error_;
  std::string what_;
};

}  // namespace bulkhead
