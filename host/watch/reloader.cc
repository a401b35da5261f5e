#include "host/watch/reloader.h"

#include <pthread.h>
#include <unistd.h>

#include <exception>
#include <system_error>
#include <utility>

namespace bulkhead {

Reloader::Implementation::Implementation(std::shared_ptr<detail::ModuleRecord> record, ReloaderOptions options)
    : record_(std::move(record)), options_(std::move(options)), path_(record_->path()), owner_(::getpid()) {}

Result<void> Reloader::Implementation::begin() {
  if (record_->slot().state() == detail::ModuleSlot::State::stopped) {
    return Error(ErrorBody{ErrorKind::staleHandle, record_->slot().name(), {}, {}, "the module is unloaded", nullptr});
  }
  auto watch = FileWatch::Implementation::start(
      path_,
      [weak = weak_from_this()](const FileChange& change) {
        if (const auto self = weak.lock()) self->onChange(change);
      },
      options_.watch.quiet, watch::News::everything);
  if (!watch) return std::move(watch).error();
  watch_ = *std::move(watch);
  return {};
}

void Reloader::Implementation::close() {
  std::unique_lock lock(mutex_);
  isClosed_ = true;
  changed_.notify_all();
  const bool own = isOwnThread();
  lock.unlock();
  watch_.reset();  // nothing wakes the thread after this
  if (own) {
    thread_.detach();  // it keeps this object
  } else if (thread_.joinable()) {
    thread_.join();
  }
}

bool Reloader::Implementation::isForeign() const noexcept { return owner_ != ::getpid(); }

void Reloader::Implementation::addHold() {
  std::unique_lock lock(mutex_);
  if (!isOwnThread()) changed_.wait(lock, [this] { return !isReloading_; });
  ++holds_;
}

void Reloader::Implementation::releaseHold() noexcept {
  const std::lock_guard lock(mutex_);
  --holds_;
  changed_.notify_all();
  wake();
}

void Reloader::Implementation::request() {
  const std::lock_guard lock(mutex_);
  isAsked_ = true;
  wake();
}

// On the thread of the watches, which is not to wait for anybody.
void Reloader::Implementation::onChange(const FileChange& change) {
  const std::lock_guard lock(mutex_);
  content_.reset();
  if (change.kind != FileChange::Kind::changed) {
    news_.push_back(change);
  } else if (isReloading_ || isNew(change.contentHash)) {
    content_ = change.contentHash;
  }
  wake();
}

// It may serve already: the file was changed and changed back, or reloaded by the program itself.
bool Reloader::Implementation::isNew(std::uint64_t content) const {
  return content != record_->contentHash() && content != refused_;
}

// ---- the thread

bool Reloader::Implementation::hasWork() const {
  return !isClosed_ && (!news_.empty() || ((content_ || isAsked_) && holds_ == 0));
}

void Reloader::Implementation::wake() {
  if (isRunning_ || !hasWork()) return;
  try {
    if (thread_.joinable()) thread_.join();  // it has nothing left to do but to end
    thread_ = std::thread([self = shared_from_this()] {
      ::pthread_setname_np(::pthread_self(), "bulkhead-reload");
      self->run();
    });
    isRunning_ = true;
  } catch (const std::system_error&) {
    // No thread now: what is to be done stays noted, and is done at the next occasion.
  }
}

void Reloader::Implementation::run() {
  std::unique_lock lock(mutex_);
  while (hasWork()) {
    if (!news_.empty()) {
      const FileChange change = std::move(news_.front());
      news_.pop_front();
      lock.unlock();
      tell(change);
      lock.lock();
    } else {
      reload(lock);
    }
  }
  isRunning_ = false;
}

void Reloader::Implementation::tell(const FileChange& change) {
  try {
    if (options_.onFile) options_.onFile(change);
  } catch (...) {  // the contract of onFile says that it must not; nobody is there to tell
  }
}

// Comes and goes with the lock.
void Reloader::Implementation::reload(std::unique_lock<std::mutex>& lock) {
  const bool isAsked = std::exchange(isAsked_, false);
  const auto content = std::exchange(content_, std::nullopt);
  if (!isAsked && !isNew(*content)) return;
  lock.unlock();
  auto allowed = runBefore();
  lock.lock();
  changed_.wait(lock, [this] { return holds_ == 0 || isClosed_; });
  if (isClosed_) return;
  isReloading_ = allowed.hasValue();
  lock.unlock();
  const Result<ReloadReport> reloaded = allowed ? record_->reload(path_, options_.reload) : std::move(allowed).error();
  lock.lock();
  isReloading_ = false;
  if (content) refused_ = reloaded ? std::nullopt : content;
  changed_.notify_all();
  if (isClosed_) return;
  lock.unlock();
  runAfter(reloaded);
  lock.lock();
}

Result<void> Reloader::Implementation::runBefore() const {
  const std::string& name = record_->slot().name();
  try {
    return options_.before ? options_.before() : Result<void>();
  } catch (const BadResult& exception) {
    return exception.error();
  } catch (const std::exception& exception) {
    return Error(ErrorBody{ErrorKind::hostError, name, "before", {}, exception.what(), nullptr});
  } catch (...) {
    return Error(ErrorBody{ErrorKind::hostError, name, "before", {}, "an exception", nullptr});
  }
}

void Reloader::Implementation::runAfter(const Result<ReloadReport>& reloaded) const {
  try {
    if (options_.after) options_.after(reloaded);
  } catch (...) {  // as above
  }
}

// ---- the handle

Result<Reloader> Reloader::start(const Module& module, ReloaderOptions options) {
  auto implementation = std::make_shared<Implementation>(module.record_, std::move(options));
  if (auto begun = implementation->begin(); !begun) return std::move(begun).error();
  return Reloader(std::move(implementation));
}

Reloader::Reloader(std::shared_ptr<Implementation> implementation) noexcept
    : implementation_(std::move(implementation)) {}
Reloader::Reloader(Reloader&&) noexcept = default;

Reloader& Reloader::operator=(Reloader&& other) noexcept {
  std::swap(implementation_, other.implementation_);
  return *this;
}

Reloader::~Reloader() {
  if (implementation_ == nullptr) return;
  if (implementation_->isForeign()) {
    watch::Service::abandon(std::move(implementation_));
  } else {
    implementation_->close();
  }
}

Reloader::Hold Reloader::hold() const {
  implementation_->addHold();
  return Hold(implementation_);
}

void Reloader::reloadNow() const { implementation_->request(); }

Reloader::Hold& Reloader::Hold::operator=(Hold&& other) noexcept {
  std::swap(of_, other.of_);
  return *this;
}

void Reloader::Hold::release() noexcept {
  if (const auto of = std::move(of_)) of->releaseHold();
}

}  // namespace bulkhead
