// One watched file: what it was when it was last looked at, and who is told.
#pragma once

#include <bulkhead/watch.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace bulkhead::watch {

// Which complete content is told of.
enum class News : std::uint8_t {
  changes,     // other than the last one; at first, than what was there
  everything,  // of every look, the first one, too
};

class WatchedFile {
 public:
  // `path` is absolute.
  WatchedFile(std::string path, std::function<void(const FileChange&)> onChange, std::chrono::milliseconds quiet,
              News news);

  const std::string& path() const noexcept { return path_; }
  std::chrono::milliseconds quiet() const noexcept { return quiet_; }
  News news() const noexcept { return news_; }

  // Looks at the file and remembers what is there. The thread of the watches, like the next two.
  void remember();
  // Looks at the file and tells what has changed.
  void inspect();
  // Tells whether the file can be watched: a failure once, until it can.
  void setWatched(const Result<void>& watched);

  // Nobody is told any more. Waits while somebody is, unless it is he who calls. Any thread.
  void close();

 private:
  // To know one broken state of a file from another.
  struct Signature {
    std::uint64_t device = 0, inode = 0, sizeBytes = 0;
    std::int64_t changedNs = 0;
    bool operator==(const Signature&) const = default;
  };
  struct Sight {
    FileChange::Kind kind;
    std::uint64_t contentHash = 0;
    std::optional<Error> error = {};
    Signature signature = {};
  };
  Sight look() const;
  Signature signature() const;
  bool isNews(const Sight& sight) const;
  void tell(const FileChange& change);

  const std::string path_;
  const std::function<void(const FileChange&)> onChange_;
  const std::chrono::milliseconds quiet_;
  const News news_;
  std::optional<std::uint64_t> last_;  // the content that was told of last
  std::optional<Sight> sight_;         // the last one
  bool isWatched_ = true;

  std::mutex mutex_;
  std::condition_variable told_;
  std::thread::id telling_;  // who calls onChange_; nobody by default
  bool isClosed_ = false;
};

}  // namespace bulkhead::watch
