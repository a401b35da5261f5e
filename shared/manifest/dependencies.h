// What a private copy of a module would lose: the libraries it finds relative to its own place ($ORIGIN).
#pragma once

#include "shared/manifest/elf_file.h"

#include <string>
#include <vector>

namespace bulkhead::manifest {

// The libraries that `file` needs, directly or through one another, and that the dynamic loader would find through an
// $ORIGIN-relative RUNPATH or RPATH of the file at `originalPath`: absolute paths, each once, needed ones first, so
// that opening them in this order finds all loaded. What is found by other rules is left to the dynamic loader. Never
// fails: what cannot be read is not listed, and the dynamic loader names it. Reads the disk.
std::vector<std::string> resolveDependencies(const ElfFile& file, const std::string& originalPath);

}  // namespace bulkhead::manifest
