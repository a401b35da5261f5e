// How a generation goes. What the module's code acquired and did not give back is looked at between the steps.
#include "host/in_process/generation.h"

namespace bulkhead::in_process {

Result<void> Generation::unload() {
  if (instance_) instance_->destroy();
  if (library_) {
    if (auto closed = library_->close(); !closed) return closed;
  }
  instance_.reset();
  library_.reset();
  return {};
}

}  // namespace bulkhead::in_process
