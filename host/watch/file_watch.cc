#include "host/watch/file_watch.h"

#include <filesystem>
#include <system_error>
#include <utility>

namespace bulkhead {

Result<std::unique_ptr<FileWatch::Implementation>> FileWatch::Implementation::start(
    const std::string& file, std::function<void(const FileChange&)> onChange, std::chrono::milliseconds quiet,
    watch::News news) {
  if (quiet < std::chrono::milliseconds::zero()) {
    return Error(ErrorKind::invalidConfiguration, file + " cannot be watched: its quiet time is negative");
  }
  std::error_code failure;
  const std::string path = std::filesystem::absolute(file, failure).string();
  if (failure || file.empty()) {
    return Error(ErrorKind::notFound, file + " cannot be watched: " + (file.empty() ? "no path" : failure.message()));
  }
  auto service = watch::Service::shared();
  if (!service) return std::move(service).error();
  auto watched = std::make_shared<watch::WatchedFile>(path, std::move(onChange), quiet, news);
  if (auto added = (*service)->add(watched); !added) return std::move(added).error();
  return std::unique_ptr<Implementation>(new Implementation(*std::move(service), std::move(watched)));
}

FileWatch::Implementation::Implementation(std::shared_ptr<watch::Service> service,
                                          std::shared_ptr<watch::WatchedFile> file)
    : service_(std::move(service)), file_(std::move(file)) {}

FileWatch::Implementation::~Implementation() {
  if (service_->isForeign()) {
    watch::Service::abandon(std::move(file_));
    watch::Service::abandon(std::move(service_));
    return;
  }
  file_->close();
  service_->forget(file_);
}

void FileWatch::Implementation::look() const {
  if (!service_->isForeign()) service_->touch(file_);
}

Result<FileWatch> FileWatch::start(const std::string& file, std::function<void(const FileChange&)> onChange,
                                   const WatchOptions& options) {
  auto started = Implementation::start(file, std::move(onChange), options.quiet, watch::News::changes);
  if (!started) return std::move(started).error();
  return FileWatch(*std::move(started));
}

FileWatch::FileWatch(std::unique_ptr<Implementation> implementation) noexcept
    : implementation_(std::move(implementation)) {}
FileWatch::FileWatch(FileWatch&&) noexcept = default;
FileWatch& FileWatch::operator=(FileWatch&&) noexcept = default;
FileWatch::~FileWatch() = default;

void FileWatch::look() const {
  if (implementation_ != nullptr) implementation_->look();
}

}  // namespace bulkhead
