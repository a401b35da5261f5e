#include "host/isolated/worker_link.h"

#include "host/isolated/fork_guard.h"
#include "shared/clock.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <variant>

namespace bulkhead::isolated {
namespace {

constexpr auto kReadable = boost::asio::posix::descriptor_base::wait_read;
// What is read of one pipe per turn, so that a flood cannot hold the service thread.
constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

WorkerLink::Output::Output(WorkerLink& link, LogLine::Source from, posix::UniqueFd owned)
    : source(from),
      fd(std::move(owned)),
      descriptor(link.services_->io(), fd.get()),
      lines([&link, from](std::string_view line) { link.deliverLine(from, 0, line); }) {
  fork_guard::add(fd.get());
}

WorkerLink::WorkerLink(std::shared_ptr<Services> services, Wires wires)
    : services_(std::move(services)),
      process_(std::move(wires.process)),
      end_(services_->io(), process_.native()),
      socket_(std::move(wires.socket)),
      messages_(services_->io(), socket_.native()),
      standardOutput_(*this, LogLine::Source::standardOutput, std::move(wires.standardOutput)),
      standardError_(*this, LogLine::Source::standardError, std::move(wires.standardError)) {
  fork_guard::add(process_.native());
  fork_guard::add(socket_.native());
}

WorkerLink::~WorkerLink() {
  for (const int fd : {process_.native(), socket_.native(), standardOutput_.fd.get(), standardError_.fd.get()}) {
    if (fd >= 0) fork_guard::remove(fd);
  }
  // The descriptors are owned by their RAII objects, not by Asio.
  end_.release();
  messages_.release();
  standardOutput_.descriptor.release();
  standardError_.descriptor.release();
}

void WorkerLink::listen(std::weak_ptr<LinkEvents> events) {
  boost::asio::post(services_->io(), [self = shared_from_this(), events = std::move(events)]() mutable {
    self->events_ = std::move(events);
    self->awaitMessages();
    self->awaitOutput(self->standardOutput_);
    self->awaitOutput(self->standardError_);
    self->awaitEnd();
  });
}

void WorkerLink::kill() {
  boost::asio::post(services_->io(), [self = shared_from_this()] { self->process_.kill(); });
}

// ---- control messages

Result<void> WorkerLink::send(const control::ToWorker& message, std::span<const int> descriptors) {
  const std::lock_guard lock(sending_);
  while (!unsent_.empty()) {
    if (!sendNow(unsent_.back(), {})) break;
    unsent_.pop_back();
  }
  auto sent = sendNow(message, descriptors);
  if (!sent && sent.error().kind() == ErrorKind::overloaded) {
    if (const auto* retirement = std::get_if<control::RetireRegion>(&message)) {
      unsent_.push_back(*retirement);
      return {};
    }
  }
  return sent;
}

Result<void> WorkerLink::sendNow(const control::ToWorker& message, std::span<const int> descriptors) {
  auto words = control::encode(message);
  if (!words) return std::move(words).error();
  auto status = socket_.send(*words, descriptors);
  if (!status) return std::move(status).error();
  switch (*status) {
    case control::SendStatus::sent: return {};
    case control::SendStatus::closed: return Error(ErrorKind::unavailable, "the worker is gone");
    case control::SendStatus::wouldBlock: break;
  }
  return Error(ErrorKind::overloaded, "the worker does not read its control socket");
}

void WorkerLink::awaitMessages() {
  messages_.async_wait(kReadable, [self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->drainMessages()) self->awaitMessages();
  });
}

// False when nothing more will come.
bool WorkerLink::drainMessages() {
  // A bounded number per turn: the worker may send as fast as this thread reads.
  for (int turn = 0; turn < 64; ++turn) {
    auto status = socket_.receive(datagram_, 0, control::Blocking::no);
    const auto events = events_.lock();
    if (events == nullptr) return false;
    if (!status) {
      events->onViolation("control socket: " + status.error().text());
      return false;
    }
    if (*status == control::ReceiveStatus::wouldBlock) return true;
    if (*status == control::ReceiveStatus::closed) return false;
    auto message = control::decodeToHost(datagram_.words());
    if (!message) {
      events->onViolation("control message: " + message.error().text());
      return false;
    }
    if (const auto* log = std::get_if<control::Log>(&*message)) {
      if (log->lost != 0) deliverLine(LogLine::Source::log, 0, std::to_string(log->lost) + " log lines lost");
      deliverLine(LogLine::Source::log, static_cast<std::uint32_t>(log->level),
                  printable(log->line, LineReader::kMaxLineBytes));
    } else {
      events->onMessage(*std::move(message));
    }
  }
  return true;
}

// ---- output

void WorkerLink::awaitOutput(Output& output) {
  output.descriptor.async_wait(kReadable, [self = shared_from_this(), &output](const boost::system::error_code& error) {
    if (error) return;
    self->drain(output);
    if (output.open) self->awaitOutput(output);
  });
}

void WorkerLink::drain(Output& output) {
  std::array<char, kReadBytes> buffer;
  const ssize_t got = ::read(output.fd.get(), buffer.data(), buffer.size());
  if (got > 0) return output.lines.feed({buffer.data(), static_cast<std::size_t>(got)});
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  output.open = false;
  output.lines.finish();
}

void WorkerLink::deliverLine(LogLine::Source source, std::uint32_t level, std::string_view line) {
  const auto events = events_.lock();
  if (events == nullptr || !budget_.take(nowNs())) return;
  if (const std::uint64_t lost = budget_.takeLost(); lost != 0) {
    events->onLine(LogLine::Source::log, 0, std::to_string(lost) + " lines lost: the module writes too fast");
  }
  events->onLine(source, level, line);
}

// ---- the end

void WorkerLink::awaitEnd() {
  end_.async_wait(kReadable, [self = shared_from_this()](const boost::system::error_code& error) {
    if (error) return;
    if (const auto status = self->process_.reap()) {
      self->end(*status);
    } else {
      self->awaitEnd();
    }
  });
}

void WorkerLink::end(const ExitStatus& status) {
  // What the worker still said, then its end. A descendant may hold the pipes open: only what is there now.
  (void)drainMessages();
  for (Output* output : {&standardOutput_, &standardError_}) {
    for (int turn = 0; output->open && turn < 16; ++turn) drain(*output);
    if (output->open) output->lines.finish();
    output->descriptor.cancel();
    output->open = false;
  }
  messages_.cancel();
  // The last event: handlers that were queued already find nobody.
  if (const auto events = std::exchange(events_, {}).lock()) events->onEnd(status);
}

}  // namespace bulkhead::isolated
