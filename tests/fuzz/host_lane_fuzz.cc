// Whatever frames a worker publishes, in whatever order, a call of the host ends in a reply or an error. The input is
// a list of frames; each is published at the moment when the host hands the turn over.
#include "host/isolated/host_lane.h"
#include "shared/clock.h"

#include <bulkhead/detail/word_reader.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace bulkhead;  // NOLINT
using isolated::HostLane;
using lane::FrameHeader;

constexpr std::uint32_t kSlotBytes = lane::kSlotAlignment;
constexpr std::uint64_t kGranted = 0x1234;
constexpr BulkheadMethod kMethod = {0x99, 3, 0, 0, "Fuzz.call"};

void require(bool holds) {
  if (!holds) __builtin_trap();
}

class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  template <class T>
  T take() {
    T value{};
    const std::size_t size = std::min(sizeof value, bytes_.size());
    if (size != 0) std::memcpy(&value, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
    return value;
  }
  void fill(std::byte* to, std::size_t room) {
    const std::size_t size = std::min(room, bytes_.size());
    if (size != 0) std::memcpy(to, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

struct alignas(4096) Slot {
  std::byte bytes[kSlotBytes] = {};
};

// The worker's side: its slot, and what it says next.
class Peer {
 public:
  Peer(Slot& mine, const Slot& theirs, Input input) : mine_(mine), theirs_(theirs), input_(input) {}

  // The layout of a frame in the input: what is plausible is one byte away from what is not.
  void publish() {
    if (input_.empty()) return;
    const auto shape = input_.take<std::uint8_t>();
    FrameHeader frame{};
    frame.kind = static_cast<lane::FrameKind>(input_.take<std::uint8_t>() % 12);
    frame.depth = input_.take<std::uint8_t>();
    frame.ordinal = input_.take<std::uint8_t>();
    frame.words = shape & 1 ? input_.take<std::uint32_t>() : input_.take<std::uint8_t>();
    frame.place = shape & 2 ? input_.take<std::uint32_t>() : lane::kPayloadOffset;
    if (shape & 4) frame.place = lane::kRegionBit | regions_;
    std::uint32_t question = 0;
    std::memcpy(&question, theirs_.bytes, sizeof question);
    frame.target = shape & 8 ? input_.take<std::uint64_t>() : frame.kind == lane::FrameKind::call ? kGranted : question;
    if (frame.kind == lane::FrameKind::needRegion) frame.target = input_.take<std::uint32_t>();
    ++sequence_;
    frame.sequence = shape & 16 ? input_.take<std::uint32_t>() : sequence_;
    const std::size_t payload = input_.take<std::uint8_t>();
    input_.fill(region_ != nullptr && (shape & 4) ? region_ : mine_.bytes + lane::kPayloadOffset, payload);
    std::memcpy(mine_.bytes, &frame, sizeof frame);
  }

  void regionOffered(std::uint32_t id, std::byte* start) {
    regions_ = id;
    region_ = start;
  }
  std::uint8_t choice() { return input_.take<std::uint8_t>(); }

 private:
  Slot& mine_;
  const Slot& theirs_;
  Input input_;
  std::uint32_t sequence_ = 0;
  std::uint32_t regions_ = 0;
  std::byte* region_ = nullptr;
};

class Owner final : public isolated::LaneOwner {
 public:
  explicit Owner(Peer& peer) : peer_(peer) {
    imports_.push_back({kGranted, nullptr, this, &serve});
    link_.newId = [this] { return ++ids_; };
    link_.announce = [this](std::uint32_t id, const memory::Region& region) -> Result<void> {
      if (region.access() == memory::Access::workerWrites) {
        peer_.regionOffered(id, const_cast<std::byte*>(region.data()));
        peer_.publish();
      }
      return {};
    };
    link_.retire = [](std::uint32_t) {};
  }
  const std::vector<detail::BoundImport>& imports() const noexcept override { return imports_; }
  bool declaresImport(std::uint64_t, std::uint16_t ordinal) const override { return ordinal < 8; }
  void condemn(isolated::Verdict verdict) override {
    require(!verdict.text.empty());
    condemned_ = true;
  }
  Error deathError(const char*) const override { return Error(ErrorKind::moduleDied, "the input ended"); }
  const isolated::RegionLink& regionLink() const noexcept override { return link_; }
  std::uint64_t maxMessageBytes() const noexcept override { return std::uint64_t{1} << 20; }

  HostLane* lane = nullptr;
  std::uint32_t depth = 0;

 private:
  // An import of the host: reads its message, sometimes calls back, answers.
  static std::int32_t serve(const BulkheadTable*, void* self, std::uint16_t ordinal, BulkheadBytes params,
                            const BulkheadReply* reply, const BulkheadErrorSink* error) {
    auto& owner = *static_cast<Owner*>(self);
    detail::WordReader reader(params);
    static_cast<void>(reader.text(0));
    if (ordinal % 4 == 1 && owner.depth < 64) owner.callLane();
    std::int32_t status = BULKHEAD_OK;
    if (ordinal % 4 == 2) {
      BulkheadErrorView view{};
      view.size = sizeof view;
      view.text = {"refused", 7};
      error->report(error->context, &view);
      status = BULKHEAD_FAILED;
    } else if (std::uint64_t* words = reply->extend(reply->context, owner.peer_.choice() * std::uint64_t{8} + 1)) {
      words[0] = 0;
    }
    owner.peer_.publish();
    return status;
  }

 public:
  void callLane() {
    ++depth;
    BulkheadRequest request{};
    if (lane->begin(2, request)) {
      request.words[0] = request.words[1] = 0;
      peer_.publish();
      isolated::CallClock clock(0, 0, 0);
      const auto answer = lane->call(kMethod, request, clock);
      if (answer) {
        const auto* const words = static_cast<const volatile std::uint64_t*>(answer->data);
        for (std::uint64_t i = 0; i < answer->size; ++i) static_cast<void>(words[i]);
      } else {
        require(static_cast<std::uint32_t>(answer.error().kind()) != 0);
      }
      lane->finish(request);
    }
    --depth;
  }

 private:
  Peer& peer_;
  std::vector<detail::BoundImport> imports_;
  isolated::RegionLink link_;
  std::uint32_t ids_ = 0;
  bool condemned_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto host = std::make_unique<Slot>();
  const auto worker = std::make_unique<Slot>();
  // Dead from the start: a frame that is there goes before that, and the end of the input is the worker's death.
  const doorbell::Word death{1};
  Peer peer(*worker, *host, Input({data, size}));
  Owner owner(peer);
  HostLane lane(owner, 0, lane::Endpoint(host->bytes, worker->bytes, kSlotBytes, &death));
  owner.lane = &lane;
  for (int call = 0; call < 3; ++call) owner.callLane();
  peer.publish();
  lane.serveWaiting(nullptr);
  return 0;
}
