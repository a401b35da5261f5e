// Whatever bytes a file holds, reading it as a module ends in a manifest or an error. The first byte chooses the level:
// a whole ELF file, or the message alone, where a fuzzer without ELF checksums of its own gets deeper.
#include "shared/manifest/check.h"
#include "shared/manifest/lint.h"
#include "shared/manifest/manifest.h"
#include "shared/manifest/seal.h"
#include "shared/manifest/symbols.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace {

// A file in memory, made once; each input replaces its content.
int fileOf(std::span<const std::byte> bytes) {
  static const int fd = ::memfd_create("input", MFD_CLOEXEC);
  if (fd < 0 || ::ftruncate(fd, 0) != 0) __builtin_trap();
  if (::pwrite(fd, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) __builtin_trap();
  return fd;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::manifest;  // NOLINT
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  if (data[0] % 2 == 0) {
    const int fd = fileOf(bytes);
    const auto file = readElf(fd, "input");
    if (!file) return 0;
    const auto manifest = readManifest(*file, "input");
    if (manifest) static_cast<void>(check(manifest->contracts, *manifest, "input"));
    static_cast<void>(checkSeal(fd, *file, "input"));
    if (const auto symbols = readSymbols(fd, "input")) static_cast<void>(lint(*file, *symbols, manifest));
    static_cast<void>(writeSeal(fd, *file, "input"));
  } else {
    static_cast<void>(decodeContract(bytes, "input"));
  }
  return 0;
}
