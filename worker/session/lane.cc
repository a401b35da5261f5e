#include "worker/session/lane.h"

#include "worker/session/exit_status.h"

#include <bulkhead/runtime.h>

#include <unistd.h>

#include <cstring>
#include <string>
#include <utility>

namespace bulkhead::worker {
namespace {

using lane::FrameHeader;
using lane::FrameKind;

thread_local Lane* currentLane = nullptr;

// A region above this is asked for anew each time, so that the memory goes back.
constexpr std::uint64_t kKeptBytes = std::uint64_t{16} << 20;
// What a reply's beginning leaves of the slot: a brief error of a call nested above it always fits.
constexpr std::uint32_t kErrorRoom = 512;

// What the module reported. Its kind is the module's own, as in-process; only the worker itself names others.
lane::FrameError ofModule(const BulkheadErrorView& view) {
  lane::FrameError error = lane::toFrameError(view);
  if (static_cast<ErrorKind>(error.kind) != ErrorKind::unimplemented) {
    error.kind = static_cast<std::uint32_t>(ErrorKind::moduleError);
  }
  return error;
}

lane::FrameError plain(ErrorKind kind, std::string text) {
  return {static_cast<std::uint32_t>(kind), {}, std::move(text)};
}

}  // namespace

Lane* Lane::current() noexcept { return currentLane; }
Lane::Borrowed::Borrowed(Lane& lane) noexcept : outer_(std::exchange(currentLane, &lane)) {}
Lane::Borrowed::~Borrowed() { currentLane = outer_; }

// ---- frames

FrameHeader Lane::next() {
  for (;;) {
    if (endpoint_.wait(0) != lane::Arrival::frame) continue;
    FrameHeader header{};
    if (!endpoint_.take().accept(
            header, [this](const FrameHeader& frame) { return frame.sequence == endpoint_.expectedSequence(); })) {
      ::_exit(kProtocolError);
    }
    return header;
  }
}

Result<BulkheadBytes> Lane::payload(const FrameHeader& header) {
  if ((header.place & lane::kRegionBit) == 0) {
    return BulkheadBytes{endpoint_.peerSlot() + header.place, header.words};
  }
  auto region = owner_.regions().await(header.place & ~lane::kRegionBit);
  if (!region) return std::move(region).error();
  return BulkheadBytes{(*region)->data(), header.words};
}

void Lane::post(FrameKind kind, std::uint32_t place, std::uint64_t words, std::uint64_t target, std::uint16_t ordinal,
                const std::uint64_t* gathered) {
  FrameHeader frame{};
  frame.kind = kind;
  frame.depth = static_cast<std::uint8_t>(depth_);
  frame.ordinal = ordinal;
  frame.words = static_cast<std::uint32_t>(words);
  frame.place = place;
  frame.target = target;
  endpoint_.post(frame, gathered);
  // Nobody on the host's side waits on an idle import lane.
  if (kind_ == Kind::imports && serving_ == 0) owner_.hint(index_);
}

Result<Lane::Place> Lane::reserve(std::uint64_t words, std::uint32_t keptBytes) {
  const std::uint32_t end = endpoint_.slotBytes() - lane::kTailBytes;
  if (top_ + keptBytes <= end && words <= (end - top_ - keptBytes) / sizeof(std::uint64_t)) {
    return Place{top_, reinterpret_cast<std::uint64_t*>(endpoint_.slot() + top_)};
  }
  if (regionHeld_) {
    return Error(ErrorKind::resourceExhausted,
                 "results of the calls under way on this thread fill its slot: raise IsolatedOptions::slotBytes");
  }
  const std::uint64_t bytes = words * sizeof(std::uint64_t);
  if (outgoing_ == nullptr || outgoing_->size() < bytes || outgoing_->size() > kKeptBytes) {
    if (auto ready = needRegion(bytes); !ready) return std::move(ready).error();
  }
  return Place{lane::kRegionBit | outgoingId_, reinterpret_cast<std::uint64_t*>(outgoing_->writableData())};
}

Result<void> Lane::needRegion(std::uint64_t bytes) {
  outgoing_ = nullptr;
  post(FrameKind::needRegion, lane::kPayloadOffset, 0, bytes);
  const FrameHeader answer = next();
  if (answer.kind == FrameKind::error) {
    auto words = payload(answer);
    if (!words) return std::move(words).error();
    lane::FrameError error = lane::decodeError(*words);
    return Error(static_cast<ErrorKind>(error.kind), std::move(error.text));
  }
  if (answer.kind != FrameKind::regionReady) ::_exit(kProtocolError);
  auto region = owner_.regions().await(answer.target);
  if (!region) return std::move(region).error();
  outgoing_ = *std::move(region);
  outgoingId_ = static_cast<std::uint32_t>(answer.target);
  return {};
}

void Lane::postError(const lane::FrameError& error, std::uint32_t question) {
  auto place = reserve(lane::errorWords(error));
  if (place) {
    lane::encodeError(error, place->start);
    return post(FrameKind::error, place->place, lane::errorWords(error), question);
  }
  // No room for a long text: a short one always fits.
  const lane::FrameError brief{error.kind, error.type.substr(0, 128), error.text.substr(0, 256)};
  place = reserve(lane::errorWords(brief));
  lane::encodeError(brief, place->start);
  post(FrameKind::error, place->place, lane::errorWords(brief), question);
}

// ---- the host's calls

// Where a skeleton builds its reply: in the slot while it fits, else in a region. What is written before the method
// runs, the root, stays there while the method's imports use the lane: they go above it.
class ReplyBuilder {
 public:
  explicit ReplyBuilder(Lane& lane) : lane_(lane), reply_{this, &extend}, base_(lane.top_) {}
  ReplyBuilder(const ReplyBuilder&) = delete;
  ReplyBuilder& operator=(const ReplyBuilder&) = delete;
  ~ReplyBuilder() { release(); }

