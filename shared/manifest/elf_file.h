// What a shared object says about itself, read without loading it.
//
// The file is hostile input: it is read with pread alone (a mapping would turn a file that shrinks into SIGBUS), every
// offset and count is checked against the file and against a cap, and nothing of it runs.
#pragma once

#include "shared/manifest/limits.h"
#include "shared/posix/unique_fd.h"

#include <bulkhead/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::manifest {

struct ElfNote {
  std::string name;  // without its NUL
  std::uint32_t type = 0;
  std::uint64_t offset = 0;  // of the description in the file
  std::vector<std::byte> description;
};

// What may keep the object in memory after dlclose. Best effort: a stripped section table hides the symbols.
struct UnloadHints {
  bool noDelete = false;               // DF_1_NODELETE
  bool staticTls = false;              // DF_STATIC_TLS: loading side by side runs out of static TLS space
  bool threadExitDestructors = false;  // refers to __cxa_thread_atexit*
  std::uint64_t uniqueSymbols = 0;     // defined STB_GNU_UNIQUE
  std::string firstUniqueSymbol;       // mangled; empty if there is none
};

struct ElfFile {
  std::vector<ElfNote> notes;
  std::vector<std::string> needed;  // DT_NEEDED in order
  std::string soname;               // DT_SONAME, or empty
  std::string runpath;              // DT_RUNPATH, or empty
  std::string rpath;                // DT_RPATH, or empty
  UnloadHints unload;
};

// Largest sum of all note segments of a file.
inline constexpr std::uint64_t kMaxNoteSegmentBytes = std::uint64_t{64} << 20;

// Reads the shared object behind `fd`, which is borrowed and whose file offset does not move. `name` is how errors call
// the file. Fails with notAModule, saying what is wrong: a directory, not ELF, another class, byte order or
// architecture, an executable or object file, truncated, without dynamic section, corrupt. Any thread; blocks on the
// disk only.
Result<ElfFile> readElf(int fd, std::string_view name);

// The same for the file at `path`. Fails also with notFound, or with resourceExhausted or loadFailed when it exists but
// cannot be opened.
Result<ElfFile> readElf(const std::string& path);

// Opens `path` for reading without waiting on a FIFO. Fails as readElf(path) does.
Result<posix::UniqueFd> openForReading(const std::string& path);

}  // namespace bulkhead::manifest
