#include "host/isolated/backend.h"

#include "host/isolated/supervisor.h"
#include "shared/lane/frame.h"

#include <string>
#include <utility>

namespace bulkhead::isolated {
namespace {

Error invalid(const std::string& what) { return Error(ErrorKind::invalidConfiguration, "IsolatedOptions::" + what); }

Result<void> check(const IsolatedOptions& options) {
  if (options.deadline.count() <= 0) return invalid("deadline must be above zero: a hung module has to end somewhere");
  if (options.loadDeadline.count() <= 0) return invalid("loadDeadline must be above zero");
  if (options.slotBytes < lane::kSlotAlignment || options.slotBytes % lane::kSlotAlignment != 0 ||
      options.slotBytes > 16u * 1024 * 1024) {
    return invalid("slotBytes must be a multiple of 4096, at most 16 MiB");
  }
  if (options.maxLanes == 0 || options.maxLanes > 4096) return invalid("maxLanes must be between 1 and 4096");
  if (options.maxImportLanes > 4096) return invalid("maxImportLanes must be at most 4096");
  if (options.maxMessageBytes < options.slotBytes || options.maxMessageBytes > (std::uint64_t{4} << 30) - 8) {
    return invalid("maxMessageBytes must be at least slotBytes and below 4 GiB");
  }
  if (options.laneStackBytes < 64 * 1024) return invalid("laneStackBytes must be at least 64 KiB");
  return {};
}

}  // namespace

Result<std::unique_ptr<Backend>> Backend::make(detail::ModuleContext context, const IsolatedOptions& options,
                                               std::shared_ptr<Services> services) {
  if (auto valid = check(options); !valid) return std::move(valid).error();
  return std::unique_ptr<Backend>(
      new Backend(std::make_shared<Supervisor>(std::move(context), options, std::move(services))));
}

Result<void> Backend::start() { return supervisor_->start(); }
Result<void> Backend::awaitLive(std::int64_t deadlineNs) { return supervisor_->awaitLive(deadlineNs); }
Result<void> Backend::stop(std::chrono::milliseconds timeout) { return supervisor_->stop(timeout); }
Result<detail::BindingGroup*> Backend::prepare(const detail::ModuleContext& next) { return supervisor_->prepare(next); }
Result<void> Backend::commit() { return supervisor_->commit(); }
void Backend::abandon() { supervisor_->abandon(); }
detail::Settled Backend::settle(std::chrono::milliseconds timeout) { return supervisor_->settle(timeout); }
std::vector<ParkedVersion> Backend::parked() const { return supervisor_->parked(); }
Result<void> Backend::settleParked(std::chrono::milliseconds timeout) { return supervisor_->settleParked(timeout); }
detail::BackendStatus Backend::status() const { return supervisor_->status(); }

void Backend::condemn(std::uint64_t generation, const char* method, const std::string& why) {
  supervisor_->condemn(generation, method, why);
}

}  // namespace bulkhead::isolated
