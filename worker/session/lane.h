// The worker's end of one lane. The twin is host/isolated/host_lane.h; here the peer is trusted, so payloads are read
// where they lie.
#pragma once

#include "shared/lane/endpoint.h"
#include "shared/lane/error_frame.h"
#include "worker/session/region_table.h"

#include <bulkhead/abi.h>
#include <bulkhead/result.h>
#include <bulkhead/runtime.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace bulkhead::worker {

// What a lane needs of its worker.
class LaneOwner {
 public:
  // Life-cycle frames: load constructs the module, unload destroys its object.
  virtual Result<void> load() = 0;
  virtual void unload() = 0;
  // What serves an interface of the module; null if it has none of this id.
  virtual const BulkheadExport* findExport(std::uint64_t interfaceId) const noexcept = 0;
  virtual void* self() const noexcept = 0;
  virtual RegionTable& regions() noexcept = 0;
  // Tells the host that an import lane has a frame for it.
  virtual void hint(std::uint32_t lane) = 0;
  virtual const char* module() const noexcept = 0;
  virtual std::uint64_t generation() const noexcept = 0;

 protected:
  ~LaneOwner() = default;
};

// Used by one thread at a time.
class Lane {
 public:
  enum class Kind : std::uint8_t { calls, imports };  // who has the first turn: the host, or a thread of the module

  Lane(LaneOwner& owner, std::uint32_t index, Kind kind, lane::Endpoint endpoint)
      : owner_(owner), index_(index), kind_(kind), endpoint_(endpoint) {}
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Serves the host's calls on the calling thread, which is this lane's from now on, until the host closes the lane.
  void serve();

  // Imports of the module on this lane: the channel contract of abi.h.
  Result<void> begin(std::uint64_t words, BulkheadRequest& request);
  Result<BulkheadBytes> call(const BulkheadMethod& method, BulkheadRequest& request);

  // The lane that the calling thread serves or has borrowed; null on other threads.
  static Lane* current() noexcept;
  // Makes a lane the calling thread's for a while.
  class Borrowed {
   public:
    explicit Borrowed(Lane& lane) noexcept;
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed();

   private:
    Lane* outer_;
  };

 private:
  friend class ReplyBuilder;

  // Room for a frame of this side.
  struct Place {
    std::uint32_t place = lane::kPayloadOffset;
    std::uint64_t* start = nullptr;
  };
  // In the slot above top_ if that leaves `keptBytes` there, else in a region. It is not taken: the next frame goes
  // there, too.
  Result<Place> reserve(std::uint64_t words, std::uint32_t keptBytes = 0);
  Result<void> needRegion(std::uint64_t bytes);

  lane::FrameHeader next();
  Result<BulkheadBytes> payload(const lane::FrameHeader& header);
  // `gathered`: the payload, if it is not in its place yet.
  void post(lane::FrameKind kind, std::uint32_t place, std::uint64_t words, std::uint64_t target = 0,
            std::uint16_t ordinal = 0, const std::uint64_t* gathered = nullptr);
  static bool isGathered(std::uint32_t place, std::uint64_t words) noexcept {
    return words <= lane::kGatheredWords && (place & lane::kRegionBit) == 0;
  }
  // `question`: the sequence of the frame that it answers.
  void postError(const lane::FrameError& error, std::uint32_t question);
  void serveCall(const lane::FrameHeader& header);
  void serveLoad(const lane::FrameHeader& header);

  LaneOwner& owner_;
  const std::uint32_t index_;
  const Kind kind_;
  std::mutex thread_;  // held by the thread that serves
  lane::Endpoint endpoint_;
  std::uint32_t depth_ = 0;                   // calls under way, both directions
  std::uint32_t serving_ = 0;                 // of those, the host's
  std::uint32_t top_ = lane::kPayloadOffset;  // of the slot's stack: below are replies of calls under way
  std::array<std::uint64_t, lane::kGatheredWords> gathered_;  // a small request, between begin() and call()
  BulkheadScope* scope_ = nullptr;                            // of the innermost call of the host
  bool regionHeld_ = false;                                   // such a reply is in outgoing_
  std::shared_ptr<memory::WorkerRegion> outgoing_;
  std::uint32_t outgoingId_ = 0;
  std::shared_ptr<memory::WorkerRegion> incoming_;  // of the message read last
};

}  // namespace bulkhead::worker
