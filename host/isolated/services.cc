#include "host/isolated/services.h"

#include "host/isolated/fork_guard.h"
#include "shared/posix/errno_error.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <limits>
#include <system_error>
#include <utility>
#include <vector>

namespace bulkhead::isolated {
namespace {

// Starts that may run at once; more wait their turn, within the deadlines of those who wait for them.
constexpr std::uint32_t kMaxStartThreads = 8;
constexpr std::chrono::milliseconds kReclaimPeriod{2};

}  // namespace

// Only on the service thread.
struct Services::Reclaimer {
  explicit Reclaimer(boost::asio::io_context& io) : timer(io) {}

  void arm() {
    if (armed || attempts.empty()) return;
    armed = true;
    timer.expires_after(kReclaimPeriod);
    timer.async_wait([this](const boost::system::error_code& error) {
      armed = false;
      if (error) return;
      std::erase_if(attempts, [](auto& attempt) { return attempt(); });
      arm();
    });
  }

  boost::asio::steady_timer timer;
  std::vector<std::function<bool()>> attempts;
  bool armed = false;
};

Services::Services(const HostOptions& options)
    : workerProgram_(options.workerProgram),
      io_(std::make_unique<boost::asio::io_context>(1)),
      reclaimer_(std::make_unique<Reclaimer>(*io_)),
      starts_(kMaxStartThreads, std::numeric_limits<std::size_t>::max()),
      imports_(options.importThreads, 0) {}

Services::~Services() { close(); }

Result<std::shared_ptr<Services>> Services::start(const HostOptions& options) {
  std::shared_ptr<Services> services(new Services(options));
  if (auto begun = services->begin(); !begun) return std::move(begun).error();
  return services;
}

Result<void> Services::begin() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return posix::errnoError(ErrorKind::resourceExhausted, "the lifeline's pipe");
  lifelineRead_.reset(ends[0]);
  lifelineWrite_.reset(ends[1]);
  fork_guard::add(lifelineWrite_.get());
  auto spawner = Spawner::start();
  if (!spawner) return std::move(spawner).error();
  spawner_ = *std::move(spawner);
  try {
    thread_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "bulkhead-serve");
      const auto work = boost::asio::make_work_guard(*io_);
      io_->run();
    });
  } catch (const std::system_error& error) {
    return Error(ErrorKind::resourceExhausted, std::string("the service thread: ") + error.what());
  }
  return {};
}

void Services::close() {
  starts_.close();
  imports_.close();
  spawner_.reset();
  if (thread_.joinable()) {
    io_->stop();
    thread_.join();
  }
  // Handlers that never ran hold sessions; those hold descriptors.
  reclaimer_.reset();
  io_.reset();
  if (lifelineWrite_) fork_guard::remove(lifelineWrite_.get());
  lifelineWrite_.reset();
  lifelineRead_.reset();
}

void Services::sync() {
  std::promise<void> reached;
  boost::asio::post(*io_, [&reached] { reached.set_value(); });
  reached.get_future().wait();
}

void Services::reclaim(std::function<bool()> attempt) {
  boost::asio::post(*io_, [this, attempt = std::move(attempt)]() mutable {
    if (attempt()) return;
    reclaimer_->attempts.push_back(std::move(attempt));
    reclaimer_->arm();
  });
}

}  // namespace bulkhead::isolated
