// The wires to one worker: control socket, output pipes, and its end. All events come on the service thread.
#pragma once

#include "host/isolated/line_reader.h"
#include "host/isolated/process.h"
#include "host/isolated/services.h"
#include "shared/control/messages.h"
#include "shared/control/socket.h"

#include <bulkhead/host.h>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::isolated {

// Who listens. Called on the service thread; must not block.
class LinkEvents {
 public:
  virtual void onMessage(control::ToHost message) = 0;
  virtual void onViolation(std::string what) = 0;
  virtual void onLine(LogLine::Source source, std::uint32_t level, std::string_view line) = 0;
  // The process has ended and was reaped; everything it wrote before was delivered. The last event, exactly one.
  virtual void onEnd(const ExitStatus& status) = 0;

 protected:
  ~LinkEvents() = default;
};

class WorkerLink : public std::enable_shared_from_this<WorkerLink> {
 public:
  // The host's ends of what the worker was started with.
  struct Wires {
    control::Socket socket;
    Process process;
    posix::UniqueFd standardOutput;
    posix::UniqueFd standardError;
  };
  WorkerLink(std::shared_ptr<Services> services, Wires wires);
  ~WorkerLink();
  WorkerLink(const WorkerLink&) = delete;
  WorkerLink& operator=(const WorkerLink&) = delete;

  // Begins to deliver events, as long as `events` lives.
  void listen(std::weak_ptr<LinkEvents> events);

  // Sends to the worker, from any thread, without blocking. Fails with unavailable when the worker is gone, with
  // overloaded when it does not read its control socket. A retirement is never lost: it waits for the next send.
  Result<void> send(const control::ToWorker& message, std::span<const int> descriptors = {});

  // Kills the process, on the service thread. Any thread, any number of times.
  void kill();

  int pid() const noexcept { return process_.pid(); }

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;

  // One of the worker's output pipes.
  struct Output {
    Output(WorkerLink& link, LogLine::Source source, posix::UniqueFd fd);
    LogLine::Source source;
    posix::UniqueFd fd;
    Descriptor descriptor;
    LineReader lines;
    bool open = true;
  };

  void awaitMessages();
  bool drainMessages();
  void awaitOutput(Output& output);
  void drain(Output& output);
  void awaitEnd();
  void end(const ExitStatus& status);
  void deliverLine(LogLine::Source source, std::uint32_t level, std::string_view line);
  Result<void> sendNow(const control::ToWorker& message, std::span<const int> descriptors);

  const std::shared_ptr<Services> services_;
  std::weak_ptr<LinkEvents> events_;
  Process process_;
  Descriptor end_;
  control::Socket socket_;
  Descriptor messages_;
  control::Datagram datagram_;
  Output standardOutput_;
  Output standardError_;
  LineBudget budget_;

  std::mutex sending_;
  std::vector<control::RetireRegion> unsent_;
};

}  // namespace bulkhead::isolated
