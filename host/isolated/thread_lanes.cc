#include "host/isolated/thread_lanes.h"

#include "host/isolated/session.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace bulkhead::isolated::thread_lanes {
namespace {

struct Entry {
  std::uint64_t serial;
  HostLane* lane;                // valid only while its session lives: compared by serial, never followed else
  bool borrowed;
  std::weak_ptr<Session> owner;  // of a lane that is not borrowed
};

struct Entries {
  std::vector<Entry> list;
  ~Entries() { releaseAll(); }
  void releaseAll() {
    for (Entry& entry : list) {
      if (const auto session = entry.owner.lock()) session->releaseLane(*entry.lane);
    }
    list.clear();
  }
};

thread_local Entries entries;

}  // namespace

HostLane* find(std::uint64_t serial) noexcept {
  // The last one added is the one in use: most threads call one module at a time.
  for (auto entry = entries.list.rbegin(); entry != entries.list.rend(); ++entry) {
    if (entry->serial == serial) return entry->lane;
  }
  return nullptr;
}

void keep(std::uint64_t serial, HostLane& lane, std::weak_ptr<Session> session) {
  // Sessions that are gone leave entries behind; borrowed ones are on the stack of somebody below.
  std::erase_if(entries.list, [](const Entry& entry) { return !entry.borrowed && entry.owner.expired(); });
  entries.list.push_back({serial, &lane, false, std::move(session)});
}

void releaseAll() { entries.releaseAll(); }

Borrowed::Borrowed(std::uint64_t serial, HostLane& lane) { entries.list.push_back({serial, &lane, true, {}}); }

Borrowed::~Borrowed() {
  // Lanes of other sessions may have been kept above it meanwhile.
  const auto own = std::find_if(entries.list.rbegin(), entries.list.rend(),
                                [](const Entry& entry) { return entry.borrowed; });
  entries.list.erase(std::next(own).base());
}

}  // namespace bulkhead::isolated::thread_lanes
