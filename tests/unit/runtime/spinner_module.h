// The spinner, loaded by hand, with a ledger of its own.
#pragma once

#include "../../modules/spinner.h"
#include "shared/runtime/ledger.h"
#include "shared/runtime/threads.h"
#include "spinner.table.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bulkhead::testing {

// A ledger for whichever module asks next, the addresses of which nobody knows yet.
inline BulkheadLedger* openLedger() {
  const BulkheadLedgerOptions everything = {0, UINTPTR_MAX, 0};
  return bulkhead_ledger_open(&everything);
}

inline std::uint64_t held(BulkheadLedger* ledger, BulkheadLedgerKind kind) {
  BulkheadLedgerTotals totals;
  bulkhead_ledger_totals(ledger, &totals);
  return totals.count[kind];
}

struct ListedThread {
  std::int32_t tid;
  bool isDetached;
  const void* start;
  std::string name, comm, call;
};

inline std::vector<ListedThread> threadsOf(BulkheadLedger* ledger) {
  std::vector<ListedThread> threads;
  bulkhead_ledger_threads(
      ledger,
      [](void* context, const BulkheadThread* thread) {
        static_cast<std::vector<ListedThread>*>(context)->push_back({thread->tid, thread->detached != 0, thread->start,
                                                                     thread->name != nullptr ? thread->name : "",
                                                                     thread->comm, thread->call});
      },
      &threads);
  return threads;
}

class SpinnerModule {
 public:
  // Without a ledger hooks note nothing, as in a worker.
  explicit SpinnerModule(bool hasLedger = true) : ledger_(hasLedger ? openLedger() : nullptr) {
    library_ = dlopen(SPINNER_FILE, RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) throw std::runtime_error(dlerror());
    module_ = reinterpret_cast<BulkheadEntry>(dlsym(library_, BULKHEAD_ENTRY_SYMBOL))();
    table_ = reinterpret_cast<const spinner::SpinnerTable*>(module_->exports[0].table);
    const BulkheadHostServices services = {};
    const BulkheadCreateArguments arguments = {sizeof arguments, &services, nullptr, 0};
    EXPECT_EQ(module_->create(&arguments, &self_, &sink_), BULKHEAD_OK);
    EXPECT_EQ(table_->observe(self_, reinterpret_cast<std::uintptr_t>(observed_.get()), &sink_), BULKHEAD_OK);
  }
  SpinnerModule(const SpinnerModule&) = delete;
  SpinnerModule& operator=(const SpinnerModule&) = delete;
  ~SpinnerModule() {
    if (library_ != nullptr) unload();
  }

  bool start(std::uint32_t sort) {
    std::uint8_t started = 0;
    EXPECT_EQ(table_->start(self_, sort, &started, &sink_), BULKHEAD_OK);
    return started != 0;
  }
  void awaitArrival(std::uint32_t count) { EXPECT_EQ(table_->awaitArrival(self_, count, &sink_), BULKHEAD_OK); }
  void release() { EXPECT_EQ(table_->release(self_, &sink_), BULKHEAD_OK); }
  void touch() { EXPECT_EQ(table_->touch(self_, &sink_), BULKHEAD_OK); }

  // Unloads it in the order of a transaction; whether it is really gone.
  bool unload() {
    module_->destroy(self_);
    if (ledger_ != nullptr) {
      bulkhead_ledger_run_tls_destructors(ledger_);
      bulkhead_ledger_finalize(ledger_);
    }
    dlclose(library_);
    library_ = dlopen(SPINNER_FILE, RTLD_NOLOAD | RTLD_NOW);
    const bool isGone = library_ == nullptr;
    if (!isGone) dlclose(library_);
    library_ = nullptr;
    if (ledger_ != nullptr && isGone) bulkhead_ledger_close(ledger_);
    return isGone;
  }

  // Waits until the kernel has no thread of the module any more.
  void awaitNoThread() const {
    while (held(ledger_, BULKHEAD_LEDGER_THREAD) != 0) sched_yield();
  }

  [[nodiscard]] BulkheadLedger* ledger() const { return ledger_; }
  [[nodiscard]] const spinner::Observed& observed() const { return *observed_; }
  [[nodiscard]] std::shared_ptr<const spinner::Observed> observedForLong() const { return observed_; }

 private:
  std::shared_ptr<spinner::Observed> observed_ = std::make_shared<spinner::Observed>();
  BulkheadLedger* ledger_;
  void* library_ = nullptr;
  const BulkheadModule* module_ = nullptr;
  const spinner::SpinnerTable* table_ = nullptr;
  void* self_ = nullptr;
  BulkheadErrorSink sink_ = {nullptr, [](void*, const BulkheadErrorView*) {}};
};

}  // namespace bulkhead::testing
