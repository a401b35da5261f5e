#include "shared/loader/loader.h"

#include "shared/loader/constructors.h"
#include "shared/loader/entry.h"

#include <dlfcn.h>
#include <link.h>

#include <atomic>
#include <string_view>

namespace bulkhead::loader {
namespace {

constexpr int kMode = RTLD_NOW | RTLD_LOCAL;

// This thread's last dlerror(), with the private copy's path replaced by the name the user knows.
std::string loaderText(const Source& source) {
  const char* raw = ::dlerror();
  std::string text = raw == nullptr ? "no reason given" : raw;
  const std::size_t at = text.find(source.path);
  if (!source.path.empty() && at != std::string::npos) text.replace(at, source.path.size(), source.name);
  return text;
}

// Orders the last use of one module before the first use of the next at the same addresses. The dynamic loader's lock
// does that already; ThreadSanitizer sees it here.
std::atomic<std::uint64_t> unloads{0};

}  // namespace

Result<Library> Library::open(Source source) {
  Library library(std::move(source));
  if (Result<void> loaded = library.load(); !loaded) return std::move(loaded).error();
  return library;
}

Library::~Library() {
  if (!ledger_.threads().empty()) {
    abandon();
    return;
  }
  static_cast<void>(finalize());
  if (!close()) abandon();
}

bool Library::finalize() {
  const link_map* object = nullptr;
  if (finalized_ || handle_ == nullptr || ::dlinfo(handle_, RTLD_DI_LINKMAP, &object) != 0) return finalized_;
  ledger_.runTlsDestructors();
  const bool wereDeferred = runDeferredDestructors(*object);
  if (!wereDeferred) ledger_.runStaticDestructors();
  ledger_.runTlsDestructors();  // of thread_locals that static destructors touched first
  finalized_ = wereDeferred || ledger_.isKept();
  return finalized_;
}

void Library::abandon() noexcept {
  handle_ = nullptr;
  dependencies_.clear();
  ledger_.abandon();
}

Result<void> Library::load() {
  if (Result<void> opened = openDependencies(); !opened) return opened;
  handle_ = ::dlopen(source_.path.c_str(), kMode);
  static_cast<void>(unloads.load(std::memory_order_acquire));  // partner: close()
  if (handle_ == nullptr) return Error(ErrorKind::loadFailed, source_.name + ": " + loaderText(source_));
  const link_map* object = nullptr;
  if (::dlinfo(handle_, RTLD_DI_LINKMAP, &object) != 0) {
    return Error(ErrorKind::loadFailed, source_.name + ": " + loaderText(source_));
  }
  base_ = object->l_addr;
  extent_ = extentOf(base_, source_.path);
  if (source_.keepLedger) ledger_ = ModuleLedger::open(extent_.begin, extent_.end, source_.abortOnBadFree);
  if (Result<void> run = runDeferredConstructors(*object, source_.name); !run) return run;
  return findEntry();
}

Result<void> Library::openDependencies() {
  for (const std::string& path : source_.dependencies) {
    void* dependency = ::dlopen(path.c_str(), kMode);
    if (dependency == nullptr) {
      return Error(ErrorKind::loadFailed,
                   source_.name + ": a library it needs cannot be loaded: " + loaderText(source_));
    }
    dependencies_.push_back(dependency);
  }
  return {};
}

Result<void> Library::findEntry() {
  const auto entry = reinterpret_cast<BulkheadEntry>(::dlsym(handle_, BULKHEAD_ENTRY_SYMBOL));
  if (entry == nullptr) {
    return Error(ErrorKind::notAModule, source_.name + " has no symbol " BULKHEAD_ENTRY_SYMBOL
                                                       ": a module needs BULKHEAD_MODULE in one of its sources");
  }
  const BulkheadModule* module = entry();
  if (Result<void> checked = checkEntry(module, source_.name); !checked) return checked;
  module_ = module;
  return {};
}

Result<void> Library::close() {
  if (handle_ != nullptr) {
    ledger_.clean();
    unloads.fetch_add(1, std::memory_order_release);  // partner: load()
    ::dlclose(handle_);
    handle_ = nullptr;
    if (isLoaded()) {
      // Taken again: the dynamic loader finalised nothing of it.
      handle_ = ::dlopen(source_.path.c_str(), kMode | RTLD_NOLOAD);
      if (handle_ != nullptr) return refusal();
    }
    module_ = nullptr;
    ledger_.close();
  }
  closeDependencies();
  return {};
}

Error Library::refusal() const {
  std::string why;
  const auto add = [&](const std::string& reason) { why.append(why.empty() ? "" : "; ").append(reason); };
  for (const Pin& pin : pins()) add(pin.text);
  if (source_.hints.threadExitDestructors) add("perhaps thread_local objects of threads that still live");
  if (why.empty()) add("another dlopen of it, RTLD_NODELETE, or a library with symbols bound into it");
  return Error(ErrorKind::unloadRefused, source_.name + " stays in memory: " + why);
}

void Library::closeDependencies() {
  for (; !dependencies_.empty(); dependencies_.pop_back()) ::dlclose(dependencies_.back());
}

}  // namespace bulkhead::loader
