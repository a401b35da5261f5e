// A module with its ledger, opened before any code of it runs, as a host does.
#pragma once

#include "borrower.table.h"
#include "shared/loader/constructors.h"
#include "shared/loader/instance.h"
#include "shared/manifest/deferred_constructors.h"
#include "shared/runtime/ledger.h"
#include "tests/unit/manifest/scratch_file.h"

#include <bulkhead/abi.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <link.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace bulkhead::testing {

struct Entry {
  std::uint64_t key = 0;
  std::uint64_t bytes = 0;
  std::uintptr_t site = 0;
  std::string call;
  std::string text;
};

struct Function {
  std::string name, call, kind;
};

class LoadedModule {
 public:
  enum class Ledger { kept, none };

  explicit LoadedModule(Ledger ledger = Ledger::kept) {
    const std::string path = folder_.at("borrower.so");
    std::filesystem::copy_file(std::string(MODULE_FOLDER) + "/borrower.so", path);
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    EXPECT_TRUE(manifest::deferConstructors(fd, path));
    ::close(fd);
    ::setenv("BORROWER_FOLDER", folder_.path().c_str(), 1);
    handle_ = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(handle_, nullptr) << ::dlerror();
    const link_map* object = nullptr;
    ::dlinfo(handle_, RTLD_DI_LINKMAP, &object);
    find(object->l_addr);
    if (ledger == Ledger::kept) ledger_ = bulkhead_ledger_open(&options_);
    EXPECT_TRUE(loader::runDeferredConstructors(*object, path));
    const auto entry = reinterpret_cast<BulkheadEntry>(::dlsym(handle_, BULKHEAD_ENTRY_SYMBOL));
    module_ = entry();
    services_.size = sizeof services_;
    instance_.emplace(loader::Instance::create(*module_, {}, services_, path).value());
  }
  LoadedModule(const LoadedModule&) = delete;
  LoadedModule& operator=(const LoadedModule&) = delete;
  ~LoadedModule() {
    if (handle_ != nullptr) unload();
  }

  // In the order of an unload: the object, static objects, what it left, the code, the ledger.
  void unload() {
    instance_.reset();
    if (ledger_ != nullptr) {
      bulkhead_ledger_run_tls_destructors(ledger_);
      bulkhead_ledger_finalize(ledger_);
      for (std::uint32_t kind = 0; kind < BULKHEAD_LEDGER_KINDS; ++kind) bulkhead_ledger_clean(ledger_, kind);
    }
    EXPECT_EQ(::dlclose(handle_), 0);
    if (ledger_ != nullptr) bulkhead_ledger_close(ledger_);
    handle_ = nullptr;
    ledger_ = nullptr;
  }

  BulkheadLedger* ledger() const { return ledger_; }
  bool contains(std::uintptr_t address) const { return address >= options_.begin && address < options_.end; }
  const std::string folder() const { return folder_.path().string(); }

  std::int64_t act(borrower::Step step, std::int64_t a = 0, std::int64_t b = 0, std::int64_t c = 0,
                   int* number = nullptr) {
    std::int64_t result = 0;
    std::int32_t error = 0;
    EXPECT_EQ(table().act(instance_->self(), static_cast<std::uint16_t>(step), a, b, c, &result, &error, errors()),
              BULKHEAD_OK);
    if (number != nullptr) *number = error;
    return result;
  }

  bool borrow(std::uint32_t function, std::uint64_t& key, std::uint64_t& more) {
    return table().borrow(instance_->self(), function, &key, &more, errors()) == BULKHEAD_OK;
  }
  void giveBack(std::uint32_t function) {
    EXPECT_EQ(table().giveBack(instance_->self(), function, errors()), BULKHEAD_OK);
  }

  std::vector<Function> functions() {
    std::string lines;
    const BulkheadSink sink = {&lines, [](void* context, BulkheadBytes view) -> std::int32_t {
                                 static_cast<std::string*>(context)->assign(static_cast<const char*>(view.data),
                                                                            view.size);
                                 return BULKHEAD_OK;
                               }};
    EXPECT_EQ(table().functions(instance_->self(), &sink, errors()), BULKHEAD_OK);
    std::vector<Function> functions;
    std::istringstream stream(lines);
    for (Function function; stream >> function.name >> function.call >> function.kind;) functions.push_back(function);
    return functions;
  }

  std::uint64_t count(std::uint32_t kind) const {
    BulkheadLedgerTotals totals{};
    bulkhead_ledger_totals(ledger_, &totals);
    return totals.count[kind];
  }
  std::uint64_t bytes(std::uint32_t kind) const {
    BulkheadLedgerTotals totals{};
    bulkhead_ledger_totals(ledger_, &totals);
    return totals.bytes[kind];
  }

  std::vector<Entry> entries(std::uint32_t kind) const {
    std::vector<Entry> entries;
    bulkhead_ledger_visit(
        ledger_, kind,
        [](void* context, const BulkheadLedgerEntry* entry) {
          static_cast<std::vector<Entry>*>(context)->push_back(
              {entry->key, entry->bytes, reinterpret_cast<std::uintptr_t>(entry->site), entry->call,
               entry->text == nullptr ? "" : entry->text});
        },
        &entries);
    return entries;
  }

  const std::string& lastError() const { return lastError_; }

 private:
  const borrower::BorrowerTable& table() const {
    return *reinterpret_cast<const borrower::BorrowerTable*>(module_->exports[0].table);
  }

  const BulkheadErrorSink* errors() { return &errors_; }

  void find(std::uintptr_t base) {
    options_.begin = base;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* data) {
          auto* options = static_cast<BulkheadLedgerOptions*>(data);
          if (info->dlpi_addr != options->begin) return 0;
          for (int i = 0; i < info->dlpi_phnum; ++i) {
            const auto& part = info->dlpi_phdr[i];
            if (part.p_type == PT_LOAD) options->end = info->dlpi_addr + part.p_vaddr + part.p_memsz;
          }
          return 1;
        },
        &options_);
  }

  ScratchFolder folder_;
  void* handle_ = nullptr;
  BulkheadLedgerOptions options_{};
  BulkheadLedger* ledger_ = nullptr;
  const BulkheadModule* module_ = nullptr;
  BulkheadHostServices services_{};
  std::optional<loader::Instance> instance_;
  const BulkheadErrorSink errors_{&lastError_, [](void* context, const BulkheadErrorView* view) {
                                    static_cast<std::string*>(context)->assign(
                                        static_cast<const char*>(view->text.data), view->text.size);
                                  }};
  std::string lastError_;
};

}  // namespace bulkhead::testing
