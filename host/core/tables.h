// What this program was compiled with, as tables that handles may call.
#pragma once

#include "host/core/module_slot.h"

#include <bulkhead/abi.h>
#include <bulkhead/contract_host.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace bulkhead::detail {

// What this program was compiled with for an interface, or nothing.
std::optional<ExportDescription> findExport(std::uint64_t interfaceId);

// The app's stub tables for the given interfaces, all on one channel.
std::vector<BoundTable> stubTables(BulkheadChannel* channel, const std::vector<ServedInterface>& interfaces);

}  // namespace bulkhead::detail
