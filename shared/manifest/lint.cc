#include "shared/manifest/lint.h"

#include "shared/manifest/acquiring.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <span>

namespace bulkhead::manifest {
namespace {

constexpr std::string_view kEntry = "bulkhead_module_entry";
constexpr std::size_t kShown = 3;            // of many names, the first
constexpr std::size_t kMaxDemangled = 128;   // bytes; a longer name may grow without measure
constexpr std::size_t kMaxShownBytes = 256;  // of one name

using Names = std::vector<std::string_view>;

std::string demangled(std::string_view name) {
  if (name.size() <= kMaxDemangled && name.starts_with("_Z")) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> text(
        abi::__cxa_demangle(std::string(name).c_str(), nullptr, nullptr, &status), &std::free);
    if (text != nullptr) return std::string(text.get()).substr(0, kMaxShownBytes);
  }
  return std::string(name.substr(0, kMaxShownBytes));
}

// "a, b, c and 2 more"
std::string listed(const Names& names) {
  std::string text;
  for (std::size_t n = 0; n < std::min(names.size(), kShown); ++n) {
    text.append(n == 0 ? "" : ", ").append(demangled(names[n]));
  }
  if (names.size() > kShown) text.append(" and " + std::to_string(names.size() - kShown) + " more");
  return text;
}

std::string counted(std::size_t count, const char* singular, const char* plural) {
  return std::to_string(count) + " " + (count == 1 ? singular : plural);
}

template <class Predicate>
Names those(std::span<const std::string_view> names, const Predicate& predicate) {
  Names found;
  std::copy_if(names.begin(), names.end(), std::back_inserter(found), predicate);
  return found;
}

bool hasPrefix(const Names& names, std::string_view prefix) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return name.starts_with(prefix); });
}
bool has(const Names& names, std::string_view wanted) {
  return std::find(names.begin(), names.end(), wanted) != names.end();
}

// The value of the first line of the build note with this key.
std::string_view buildValue(const Manifest& manifest, std::string_view key) {
  for (const auto& [name, value] : manifest.build) {
    if (name == key) return value;
  }
  return {};
}

bool isCxxRuntime(std::string_view library) {
  return library.starts_with("libstdc++.") || library.starts_with("libc++.") || library.starts_with("libc++abi.");
}

// glibc, the compiler's own libraries and Bulkhead's: they keep nothing behind a module's back that is not known.
bool isExpected(std::string_view library) {
  constexpr std::string_view kExpected[] = {"libc.so.",  "libm.so.",   "libdl.so.",     "libpthread.so.",
                                            "librt.so.", "libgcc_s.",  "libatomic.so.", "ld-linux",
                                            "libasan.",  "libtsan.",   "libubsan.",     "libbulkhead-runtime.",
                                            "libmvec.",  "libutil.so."};
  return isCxxRuntime(library) || std::any_of(std::begin(kExpected), std::end(kExpected),
                                              [&](std::string_view prefix) { return library.starts_with(prefix); });
}

class Linter {
 public:
  Linter(const ElfFile& file, const Symbols& symbols, const Result<Manifest>& manifest)
      : file_(file), symbols_(symbols), manifest_(manifest), build_(manifest ? *manifest : kNone) {}

  std::vector<Finding> run() {
    lintManifest();
    lintUnload();
    lintExports();
    lintLedger();
    lintLibraries();
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    return std::move(findings_);
  }

 private:
  void add(Severity severity, std::string_view id, std::string what, std::string remedy) {
    findings_.push_back({id, severity, std::move(what), std::move(remedy)});
  }
  void lintManifest();
  void lintUnload();
  void lintExports();
  void lintLedger();
  void lintHookedLedger(bool isSmaller);
  void lintLibraries();

  inline static const Manifest kNone{};
  const ElfFile& file_;
  const Symbols& symbols_;
  const Result<Manifest>& manifest_;
  const Manifest& build_;
  std::vector<Finding> findings_;
};

void Linter::lintManifest() {
  if (!manifest_) {
    const bool hasNotes = std::any_of(file_.notes.begin(), file_.notes.end(), [](const ElfNote& note) {
      return note.name == kNoteName && note.type == kContractNote;
    });
    add(Severity::error, hasNotes ? "manifest-corrupt" : "manifest-missing", std::string(manifest_.error().text()),
        hasNotes ? "build it anew, with the Bulkhead that reads it" : "build it with bulkhead_add_module");
  }
  if (!symbols_.known) {
    add(Severity::note, "symbols-hidden", "its section table was stripped: its symbols were not looked at", "");
  } else if (!has(symbols_.exported, kEntry)) {
    add(Severity::error, "entry-missing", "it does not export bulkhead_module_entry, so it cannot be loaded",
        "name the module's class with BULKHEAD_MODULE once");
  }
}

