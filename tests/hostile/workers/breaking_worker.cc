// A worker program that follows the protocol but for one fault, which its module's name (its argv[1]) selects; any
// other name: none. It serves the lanes of a module that answers Faults.ping, without loading anything. Written against
// the specification alone: control.capnp for the socket, shared/lane/frame.h for the memory.
#include "faults.table.h"
#include "shared/control/messages.h"
#include "shared/control/socket.h"
#include "shared/doorbell/futex.h"
#include "shared/lane/frame.h"

#include <bulkhead/abi.h>
#include <bulkhead/detail/word_reader.h>
#include <bulkhead/detail/words.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace bulkhead;  // NOLINT
using lane::FrameHeader;
using lane::FrameKind;

std::string chosen;
bool has(const char* fault) { return chosen == fault; }

[[noreturn]] void stall() {
  for (;;) ::pause();
}

control::Socket& socket() {
  static control::Socket instance{posix::UniqueFd(3)};
  return instance;
}

void send(const control::ToHost& message) {
  const auto words = control::encode(message);
  if (!words || !socket().send(*words)) ::_exit(90);
}

void sendRaw(const void* bytes, std::size_t size) { static_cast<void>(::write(3, bytes, size)); }

// One side of one lane, by hand.
struct Slot {
  std::byte* mine;
  const std::byte* theirs;
  std::uint32_t bytes;
  std::uint32_t posted = 0;
  std::uint32_t taken = 0;

  const doorbell::Word& peer() const { return *reinterpret_cast<const doorbell::Word*>(theirs); }
  FrameHeader next() {
    while (peer().load(std::memory_order_seq_cst) == taken) static_cast<void>(doorbell::wait(peer(), taken, 0));
    FrameHeader header;
    std::memcpy(&header, theirs, sizeof header);
    ++taken;
    return header;
  }
  void publish(std::uint32_t sequence) {
    auto& word = *reinterpret_cast<doorbell::Word*>(mine);
    word.store(sequence, std::memory_order_seq_cst);
    doorbell::wake(word);
  }
  void write(const FrameHeader& frame) {
    std::memcpy(mine + 4, reinterpret_cast<const std::byte*>(&frame) + 4, sizeof frame - 4);
  }
  void post(const FrameHeader& frame) {
    write(frame);
    publish(++posted);
  }
};

// ---- the control socket's steps

void hello() {
  if (has("stalls-before-hello")) stall();
  if (has("ends-before-hello")) ::_exit(0);
  if (has("truncated-message")) return sendRaw("1234567", 7);
  if (has("oversized-message")) {
    static const char large[128 * 1024] = {};
    return sendRaw(large, sizeof large);
  }
  control::Hello greeting{control::protocolVersion(), BULKHEAD_ABI_VERSION, "by hand"};
  if (has("newer-protocol")) ++greeting.protocolVersion;
  if (has("older-abi")) --greeting.abiVersion;
  if (has("locked-down-first")) return send(control::LockedDown{});
  if (has("import-first")) return send(control::ImportWaiting{128});
  send(greeting);
  if (has("hello-twice")) send(greeting);
}

control::ToWorker receive(control::Datagram& datagram) {
  const auto status = socket().receive(datagram, control::kMaxDescriptors, control::Blocking::yes);
  if (!status || *status != control::ReceiveStatus::received) ::_exit(71);
  auto message = control::decodeToWorker(datagram.words(), datagram.descriptorCount());
  if (!message) ::_exit(70);
  return *std::move(message);
}

void lockDown() {
  if (has("stalls-before-lockdown")) stall();
  if (has("fails-to-start")) {
    send(control::StartFailed{"it would not \x1b[31mstart"});
    stall();
  }
  if (has("unknown-tier")) return send(control::LockedDown{static_cast<Tier>(200), {}});
  send(control::LockedDown{});
  if (has("locked-down-twice")) send(control::LockedDown{});
  if (has("fails-after-lockdown")) send(control::StartFailed{"too late"});
  if (has("hint-for-no-lane")) send(control::ImportWaiting{1'000'000});
  if (has("hint-for-a-call-lane")) send(control::ImportWaiting{0});
  if (has("refuses-no-lane")) send(control::LaneRefused{1'000'000, "no"});
  if (has("closes-its-socket")) {
    ::close(3);
    stall();
  }
  if (has("floods-with-hints")) {
    std::thread([] {
      for (;;) send(control::ImportWaiting{128});
    }).detach();
  }
}

