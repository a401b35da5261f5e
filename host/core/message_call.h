// A call that knows no C signature: one message in, one out.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/guard.h>
#include <bulkhead/result.h>

#include <cstdint>
#include <span>
#include <vector>

namespace bulkhead::detail {

// Calls `method` of the interface behind `slot`, with the waiting, the deadlines and the errors of any call. The bounds
// of a message are the placement's; the reply is the module's word for it and unchecked.
Result<std::vector<std::uint64_t>> callMessage(const InterfaceSlot& slot, const BulkheadMethod& method,
                                               std::span<const std::uint64_t> params);

}  // namespace bulkhead::detail
