// The caller's end inside the worker: what import stubs of the module encode onto. The twin is host/isolated/channel.h.
#pragma once

#include "worker/session/lane.h"

#include <bulkhead/abi.h>

#include <memory>
#include <mutex>
#include <vector>

namespace bulkhead::worker {

// Imports of a thread that serves a call go on that call's lane; those of other threads each take an import lane for
// the time of the call.
class ImportChannel {
 public:
  explicit ImportChannel(std::vector<std::unique_ptr<Lane>> lanes);

  BulkheadChannel* channel() noexcept { return &table_; }

 private:
  static std::int32_t begin(BulkheadChannel* channel, const BulkheadMethod* method, std::uint64_t words,
                            BulkheadRequest* request, const BulkheadErrorSink* sink);
  static std::int32_t call(BulkheadChannel* channel, const BulkheadMethod* method, BulkheadRequest* request,
                           BulkheadBytes* reply, const BulkheadErrorSink* sink);
  static void finish(BulkheadChannel* channel, BulkheadRequest* request);

  Lane* take();
  void giveBack(Lane* lane);

  BulkheadChannel table_;  // first: a BulkheadChannel* is an ImportChannel*
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::mutex mutex_;
  std::vector<Lane*> free_;
};

}  // namespace bulkhead::worker