// ---- frames

FrameHeader reply(std::uint32_t question, std::uint32_t words) {
  FrameHeader frame{};
  frame.target = question;
  frame.kind = FrameKind::reply;
  frame.depth = 1;
  frame.words = words;
  frame.place = lane::kPayloadOffset;
  return frame;
}

FrameHeader import(std::uint64_t interface, std::uint16_t ordinal, std::uint32_t words) {
  FrameHeader frame = reply(0, words);
  frame.kind = FrameKind::call;
  frame.depth = 2;
  frame.target = interface;
  frame.ordinal = ordinal;
  return frame;
}

// Encodes the answer of ping into the slot; returns its words.
std::uint32_t answer(Slot& slot, std::int32_t value) {
  detail::WordWriter writer(reinterpret_cast<std::uint64_t*>(slot.mine + lane::kPayloadOffset));
  writer.root(1, 0);
  writer.set<std::int32_t>(0, value);
  return static_cast<std::uint32_t>(writer.size());
}

// Faults that need more than another header. False: not one of them.
bool misbehave(Slot& slot, FrameHeader frame) {
  if (has("never-answers")) stall();
  if (has("publishes-without-a-frame")) return slot.publish(++slot.posted), true;  // the frame before, once more
  if (has("wrong-sequence")) return slot.write(frame), slot.publish(slot.posted + 7), true;
  if (has("replies-twice")) return slot.post(frame), slot.post(frame), true;
  if (has("rewrites-while-the-host-reads")) {
    std::thread([slot] {
      for (std::uint64_t turn = 0;; ++turn) {
        auto* words = reinterpret_cast<volatile std::uint64_t*>(slot.mine + 8);
        words[turn % 8] = turn * 0x9E3779B97F4A7C15u;
      }
    }).detach();
    return slot.post(frame), true;
  }
  if (has("claims-host-errors")) {
    detail::WordWriter writer(reinterpret_cast<std::uint64_t*>(slot.mine + lane::kPayloadOffset));
    writer.root(1, 2);
    static std::uint32_t claimed = 0;
    writer.set<std::uint32_t>(0, claimed++);  // one kind after the other
    writer.text(1, {"believe me", 10});
    frame.kind = FrameKind::error;
    frame.words = static_cast<std::uint32_t>(writer.size());
    return slot.post(frame), true;
  }
  if (has("floods-with-imports")) {
    for (;;) {
      slot.post(import(0x1234, 0, 0));
      static_cast<void>(slot.next());
    }
  }
  if (has("asks-for-regions-for-ever")) {
    for (std::uint64_t bytes = 1;; bytes = bytes * 3 % (std::uint64_t{1} << 33)) {
      frame.kind = FrameKind::needRegion;
      frame.words = 0;
      frame.target = bytes;
      slot.post(frame);
      static_cast<void>(slot.next());
    }
  }
  return false;
}

// Lies in the header of an otherwise good reply.
FrameHeader distort(FrameHeader frame, std::uint32_t slotBytes) {
  if (has("words-beyond-the-slot")) frame.words = slotBytes;
  if (has("words-all-ones")) frame.words = ~0U;
  if (has("place-in-the-header")) frame.place = 8;
  if (has("place-misaligned")) frame.place = lane::kPayloadOffset + 4;
  if (has("place-at-the-end")) frame.place = slotBytes - 8;
  if (has("place-beyond-the-slot")) frame.place = slotBytes * 2;
  if (has("region-of-nobody")) frame.place = lane::kRegionBit | 77;
  if (has("answers-another-call")) --frame.target;
  if (has("wrong-depth")) frame.depth = 2;
  if (has("depth-zero")) frame.depth = 0;
  if (has("unknown-kind")) frame.kind = static_cast<FrameKind>(200);
  if (has("kind-of-the-host")) frame.kind = FrameKind::load;
  if (has("closed-unasked")) frame.kind = FrameKind::closed, frame.words = 0;
  if (has("import-not-granted")) frame = import(0xdeadbeef, 0, 0);
  if (has("import-of-an-unknown-method")) frame = import(faults::kFaultsHostInterfaceId, 999, frame.words);
  if (has("import-too-deep")) frame.kind = FrameKind::call, frame.depth = 9;
  if (has("malformed-message")) frame.words = 0;
  return frame;
}

