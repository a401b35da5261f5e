// A worker program that follows the protocol but for one fault, which its module's name (its argv[1]) selects; any
// other name: none. It serves the lanes of a module that answers the methods of payloads.h, without loading anything.
// Written against the specification alone: control.capnp for the socket, shared/lane/frame.h for the memory.
#include "faults.table.h"
#include "probe.table.h"
#include "scene.table.h"
#include "shared/control/messages.h"
#include "shared/control/socket.h"
#include "shared/doorbell/futex.h"
#include "shared/lane/frame.h"
#include "tests/hostile/workers/payloads.h"

#include <bulkhead/abi.h>
#include <bulkhead/detail/word_reader.h>
#include <bulkhead/detail/words.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <ctime>
#include <functional>
#include <span>
#include <string>
#include <string_view>
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

// All that the host shows this process.
std::span<const std::byte> hostRegion;

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

// Copies a payload into the slot; returns its words.
std::uint32_t put(Slot& slot, const hostile::Words& words) {
  std::memcpy(slot.mine + lane::kPayloadOffset, words.data(), words.size() * sizeof(std::uint64_t));
  return static_cast<std::uint32_t>(words.size());
}

// Whether memory that no message put there, or another module's, is to be seen.
std::string seekSecrets() {
  constexpr std::string_view kSecret = "do not tell";
  const auto* const start = reinterpret_cast<const char*>(hostRegion.data());
  const auto* const end = start + hostRegion.size();
  return std::search(start, end, kSecret.begin(), kSecret.end()) == end ? "nothing" : "a secret";
}

// What follows a text of the host in its last word.
bool isPadded(const std::uint64_t* request, std::uint32_t words) {
  detail::WordReader reader({request, words});
  const BulkheadBytes text = reader.text(0);
  const auto* const bytes = static_cast<const char*>(text.data);
  return std::all_of(bytes + text.size, bytes + detail::textWords(text) * 8, [](char byte) { return byte == 0; });
}

std::string look(const FrameHeader& call, const std::uint64_t* request) {
  if (!isPadded(request, call.words)) return "something behind a text";
  return seekSecrets();
}

void rest() {
  const timespec time{0, 5'000'000};
  static_cast<void>(::nanosleep(&time, nullptr));
}

// The race is meant: ThreadSanitizer would end this worker for it.
void scribbleForEver(volatile std::uint64_t* words) {
  for (std::uint64_t turn = 0;; ++turn) words[turn % 8] = turn * 0x9E3779B97F4A7C15u;
}

void rewriteForEver(volatile std::uint64_t* pointer) {
  for (std::uint64_t turn = 1;; ++turn) {
    const std::uint64_t good = *pointer;
    *pointer = turn * 0x9E3779B97F4A7C15u;
    *pointer = good;
  }
}

