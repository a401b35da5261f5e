// The host's end of one lane: a conversation with one thread of the worker. The twin is worker/lane_server.h.
#pragma once

#include "host/core/import_targets.h"
#include "host/core/on_cancel.h"
#include "host/isolated/call_clock.h"
#include "host/isolated/regions.h"
#include "host/oracle/message_check.h"
#include "shared/lane/endpoint.h"

#include <bulkhead/abi.h>
#include <bulkhead/imports.h>
#include <bulkhead/result.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bulkhead::isolated {

// Why the host ends a worker. The first verdict stands.
struct Verdict {
  ErrorKind kind;      // deadlineExceeded, protocolViolation, unavailable (asked to end)
  std::string method;  // in flight, or empty
  std::string text;
};

// What a lane needs of its session.
class LaneOwner {
 public:
  virtual const std::vector<detail::BoundImport>& imports() const noexcept = 0;
  // Whether the module's manifest has this method of an import. Asked where the host has not.
  virtual bool declaresImport(std::uint64_t interfaceId, std::uint16_t ordinal) const = 0;
  // Ends the worker: no other call reaches it, those under way fail, the process is killed. Returns at once.
  virtual void condemn(Verdict verdict) = 0;
  // What a call gets whose worker is dead or condemned.
  virtual Error deathError(const char* method) const = 0;
  virtual const RegionLink& regionLink() const noexcept = 0;
  virtual std::uint64_t maxMessageBytes() const noexcept = 0;
  // A debug option's look at every message; null without it. The same for the owner's whole life.
  virtual detail::MessageCheck* messageCheck() const noexcept { return nullptr; }

 protected:
  ~LaneOwner() = default;
};

// Used by one thread at a time. Every function that waits ends at the worker's death at the latest.
class HostLane {
 public:
  HostLane(LaneOwner& owner, std::uint32_t index, lane::Endpoint endpoint);
  HostLane(const HostLane&) = delete;
  HostLane& operator=(const HostLane&) = delete;

  std::uint32_t index() const noexcept { return index_; }
  // The innermost call of the host that is under way (static storage), or null. From any thread.
  const char* method() const noexcept { return method_.load(std::memory_order_relaxed); }
  // Whether no call is under way on it. Its thread only.
  bool idle() const noexcept { return depth_ == 0; }
  // How many imports it served so far, those that were refused included. Its thread only.
  std::uint64_t importsServed() const noexcept { return importsServed_; }

  // Room for a request of `words`; the channel contract of abi.h. Errors: messageTooLarge, resourceExhausted.
  Result<void> begin(std::uint64_t words, BulkheadRequest& request);
  // Sends it and serves imports until its answer.
  Result<BulkheadBytes> call(const BulkheadMethod& method, BulkheadRequest& request, CallClock& clock);
  void finish(BulkheadRequest& request);

  // Lets the module see a cancellation of the call that follows, while it lives: the calling thread's scope, which must
  // be there. Nests as calls do.
  class Cancelling {
   public:
    explicit Cancelling(HostLane& lane);
    Cancelling(const Cancelling&) = delete;
    Cancelling& operator=(const Cancelling&) = delete;
    ~Cancelling();

   private:
    struct Set {
      HostLane* lane;
      void operator()() const noexcept { lane->endpoint_.setCancelled(true); }
    };
    HostLane& lane_;
    const detail::CancelScope* const outer_;
    std::optional<detail::OnCancel<Set>> watch_;
  };

  // Life-cycle frames on an idle lane: load and unload, by an absolute deadline.
  Result<void> control(lane::FrameKind kind, const char* what, std::int64_t deadlineNs);
  // Asks the lane's thread to end; it is done once closed() is true. The lane must be idle.
  void close();
  bool closed();

  // Import lanes: serves the request that waits there, if there is one. `refuse` (may be null) answers it instead.
  void serveWaiting(const Error* refuse);

 private:
  struct Message {
    lane::FrameHeader header{};
    BulkheadBytes words{};  // private copy, in the buffer of the frame's depth
  };
  using MessageResult = Result<Message>;

  // Where a frame of this side lies; released when the frame is consumed.
  struct Place {
    std::uint32_t place = 0;
    std::uint32_t top = 0;  // of the slot's stack before it
  };
  Result<Place> reserve(std::uint64_t words);
  std::uint64_t* at(const Place& place) noexcept;
  void release(const Place& place);
  // Whether a payload there is gathered elsewhere until its frame is posted.
  static bool isGathered(const Place& place, std::uint64_t words) noexcept {
    return words <= lane::kGatheredWords && (place.place & lane::kRegionBit) == 0;
  }

  MessageResult converse(const char* method, CallClock& clock);
  ErrorKind believed(ErrorKind claimed) noexcept;
  MessageResult await(const char* method, CallClock& clock);
  std::optional<Error> expire(const char* method, CallClock& clock);
  static Error answeredLate(const char* method, const CallClock& clock);
  MessageResult receive(const char* method);
  bool acceptable(const lane::FrameHeader& header) const noexcept;
  Result<BulkheadBytes> copyPayload(const lane::FrameHeader& header);
  Error violation(const char* method, std::string text);
  // Asks the owner's check. Only where there is one.
  [[gnu::cold]] std::optional<Error> objection(detail::MessageRole role, const char* method,
                                               const lane::FrameHeader& call, BulkheadBytes message);

  void serveImport(const Message& request, const Error* refuse);
  void answerImport(const detail::BoundImport& import, const Message& request);
  void provideRegion(std::uint64_t bytes);
  void post(lane::FrameKind kind, const Place& place, std::uint64_t words, std::uint64_t target = 0,
            const std::uint64_t* gathered = nullptr);
  void postError(const Error& error);

  struct Buffer {
    std::unique_ptr<std::uint64_t[]> words;
    std::uint64_t capacity = 0;
  };
  Buffer& buffer(std::uint64_t words);

  friend class ImportReply;

  LaneOwner& owner_;
  detail::MessageCheck* const check_;
  const std::uint32_t index_;
  lane::Endpoint endpoint_;
  LaneRegions regions_;
  std::atomic<const char*> method_{nullptr};
  std::uint32_t depth_ = 0;                      // calls under way, both directions
  std::uint32_t question_ = 0;                   // sequence of the frame whose answer is awaited
  std::uint32_t top_ = lane::kPayloadOffset;     // of the slot's stack of live payloads
  const detail::CancelScope* cancel_ = nullptr;  // of the innermost call
  CallClock* paused_ = nullptr;                  // of the call whose import is being served, until it is answered
  std::uint64_t importsServed_ = 0;
  std::optional<Place> answered_;  // the last import's answer: live until the worker's next frame
  std::array<std::uint64_t, lane::kGatheredWords> gathered_;  // a small request, between begin() and call()
  bool gathering_ = false;
  std::vector<Buffer> buffers_;  // private copies, one a depth
  bool closing_ = false;
  bool loading_ = false;
  bool refusedRegion_ = false;  // the last room that the worker asked for was over the cap
};

}  // namespace bulkhead::isolated
