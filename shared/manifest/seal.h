// The seal of a module file: a hash of what will be loaded, written into the file after its link, so that a file that
// was damaged on its way is refused before any code of it runs. It finds accidents; an attacker can seal anew.
//
// What is sealed: all that the dynamic loader looks at, so that the seal holds through `strip` and through the RPATH
// changes of an installation. In this order, as XXH3:
//  - the ELF header without the fields of the section table
//  - the program headers, each file offset in relation to the loaded segment it lies in
//  - the content of each PT_LOAD segment but for these parts, the dynamic section, the seal and the RPATH's text
//  - the entries of the dynamic section but for DT_RPATH and DT_RUNPATH
//  - where in the string table the RPATH stood
// Damage elsewhere (section table, symbol names for debuggers, debug information) is harmless to the process.
//
// The note, type 3 (bulkhead/detail/notes.h), all zero before: u32 version, u32 length of the RPATH's text, u64 its
// place in the string table, u64 hash.
#pragma once

#include "shared/manifest/elf_file.h"

#include <bulkhead/result.h>

#include <cstdint>
#include <string_view>

namespace bulkhead::manifest {

enum class SealState : std::uint8_t {
  unsealed,  // no seal was written: built by other means than bulkhead_add_module
  intact,
};

// Whether the file behind `fd` is what it was when it was sealed; `file` is what readElf said of it. `where` is how
// errors call it. Fails with notAModule: it was damaged since, or its seal was. Reads what is to be loaded once. The
// file behind `fd` must not be altered before: deferConstructors comes later.
Result<SealState> checkSeal(int fd, const ElfFile& file, std::string_view where);

// Seals the file behind `fd`, open for reading and writing; what it was sealed with before is forgotten. Fails with
// notAModule: it has no room for a seal (nothing of it used BULKHEAD_MODULE), is corrupt, or cannot be written.
Result<void> writeSeal(int fd, const ElfFile& file, std::string_view where);

}  // namespace bulkhead::manifest
