#include "host/isolated/channel.h"

#include "host/isolated/call_clock.h"
#include "host/isolated/fork_guard.h"
#include "host/isolated/session.h"
#include "host/isolated/thread_lanes.h"

#include <bulkhead/detail/guard.h>
#include <bulkhead/detail/sinks.h>
#include <bulkhead/error.h>

#include <cstdint>
#include <limits>
#include <new>
#include <optional>
#include <utility>

namespace bulkhead::isolated {
namespace {

Session& sessionOf(BulkheadChannel* channel) noexcept { return reinterpret_cast<Channel*>(channel)->session; }

std::int32_t fail(const BulkheadErrorSink* sink, const Error& error) noexcept {
  BulkheadErrorView view{};
  view.size = sizeof view;
  view.kind = static_cast<std::uint32_t>(error.kind());
  view.text = {error.text().data(), error.text().size()};
  view.host_error = &error;
  sink->report(sink->context, &view);
  return BULKHEAD_FAILED;
}

// A default or an annotation sets both clocks, within() the wall clock alone.
CallClock clockOf(Session& session, const BulkheadMethod& method) noexcept {
  const std::int64_t now = nowNs();
  const std::int64_t limitNs =
      method.deadline_ms != 0 ? std::int64_t{method.deadline_ms} * 1'000'000 : session.defaultDeadlineNs();
  const std::int64_t wallNs = detail::callThread.wallDeadlineNs;
  return CallClock(now, wallNs != 0 ? wallNs : (limitNs == 0 ? 0 : later(now, limitNs)), limitNs);
}

// After a failed call, if it may be made again as far as this side can tell: see detail::Retry.
void offerRetry(const BulkheadMethod& method, const Error& error, const CallClock& clock) noexcept {
  const bool offered = (method.flags & BULKHEAD_METHOD_IDEMPOTENT) != 0 && error.kind() == ErrorKind::moduleDied;
  detail::callThread.retryUntilNs =
      !offered ? 0 : (clock.wallNs() != 0 ? clock.wallNs() : std::numeric_limits<std::int64_t>::max());
}

// An allocation failed.
std::int32_t noMemory(const BulkheadErrorSink* sink) noexcept {
  return detail::report(sink, ErrorKind::resourceExhausted, {}, "the host has no memory for the call");
}

std::int32_t beginRequest(BulkheadChannel* channel, const BulkheadMethod* method, std::uint64_t words,
                          BulkheadRequest* request, const BulkheadErrorSink* sink) {
  Session& session = sessionOf(channel);
  if (session.foreign()) [[unlikely]]
    return fail(sink, fork_guard::unavailable());
  if (const std::int64_t wallNs = detail::callThread.wallDeadlineNs; wallNs != 0 && nowNs() >= wallNs) [[unlikely]] {
    return fail(sink, Error(ErrorKind::deadlineExceeded, "its time was over before it began; nothing was called"));
  }
  HostLane* lane = thread_lanes::find(session.serial());
  if (lane == nullptr) [[unlikely]] {
    const CallClock clock = clockOf(session, *method);
    auto acquired = session.acquireLane(clock.limitNs(), detail::callThread.cancel);
    if (!acquired) {
      offerRetry(*method, acquired.error(), clock);
      return fail(sink, acquired.error());
    }
    lane = *acquired;
  }
  request->lane = lane;
  auto begun = lane->begin(words, *request);
  return begun ? BULKHEAD_OK : fail(sink, begun.error());
}

std::int32_t begin(BulkheadChannel* channel, const BulkheadMethod* method, std::uint64_t words,
                   BulkheadRequest* request, const BulkheadErrorSink* sink) {
  try {
    return beginRequest(channel, method, words, request, sink);
  } catch (const std::bad_alloc&) {  // nothing of the request has been sent
    return noMemory(sink);
  }
}

std::int32_t exchange(BulkheadChannel* channel, const BulkheadMethod* method, BulkheadRequest* request,
                      BulkheadBytes* reply, const BulkheadErrorSink* sink) {
  Session& session = sessionOf(channel);
  HostLane& lane = *static_cast<HostLane*>(request->lane);
  CallClock clock = clockOf(session, *method);
  const bool isNested = !lane.idle();
  const std::uint64_t importsBefore = lane.importsServed();
  const bool mayRetry = (method->flags & BULKHEAD_METHOD_IDEMPOTENT) != 0;
  const std::uint64_t threadImportsBefore = mayRetry ? session.threadImports() : 0;
  std::optional<HostLane::Cancelling> cancelling;
  if (detail::callThread.cancel != nullptr) [[unlikely]]
    cancelling.emplace(lane);
  auto answer = lane.call(*method, *request, clock);
  if (answer) [[likely]] {
    *reply = *answer;
    return BULKHEAD_OK;
  }
  const bool isUntouched = !isNested && lane.importsServed() == importsBefore &&
                           (!mayRetry || session.threadImports() == threadImportsBefore);
  detail::callThread.retryUntilNs = 0;
  if (isUntouched) offerRetry(*method, answer.error(), clock);
  return fail(sink, answer.error());
}

std::int32_t call(BulkheadChannel* channel, const BulkheadMethod* method, BulkheadRequest* request,
                  BulkheadBytes* reply, const BulkheadErrorSink* sink) {
  try {
    return exchange(channel, method, request, reply, sink);
  } catch (const std::bad_alloc&) {  // in the middle of a conversation, which cannot go on
    sessionOf(channel).condemn({ErrorKind::resourceExhausted, method->name, "no memory for its answer"});
    detail::callThread.retryUntilNs = 0;
    return noMemory(sink);
  }
}

void finish(BulkheadChannel*, BulkheadRequest* request) { static_cast<HostLane*>(request->lane)->finish(*request); }

}  // namespace

Channel::Channel(Session& owner) noexcept : table{sizeof table, &begin, &call, &finish}, session(owner) {}

}  // namespace bulkhead::isolated