  const BulkheadReply* reply() const noexcept { return &reply_; }
  std::uint32_t place() const noexcept { return place_.place; }
  std::uint64_t words() const noexcept { return words_; }
  // What is not in its place yet, or null.
  const std::uint64_t* gathered() const noexcept {
    return Lane::isGathered(place_.place, words_) ? gathered_.data() : nullptr;
  }
  const std::optional<Error>& error() const noexcept { return error_; }
  // Gives up the room. What was written is still there for the next frame, or is dropped for another one.
  void release() noexcept {
    lane_.top_ = base_;
    if (std::exchange(isRegion_, false)) lane_.regionHeld_ = false;
  }

 private:
  static std::uint64_t* extend(void* context, std::uint64_t words) {
    return static_cast<ReplyBuilder*>(context)->grow(words);
  }
  std::uint64_t* grow(std::uint64_t words) {
    // A region that has to be replaced must stay until its words were copied.
    const std::shared_ptr<memory::WorkerRegion> before = isRegion_ ? lane_.outgoing_ : nullptr;
    release();
    auto place = lane_.reserve(words, words_ == 0 ? kErrorRoom : 0);
    if (!place) {
      error_ = place.error();
      return nullptr;
    }
    if (Lane::isGathered(place->place, words)) place->start = gathered_.data();
    if (words_ != 0 && place->start != place_.start) {
      std::memcpy(place->start, place_.start, words_ * sizeof(std::uint64_t));
    }
    hold(*place, words);
    return place_.start;
  }
  void hold(const Lane::Place& place, std::uint64_t words) noexcept {
    place_ = place;
    words_ = words;
    isRegion_ = (place.place & lane::kRegionBit) != 0;
    if (isRegion_) {
      lane_.regionHeld_ = true;
    } else {
      lane_.top_ = place.place + static_cast<std::uint32_t>(words * sizeof(std::uint64_t));
    }
  }

