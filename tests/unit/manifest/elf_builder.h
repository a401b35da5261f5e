// Builds small shared objects byte by byte, good ones and bad ones, for tests of whoever reads ELF files.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::testing {

using Bytes = std::vector<std::byte>;

struct ElfBuilder {
  struct Note {
    std::string name;
    std::uint32_t type;
    Bytes description;
  };

  std::vector<Note> notes;
  std::vector<std::pair<std::int64_t, std::string>> texts;           // DT_NEEDED, DT_SONAME ...
  std::vector<std::pair<std::int64_t, std::uint64_t>> numbers;       // DT_FLAGS_1 ...
  std::vector<std::pair<std::string, std::uint8_t>> definedSymbols;  // name, binding
  std::vector<std::string> undefinedSymbols;
  std::uint64_t noteAlignment = 8;

  // Laid out as: header, 3 program headers, notes, strings, symbols, dynamic section, 3 section headers. Addresses are
  // file offsets; one segment loads it all.
  Bytes build() const {
    Bytes file(kProgramHeaders + 3 * sizeof(Elf64_Phdr));
    std::string strings(1, '\0');
    const auto add = [&](const std::string& text) {
      strings.append(text).push_back('\0');
      return static_cast<std::uint32_t>(strings.size() - text.size() - 1);
    };
    std::vector<Elf64_Dyn> dynamic;
    for (const auto& [tag, text] : texts) dynamic.push_back({tag, {add(text)}});
    for (const auto& [tag, number] : numbers) dynamic.push_back({tag, {number}});
    std::vector<Elf64_Sym> symbols(1);
    for (const auto& [name, binding] : definedSymbols) symbols.push_back(symbol(add(name), binding, 1));
    for (const std::string& name : undefinedSymbols) symbols.push_back(symbol(add(name), STB_GLOBAL, SHN_UNDEF));

    const Range noteRange = append(file, std::span<const std::byte>(noteBytes()));
    const Range stringRange = append(file, std::as_bytes(std::span<const char>(strings)));
    const Range symbolRange = append(file, std::as_bytes(std::span<const Elf64_Sym>(symbols)));
    dynamic.push_back({DT_STRTAB, {stringRange.offset}});
    dynamic.push_back({DT_STRSZ, {stringRange.size}});
    dynamic.push_back({DT_NULL, {0}});
    const Range dynamicRange = append(file, std::as_bytes(std::span<const Elf64_Dyn>(dynamic)));
    const std::vector<Elf64_Shdr> sections = {Elf64_Shdr{}, section(SHT_STRTAB, stringRange, 0),
                                              section(SHT_DYNSYM, symbolRange, 1)};
    const Range sectionRange = append(file, std::as_bytes(std::span<const Elf64_Shdr>(sections)));

    put(file, 0, header(sectionRange.offset, sections.size()));
    put(file, kProgramHeaders, segment(PT_LOAD, {0, file.size()}, 0x1000));
    put(file, kProgramHeaders + sizeof(Elf64_Phdr), segment(PT_NOTE, noteRange, noteAlignment));
    put(file, kProgramHeaders + 2 * sizeof(Elf64_Phdr), segment(PT_DYNAMIC, dynamicRange, 8));
    return file;
  }

  static constexpr std::size_t kProgramHeaders = sizeof(Elf64_Ehdr);

  template <class T>
  static void put(Bytes& file, std::size_t offset, const T& value) {
    std::memcpy(file.data() + offset, &value, sizeof value);
  }
  template <class T>
  static T get(const Bytes& file, std::size_t offset) {
    T value;
    std::memcpy(&value, file.data() + offset, sizeof value);
    return value;
  }
  // Alters one structure of a built file.
  template <class T, class F>
  static void edit(Bytes& file, std::size_t offset, F&& change) {
    T value = get<T>(file, offset);
    change(value);
    put(file, offset, value);
  }

 private:
  struct Range {
    std::uint64_t offset, size;
  };

  static void pad(Bytes& bytes, std::size_t alignment) {
    while (bytes.size() % alignment != 0) bytes.push_back(std::byte{});
  }
  static Range append(Bytes& file, std::span<const std::byte> bytes) {
    pad(file, 8);
    const std::uint64_t offset = file.size();
    file.insert(file.end(), bytes.begin(), bytes.end());
    return {offset, bytes.size()};
  }
  Bytes noteBytes() const {
    Bytes bytes;
    for (const Note& note : notes) {
      const Elf64_Nhdr header{static_cast<Elf64_Word>(note.name.size() + 1),
                              static_cast<Elf64_Word>(note.description.size()), note.type};
      const std::size_t start = bytes.size();
      bytes.resize(start + sizeof header);
      put(bytes, start, header);
      for (const char c : note.name) bytes.push_back(static_cast<std::byte>(c));
      bytes.push_back(std::byte{});
      pad(bytes, noteAlignment);
      bytes.insert(bytes.end(), note.description.begin(), note.description.end());
      pad(bytes, noteAlignment);
    }
    return bytes;
  }
  static Elf64_Sym symbol(std::uint32_t name, std::uint8_t binding, std::uint16_t section) {
    Elf64_Sym result{};
    result.st_name = name;
    result.st_info = static_cast<unsigned char>(ELF64_ST_INFO(binding, STT_OBJECT));
    result.st_shndx = section;
    return result;
  }
  static Elf64_Shdr section(std::uint32_t type, Range range, std::uint32_t link) {
    Elf64_Shdr result{};
    result.sh_type = type;
    result.sh_offset = range.offset;
    result.sh_size = range.size;
    result.sh_link = link;
    return result;
  }
  static Elf64_Phdr segment(std::uint32_t type, Range range, std::uint64_t alignment) {
    Elf64_Phdr result{};
    result.p_type = type;
    result.p_flags = PF_R;
    result.p_offset = result.p_vaddr = result.p_paddr = range.offset;
    result.p_filesz = result.p_memsz = range.size;
    result.p_align = alignment;
    return result;
  }
  static Elf64_Ehdr header(std::uint64_t sectionOffset, std::size_t sectionCount) {
    Elf64_Ehdr result{};
    std::memcpy(result.e_ident, ELFMAG, SELFMAG);
    result.e_ident[EI_CLASS] = ELFCLASS64;
    result.e_ident[EI_DATA] = ELFDATA2LSB;
    result.e_ident[EI_VERSION] = EV_CURRENT;
    result.e_type = ET_DYN;
    result.e_machine = EM_X86_64;
    result.e_version = EV_CURRENT;
    result.e_ehsize = sizeof(Elf64_Ehdr);
    result.e_phoff = kProgramHeaders;
    result.e_phentsize = sizeof(Elf64_Phdr);
    result.e_phnum = 3;
    result.e_shoff = sectionOffset;
    result.e_shentsize = sizeof(Elf64_Shdr);
    result.e_shnum = static_cast<std::uint16_t>(sectionCount);
    return result;
  }
};

}  // namespace bulkhead::testing
