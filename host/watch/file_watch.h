// What is behind a FileWatch.
#pragma once

#include "host/watch/service.h"
#include "host/watch/watched_file.h"

#include <bulkhead/watch.h>

#include <memory>

namespace bulkhead {

class FileWatch::Implementation {
 public:
  // FileWatch::start.
  static Result<std::unique_ptr<Implementation>> start(const std::string& file,
                                                       std::function<void(const FileChange&)> onChange,
                                                       std::chrono::milliseconds quiet, watch::News news);
  ~Implementation();
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  void look() const;

 private:
  Implementation(std::shared_ptr<watch::Service> service, std::shared_ptr<watch::WatchedFile> file);

  std::shared_ptr<watch::Service> service_;
  std::shared_ptr<watch::WatchedFile> file_;
};

}  // namespace bulkhead
