// Watching module files: being told when one has new, complete content.
//
// Content counts once its writer has closed the file, or has moved it into place; it is looked at when the file was
// left alone for a while. However it comes: by rename, by copying over the old file, by deleting and making it anew
// (its directory, too), through hard links, or by turning a symbolic link on the way (`current -> releases/42`).
//
// What is not noticed by itself: changes that the system tells nobody of, that is, those made by other machines on a
// network file system, through a memory mapping that stays open, and by mounting something over a directory. look()
// asks.
#pragma once

#include <bulkhead/error.h>
#include <bulkhead/result.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace bulkhead {

struct WatchOptions {
  // How long a file must be left alone before it is looked at; each event about it begins this time anew.
  std::chrono::milliseconds quiet{100};
};

// What was found when a watched file was looked at.
struct FileChange {
  enum class Kind : std::uint8_t {
    changed,     // a complete module, other than the last one found
    incomplete,  // no complete module: half-written, corrupt, not readable. It is left alone until it changes again
    missing,     // no file is there; told once
    unwatched,   // changes may go unseen for now: the system refused a watch. Tried again at the next event or look()
  };
  Kind kind;
  std::string file;            // absolute
  std::uint64_t contentHash;   // of `changed`, else 0: equal for equal content, within one build of the host
  std::optional<Error> error;  // of `incomplete` and `unwatched`: why
};

// Watches one file as long as it lives. Move-only owner. All watches of a process share one thread and one inotify
// instance, which exist only while there are watches. A forked child's copy does nothing.
class FileWatch {
 public:
  // Begins to watch `file`, which need not exist yet: nor need its directory. `onChange` runs on the thread of the
  // watches: it must not block for long and not throw, and may destroy this FileWatch or begin others. It is not called
  // for what is there now. Blocks while the file is read, and while callbacks of other watches run. On failure nothing
  // is watched: resourceExhausted (the system's limits, and how to raise them), requirementNotMet (the directory may
  // not be read).
  static Result<FileWatch> start(const std::string& file, std::function<void(const FileChange&)> onChange,
                                 const WatchOptions& options = {});

  FileWatch(FileWatch&&) noexcept;
  FileWatch& operator=(FileWatch&&) noexcept;
  // Ends the watch: onChange does not run any more. Waits while it runs, unless called from it.
  ~FileWatch();

  // Has the file looked at after the quiet time, as if something had happened to it. Never blocks.
  void look() const;

  class Implementation;

 private:
  explicit FileWatch(std::unique_ptr<Implementation> implementation) noexcept;
  std::unique_ptr<Implementation> implementation_;
};

// "changed".
constexpr const char* toString(FileChange::Kind kind) noexcept {
  switch (kind) {
    case FileChange::Kind::changed: return "changed";
    case FileChange::Kind::incomplete: return "incomplete";
    case FileChange::Kind::missing: return "missing";
    case FileChange::Kind::unwatched: return "unwatched";
  }
  return "unknown";
}

}  // namespace bulkhead
