#include "host/isolated/thread_lanes.h"

#include "host/isolated/session.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace bulkhead::isolated::thread_lanes {
namespace {

struct Entry {
  std::uint64_t serial;
  HostLane* lane;  // valid only while its session lives: compared by serial, never followed else
  bool borrowed;
  std::weak_ptr<Session> owner;  // of a lane that is not borrowed
};

// The entry found last; forgotten whenever one goes. Needs no look at whether the thread's entries exist yet. Serial
// numbers start from 1.
struct Last {
  std::uint64_t serial = 0;
  HostLane* lane = nullptr;
};
constinit thread_local Last last;

struct Entries {
  std::vector<Entry> list;
  ~Entries() { releaseAll(); }
  void releaseAll() {
    last = {};
    for (Entry& entry : list) {
      if (const auto session = entry.owner.lock()) session->releaseLane(*entry.lane);
    }
    list.clear();
  }
};

thread_local Entries entries;

HostLane* search(std::uint64_t serial) noexcept {
  // The last one added is the one in use: most threads call one module at a time.
  for (auto entry = entries.list.rbegin(); entry != entries.list.rend(); ++entry) {
    if (entry->serial != serial) continue;
    last = {serial, entry->lane};
    return entry->lane;
  }
  return nullptr;
}

}  // namespace

HostLane* find(std::uint64_t serial) noexcept { return last.serial == serial ? last.lane : search(serial); }

void keep(std::uint64_t serial, HostLane& lane, std::weak_ptr<Session> session) {
  // Sessions that are gone leave entries behind; borrowed ones are on the stack of somebody below.
  std::erase_if(entries.list, [](const Entry& entry) { return !entry.borrowed && entry.owner.expired(); });
  entries.list.push_back({serial, &lane, false, std::move(session)});
  last = {serial, &lane};
}

void releaseAll() { entries.releaseAll(); }

Borrowed::Borrowed(std::uint64_t serial, HostLane& lane) {
  entries.list.push_back({serial, &lane, true, {}});
  last = {serial, &lane};
}

Borrowed::~Borrowed() {
  last = {};
  // Lanes of other sessions may have been kept above it meanwhile.
  const auto own =
      std::find_if(entries.list.rbegin(), entries.list.rend(), [](const Entry& entry) { return entry.borrowed; });
  entries.list.erase(std::next(own).base());
}

}  // namespace bulkhead::isolated::thread_lanes
