#include "host/watch/service.h"

#include "host/watch/inotify.h"
#include "host/watch/loop.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <future>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace bulkhead::watch {
namespace {

// Threads made while it lives take no signals: those are the embedder's.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &old_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t old_{};
};

}  // namespace

Result<std::shared_ptr<Service>> Service::shared() {
  static auto* const mutex = new std::mutex;
  static auto* const current = new std::weak_ptr<Service>;
  const std::lock_guard lock(*mutex);
  if (auto service = current->lock()) {
    if (!service->isForeign()) return service;
    abandon(std::move(service));
  }
  auto service = make();
  if (service) *current = *service;
  return service;
}

Result<std::shared_ptr<Service>> Service::make() {
  auto inotify = Inotify::open();
  if (!inotify) return std::move(inotify).error();
  try {
    return std::shared_ptr<Service>(new Service(std::make_shared<Loop>(*std::move(inotify))));
  } catch (const std::system_error& error) {
    return Error(ErrorKind::resourceExhausted, std::string("files cannot be watched: ") + error.what());
  }
}

Service::Service(std::shared_ptr<Loop> loop) : loop_(std::move(loop)), owner_(::getpid()) {
  const SignalsBlocked blocked;
  thread_ = std::thread([loop = loop_] {
    ::pthread_setname_np(::pthread_self(), "bulkhead-watch");
    const auto work = boost::asio::make_work_guard(loop->io());
    loop->io().run();
  });
}

Service::~Service() {
  loop_->io().stop();
  // In a callback, which ended the last watch: the thread ends when it returns.
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

bool Service::isForeign() const noexcept { return owner_ != ::getpid(); }

void Service::abandon(std::shared_ptr<const void> object) {
  static auto* const mutex = new std::mutex;
  static auto* const kept = new std::vector<std::shared_ptr<const void>>;
  const std::lock_guard lock(*mutex);
  kept->push_back(std::move(object));
}

Result<void> Service::add(const std::shared_ptr<WatchedFile>& file) {
  std::promise<Result<void>> added;
  boost::asio::dispatch(loop_->io(), [&] { added.set_value(loop_->add(file)); });
  return added.get_future().get();
}

void Service::forget(const std::shared_ptr<WatchedFile>& file) {
  boost::asio::post(loop_->io(), [loop = loop_.get(), file] { loop->forget(file.get()); });
}

void Service::touch(const std::shared_ptr<WatchedFile>& file) {
  boost::asio::post(loop_->io(), [loop = loop_.get(), file] { loop->touch(file.get()); });
}

}  // namespace bulkhead::watch