void serve(Slot& slot) {
  for (;;) {
    const FrameHeader header = slot.next();
    if (header.kind == FrameKind::load) {
      if (has("stalls-while-loading")) stall();
      slot.post(reply(header.sequence, 0));
      continue;
    }
    if (header.kind == FrameKind::close) {
      FrameHeader closed{};
      closed.kind = FrameKind::closed;
      return slot.post(closed);
    }
    if (header.kind != FrameKind::call) {
      if (has("stalls-while-unloading")) stall();
      slot.post(reply(header.sequence, 0));
      continue;
    }
    detail::WordReader request({slot.theirs + header.place, header.words});
    FrameHeader frame = reply(header.sequence, answer(slot, request.get<std::int32_t>(0)));
    if (misbehave(slot, frame)) continue;
    frame = distort(frame, slot.bytes);
    slot.post(frame);
    if (frame.kind == FrameKind::call) {  // an import: the host's answer, then the reply after all
      static_cast<void>(slot.next());
      slot.post(reply(header.sequence, answer(slot, request.get<std::int32_t>(0))));
    }
  }
}

std::byte* map(const posix::UniqueFd& fd, std::size_t bytes, int protection) {
  void* const start = ::mmap(nullptr, bytes, protection, MAP_SHARED, fd.get(), 0);
  if (start == MAP_FAILED) ::_exit(91);
  return static_cast<std::byte*>(start);
}

// What the kernel must refuse of the regions, tried with the descriptors themselves in hand.
void attackSeals(const std::vector<posix::UniqueFd>& regions, std::size_t bytes) {
  if (!has("attacks-the-seals")) return;
  const bool refused = ::ftruncate(regions[0].get(), 0) != 0 && ::ftruncate(regions[1].get(), 0) != 0 &&
                       ::ftruncate(regions[1].get(), static_cast<off_t>(bytes * 2)) != 0 &&
                       ::write(regions[0].get(), "x", 1) != 1 &&
                       ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, regions[0].get(), 0) == MAP_FAILED &&
                       ::fcntl(regions[0].get(), F_ADD_SEALS, F_SEAL_WRITE) != 0 &&
                       ::fcntl(regions[1].get(), F_ADD_SEALS, F_SEAL_WRITE) != 0;
  if (!refused) ::_exit(92);
}

}  // namespace

int main(int, char** arguments) {
  chosen = arguments[1];
  hello();
  control::Datagram datagram;
  const auto first = receive(datagram);
  const auto& setup = std::get<control::Setup>(first);
  const auto descriptors = datagram.takeDescriptors();
  attackSeals(descriptors, setup.hostRegionBytes);
  std::byte* const mine = map(descriptors[1], setup.workerRegionBytes, PROT_READ | PROT_WRITE);
  const std::byte* const theirs = map(descriptors[0], setup.hostRegionBytes, PROT_READ);
  if (has("stale-bytes")) {
    // Threat 7: all that the host shows before it says anything is zero.
    for (std::size_t i = 0; i < setup.slotBytes; ++i) {
      if (theirs[i] != std::byte{0}) ::_exit(93);
    }
  }
  std::vector<Slot> lanes;
  for (std::size_t i = 0; i < setup.laneCount; ++i) {
    lanes.push_back({mine + i * setup.slotBytes, theirs + i * setup.slotBytes, setup.slotBytes});
    // For ever asleep: the host wakes this side at every frame.
    reinterpret_cast<doorbell::Word*>(lanes[i].mine + setup.slotBytes - lane::kTailBytes)->store(1);
  }
  lockDown();
  if (has("never-reads-its-socket")) serve(lanes[0]);
  for (;;) {
    const auto message = receive(datagram);
    if (const auto* open = std::get_if<control::OpenLane>(&message)) {
      std::thread(serve, std::ref(lanes.at(open->lane))).detach();
    } else if (std::holds_alternative<control::Shutdown>(message)) {
      if (has("stalls-at-shutdown")) stall();
      ::_exit(0);
    }
  }
}
