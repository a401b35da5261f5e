// The system's file events: the only home of inotify(7).
#pragma once

#include "shared/posix/unique_fd.h"

#include <bulkhead/result.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::watch {

// One thing that happened. `name` is within the watched directory; empty for the watched object itself.
struct Event {
  enum class What : std::uint8_t {
    written,    // closed by someone who could write
    modified,   // part of it was written, by someone whose close follows
    created,    // made or linked; a regular file is still open for writing, then
    movedHere,  // complete, since its content was there before its name
    gone,       // deleted, or moved away
    selfGone,   // the watched object itself was moved, deleted or unmounted
    ended,      // the system has dropped this watch
    overflow,   // events were lost; `watch` means nothing
  };
  What what;
  int watch;
  std::string_view name;
};

// What is wanted to be told of a path.
enum class Interest : std::uint8_t {
  entries,  // of a directory: what happens to its entries, and itself
  self,     // of a directory: itself
  content,  // of a file: that somebody writes to it, under whatever name
};

// Not for concurrent use.
class Inotify {
 public:
  // resourceExhausted when the user has too many instances, or the process too many descriptors.
  static Result<Inotify> open();

  // Begins to tell of `path`, which is not followed if it is a symbolic link. Of one object there is one watch,
  // whatever its paths: interests add up. Nothing when there is no such object; errors: resourceExhausted (too many
  // watches), requirementNotMet (it may not be read).
  Result<std::optional<int>> add(const std::string& path, Interest interest);
  void remove(int watch) noexcept;

  // Passes on what has happened, without blocking.
  void read(const std::function<void(const Event&)>& onEvent);

  int fd() const noexcept { return fd_.get(); }  // readable when there are events; stays ours

 private:
  explicit Inotify(posix::UniqueFd fd) noexcept : fd_(std::move(fd)) {}
  posix::UniqueFd fd_;
};

}  // namespace bulkhead::watch
