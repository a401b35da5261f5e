#include "shared/posix/errno_error.h"
#include "worker/sandbox/phases.h"

#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace bulkhead::sandbox {
namespace {

bool closeBetween(unsigned int first, unsigned int last) {
  return first > last || ::syscall(SYS_close_range, first, last, 0) == 0;
}

}  // namespace

Result<Outcome> closeDescriptors(const Policy& policy) {
  std::vector<int> kept = policy.descriptors;
  std::sort(kept.begin(), kept.end());
  unsigned int next = 0;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned int>(fd);
    if (number > next && !closeBetween(next, number - 1)) {
      return posix::errnoError(ErrorKind::requirementNotMet, "close_range");
    }
    next = number + 1;
  }
  if (!closeBetween(next, ~0U)) return posix::errnoError(ErrorKind::requirementNotMet, "close_range");
  return Outcome{true, std::to_string(kept.size()) + " stay open"};
}

}  // namespace bulkhead::sandbox
