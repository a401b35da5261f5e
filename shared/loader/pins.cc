#include "shared/loader/pins.h"

#include <link.h>
#include <sys/auxv.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

namespace bulkhead::loader {
namespace {

struct Wanted {
  std::uintptr_t base;
  const char* path;
  Extent extent;
};

int matchExtent(dl_phdr_info* info, std::size_t, void* data) {
  auto* wanted = static_cast<Wanted*>(data);
  if (info->dlpi_addr != wanted->base || std::strcmp(info->dlpi_name, wanted->path) != 0) return 0;
  wanted->extent = {UINTPTR_MAX, 0};
  for (const ElfW(Phdr) & segment : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
    if (segment.p_type != PT_LOAD) continue;
    const std::uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    wanted->extent.begin = std::min(wanted->extent.begin, begin);
    wanted->extent.end = std::max(wanted->extent.end, begin + segment.p_memsz);
  }
  return 1;
}

// The relocation tables of a loaded object.
struct Relocations {
  std::span<const ElfW(Rela)> data;
  std::span<const ElfW(Rela)> calls;
};

Relocations relocationsOf(const dl_phdr_info& info) {
  const ElfW(Dyn)* entry = nullptr;
  for (const ElfW(Phdr) & segment : std::span(info.dlpi_phdr, info.dlpi_phnum)) {
    if (segment.p_type == PT_DYNAMIC) entry = reinterpret_cast<const ElfW(Dyn)*>(info.dlpi_addr + segment.p_vaddr);
  }
  std::uintptr_t table[2] = {};
  std::size_t bytes[2] = {};
  for (; entry != nullptr && entry->d_tag != DT_NULL; ++entry) {
    // glibc adds the base to these as it loads an object, except to the kernel's own and to itself.
    const std::uintptr_t address =
        entry->d_un.d_ptr < info.dlpi_addr ? entry->d_un.d_ptr + info.dlpi_addr : entry->d_un.d_ptr;
    if (entry->d_tag == DT_RELA) table[0] = address;
    if (entry->d_tag == DT_RELASZ) bytes[0] = entry->d_un.d_val;
    if (entry->d_tag == DT_JMPREL) table[1] = address;
    if (entry->d_tag == DT_PLTRELSZ) bytes[1] = entry->d_un.d_val;
  }
  const auto list = [&](int n) -> std::span<const ElfW(Rela)> {
    if (table[n] == 0) return {};
    return {reinterpret_cast<const ElfW(Rela)*>(table[n]), bytes[n] / sizeof(ElfW(Rela))};
  };
  return {list(0), list(1)};
}

// What a slot of another object holds. Its neighbours are none of a sanitizer's business.
#if defined(__clang__) || defined(__GNUC__)
__attribute__((no_sanitize("address", "thread")))
#endif
std::uintptr_t
valueAt(std::uintptr_t address) {
  std::uintptr_t value = 0;
  __builtin_memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

std::size_t boundInto(const Extent& extent, const dl_phdr_info& info, std::span<const ElfW(Rela)> relocations) {
  return static_cast<std::size_t>(std::count_if(relocations.begin(), relocations.end(), [&](const ElfW(Rela) & each) {
    const auto type = ELF64_R_TYPE(each.r_info);
    if (type != R_X86_64_GLOB_DAT && type != R_X86_64_JUMP_SLOT && type != R_X86_64_64) return false;
    return extent.contains(valueAt(info.dlpi_addr + each.r_offset));
  }));
}

struct Bound {
  Extent extent;
  std::vector<Pin>* pins;
};

int collectBound(dl_phdr_info* info, std::size_t, void* data) {
  const auto& bound = *static_cast<const Bound*>(data);
  // Itself, and the kernel's page, which has no tables of the kind.
  const bool isItself =
      info->dlpi_phnum > 0 && bound.extent.contains(reinterpret_cast<std::uintptr_t>(info->dlpi_phdr));
  if (isItself || info->dlpi_addr == ::getauxval(AT_SYSINFO_EHDR)) return 0;
  const Relocations relocations = relocationsOf(*info);
  const std::size_t count =
      boundInto(bound.extent, *info, relocations.data) + boundInto(bound.extent, *info, relocations.calls);
  if (count == 0) return 0;
  std::string name = info->dlpi_name[0] == '\0' ? "the program itself" : info->dlpi_name;
  std::string text = std::to_string(count) + (count == 1 ? " symbol" : " symbols") + " of it bound into " + name +
                     ": build the module with bulkhead_add_module, whose version script hides them";
  bound.pins->push_back({Pin::Kind::boundSymbols, std::move(name), std::move(text)});
  return 0;
}

}  // namespace

Extent extentOf(std::uintptr_t base, const std::string& path) {
  Wanted wanted{base, path.c_str(), {}};
  ::dl_iterate_phdr(&matchExtent, &wanted);
  return wanted.extent;
}

std::vector<Pin> findPins(const Extent& extent, const manifest::UnloadHints& hints) {
  std::vector<Pin> pins;
  if (hints.noDelete) pins.push_back({Pin::Kind::noDelete, {}, "it is linked with -z nodelete: link it without"});
  if (hints.uniqueSymbols > 0) {
    pins.push_back({Pin::Kind::uniqueSymbol, hints.firstUniqueSymbol,
                    std::to_string(hints.uniqueSymbols) + " STB_GNU_UNIQUE symbols, for example " +
                        hints.firstUniqueSymbol + " (build it with bulkhead_add_module, or -fno-gnu-unique)"});
  }
  Bound bound{extent, &pins};
  ::dl_iterate_phdr(&collectBound, &bound);
  return pins;
}

}  // namespace bulkhead::loader
