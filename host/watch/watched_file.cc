#include "host/watch/watched_file.h"

#include "host/module_file/module_file.h"

#include <sys/stat.h>

#include <exception>
#include <utility>

namespace bulkhead::watch {

using Kind = FileChange::Kind;

WatchedFile::WatchedFile(std::string path, std::function<void(const FileChange&)> onChange,
                         std::chrono::milliseconds quiet, News news)
    : path_(std::move(path)), onChange_(std::move(onChange)), quiet_(quiet), news_(news) {}

void WatchedFile::remember() {
  sight_ = look();
  if (sight_->kind == Kind::changed) last_ = sight_->contentHash;
}

void WatchedFile::inspect() {
  const Sight sight = look();
  const bool news = isNews(sight);
  sight_ = sight;
  if (sight.kind == Kind::changed) last_ = sight.contentHash;
  if (news) tell({sight.kind, path_, sight.contentHash, sight.error});
}

// A complete module is exactly what a load would take: the same copy, the same checks.
WatchedFile::Sight WatchedFile::look() const {
  const Signature before = signature();
  try {
    const auto file = module_file::ModuleFile::open(path_);
    if (file) return {Kind::changed, file->contentHash(), std::nullopt, before};
    if (file.error().kind() == ErrorKind::notFound) return {Kind::missing};
    return {Kind::incomplete, 0, file.error(), before};
  } catch (const std::exception& exception) {
    return {Kind::incomplete, 0, Error(ErrorKind::resourceExhausted, path_ + ": " + exception.what()), before};
  }
}

WatchedFile::Signature WatchedFile::signature() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec};
}

bool WatchedFile::isNews(const Sight& sight) const {
  if (sight.kind == Kind::changed) return news_ == News::everything || sight.contentHash != last_;
  if (!sight_ || sight_->kind != sight.kind) return true;
  return sight.kind == Kind::incomplete && sight_->signature != sight.signature;
}

void WatchedFile::setWatched(const Result<void>& watched) {
  if (!watched && isWatched_) {
    isWatched_ = false;
    tell({Kind::unwatched, path_, 0, watched.error()});
  } else if (watched) {
    isWatched_ = true;
  }
}

void WatchedFile::tell(const FileChange& change) {
  {
    const std::lock_guard lock(mutex_);
    if (isClosed_) return;
    telling_ = std::this_thread::get_id();
  }
  try {
    onChange_(change);
  } catch (...) {  // the contract of onChange says that it must not; nobody is there to tell
  }
  const std::lock_guard lock(mutex_);
  telling_ = {};
  told_.notify_all();
}

void WatchedFile::close() {
  std::unique_lock lock(mutex_);
  isClosed_ = true;
  if (telling_ == std::this_thread::get_id()) return;
  told_.wait(lock, [this] { return telling_ == std::thread::id(); });
}

}  // namespace bulkhead::watch
