#include "host/isolated/host_lane.h"

#include "shared/lane/error_frame.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace bulkhead::isolated {
namespace {

using lane::FrameHeader;
using lane::FrameKind;

// Calls under way on one lane, both directions: more than the import depth can ever make.
constexpr std::uint32_t kMaxDepth = 200;
// A private copy larger than this goes back to the system after its call.
constexpr std::uint64_t kKeptBufferWords = (std::uint64_t{2} << 20) / sizeof(std::uint64_t);

// Gives a variable a value for a while.
template <class T>
class Restore {
 public:
  Restore(T& variable, T value) noexcept : variable_(variable), before_(std::exchange(variable, value)) {}
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;
  ~Restore() { variable_ = before_; }

 private:
  T& variable_;
  const T before_;
};

std::uint64_t bytesOf(std::uint64_t words) noexcept { return words * sizeof(std::uint64_t); }

}  // namespace

HostLane::HostLane(LaneOwner& owner, std::uint32_t index, lane::Endpoint endpoint)
    : owner_(owner),
      check_(owner.messageCheck()),
      index_(index),
      endpoint_(endpoint),
      regions_(owner.regionLink(), owner.maxMessageBytes()) {}

// ---- places for payloads of this side

Result<HostLane::Place> HostLane::reserve(std::uint64_t words) {
  const std::uint64_t room = endpoint_.slotBytes() - lane::kTailBytes - top_;
  const std::uint32_t top = top_;
  if (words <= room / sizeof(std::uint64_t)) {
    top_ += static_cast<std::uint32_t>(bytesOf(words));
    return Place{top, top};
  }
  auto region = regions_.acquire(bytesOf(words));
  if (!region) return std::move(region).error();
  return Place{lane::kRegionBit | *region, top};
}

std::uint64_t* HostLane::at(const Place& place) noexcept {
  std::byte* const start = (place.place & lane::kRegionBit) != 0 ? regions_.outgoing(place.place & ~lane::kRegionBit)
                                                                 : endpoint_.slot() + place.place;
  return reinterpret_cast<std::uint64_t*>(start);
}

void HostLane::release(const Place& place) {
  if ((place.place & lane::kRegionBit) != 0) regions_.release(place.place & ~lane::kRegionBit);
  top_ = place.top;
}

// ---- calls

Result<void> HostLane::begin(std::uint64_t words, BulkheadRequest& request) {
  if (depth_ >= kMaxDepth) return Error(ErrorKind::nestingTooDeep, "too many calls under way on one thread");
  auto place = reserve(words);
  if (!place) return std::move(place).error();
  const bool gathered = isGathered(*place, words) && !std::exchange(gathering_, true);
  request.words = gathered ? gathered_.data() : at(*place);
  request.state[0] = place->place;
  request.state[1] = place->top;
  request.state[2] = words;
  request.state[3] = gathered ? 1 : 0;
  return {};
}

void HostLane::finish(BulkheadRequest& request) {
  release({static_cast<std::uint32_t>(request.state[0]), static_cast<std::uint32_t>(request.state[1])});
  if (request.state[3] != 0) gathering_ = false;
  regions_.releaseIncoming();
  if (depth_ != 0) return;
  for (Buffer& buffer : buffers_) {
    if (buffer.capacity > kKeptBufferWords) buffer = {};
  }
}

Result<BulkheadBytes> HostLane::call(const BulkheadMethod& method, BulkheadRequest& request, CallClock& clock) {
  ++depth_;
  FrameHeader frame{};
  frame.kind = FrameKind::call;
  frame.depth = static_cast<std::uint8_t>(depth_);
  frame.ordinal = method.ordinal;
  frame.words = static_cast<std::uint32_t>(request.state[2]);
  frame.place = static_cast<std::uint32_t>(request.state[0]);
  frame.target = method.interface_id;
  frame.deadlineNs = clock.limitNs();
  if (check_ != nullptr) [[unlikely]] {
    if (auto error = objection(detail::MessageRole::exportRequest, method.name, frame, {request.words, frame.words})) {
      --depth_;
      return *std::move(error);
    }
  }
  const char* const outer = method_.load(std::memory_order_relaxed);
  method_.store(method.name, std::memory_order_relaxed);
  endpoint_.post(frame, request.state[3] != 0 ? gathered_.data() : nullptr);
  if (request.state[3] != 0) gathering_ = false;
  const std::uint32_t outerQuestion = std::exchange(question_, endpoint_.postedSequence());
  auto answer = converse(method.name, clock);
  question_ = outerQuestion;
  method_.store(outer, std::memory_order_relaxed);
  --depth_;
  if (!answer) return std::move(answer).error();
  if (check_ != nullptr) [[unlikely]] {
    if (auto error = objection(detail::MessageRole::exportReply, method.name, frame, answer->words)) {
      return *std::move(error);
    }
  }
  return answer->words;
}