  Lane& lane_;
  BulkheadReply reply_;
  const std::uint32_t base_;  // of the slot's stack
  Lane::Place place_;
  bool isRegion_ = false;
  std::uint64_t words_ = 0;
  std::array<std::uint64_t, lane::kGatheredWords> gathered_;
  std::optional<Error> error_;
};

void Lane::serve() {
  // The thread before may still be about to end when the host has opened the lane again.
  const std::lock_guard mineAlone(thread_);
  const Borrowed mine(*this);
  for (;;) {
    const FrameHeader header = next();
    switch (header.kind) {
      case FrameKind::call: serveCall(header); break;
      case FrameKind::load: serveLoad(header); break;
      case FrameKind::unload:
        ++depth_;
        ++serving_;
        owner_.unload();
        post(FrameKind::reply, lane::kPayloadOffset, 0, header.sequence);
        --serving_;
        --depth_;
        break;
      case FrameKind::close: return post(FrameKind::closed, lane::kPayloadOffset, 0);
      default: ::_exit(kProtocolError);
    }
  }
}

void Lane::serveLoad(const FrameHeader& header) {
  ++depth_;
  ++serving_;
  auto loaded = owner_.load();
  if (loaded) {
    post(FrameKind::reply, lane::kPayloadOffset, 0, header.sequence);
  } else {
    postError(lane::toFrameError(loaded.error()), header.sequence);
  }
  --serving_;
  --depth_;
}

void Lane::serveCall(const FrameHeader& header) {
  ++depth_;
  ++serving_;
  const BulkheadExport* const target = owner_.findExport(header.target);
  auto params = payload(header);
  if (target == nullptr) {
    postError(plain(ErrorKind::unimplemented, "the module does not implement this interface"), header.sequence);
  } else if (!params) {
    postError(lane::toFrameError(params.error()), header.sequence);
  } else {
    BulkheadScope scope{};
    scope.size = sizeof scope;
    scope.deadline_ns = header.deadlineNs;
    scope.cancel = endpoint_.peerCancelled();
    scope.generation = owner_.generation();
    scope.module = owner_.module();
    std::optional<lane::FrameError> reported;
    const BulkheadErrorSink sink{&reported, [](void* context, const BulkheadErrorView* view) {
                                   *static_cast<std::optional<lane::FrameError>*>(context) = ofModule(*view);
                                 }};
    ReplyBuilder reply(*this);
    BulkheadScope* const outer = std::exchange(scope_, &scope);
    bulkhead_scope_enter(&scope);
    const std::int32_t status =
        target->skeleton(target->table, owner_.self(), header.ordinal, *params, reply.reply(), &sink);
    bulkhead_scope_leave(&scope);
    scope_ = outer;
    reply.release();
    if (reply.error()) {
      postError(lane::toFrameError(*reply.error()), header.sequence);
    } else if (status == BULKHEAD_OK) {
      post(FrameKind::reply, reply.place(), reply.words(), header.sequence, 0, reply.gathered());
    } else {
      postError(reported.value_or(plain(ErrorKind::moduleError, "failed without saying why")), header.sequence);
    }
  }
  --serving_;
  --depth_;
}

// ---- the module's imports

Result<void> Lane::begin(std::uint64_t words, BulkheadRequest& request) {
  auto place = reserve(words);
  if (!place) return std::move(place).error();
  const bool gathered = isGathered(place->place, words);
  request.words = gathered ? gathered_.data() : place->start;
  request.state[0] = place->place;
  request.state[1] = words;
  return {};
}

Result<BulkheadBytes> Lane::call(const BulkheadMethod& method, BulkheadRequest& request) {
  ++depth_;
  const auto place = static_cast<std::uint32_t>(request.state[0]);
  post(FrameKind::call, place, request.state[1], method.interface_id, method.ordinal,
       isGathered(place, request.state[1]) ? gathered_.data() : nullptr);
  for (;;) {
    const FrameHeader header = next();
    if (header.kind == FrameKind::call) {
      serveCall(header);
      continue;
    }
    --depth_;
    // The module's time stood still meanwhile: its call has a new deadline.
    if (scope_ != nullptr && header.deadlineNs != 0) scope_->deadline_ns = header.deadlineNs;
    auto words = payload(header);
    if (header.kind == FrameKind::reply || !words) return words;
    if (header.kind != FrameKind::error) ::_exit(kProtocolError);
    lane::FrameError error = lane::decodeError(*words);
    return Error(
        ErrorBody{static_cast<ErrorKind>(error.kind), {}, {}, std::move(error.type), std::move(error.text), nullptr});
  }
}

}  // namespace bulkhead::worker
