#include "shared/manifest/symbols.h"

#include "shared/manifest/bounded_file.h"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <string>

namespace bulkhead::manifest {
namespace {

constexpr std::size_t kMaxSectionHeaders = 4096;
constexpr std::uint64_t kMaxTextBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kMaxSymbolBytes = std::uint64_t{24} << 20;

void take(const Elf64_Sym& symbol, Symbols& to) {
  const unsigned char binding = ELF64_ST_BIND(symbol.st_info);
  if (binding == STB_LOCAL || symbol.st_name == 0 || symbol.st_name >= to.text.size()) return;
  const char* start = to.text.data() + symbol.st_name;
  const std::string_view name(start, strnlen(start, to.text.size() - symbol.st_name));
  if (symbol.st_shndx == SHN_UNDEF) {
    to.imported.push_back(name);
  } else if (binding == STB_GNU_UNIQUE) {
    to.unique.push_back(name);
  } else {
    to.exported.push_back(name);
  }
}

Symbols read(const BoundedFile& file) {
  Symbols result;
  Elf64_Ehdr header{};
  file.read(0, &header, sizeof header);
  if (header.e_shoff == 0 || header.e_shnum > kMaxSectionHeaders || header.e_shentsize != sizeof(Elf64_Shdr)) {
    return result;
  }
  const auto sections = file.readArray<Elf64_Shdr>(header.e_shoff, header.e_shnum, "section headers");
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_DYNSYM || section.sh_link >= sections.size()) continue;
    const Elf64_Shdr& strings = sections[section.sh_link];
    if (section.sh_size > kMaxSymbolBytes || strings.sh_size > kMaxTextBytes) {
      throw Corrupt("has more symbols than any module may have");
    }
    result.text = file.readArray<char>(strings.sh_offset, strings.sh_size, "symbol names");
    for (const Elf64_Sym& symbol :
         file.readArray<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym), "symbols")) {
      take(symbol, result);
    }
    result.known = true;
    break;
  }
  return result;
}

}  // namespace

Result<Symbols> readSymbols(int fd, std::string_view where) {
  try {
    return read(BoundedFile(fd));
  } catch (const Corrupt& corrupt) {
    return Error(ErrorKind::notAModule, std::string(where).append(" ").append(corrupt.what()));
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::resourceExhausted, std::string(where).append(": no memory to read it"));
  }
}

}  // namespace bulkhead::manifest