// Faults that need more than another header. False: not one of them.
bool misbehave(Slot& slot, FrameHeader frame) {
  if (has("never-answers")) stall();
  if (has("publishes-without-a-frame")) return slot.publish(++slot.posted), true;  // the frame before, once more
  if (has("wrong-sequence")) return slot.write(frame), slot.publish(slot.posted + 7), true;
  if (has("replies-twice")) return slot.post(frame), slot.post(frame), true;
  if (has("rewrites-while-the-host-reads")) {
    std::thread(scribbleForEver, reinterpret_cast<volatile std::uint64_t*>(slot.mine + 8)).detach();
    return slot.post(frame), true;
  }
  if (has("rewrites-its-payload")) {
    // Word 1 is the pointer to the bytes: now good, now anything.
    static std::atomic<bool> running{false};
    if (!running.exchange(true)) {
      auto* const pointer = reinterpret_cast<volatile std::uint64_t*>(slot.mine + lane::kPayloadOffset + 8);
      std::thread(rewriteForEver, pointer).detach();
    }
    return slot.post(frame), true;
  }
  if (has("claims-host-errors")) {
    std::int32_t kind = 0;  // the number that was pinged
    std::memcpy(&kind, slot.mine + lane::kPayloadOffset + 8, sizeof kind);
    frame.words = put(slot, hostile::errorOf(static_cast<std::uint32_t>(kind), "bulkhead::Error", "believe me"));
    frame.kind = FrameKind::error;
    return slot.post(frame), true;
  }
  if (has("drips-wakes")) {  // nothing but wakes, for ever
    for (;;) {
      doorbell::wake(*reinterpret_cast<doorbell::Word*>(slot.mine));
      rest();
    }
  }
  if (has("drips-imports")) {  // each one good, and no end of them
    for (;;) {
      slot.post(import(faults::kFaultsHostInterfaceId, faults::kFaultsHostAtLoad.ordinal, put(slot, {0xfffffffcu})));
      static_cast<void>(slot.next());
      rest();
    }
  }
  if (has("floods-and-never-reads")) {
    put(slot, {0xfffffffcu});
    for (;;) slot.post(import(faults::kFaultsHostInterfaceId, faults::kFaultsHostAtLoad.ordinal, 1));
  }
  if (has("frame-larger-than-its-region")) {
    FrameHeader need = frame;
    need.kind = FrameKind::needRegion;
    need.words = 0;
    need.target = 64 * 1024;
    slot.post(need);
    frame.place = lane::kRegionBit | static_cast<std::uint32_t>(slot.next().target);
    frame.words = 1u << 20;
    return slot.post(frame), true;
  }
  if (has("asks-for-all-memory")) {
    FrameHeader need = frame;
    need.kind = FrameKind::needRegion;
    need.words = 0;
    for (const std::uint64_t bytes : {~std::uint64_t{0}, ~std::uint64_t{0} - 7, std::uint64_t{1} << 63}) {
      need.target = bytes;
      slot.post(need);
      if (slot.next().kind != FrameKind::error) stall();
    }
    return slot.post(frame), true;
  }
  if (has("imports-a-scene") || has("imports-scenes-too-deep")) {
    const bool isGood = has("imports-a-scene");
    const auto answer =
        hostile::Words(reinterpret_cast<std::uint64_t*>(slot.mine + lane::kPayloadOffset),
                       reinterpret_cast<std::uint64_t*>(slot.mine + lane::kPayloadOffset) + frame.words);
    slot.post(import(scene::kRendererHostInterfaceId, 0, put(slot, hostile::nestedScenes(isGood ? 3 : 100))));
    if ((slot.next().kind == FrameKind::reply) != isGood) stall();
    put(slot, answer);
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
  if (has("answers-the-call-before")) {
    static std::atomic<std::uint64_t> before{0};
    if (const std::uint64_t last = before.exchange(frame.target); last != 0) frame.target = last;
  }
  if (has("wrong-depth")) frame.depth = 2;
  if (has("depth-zero")) frame.depth = 0;
  if (has("unknown-kind")) frame.kind = static_cast<FrameKind>(200);
  if (has("kind-of-the-host")) frame.kind = FrameKind::load;
  if (has("closed-unasked")) frame.kind = FrameKind::closed, frame.words = 0;
  if (has("import-not-granted")) frame = import(0xdeadbeef, 0, 0);
  if (has("import-of-another-module")) frame = import(probe::kProbeHostInterfaceId, 1, frame.words);
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
    const auto* const request = reinterpret_cast<const std::uint64_t*>(slot.theirs + header.place);
    const std::string seen = has("seeks-secrets") ? look(header, request) : "seen";
    const hostile::Words answer = hostile::answerOf(chosen, header, request, seen);
    FrameHeader frame = reply(header.sequence, put(slot, answer));
    if (misbehave(slot, frame)) continue;
    frame = distort(frame, slot.bytes);
    slot.post(frame);
    if (frame.kind == FrameKind::call) {  // an import: the host's answer, then the reply after all
      static_cast<void>(slot.next());
      slot.post(reply(header.sequence, put(slot, answer)));
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
  hostRegion = {theirs, setup.hostRegionBytes};
  if (has("stale-bytes")) {
    // Threat 7: all that the host shows before it says anything is zero.
    for (std::size_t i = 0; i < setup.hostRegionBytes; ++i) {
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