void Linter::lintUnload() {
  if (!symbols_.unique.empty()) {
    add(Severity::error, "unload-unique",
        counted(symbols_.unique.size(), "STB_GNU_UNIQUE symbol pins", "STB_GNU_UNIQUE symbols pin") +
            " it in memory for ever, and a next version would share them: " + listed(symbols_.unique),
        "link with bulkhead_add_module's version script, compile with -fno-gnu-unique (g++)");
  }
  if (file_.unload.noDelete) {
    add(Severity::error, "unload-nodelete", "it is marked NODELETE: dlclose leaves it in memory",
        "link without -z nodelete");
  }
  if (file_.unload.staticTls) {
    add(Severity::warning, "unload-static-tls",
        "it uses initial-exec thread-local storage (STATIC_TLS): after some dozen loads side by side there is no room "
        "for another",
        "compile without -ftls-model=initial-exec and tls_model attributes");
  }
  const Names atexit =
      those(symbols_.imported, [](std::string_view name) { return name.starts_with("__cxa_thread_atexit"); });
  if (!atexit.empty() && !hasPrefix(symbols_.imported, "bulkhead_ledger_")) {
    add(Severity::warning, "unload-thread-exit",
        "it registers thread_local destructors with the C library (" + listed(atexit) +
            "): it stays in memory until every thread that used it has ended",
        "build it with bulkhead_add_module, whose hooks run them at unload");
  }
}

void Linter::lintExports() {
  const Names others = those(symbols_.exported, [](std::string_view name) { return name != kEntry; });
  if (others.empty()) return;
  add(Severity::warning, "exports",
      "it exports " + counted(others.size(), "symbol", "symbols") +
          " besides its entry, which others may bind to and so pin it: " + listed(others),
      "link with bulkhead_add_module's version script");
}

void Linter::lintLedger() {
  const std::string_view sanitizers = buildValue(build_, "sanitizers");
  const bool isShared = runtimeOf(file_, build_) == RuntimeFlavour::sharedRuntime;
  const bool isSmaller = isShared || !sanitizers.empty();
  const bool isHooked =
      hasPrefix(symbols_.imported, "bulkhead_ledger_") || hasPrefix(symbols_.imported, "bulkhead_heap_");
  if (isSmaller) {
    add(Severity::note, "ledger-smaller",
        isShared ? "smaller ledger: with the shared C++ runtime its heap is not tracked, and leaks of memory stay"
                 : "smaller ledger: under a sanitizer (" + std::string(sanitizers) + ") its heap is not tracked",
        isShared ? "link the static C++ runtime (no SHARED_RUNTIME) unless it needs C++ shared libraries" : "");
  }
  if (isHooked) {
    lintHookedLedger(isSmaller);
  } else if (symbols_.known) {
    add(isSmaller ? Severity::note : Severity::warning, "ledger-none",
        "no ledger: it has none of Bulkhead's hooks, so what it acquires is neither seen nor given back at unload",
        "build it with bulkhead_add_module");
  }
}

void Linter::lintHookedLedger(bool isSmaller) {
  const Names heap = those(symbols_.imported, isHeapFunction);
  if (!heap.empty() && !isSmaller && !has(symbols_.imported, "bulkhead_heap_malloc")) {
    add(Severity::warning, "ledger-heap", "unwrapped allocations: its heap is not tracked (" + listed(heap) + ")",
        "link with the flags of bulkhead_add_module");
  }
  const Names unseen = those(symbols_.imported, isUnseenByHooks);
  if (!unseen.empty()) {
    add(Severity::warning, "ledger-unwrapped",
        "what it acquires by " + listed(unseen) + " is not seen by its ledger and stays after an unload",
        "use another function, or give it back in beforeUnload and allow ledger-unwrapped");
  }
}

void Linter::lintLibraries() {
  const RuntimeFlavour runtime = runtimeOf(file_, build_);
  const Names needed(file_.needed.begin(), file_.needed.end());
  const Names runtimes = those(needed, isCxxRuntime);
  if (buildValue(build_, "runtime") == "static" && !runtimes.empty()) {
    add(Severity::warning, "runtime-mixed",
        "it was built for the static C++ runtime and needs " + listed(runtimes) +
            " as well: memory and exceptions of one meet the other",
        "link with SHARED_RUNTIME, or without what needs the shared one");
  }
  if (manifest_ && runtime == RuntimeFlavour::unknown) {
    add(Severity::note, "runtime-unknown", "nothing says whether its C++ runtime is static or shared",
        "compile with the flags of bulkhead_module_flags");
  }
  const Names foreign = those(needed, [](std::string_view library) { return !isExpected(library); });
  if (foreign.empty()) return;
  add(Severity::note, "foreign-libraries",
      "what " + listed(foreign) + (foreign.size() == 1 ? " acquires" : " acquire") +
          " on its behalf is not seen by its ledger",
      "");
}

}  // namespace

RuntimeFlavour runtimeOf(const ElfFile& file, const Manifest& manifest) {
  const std::string_view said = buildValue(manifest, "runtime");
  if (said == "static") return RuntimeFlavour::staticRuntime;
  if (said == "shared" || std::any_of(file.needed.begin(), file.needed.end(), isCxxRuntime)) {
    return RuntimeFlavour::sharedRuntime;
  }
  return RuntimeFlavour::unknown;
}

std::string_view toString(RuntimeFlavour flavour) {
  switch (flavour) {
    case RuntimeFlavour::staticRuntime: return "static";
    case RuntimeFlavour::sharedRuntime: return "shared";
    case RuntimeFlavour::unknown: break;
  }
  return "unknown";
}

std::string_view toString(Severity severity) {
  switch (severity) {
    case Severity::note: return "note";
    case Severity::warning: return "warning";
    case Severity::error: break;
  }
  return "error";
}

std::vector<Finding> lint(const ElfFile& file, const Symbols& symbols, const Result<Manifest>& manifest) {
  return Linter(file, symbols, manifest).run();
}

}  // namespace bulkhead::manifest
