#include "shared/symbols/mapped_objects.h"

#include <link.h>

#include <cstddef>
#include <filesystem>
#include <system_error>

namespace bulkhead::symbols {
namespace {

struct Search {
  std::span<const std::uintptr_t> addresses;
  std::vector<MappedObject>& found;
};

bool holds(const dl_phdr_info& info, std::uintptr_t address) {
  for (std::size_t i = 0; i < info.dlpi_phnum; ++i) {
    const auto& segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uintptr_t begin = info.dlpi_addr + segment.p_vaddr;
    if (address >= begin && address - begin < segment.p_memsz) return true;
  }
  return false;
}

int look(dl_phdr_info* info, std::size_t, void* data) {
  Search& search = *static_cast<Search*>(data);
  for (std::size_t i = 0; i < search.addresses.size(); ++i) {
    if (search.found[i].path.empty() && holds(*info, search.addresses[i])) {
      search.found[i] = {info->dlpi_name, info->dlpi_name, info->dlpi_addr};
      if (search.found[i].path.empty()) search.found[i].path = "/proc/self/exe";  // opens even where it was deleted
    }
  }
  return 0;
}

}  // namespace

std::vector<MappedObject> mappedObjects(std::span<const std::uintptr_t> addresses) {
  std::vector<MappedObject> found(addresses.size());
  Search search{addresses, found};
  ::dl_iterate_phdr(&look, &search);
  for (MappedObject& object : found) {
    if (object.path.empty() || !object.name.empty()) continue;
    std::error_code failure;
    object.name = std::filesystem::read_symlink(object.path, failure).string();
  }
  return found;
}

}  // namespace bulkhead::symbols
