#include "host/in_process/ledger_view.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace bulkhead::in_process {
namespace {

static_assert(kResources == BULKHEAD_LEDGER_KINDS);
static_assert(static_cast<int>(Resource::heap) == BULKHEAD_LEDGER_HEAP);
static_assert(static_cast<int>(Resource::mapping) == BULKHEAD_LEDGER_MAPPING);
static_assert(static_cast<int>(Resource::library) == BULKHEAD_LEDGER_LIBRARY);

struct View {
  std::uintptr_t begin;
  std::vector<Acquired> entries;
  std::map<std::pair<const void*, const char*>, std::size_t> heap;  // index of the entry of a call site
};

std::uint64_t offsetOf(std::uintptr_t begin, const void* site) {
  return site == nullptr ? 0 : reinterpret_cast<std::uintptr_t>(site) - begin;
}

void add(View& view, const BulkheadLedgerEntry& entry) {
  view.entries.push_back({.kind = static_cast<Resource>(entry.kind),
                          .key = entry.key,
                          .count = 1,
                          .bytes = entry.bytes,
                          .siteOffset = offsetOf(view.begin, entry.site),
                          .call = entry.call == nullptr ? "" : entry.call,
                          .text = entry.text == nullptr ? "" : entry.text});
}

void visit(void* context, const BulkheadLedgerEntry* entry) {
  auto& view = *static_cast<View*>(context);
  if (entry->kind != BULKHEAD_LEDGER_HEAP) return add(view, *entry);
  const auto [place, isNew] = view.heap.try_emplace({entry->site, entry->call}, view.entries.size());
  if (isNew) return add(view, *entry);
  view.entries[place->second].count += 1;
  view.entries[place->second].bytes += entry->bytes;
}

struct BadFreeView {
  std::uintptr_t begin;
  std::vector<BadFree> list;
};

void visitBadFree(void* context, const BulkheadBadFree* bad) {
  auto& view = *static_cast<BadFreeView*>(context);
  view.list.push_back({offsetOf(view.begin, bad->site), bad->pointer, bad->count, bad->is_double != 0});
}

}  // namespace

std::vector<Acquired> entriesOf(const loader::ModuleLedger& ledger, Resource kind) {
  View view{ledger.begin(), {}, {}};
  if (ledger.isKept()) bulkhead_ledger_visit(ledger.get(), static_cast<std::uint32_t>(kind), &visit, &view);
  return std::move(view.entries);
}

std::vector<BadFree> badFreesOf(const loader::ModuleLedger& ledger) {
  BadFreeView view{ledger.begin(), {}};
  if (ledger.isKept()) bulkhead_ledger_bad_frees(ledger.get(), &visitBadFree, &view);
  return std::move(view.list);
}

Ledger snapshot(const loader::ModuleLedger& ledger) {
  Ledger made;
  made.isKept = ledger.isKept();
  if (!made.isKept) return made;
  BulkheadLedgerTotals totals{};
  bulkhead_ledger_totals(ledger.get(), &totals);
  for (std::size_t kind = 0; kind < kResources; ++kind) {
    made.totals[kind] = {totals.count[kind], totals.bytes[kind]};
    std::vector<Acquired> entries = entriesOf(ledger, static_cast<Resource>(kind));
    made.entries.insert(made.entries.end(), entries.begin(), entries.end());
  }
  made.badFrees = badFreesOf(ledger);
  return made;
}

}  // namespace bulkhead::in_process
