#include <bulkhead/exit_report.h>

#include <cstdio>
#include <cstring>

namespace bulkhead {
namespace {

std::string describeEnd(const ExitReport& report) {
  switch (report.how) {
    case ExitHow::exited: return "exited with status " + std::to_string(report.status);
    case ExitHow::signalled: {
      const char* name = ::sigdescr_np(report.signal);
      return "killed by signal " + std::to_string(report.signal) +
             (name == nullptr ? "" : std::string(" (") + name + ")") + (report.coreDumped ? ", core dumped" : "");
    }
    case ExitHow::execFailed: return "could not be executed";
    case ExitHow::reapedElsewhere: return "ended; its status was taken by another part of the host";
    case ExitHow::notReaped: return "was killed and has not ended yet";
  }
  return "ended";
}

std::string describeUsage(const ExitUsage& usage) {
  char text[96];
  const auto milliseconds = static_cast<unsigned long long>((usage.userMicroseconds + usage.systemMicroseconds) / 1000);
  const auto kibibytes = static_cast<unsigned long long>(usage.maxResidentBytes / 1024);
  std::snprintf(text, sizeof text, " [%llu ms of processor, %llu KiB resident]", milliseconds, kibibytes);
  return text;
}

}  // namespace

const char* toString(ExitHow how) noexcept {
  switch (how) {
    case ExitHow::exited: return "exited";
    case ExitHow::signalled: return "signalled";
    case ExitHow::execFailed: return "execFailed";
    case ExitHow::reapedElsewhere: return "reapedElsewhere";
    case ExitHow::notReaped: return "notReaped";
  }
  return "unknown";
}

const char* toString(ExitVerdict verdict) noexcept {
  switch (verdict) {
    case ExitVerdict::none: return "none";
    case ExitVerdict::shutDown: return "shutDown";
    case ExitVerdict::shutDownTimedOut: return "shutDownTimedOut";
    case ExitVerdict::deadlineExceeded: return "deadlineExceeded";
    case ExitVerdict::loadTimedOut: return "loadTimedOut";
    case ExitVerdict::startFailed: return "startFailed";
    case ExitVerdict::protocolViolation: return "protocolViolation";
    case ExitVerdict::requirementNotMet: return "requirementNotMet";
    case ExitVerdict::hostClosed: return "hostClosed";
  }
  return "unknown";
}

std::string ExitReport::describe() const {
  std::string line = module + " generation " + std::to_string(generation);
  if (pid != 0) line += " (pid " + std::to_string(pid) + ")";
  line += ": " + describeEnd(*this);
  if (verdict != ExitVerdict::none) line.append(": ").append(toString(verdict));
  if (!method.empty()) line += ": in " + method;
  if (!text.empty()) line += ": " + text;
  if (usage.known) line += describeUsage(usage);
  return line;
}

}  // namespace bulkhead
