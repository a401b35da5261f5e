// What a backend needs of the host around it: the embedder's callbacks, guarded.
#pragma once

#include "host/core/module_slot.h"

#include <bulkhead/abi.h>
#include <bulkhead/host.h>

#include <functional>
#include <memory>

namespace bulkhead::detail {

// Passes a line to HostOptions::onLog, or to standard error. Never throws.
void deliverLog(const HostOptions& options, const LogLine& line) noexcept;
// Passes a report to HostOptions::onExit, if set. Never throws.
void deliverExit(const HostOptions& options, const ExitReport& report) noexcept;
// Runs HostOptions::onStarted, if set, with handles to a prepared group. An exception becomes a hostError.
Result<void> announceStart(const HostOptions& options, const std::shared_ptr<ModuleSlot>& slot,
                           const BindingGroup* group);
// The same for any function of the embedder's; errors of its exceptions call it `what`.
Result<void> runWithStarting(const std::function<Result<void>(const Starting&)>& function, const char* what,
                             const std::shared_ptr<ModuleSlot>& slot, const BindingGroup* group);

}  // namespace bulkhead::detail
