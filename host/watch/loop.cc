#include "host/watch/loop.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

namespace bulkhead::watch {
namespace {

// How often a way is followed again that changes while watches are placed on it; the rest comes as events.
constexpr int kMaxAttempts = 16;
// How long a file may be quiet before it is looked at although its writer has not closed it.
constexpr std::chrono::seconds kNoCloseComes{2};

// A file that was just made has a writer. One that got a further name was there before.
bool isNew(const Step& step) {
  struct stat status {};
  const std::string path = step.directory + "/" + step.name;
  return ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1;
}

// A file without a name (O_TMPFILE) that was given one while open: its writer's close bears its number.
bool isOfNameless(const Event& event) { return event.what == Event::What::written && event.name.starts_with('#'); }

bool matches(const Step& step, const Event& event) {
  if (event.name.empty()) return true;
  return !step.name.empty() && (event.name == step.name || isOfNameless(event));
}

}  // namespace

Loop::Loop(Inotify inotify) : inotify_(std::move(inotify)), events_(io_, inotify_.fd()) { awaitEvents(); }

Loop::~Loop() { events_.release(); }  // the descriptor is the Inotify's

Result<void> Loop::add(const std::shared_ptr<WatchedFile>& file) {
  const auto entry = std::make_shared<Entry>(io_, file);
  if (auto watched = refresh(*entry); !watched) {
    replaceMarks(*entry, {});
    return watched;
  }
  entries_.emplace(file.get(), entry);
  if (file->news() == News::everything) {
    rearm(entry);
  } else {
    file->remember();
  }
  return {};
}

void Loop::forget(const WatchedFile* file) {
  const auto found = entries_.find(file);
  if (found == entries_.end()) return;
  const auto entry = found->second;
  entries_.erase(found);
  entry->timer.cancel();
  replaceMarks(*entry, {});
}

void Loop::touch(const WatchedFile* file) {
  if (const auto found = entries_.find(file); found != entries_.end()) rearm(found->second);
}

// ---- events

void Loop::awaitEvents() {
  events_.async_wait(boost::asio::posix::descriptor_base::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    inotify_.read([this](const Event& event) { onEvent(event); });
    awaitEvents();
  });
}

void Loop::onEvent(const Event& event) {
  if (event.what == Event::What::overflow) return onOverflow();
  const auto entries = concerned(event);
  if (event.what == Event::What::ended) dropWatch(event.watch);
  for (const auto& entry : entries) {
    if (!entries_.contains(entry->file.get())) continue;
    if (event.what == Event::What::modified) {
      awaitClose(entry);  // the way is as it was; there may be thousands of these
    } else if (event.what == Event::What::created && isMade(*entry, event)) {
      entry->file->setWatched(refresh(*entry));
      awaitClose(entry);
    } else {
      rearm(entry);
    }
  }
}

// Whether it is the file itself that was made, not a part of the way.
bool Loop::isMade(const Entry& entry, const Event& event) {
  return std::any_of(entry.marks.begin(), entry.marks.end(), [&](const Mark& mark) {
    return mark.watch == event.watch && mark.step.name == event.name && isNew(mark.step);
  });
}

void Loop::onOverflow() {
  std::vector<std::shared_ptr<Entry>> all;
  for (const auto& [file, entry] : entries_) all.push_back(entry);
  for (const auto& entry : all) rearm(entry);
}

std::vector<std::shared_ptr<Loop::Entry>> Loop::concerned(const Event& event) const {
  std::vector<std::shared_ptr<Entry>> result;
  const auto users = users_.find(event.watch);
  if (users == users_.end()) return result;
  for (Entry* const entry : users->second) {
    const bool concerns = std::any_of(entry->marks.begin(), entry->marks.end(), [&](const Mark& mark) {
      return mark.watch == event.watch && matches(mark.step, event);
    });
    if (!concerns) continue;
    if (const auto found = entries_.find(entry->file.get()); found != entries_.end()) result.push_back(found->second);
  }
  return result;
}

// The system has taken it back: what it watched is gone.
void Loop::dropWatch(int watch) {
  const auto users = users_.find(watch);
  if (users == users_.end()) return;
  for (Entry* const entry : users->second) {
    std::erase_if(entry->marks, [watch](const Mark& mark) { return mark.watch == watch; });
  }
  users_.erase(users);
}

// The quiet time begins anew.
void Loop::rearm(const std::shared_ptr<Entry>& entry) {
  entry->file->setWatched(refresh(*entry));
  arm(entry, entry->file->quiet());
}

void Loop::arm(const std::shared_ptr<Entry>& entry, std::chrono::steady_clock::duration quiet) {
  entry->timer.expires_after(quiet);
  entry->timer.async_wait([weak = std::weak_ptr(entry)](const boost::system::error_code& error) {
    const auto waited = weak.lock();
    // It may have been put off after it had expired.
    const bool isTime = waited != nullptr && waited->timer.expiry() <= std::chrono::steady_clock::now();
    if (!error && isTime) waited->file->inspect();
  });
}

// Half of what is written is of no use: the writer's close is an event of its own. But not every change has one
// (truncate(2), a hard link whose first name is gone again), so there is a look at last.
void Loop::awaitClose(const std::shared_ptr<Entry>& entry) {
  arm(entry, std::max<std::chrono::steady_clock::duration>(entry->file->quiet(), kNoCloseComes));
}

// ---- watches of the system

// Afterwards the watches are those of the way as it is, and everything that happens to it comes as an event.
Result<void> Loop::refresh(Entry& entry) {
  Trail trail = follow(entry.file->path());
  Result<void> placed;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    std::vector<Mark> marks;
    placed = place(trail, marks);
    replaceMarks(entry, std::move(marks));
    Trail now = follow(entry.file->path());
    if (now == trail) break;
    trail = std::move(now);
  }
  return placed;
}

// Fills `marks` as far as it gets.
Result<void> Loop::place(const Trail& trail, std::vector<Mark>& marks) {
  Result<void> result;
  for (const Step& step : trail.steps) {
    const auto watch = inotify_.add(step.directory, step.name.empty() ? Interest::self : Interest::entries);
    if (watch && *watch) marks.push_back({**watch, step});
    if (!watch && (step.isVital || watch.error().kind() == ErrorKind::resourceExhausted)) result = watch.error();
  }
  if (!trail.file) return result;
  const auto watch = inotify_.add(*trail.file, Interest::content);
  if (watch && *watch) marks.push_back({**watch, Step{*trail.file, "", 0, false}});
  if (!watch && watch.error().kind() == ErrorKind::resourceExhausted) result = watch.error();
  return result;
}

void Loop::replaceMarks(Entry& entry, std::vector<Mark> marks) {
  const auto old = std::exchange(entry.marks, std::move(marks));
  for (const Mark& mark : entry.marks) users_[mark.watch].insert(&entry);
  for (const Mark& mark : old) {
    const bool stays = std::any_of(entry.marks.begin(), entry.marks.end(),
                                   [&](const Mark& other) { return other.watch == mark.watch; });
    const auto users = users_.find(mark.watch);
    if (stays || users == users_.end()) continue;
    users->second.erase(&entry);
    if (!users->second.empty()) continue;
    users_.erase(users);
    inotify_.remove(mark.watch);
  }
}

}  // namespace bulkhead::watch