// ---- cancellation

HostLane::Cancelling::Cancelling(HostLane& lane)
    : lane_(lane), outer_(std::exchange(lane.cancel_, detail::callThread.cancel)) {
  watch_.emplace(detail::callThread.cancel, Set{&lane});
}

HostLane::Cancelling::~Cancelling() {
  watch_.reset();
  lane_.cancel_ = outer_;
  // The word is the outer call's again. In this order: a request that comes between the two sets it itself.
  lane_.endpoint_.setCancelled(false);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (detail::isCancelled(outer_)) lane_.endpoint_.setCancelled(true);
}

// ---- life cycle

Result<void> HostLane::control(FrameKind kind, const char* what, std::int64_t deadlineNs) {
  CallClock clock(nowNs(), deadlineNs, 0);
  loading_ = kind == FrameKind::load;
  ++depth_;
  post(kind, Place{top_, top_}, 0);
  question_ = endpoint_.postedSequence();
  auto answer = converse(what, clock);
  --depth_;
  loading_ = false;
  if (!answer) return std::move(answer).error();
  return {};
}

HostLane::MessageResult HostLane::converse(const char* method, CallClock& clock) {
  bool late = false;  // the deadline passed during an import: whatever the module answers now comes too late
  const Restore<CallClock*> outerPause(paused_, nullptr);
  for (;;) {
    auto message = await(method, clock);
    if (!message) return message;
    if (answered_) release(*std::exchange(answered_, std::nullopt));
    const bool ends = message->header.kind == FrameKind::reply || message->header.kind == FrameKind::error;
    if (late && ends) return answeredLate(method, clock);
    switch (message->header.kind) {
      case FrameKind::reply: return message;
      case FrameKind::error: {
        lane::FrameError error = lane::decodeError(message->words);
        const ErrorKind kind = believed(static_cast<ErrorKind>(error.kind));
        return Error(ErrorBody{kind, {}, {}, std::move(error.type), std::move(error.text), nullptr});
      }
      case FrameKind::call: {
        clock.pause(nowNs());
        paused_ = &clock;
        serveImport(*message, nullptr);
        paused_ = nullptr;
        late = clock.expired(nowNs());
        break;
      }
      case FrameKind::needRegion: provideRegion(message->header.target); break;
      default: return violation(method, "a frame of a kind that is not its turn");
    }
  }
}

// Whatever the other side claims, a call can only make the module's own kind of error, say that it lacks a method, or
// repeat what this lane told it; a load can only fail, or find no module.
ErrorKind HostLane::believed(ErrorKind claimed) noexcept {
  const bool refused = std::exchange(refusedRegion_, false);
  if (loading_ && depth_ == 1) return claimed == ErrorKind::notAModule ? claimed : ErrorKind::loadFailed;
  switch (claimed) {
    case ErrorKind::unimplemented: return claimed;
    case ErrorKind::messageTooLarge: return refused ? claimed : ErrorKind::moduleError;
    default: return ErrorKind::moduleError;
  }
}

HostLane::MessageResult HostLane::await(const char* method, CallClock& clock) {
  for (;;) {
    switch (endpoint_.wait(clock.limitNs())) {
      case lane::Arrival::frame: return receive(method);
      case lane::Arrival::peerDead: return owner_.deathError(method);
      case lane::Arrival::timedOut:
        if (auto error = expire(method, clock)) return *std::move(error);
    }
  }
}

