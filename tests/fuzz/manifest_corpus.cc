// Writes the seeds of manifest_fuzz into the folder given: a module file, files with one thing odd, and bare messages.
#include "tests/unit/manifest/manifest_builder.h"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace {

using namespace bulkhead::testing;  // NOLINT

void write(const std::filesystem::path& path, char level, const Bytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.put(level).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: manifest_corpus FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  ElfBuilder full = moduleFile();
  full.texts = {{DT_NEEDED, "libc.so.6"}, {DT_SONAME, "calc.so"}, {DT_RUNPATH, "$ORIGIN"}};
  full.definedSymbols = {{"unique", STB_GNU_UNIQUE}};
  full.undefinedSymbols = {"__cxa_thread_atexit"};
  full.notes.push_back({"BULKHEAD", 3, Bytes(24)});
  write(folder / "plain", 0, ElfBuilder().build());
  write(folder / "module", 0, moduleFile().build());
  write(folder / "full", 0, full.build());
  full.noteAlignment = 4;
  write(folder / "notes4", 0, full.build());
  write(folder / "message", 1, manifestMessage(calcContract()));
  ContractSpec both = calcContract();
  both.interfaces.push_back({7, "CalcHost", true, {greetMethod()}});
  write(folder / "both", 1, manifestMessage(both));
  return 0;
}
