#include "worker/session/session.h"

#include "worker/sandbox/sandbox.h"
#include "worker/session/exit_status.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

namespace bulkhead::worker {

Session::Session(control::Socket socket, int lifeline)
    : link_(std::move(socket)), lifeline_(lifeline), services_{sizeof services_, this, &Session::log} {}

void Session::run() {
  hello();
  map();
  lockDown();
  makeImportLanes();
  control();
}

void Session::hello() {
  control::Hello hello;
  hello.protocolVersion = control::protocolVersion();
  hello.abiVersion = BULKHEAD_ABI_VERSION;
  hello.build = __VERSION__;
  link_.send(hello);
}

// The first message from the host is the set-up, with both regions and the module file.
void Session::map() {
  auto message = receive();
  if (!std::holds_alternative<control::Setup>(message)) ::_exit(kProtocolError);
  setup_ = std::get<control::Setup>(std::move(message));
  auto descriptors = datagram_.takeDescriptors();
  auto hostRegion =
      memory::WorkerRegion::map(std::move(descriptors[0]), setup_.hostRegionBytes, memory::Access::hostWrites);
  if (!hostRegion) failStart(hostRegion.error());
  hostRegion_.emplace(*std::move(hostRegion));
  auto workerRegion =
      memory::WorkerRegion::map(std::move(descriptors[1]), setup_.workerRegionBytes, memory::Access::workerWrites);
  if (!workerRegion) failStart(workerRegion.error());
  workerRegion_.emplace(*std::move(workerRegion));
  module_.emplace(setup_.load, std::move(descriptors[2]));
}

void Session::lockDown() {
  sandbox::Policy policy;
  policy.limits = setup_.limits;
  policy.descriptors = {0, 1, 2, link_.socket().native(), lifeline_, module_->descriptor()};
  policy.lifeline = lifeline_;
  auto report = sandbox::lockDown(policy);
  if (!report) failStart(report.error());
  link_.send(control::LockedDown{report->tier, std::move(report->steps)});
}

void Session::failStart(const Error& error) {
  link_.send(control::StartFailed{error.text()});
  ::_exit(kProtocolError);
}

// ---- control

control::ToWorker Session::receive() {
  for (;;) {
    pollfd watched[] = {{link_.socket().native(), POLLIN, 0}, {lifeline_, POLLIN, 0}};
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) ::_exit(kHostGone);
    if (watched[0].revents == 0) continue;
    auto status = link_.socket().receive(datagram_, control::kMaxDescriptors, control::Blocking::no);
    if (!status) ::_exit(kProtocolError);
    if (*status == control::ReceiveStatus::closed) ::_exit(kHostGone);
    if (*status == control::ReceiveStatus::wouldBlock) continue;
    auto message = control::decodeToWorker(datagram_.words(), datagram_.descriptorCount());
    if (!message) ::_exit(kProtocolError);
    return *std::move(message);
  }
}

void Session::control() {
  for (;;) {
    const control::ToWorker message = receive();
    if (const auto* open = std::get_if<control::OpenLane>(&message)) {
      openLane(open->lane);
    } else if (const auto* region = std::get_if<control::OpenRegion>(&message)) {
      openRegion(*region);
    } else if (const auto* retired = std::get_if<control::RetireRegion>(&message)) {
      regions_.remove(retired->id);
    } else if (std::holds_alternative<control::Shutdown>(message)) {
      shutDown();
    } else {
      ::_exit(kProtocolError);
    }
  }
}

void Session::openRegion(const control::OpenRegion& open) {
  auto descriptors = datagram_.takeDescriptors();
  auto region =
      memory::WorkerRegion::map(std::move(descriptors[0]), open.bytes,
                                open.workerWrites ? memory::Access::workerWrites : memory::Access::hostWrites);
  if (!region) return regions_.add(open.id, std::move(region).error());
  regions_.add(open.id, std::make_shared<memory::WorkerRegion>(*std::move(region)));
}

void Session::shutDown() {
  // As at the end of any program: the module's destructors, then flushed streams.
  module_->finalize();
  std::exit(0);
}

// ---- lanes

lane::Endpoint Session::endpoint(std::uint32_t lane) noexcept {
  const std::size_t offset = std::size_t{lane} * setup_.slotBytes;
  return lane::Endpoint(workerRegion_->writableData() + offset, hostRegion_->data() + offset, setup_.slotBytes,
                        nullptr);
}

void Session::makeImportLanes() {
  std::vector<std::unique_ptr<Lane>> lanes;
  for (std::uint32_t i = 0; i < setup_.importLaneCount; ++i) {
    const std::uint32_t index = setup_.laneCount + i;
    lanes.push_back(std::make_unique<Lane>(*this, index, Lane::Kind::imports, endpoint(index)));
  }
  imports_.emplace(std::move(lanes));
  lanes_.resize(setup_.laneCount);
}

// A lane's thread is gone, or about to, when the host opens it again.
void Session::openLane(std::uint32_t index) {
  if (index >= setup_.laneCount) ::_exit(kProtocolError);
  if (lanes_[index] == nullptr) {
    lanes_[index] = std::make_unique<Lane>(*this, index, Lane::Kind::calls, endpoint(index));
  }
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, setup_.laneStackBytes);
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  const int refused = ::pthread_create(
      &thread, &attributes,
      [](void* lane) -> void* {
        static_cast<Lane*>(lane)->serve();
        return nullptr;
      },
      lanes_[index].get());
  ::pthread_attr_destroy(&attributes);
  if (refused != 0) link_.send(control::LaneRefused{index, "no thread: errno " + std::to_string(refused)});
}

void Session::hint(std::uint32_t lane) { link_.send(control::ImportWaiting{lane}); }

// ---- the module

Result<void> Session::load() { return module_->load(imports_->channel(), services_); }
void Session::unload() { module_->unload(); }

const BulkheadExport* Session::findExport(std::uint64_t interfaceId) const noexcept {
  return module_->findExport(interfaceId);
}

void Session::log(void* context, std::uint32_t level, BulkheadBytes line) {
  static_cast<Session*>(context)->link_.log(level, {static_cast<const char*>(line.data), line.size});
}

}  // namespace bulkhead::worker