std::optional<Error> HostLane::expire(const char* method, CallClock& clock) {
  const std::int64_t now = nowNs();
  // The reply is looked for once more before the kill.
  if (!clock.expired(now) || endpoint_.arrived()) return std::nullopt;
  std::string text = "no answer within " + std::to_string((clock.elapsedNs(now) + 500'000) / 1'000'000) +
                     " ms; the worker is killed, the next call uses a fresh one";
  owner_.condemn({ErrorKind::deadlineExceeded, method, text});
  return Error(
      ErrorBody{ErrorKind::deadlineExceeded, {}, method, {}, std::move(text), owner_.deathError(method).exitReport()});
}

Error HostLane::answeredLate(const char* method, const CallClock& clock) {
  return Error(ErrorBody{ErrorKind::deadlineExceeded,
                         {},
                         method,
                         {},
                         "answered after its deadline, which passed during an import; the call took " +
                             std::to_string(clock.elapsedNs(nowNs()) / 1'000'000) + " ms",
                         nullptr});
}

// ---- frames of the worker

HostLane::MessageResult HostLane::receive(const char* method) {
  Message message;
  if (!endpoint_.take().accept(message.header, [this](const FrameHeader& header) { return acceptable(header); })) {
    return violation(method, "a malformed frame, or one out of its turn");
  }
  auto words = copyPayload(message.header);
  if (!words) return violation(method, words.error().text());
  message.words = *words;
  return message;
}

bool HostLane::acceptable(const FrameHeader& header) const noexcept {
  if (header.sequence != endpoint_.expectedSequence()) return false;
  switch (header.kind) {
    case FrameKind::reply:
    case FrameKind::error: return depth_ > 0 && header.depth == depth_ && header.target == question_;
    case FrameKind::call: return header.depth == depth_ + 1 && depth_ < kMaxDepth;
    case FrameKind::needRegion: return header.words == 0;
    case FrameKind::closed: return closing_ && header.words == 0;
    default: return false;
  }
}

Result<BulkheadBytes> HostLane::copyPayload(const FrameHeader& header) {
  if (header.words == 0) return BulkheadBytes{nullptr, 0};
  const std::byte* source = nullptr;
  std::uint64_t room = 0;
  if ((header.place & lane::kRegionBit) != 0) {
    const memory::Region* const region = regions_.incoming(header.place & ~lane::kRegionBit);
    if (region == nullptr) return Error(ErrorKind::protocolViolation, "a frame in a region that is not its lane's");
    source = region->data();
    room = region->size();
  } else {
    const std::uint32_t end = endpoint_.slotBytes() - lane::kTailBytes;
    if (header.place < lane::kPayloadOffset || header.place % sizeof(std::uint64_t) != 0 || header.place > end) {
      return Error(ErrorKind::protocolViolation, "a frame with its payload outside of its slot");
    }
    source = endpoint_.peerSlot() + header.place;
    room = end - header.place;
  }
  if (header.words > room / sizeof(std::uint64_t)) {
    return Error(ErrorKind::protocolViolation, "a frame that is larger than its room");
  }
  Buffer& copy = buffer(header.words);
  std::memcpy(copy.words.get(), source, bytesOf(header.words));
  return BulkheadBytes{copy.words.get(), header.words};
}

HostLane::Buffer& HostLane::buffer(std::uint64_t words) {
  // A copy lives until its call is finished; deeper calls come and go above it.
  if (buffers_.size() <= depth_) buffers_.resize(depth_ + 1);
  Buffer& buffer = buffers_[depth_];
  if (buffer.capacity < words) {
    buffer.capacity = std::max<std::uint64_t>(words, 64);
    buffer.words = std::make_unique_for_overwrite<std::uint64_t[]>(buffer.capacity);
  }
  return buffer;
}

Error HostLane::violation(const char* method, std::string text) {
  text += "; the worker is killed, the next call uses a fresh one";
  owner_.condemn({ErrorKind::protocolViolation, method, text});
  return Error(
      ErrorBody{ErrorKind::protocolViolation, {}, method, {}, std::move(text), owner_.deathError(method).exitReport()});
}

std::optional<Error> HostLane::objection(detail::MessageRole role, const char* method, const FrameHeader& call,
                                         BulkheadBytes message) {
  auto found = check_->check(role, call.target, call.ordinal, message);
  if (!found) return std::nullopt;
  return violation(method, *std::move(found));
}

void HostLane::post(FrameKind kind, const Place& place, std::uint64_t words, std::uint64_t target,
                    const std::uint64_t* gathered) {
  FrameHeader frame{};
  frame.kind = kind;
  frame.depth = static_cast<std::uint8_t>(depth_);
  frame.words = static_cast<std::uint32_t>(words);
  frame.place = place.place;
  frame.target = target;
  if (paused_ != nullptr && (kind == FrameKind::reply || kind == FrameKind::error)) {
    CallClock& clock = *std::exchange(paused_, nullptr);
    clock.resume(nowNs());
    frame.deadlineNs = clock.limitNs();
  }
  endpoint_.post(frame, gathered);
}

void HostLane::provideRegion(std::uint64_t bytes) {
  auto id = regions_.provideIncoming(bytes);
  if (id) {
    post(FrameKind::regionReady, Place{top_, top_}, 0, *id);
  } else {
    refusedRegion_ = id.error().kind() == ErrorKind::messageTooLarge;
    postError(id.error());
  }
}

// ---- the end of a lane

void HostLane::close() {
  closing_ = true;
  post(FrameKind::close, Place{top_, top_}, 0);
}

bool HostLane::closed() {
  if (!endpoint_.arrived()) return false;
  auto message = receive("close");
  if (!message || message->header.kind != FrameKind::closed) return false;
  closing_ = false;
  return true;
}

}  // namespace bulkhead::isolated
