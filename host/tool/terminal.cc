#include "host/tool/terminal.h"

#include <bulkhead/detail/printable.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <limits>

namespace bulkhead::tool {
namespace {

constexpr std::size_t kMaxLineBytes = 64 * 1024;

}  // namespace

void say(std::string_view line) {
  const std::string clean = detail::printable(line, kMaxLineBytes) + "\n";
  std::fwrite(clean.data(), 1, clean.size(), stderr);
}

void complain(const Error& error) {
  std::string text = std::string("bulkhead: ") + toString(error.kind());
  for (const std::string* part : {&error.module(), &error.method(), &error.type(), &error.text()}) {
    if (!part->empty()) text.append(": ").append(*part);
  }
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    say(line);
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
}

ResultOutput::ResultOutput() : fd_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) {
  std::fflush(stdout);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
}

ResultOutput::~ResultOutput() {
  std::fflush(stdout);  // what a module printed
  if (fd_ < 0) return;
  ::dup2(fd_, STDOUT_FILENO);
  ::close(fd_);
}

bool ResultOutput::write(std::string text) const {
  text.push_back('\n');
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace bulkhead::tool
