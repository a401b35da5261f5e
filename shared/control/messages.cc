#include "shared/control/messages.h"

#include "proto/control.capnp.h"
#include "shared/control/socket.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace bulkhead::control {
namespace {

Error malformed(std::string text) {
  return Error(ErrorKind::protocolViolation, "malformed control message: " + std::move(text));
}

// ---- encoding

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

kj::StringPtr cut(const std::string& text, std::string& storage) {
  if (text.size() <= kMaxTextBytes) return {text.data(), text.size()};
  storage = text.substr(0, kMaxTextBytes);
  return {storage.data(), storage.size()};
}

class Cut {
 public:
  explicit Cut(const std::string& text) : text_(cut(text, storage_)) {}
  operator capnp::Text::Reader() const { return text_; }

 private:
  std::string storage_;
  kj::StringPtr text_;
};

void write(schema::LockedDown::Builder to, const LockedDown& from) {
  to.setTier(static_cast<std::uint8_t>(from.tier));
  const auto count = static_cast<unsigned int>(std::min(from.steps.size(), kMaxLockdownSteps));
  auto steps = to.initSteps(count);
  for (unsigned int i = 0; i < count; ++i) {
    steps[i].setName(Cut(from.steps[i].name));
    steps[i].setReached(from.steps[i].reached);
    steps[i].setDetail(Cut(from.steps[i].detail));
  }
}

void write(schema::Log::Builder to, const Log& from) {
  to.setLevel(static_cast<std::uint32_t>(from.level));
  to.setLine({reinterpret_cast<const kj::byte*>(from.line.data()), std::min(from.line.size(), kMaxLogLineBytes)});
  to.setLost(from.lost);
}

void write(schema::File::Builder to, const File& from) {
  to.setPath(kj::StringPtr(from.path.c_str(), from.path.size()));
  to.setDevice(from.device);
  to.setInode(from.inode);
}

void write(schema::Limits::Builder to, const Limits& from) {
  to.setMemoryBytes(from.memoryBytes);
  to.setFileBytes(from.fileBytes);
  to.setFiles(from.files);
  to.setCpuSeconds(from.cpuSeconds);
}

void write(schema::Load::Builder to, const Load& from) {
  write(to.initFile(), from.file);
  to.setOriginalPath(Cut(from.originalPath));
  auto dependencies = to.initDependencies(static_cast<unsigned int>(from.dependencies.size()));
  for (unsigned int i = 0; i < dependencies.size(); ++i) write(dependencies[i], from.dependencies[i]);
}

void write(schema::Setup::Builder to, const Setup& from) {
  to.setModule(Cut(from.module));
  to.setGeneration(from.generation);
  to.setHostRegionBytes(from.hostRegionBytes);
  to.setWorkerRegionBytes(from.workerRegionBytes);
  to.setLaneCount(from.laneCount);
  to.setImportLaneCount(from.importLaneCount);
  to.setSlotBytes(from.slotBytes);
  to.setLaneStackBytes(from.laneStackBytes);
  to.setMaxMessageBytes(from.maxMessageBytes);
  to.setMaxNesting(from.maxNesting);
  write(to.initLimits(), from.limits);
  write(to.initLoad(), from.load);
}

void write(schema::OpenRegion::Builder to, const OpenRegion& from) {
  to.setId(from.id);
  to.setBytes(from.bytes);
  to.setLane(from.lane);
  to.setWorkerWrites(from.workerWrites);
}

void write(schema::ToHost::Builder to, const ToHost& message) {
  std::visit(Overloaded{
                 [&](const Hello& from) {
                   auto hello = to.initHello();
                   hello.setProtocolVersion(from.protocolVersion);
                   hello.setAbiVersion(from.abiVersion);
                   hello.setBuild(Cut(from.build));
                 },
                 [&](const LockedDown& from) { write(to.initLockedDown(), from); },
                 [&](const StartFailed& from) { to.initStartFailed().setText(Cut(from.text)); },
                 [&](const LaneRefused& from) {
                   auto refused = to.initLaneRefused();
                   refused.setLane(from.lane);
                   refused.setText(Cut(from.text));
                 },
                 [&](const ImportWaiting& from) { to.initImportWaiting().setLane(from.lane); },
                 [&](const Log& from) { write(to.initLog(), from); },
             },
             message);
}

void write(schema::ToWorker::Builder to, const ToWorker& message) {
  std::visit(Overloaded{
                 [&](const Setup& from) { write(to.initSetup(), from); },
                 [&](const OpenLane& from) { to.initOpenLane().setLane(from.lane); },
                 [&](const OpenRegion& from) { write(to.initOpenRegion(), from); },
                 [&](const RetireRegion& from) { to.initRetireRegion().setId(from.id); },
                 [&](const Shutdown&) { to.setShutdown(); },
             },
             message);
}

template <class Root, class Message>
Result<Words> encodeAs(const Message& message) {
  // The scratch holds any legal message, so the segment does not move and there is only one.
  Words scratch(kMaxDatagramBytes / sizeof(std::uint64_t));
  capnp::MallocMessageBuilder builder(kj::arrayPtr(reinterpret_cast<capnp::word*>(scratch.data()), scratch.size()));
  write(builder.initRoot<Root>(), message);
  const auto segments = builder.getSegmentsForOutput();
  if (segments.size() != 1) return Error(ErrorKind::messageTooLarge, "a control message does not fit one datagram");
  Words words(segments[0].size());
  std::memcpy(words.data(), segments[0].begin(), words.size() * sizeof(std::uint64_t));
  return words;
}

// ---- decoding: throws kj::Exception or Error for what is malformed; both end in decodeAs

std::string text(capnp::Text::Reader from, std::size_t cap = kMaxTextBytes) {
  if (from.size() > cap) throw malformed("a text is too long");
  return std::string(from.begin(), from.size());
}

LockedDown read(schema::LockedDown::Reader from) {
  LockedDown to{static_cast<Tier>(from.getTier()), {}};
  if (to.tier > Tier::cgroup) throw malformed("unknown tier");
  const auto steps = from.getSteps();
  if (steps.size() > kMaxLockdownSteps) throw malformed("too many lock-down steps");
  to.steps.reserve(steps.size());
  for (const auto step : steps) to.steps.push_back({text(step.getName()), step.getReached(), text(step.getDetail())});
  return to;
}

Log read(schema::Log::Reader from) {
  const auto line = from.getLine();
  if (line.size() > kMaxLogLineBytes) throw malformed("a log line is too long");
  return {static_cast<LogLevel>(from.getLevel()), std::string(line.asChars().begin(), line.size()), from.getLost()};
}

File read(schema::File::Reader from) { return {text(from.getPath()), from.getDevice(), from.getInode()}; }

Limits read(schema::Limits::Reader from) {
  return {from.getMemoryBytes(), from.getFileBytes(), from.getFiles(), from.getCpuSeconds()};
}

Load read(schema::Load::Reader from) {
  Load to{read(from.getFile()), text(from.getOriginalPath()), {}};
  for (const auto dependency : from.getDependencies()) to.dependencies.push_back(read(dependency));
  return to;
}

Setup read(schema::Setup::Reader from) {
  Setup to;
  to.module = text(from.getModule());
  to.generation = from.getGeneration();
  to.hostRegionBytes = from.getHostRegionBytes();
  to.workerRegionBytes = from.getWorkerRegionBytes();
  to.laneCount = from.getLaneCount();
  to.importLaneCount = from.getImportLaneCount();
  to.slotBytes = from.getSlotBytes();
  to.laneStackBytes = from.getLaneStackBytes();
  to.maxMessageBytes = from.getMaxMessageBytes();
  to.maxNesting = from.getMaxNesting();
  to.limits = read(from.getLimits());
  to.load = read(from.getLoad());
  return to;
}

ToHost read(schema::ToHost::Reader from) {
  using Which = schema::ToHost::Which;
  switch (from.which()) {
    case Which::HELLO: {
      const auto hello = from.getHello();
      return Hello{hello.getProtocolVersion(), hello.getAbiVersion(), text(hello.getBuild())};
    }
    case Which::LOCKED_DOWN: return read(from.getLockedDown());
    case Which::START_FAILED: return StartFailed{text(from.getStartFailed().getText())};
    case Which::LANE_REFUSED:
      return LaneRefused{from.getLaneRefused().getLane(), text(from.getLaneRefused().getText())};
    case Which::IMPORT_WAITING: return ImportWaiting{from.getImportWaiting().getLane()};
    case Which::LOG: return read(from.getLog());
  }
  throw malformed("unknown kind");
}

ToWorker read(schema::ToWorker::Reader from) {
  using Which = schema::ToWorker::Which;
  switch (from.which()) {
    case Which::SETUP: return read(from.getSetup());
    case Which::OPEN_LANE: return OpenLane{from.getOpenLane().getLane()};
    case Which::OPEN_REGION: {
      const auto region = from.getOpenRegion();
      return OpenRegion{region.getId(), region.getBytes(), region.getLane(), region.getWorkerWrites()};
    }
    case Which::RETIRE_REGION: return RetireRegion{from.getRetireRegion().getId()};
    case Which::SHUTDOWN: return Shutdown{};
  }
  throw malformed("unknown kind");
}

template <class Message, class Root>
Result<Message> decodeAs(std::span<const std::uint64_t> words) {
  if (words.empty() || words.size_bytes() > kMaxDatagramBytes) return malformed("its size is out of range");
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = words.size() * 2;  // an honest message is read once
    options.nestingLimit = 8;
    const kj::ArrayPtr<const capnp::word> segment(reinterpret_cast<const capnp::word*>(words.data()), words.size());
    capnp::SegmentArrayMessageReader reader(kj::arrayPtr(&segment, 1), options);
    return read(reader.getRoot<Root>());
  } catch (const kj::Exception& error) {
    return malformed(error.getDescription().cStr());
  } catch (const Error& error) {
    return error;
  }
}

}  // namespace

std::uint32_t protocolVersion() noexcept { return schema::PROTOCOL_VERSION; }

std::size_t descriptorCount(const ToWorker& message) noexcept {
  if (std::holds_alternative<Setup>(message)) return 3;
  return std::holds_alternative<OpenRegion>(message) ? 1 : 0;
}

Result<Words> encode(const ToHost& message) { return encodeAs<schema::ToHost>(message); }
Result<Words> encode(const ToWorker& message) { return encodeAs<schema::ToWorker>(message); }

Result<ToHost> decodeToHost(std::span<const std::uint64_t> words) { return decodeAs<ToHost, schema::ToHost>(words); }

Result<ToWorker> decodeToWorker(std::span<const std::uint64_t> words, std::size_t descriptors) {
  Result<ToWorker> message = decodeAs<ToWorker, schema::ToWorker>(words);
  if (message && descriptorCount(*message) != descriptors) {
    return malformed("it came with " + std::to_string(descriptors) + " descriptors");
  }
  return message;
}

}  // namespace bulkhead::control
