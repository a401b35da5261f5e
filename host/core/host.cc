#include "host/core/host_core.h"
#include "host/core/message_call.h"

#include <bulkhead/host.h>

#include <new>
#include <utility>

namespace bulkhead {

Host::Host(HostOptions options) : core_(std::make_shared<detail::HostCore>(std::move(options))) {}
Host::~Host() = default;

Result<Module> Host::load(const std::string& file, const Placement& placement, const Imports& imports,
                          const LoadOptions& options) {
  auto record = core_->load(file, placement, imports, options);
  if (!record) return std::move(record).error();
  return Module(*std::move(record));
}

Module::Module(std::shared_ptr<detail::ModuleRecord> record) noexcept : record_(std::move(record)) {}
Module::Module(Module&&) noexcept = default;

Module& Module::operator=(Module&& other) noexcept {
  std::swap(record_, other.record_);
  return *this;
}

Module::~Module() {
  if (record_ == nullptr || unload()) return;
  // Refused: something of the module is still in use. Keeping the record for ever keeps that valid.
  (void)new (std::nothrow) std::shared_ptr<detail::ModuleRecord>(std::move(record_));
}

Result<std::shared_ptr<const detail::InterfaceSlot>> Module::interface(std::uint64_t interfaceId) const {
  const detail::InterfaceSlot* const slot = record_->slot().find(interfaceId);
  if (slot == nullptr) {
    return Error(ErrorBody{ErrorKind::unimplemented,
                           name(),
                           {},
                           {},
                           "the module does not implement the interface that was asked for",
                           nullptr});
  }
  if (!slot->isTyped) {
    return Error(ErrorBody{ErrorKind::unimplemented,
                           name(),
                           {},
                           {},
                           "the program learned of this interface after it loaded the module: load the module again",
                           nullptr});
  }
  return std::shared_ptr<const detail::InterfaceSlot>(record_, slot);
}

Result<std::vector<std::uint64_t>> Module::callMessage(std::uint64_t interfaceId, std::uint16_t ordinal,
                                                       std::span<const std::uint64_t> params) const {
  const detail::InterfaceSlot* const slot = record_->slot().find(interfaceId);
  const BulkheadMethod* const method = record_->version().methods.find(interfaceId, ordinal);
  if (slot == nullptr || method == nullptr) {
    return Error(ErrorBody{
        ErrorKind::unimplemented,
        name(),
        {},
        {},
        "the module does not have method @" + std::to_string(ordinal) + " of interface " + std::to_string(interfaceId),
        nullptr});
  }
  return detail::callMessage(*slot, *method, params);
}

std::vector<std::span<const std::uint64_t>> Module::manifests() const {
  std::vector<std::span<const std::uint64_t>> messages;
  for (const auto& contract : record_->version().manifest.contracts) messages.emplace_back(contract.message);
  return messages;
}

const std::string& Module::name() const noexcept { return record_->slot().name(); }
const PlacementDecision& Module::placement() const noexcept { return record_->decision(); }
std::uint64_t Module::generation() const noexcept { return record_->slot().generation(); }
std::optional<Tier> Module::tier() const { return record_->backend().status().tier; }
std::shared_ptr<const ExitReport> Module::lastExit() const { return record_->backend().status().lastExit; }
std::optional<int> Module::workerPid() const { return record_->backend().status().workerPid; }
Result<void> Module::unload(std::chrono::milliseconds timeout) { return record_->stop(timeout); }

Result<ReloadReport> Module::reload(const ReloadOptions& options) { return reload({}, options); }
Result<ReloadReport> Module::reload(const std::string& file, const ReloadOptions& options) {
  return record_->reload(file, options);
}
std::vector<ParkedVersion> Module::parked() const { return record_->backend().parked(); }
Result<void> Module::retryParked(std::chrono::milliseconds timeout) { return record_->settleParked(timeout); }

}  // namespace bulkhead
