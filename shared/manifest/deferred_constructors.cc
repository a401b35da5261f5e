#include "shared/manifest/deferred_constructors.h"

#include "shared/manifest/bounded_file.h"

#include <elf.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>

namespace bulkhead::manifest {
namespace {

std::int64_t renamed(std::int64_t tag, Destructors destructors) {
  if (tag == DT_INIT_ARRAY) return kDeferredInitArray;
  if (tag == DT_INIT_ARRAYSZ) return kDeferredInitArraySize;
  if (destructors == Destructors::asTheyAre) return tag;
  if (tag == DT_FINI_ARRAY) return kDeferredFiniArray;
  if (tag == DT_FINI_ARRAYSZ) return kDeferredFiniArraySize;
  return tag;
}

// 0, or an errno.
int renameTags(int fd, const BoundedFile& file, const Elf64_Phdr& dynamic, Destructors destructors) {
  const auto entries =
      file.readArray<Elf64_Dyn>(dynamic.p_offset, dynamic.p_filesz / sizeof(Elf64_Dyn), "dynamic section");
  for (std::size_t n = 0; n < entries.size() && entries[n].d_tag != DT_NULL; ++n) {
    const std::int64_t tag = renamed(entries[n].d_tag, destructors);
    if (tag == entries[n].d_tag) continue;
    const std::uint64_t offset = dynamic.p_offset + n * sizeof(Elf64_Dyn) + offsetof(Elf64_Dyn, d_tag);
    if (::pwrite(fd, &tag, sizeof tag, static_cast<off_t>(offset)) != static_cast<ssize_t>(sizeof tag)) return errno;
  }
  return 0;
}

}  // namespace

Result<void> deferConstructors(int fd, std::string_view where, Destructors destructors) {
  try {
    const BoundedFile file(fd);
    Elf64_Ehdr header{};
    file.read(0, &header, sizeof header);
    for (const Elf64_Phdr& segment : file.readArray<Elf64_Phdr>(header.e_phoff, header.e_phnum, "program headers")) {
      if (segment.p_type != PT_DYNAMIC) continue;
      const int failure = renameTags(fd, file, segment, destructors);
      if (failure == 0) return {};
      return Error(ErrorKind::resourceExhausted, std::string(where) + ": its private copy cannot be written: " +
                                                     std::system_category().message(failure));
    }
    return {};
  } catch (const Corrupt& corrupt) {
    return Error(ErrorKind::notAModule, std::string(where).append(" ").append(corrupt.what()));
  }
}

}  // namespace bulkhead::manifest
