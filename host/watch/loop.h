// The thread of the watches, from inside: events, the quiet time, and looking.
#pragma once

#include "host/watch/inotify.h"
#include "host/watch/trail.h"
#include "host/watch/watched_file.h"

#include <bulkhead/result.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace bulkhead::watch {

// Everything but io() and construction is for the thread that runs io().
class Loop {
 public:
  explicit Loop(Inotify inotify);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  boost::asio::io_context& io() noexcept { return io_; }

  // Begins to watch. On failure (FileWatch::start) nothing is watched.
  Result<void> add(const std::shared_ptr<WatchedFile>& file);
  void forget(const WatchedFile* file);
  // Something may have happened to the file.
  void touch(const WatchedFile* file);

 private:
  // A watch of the system, and what of it matters to one file.
  struct Mark {
    int watch;
    Step step;
    bool operator==(const Mark&) const = default;
  };
  struct Entry {
    Entry(boost::asio::io_context& io, std::shared_ptr<WatchedFile> watched) : file(std::move(watched)), timer(io) {}
    std::shared_ptr<WatchedFile> file;
    boost::asio::steady_timer timer;
    std::vector<Mark> marks;
  };

  void awaitEvents();
  void onEvent(const Event& event);
  static bool isMade(const Entry& entry, const Event& event);
  void onOverflow();
  std::vector<std::shared_ptr<Entry>> concerned(const Event& event) const;
  void dropWatch(int watch);
  void rearm(const std::shared_ptr<Entry>& entry);
  void arm(const std::shared_ptr<Entry>& entry, std::chrono::steady_clock::duration quiet);
  void awaitClose(const std::shared_ptr<Entry>& entry);
  Result<void> refresh(Entry& entry);
  Result<void> place(const Trail& trail, std::vector<Mark>& marks);
  void replaceMarks(Entry& entry, std::vector<Mark> marks);

  boost::asio::io_context io_{1};
  Inotify inotify_;
  boost::asio::posix::stream_descriptor events_;
  std::unordered_map<const WatchedFile*, std::shared_ptr<Entry>> entries_;
  std::unordered_map<int, std::set<Entry*>> users_;  // of each watch of the system
};

}  // namespace bulkhead::watch
