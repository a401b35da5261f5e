// What of a module file will keep it from being unloaded for real, hides what it acquires, or is unusual: found in the
// file alone, at build time (bulkhead-lint) and by `bulkhead inspect`. (T1, I6)
#pragma once

#include "shared/manifest/elf_file.h"
#include "shared/manifest/manifest.h"
#include "shared/manifest/symbols.h"

#include <bulkhead/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::manifest {

enum class Severity : std::uint8_t {
  note,     // worth knowing
  warning,  // works, with less than Bulkhead could give
  error,    // cannot be unloaded, or not be loaded at all
};

struct Finding {
  std::string_view id;  // stable, kebab-case, a literal: what builds allow and scripts look for
  Severity severity = Severity::note;
  std::string what;    // with names from the file: unprintable before detail::printable
  std::string remedy;  // what to do; empty where there is nothing to do
};

// Every id there is.
inline constexpr std::string_view kFindingIds[] = {
    "entry-missing",    "exports",           "foreign-libraries",  "ledger-heap",   "ledger-none",     "ledger-smaller",
    "ledger-unwrapped", "manifest-corrupt",  "manifest-missing",   "runtime-mixed", "runtime-unknown", "symbols-hidden",
    "unload-nodelete",  "unload-static-tls", "unload-thread-exit", "unload-unique",
};

// Which C++ runtime a module brings: what its flags said, or else what the file shows.
enum class RuntimeFlavour : std::uint8_t { unknown, staticRuntime, sharedRuntime };
RuntimeFlavour runtimeOf(const ElfFile& file, const Manifest& manifest);
std::string_view toString(RuntimeFlavour flavour);  // "static", "shared", "unknown"
std::string_view toString(Severity severity);       // as compilers spell it

// All findings, errors first. Runs nothing, never fails; any thread. `manifest` is readManifest's answer for `file`.
std::vector<Finding> lint(const ElfFile& file, const Symbols& symbols, const Result<Manifest>& manifest);

}  // namespace bulkhead::manifest
