#include "shared/loader/ledger.h"

#include "shared/runtime/threads.h"

#include <string>

namespace bulkhead::loader {
namespace {

std::string copyOf(const char* text) { return text == nullptr ? std::string() : std::string(text); }

void collect(void* context, const BulkheadThread* thread) {
  static_cast<std::vector<ModuleThread>*>(context)->push_back({.tid = thread->tid,
                                                               .detached = thread->detached != 0,
                                                               .ending = thread->ending != 0,
                                                               .start = thread->start,
                                                               .name = copyOf(thread->comm),
                                                               .runs = copyOf(thread->name),
                                                               .site = reinterpret_cast<std::uintptr_t>(thread->site)});
}

// What may refer to others before those: streams before the descriptors and directories, libraries last.
constexpr BulkheadLedgerKind kOrder[] = {
    BULKHEAD_LEDGER_TIMER,      BULKHEAD_LEDGER_SIGNAL_HANDLER, BULKHEAD_LEDGER_EXIT_HANDLER,
    BULKHEAD_LEDGER_THREAD_KEY, BULKHEAD_LEDGER_STREAM,         BULKHEAD_LEDGER_DIRECTORY,
    BULKHEAD_LEDGER_DESCRIPTOR, BULKHEAD_LEDGER_MAPPING,        BULKHEAD_LEDGER_LIBRARY};

}  // namespace

ModuleLedger ModuleLedger::open(std::uintptr_t begin, std::uintptr_t end, bool abortOnBadFree) {
  const BulkheadLedgerOptions options{.begin = begin, .end = end, .abort_on_bad_free = abortOnBadFree ? 1u : 0u};
  ModuleLedger made;
  made.ledger_.reset(bulkhead_ledger_open(&options));
  made.begin_ = begin;
  return made;
}

std::vector<ModuleThread> ModuleLedger::threads() const {
  std::vector<ModuleThread> threads;
  if (ledger_ != nullptr) bulkhead_ledger_threads(ledger_.get(), &collect, &threads);
  return threads;
}

void ModuleLedger::runTlsDestructors() {
  if (isKept()) bulkhead_ledger_run_tls_destructors(ledger_.get());
}

void ModuleLedger::runStaticDestructors() {
  if (isKept()) bulkhead_ledger_finalize(ledger_.get());
}

void ModuleLedger::clean() {
  if (!isKept()) return;
  for (const BulkheadLedgerKind kind : kOrder) bulkhead_ledger_clean(ledger_.get(), kind);
}

}  // namespace bulkhead::loader
