// The caller's end of a session: what export stubs encode onto. The twin is worker/import_channel.h.
#pragma once

#include <bulkhead/abi.h>

namespace bulkhead::isolated {

class Session;

// The `self` of every isolated binding.
struct Channel {
  explicit Channel(Session& owner) noexcept;

  BulkheadChannel table;  // first: a BulkheadChannel* is a Channel*
  Session& session;
};

}  // namespace bulkhead::isolated
