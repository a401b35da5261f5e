#include "worker/session/import_channel.h"

#include <bulkhead/error.h>

#include <utility>

namespace bulkhead::worker {
namespace {

ImportChannel& self(BulkheadChannel* channel) noexcept { return *reinterpret_cast<ImportChannel*>(channel); }

std::int32_t fail(const BulkheadErrorSink* sink, const Error& error) noexcept {
  BulkheadErrorView view{};
  view.size = sizeof view;
  view.kind = static_cast<std::uint32_t>(error.kind());
  view.type = {error.type().data(), error.type().size()};
  view.text = {error.text().data(), error.text().size()};
  sink->report(sink->context, &view);
  return BULKHEAD_FAILED;
}

// BulkheadRequest::state, beyond what the lane keeps in it.
constexpr std::size_t kTaken = 3;  // 1 when the request took an import lane

}  // namespace

ImportChannel::ImportChannel(std::vector<std::unique_ptr<Lane>> lanes)
    : table_{sizeof table_, &ImportChannel::begin, &ImportChannel::call, &ImportChannel::finish},
      lanes_(std::move(lanes)) {
  for (const auto& lane : lanes_) free_.push_back(lane.get());
}

Lane* ImportChannel::take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return nullptr;
  Lane* const lane = free_.back();
  free_.pop_back();
  return lane;
}

void ImportChannel::giveBack(Lane* lane) {
  const std::lock_guard lock(mutex_);
  free_.push_back(lane);
}

std::int32_t ImportChannel::begin(BulkheadChannel* channel, const BulkheadMethod*, std::uint64_t words,
                                  BulkheadRequest* request, const BulkheadErrorSink* sink) {
  Lane* lane = Lane::current();
  const bool taken = lane == nullptr;
  if (taken) lane = self(channel).take();
  if (lane == nullptr) {
    return fail(sink, Error(ErrorKind::overloaded,
                            "too many threads of the module call imports at once: raise "
                            "IsolatedOptions::maxImportLanes"));
  }
  request->lane = lane;
  auto begun = lane->begin(words, *request);
  request->state[kTaken] = taken ? 1 : 0;
  if (begun) return BULKHEAD_OK;
  if (taken) self(channel).giveBack(lane);
  return fail(sink, begun.error());
}

std::int32_t ImportChannel::call(BulkheadChannel*, const BulkheadMethod* method, BulkheadRequest* request,
                                 BulkheadBytes* reply, const BulkheadErrorSink* sink) {
  Lane& lane = *static_cast<Lane*>(request->lane);
  // Imports that nested calls make on this thread go on the same lane.
  const Lane::Borrowed borrowed(lane);
  auto answer = lane.call(*method, *request);
  if (!answer) return fail(sink, answer.error());
  *reply = *answer;
  return BULKHEAD_OK;
}

void ImportChannel::finish(BulkheadChannel* channel, BulkheadRequest* request) {
  if (request->state[kTaken] != 0) self(channel).giveBack(static_cast<Lane*>(request->lane));
}

}  // namespace bulkhead::worker
