#include "shared/manifest/elf_file.h"

#include "shared/manifest/bounded_file.h"

#include <elf.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

namespace bulkhead::manifest {
namespace {

constexpr std::size_t kMaxProgramHeaders = 256;
constexpr std::size_t kMaxSectionHeaders = 4096;
constexpr std::size_t kMaxNotes = 1024;
constexpr std::uint64_t kMaxDynamicBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kMaxStringTableBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kMaxSymbolBytes = std::uint64_t{24} << 20;
constexpr std::size_t kMaxNeeded = 512;

std::uint64_t alignUp(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

// Reads one file in phases; the first thing found wrong ends it (Corrupt is caught in readElf).
class Reader {
 public:
  explicit Reader(const BoundedFile& file) : file_(file) {}

  ElfFile read() {
    readHeader();
    readSegments();
    readSectionHeaders();
    readNotes();
    readDynamic();
    readSymbols();
    return std::move(result_);
  }

 private:
  void readHeader();
  void readSegments();
  void readSectionHeaders();
  void readNotes();
  void splitNotes(const Elf64_Phdr& segment);
  void readDynamic();
  void noteDynamic(const Elf64_Dyn& entry);
  void takeStrings(const std::vector<Elf64_Dyn>& entries);
  void readSymbols();
  void noteSymbol(const Elf64_Sym& symbol, const std::vector<char>& strings);
  const Elf64_Phdr* find(std::uint32_t type) const;
  std::optional<std::uint64_t> fileOffset(std::uint64_t address, std::uint64_t size) const;

  const BoundedFile& file_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Shdr> sections_;
  bool positionIndependentExecutable_ = false;
  std::uint64_t stringsAddress_ = 0;
  std::uint64_t stringsSize_ = 0;
  ElfFile result_;
};

void Reader::readHeader() {
  if (file_.size() == 0) throw Corrupt("is empty");
  std::array<unsigned char, SELFMAG> magic{};
  if (file_.size() < magic.size()) throw Corrupt("is not an ELF file");
  file_.read(0, magic.data(), magic.size());
  if (std::memcmp(magic.data(), ELFMAG, SELFMAG) != 0) throw Corrupt("is not an ELF file");
  if (file_.size() < sizeof header_) throw Corrupt("is truncated: it ends inside the ELF header");
  file_.read(0, &header_, sizeof header_);
  if (header_.e_ident[EI_CLASS] != ELFCLASS64) throw Corrupt("is not a 64-bit ELF file");
  if (header_.e_ident[EI_DATA] != ELFDATA2LSB) throw Corrupt("is not a little-endian ELF file");
  if (header_.e_machine != EM_X86_64) {
    throw Corrupt("is built for another architecture (ELF machine " + std::to_string(header_.e_machine) +
                  "; this host is x86-64)");
  }
  if (header_.e_type == ET_EXEC) throw Corrupt("is an executable, not a shared object");
  if (header_.e_type == ET_REL) throw Corrupt("is an object file, not a shared object");
  if (header_.e_type == ET_CORE) throw Corrupt("is a core dump, not a shared object");
  if (header_.e_type != ET_DYN) throw Corrupt("is not a shared object");
}

void Reader::readSegments() {
  if (header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phnum == 0 || header_.e_phnum > kMaxProgramHeaders) {
    throw Corrupt("is corrupt: its program header table makes no sense");
  }
  segments_ = file_.readArray<Elf64_Phdr>(header_.e_phoff, header_.e_phnum, "program headers");
  bool loads = false;
  for (const Elf64_Phdr& segment : segments_) {
    const bool read = segment.p_type == PT_LOAD || segment.p_type == PT_DYNAMIC || segment.p_type == PT_NOTE;
    if (read && !file_.holds(segment.p_offset, segment.p_filesz)) {
      throw Corrupt("is truncated: a segment reaches past its end");
    }
    if (segment.p_type != PT_LOAD) continue;
    loads = true;
    if (segment.p_memsz < segment.p_filesz || segment.p_vaddr + segment.p_memsz < segment.p_vaddr) {
      throw Corrupt("is corrupt: the sizes of a segment make no sense");
    }
  }
  if (!loads) throw Corrupt("is corrupt: it has nothing to load");
}

// The section table stands at the end of a file: it is what a truncated one lacks first.
void Reader::readSectionHeaders() {
  if (header_.e_shnum == 0 || header_.e_shoff == 0) return;
  if (header_.e_shentsize != sizeof(Elf64_Shdr)) throw Corrupt("is corrupt: its section header table makes no sense");
  if (!file_.holds(header_.e_shoff, std::uint64_t{header_.e_shnum} * sizeof(Elf64_Shdr))) {
    throw Corrupt("is truncated: its section headers reach past its end");
  }
  if (header_.e_shnum <= kMaxSectionHeaders) {
    sections_ = file_.readArray<Elf64_Shdr>(header_.e_shoff, header_.e_shnum, "section headers");
  }
}

void Reader::readNotes() {
  std::uint64_t total = 0;
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_NOTE) continue;
    total += segment.p_filesz;  // each is at most the file's size and there are few: no overflow
    if (total > kMaxNoteSegmentBytes) throw Corrupt("has more notes than any module may have");
    splitNotes(segment);
  }
}

void Reader::splitNotes(const Elf64_Phdr& segment) {
  const auto bytes = file_.readArray<std::byte>(segment.p_offset, segment.p_filesz, "notes");
  const std::uint64_t alignment = segment.p_align == 8 ? 8 : 4;
  std::uint64_t offset = 0;
  Elf64_Nhdr header{};
  while (offset < bytes.size() && bytes.size() - offset >= sizeof header) {
    std::memcpy(&header, bytes.data() + offset, sizeof header);
    // The sizes are 32 bits wide: these sums cannot overflow.
    const std::uint64_t nameAt = offset + sizeof header;
    const std::uint64_t descriptionAt = offset + alignUp(sizeof header + header.n_namesz, alignment);
    const std::uint64_t end = descriptionAt + header.n_descsz;
    if (nameAt + header.n_namesz > bytes.size() || end > bytes.size()) throw Corrupt("is corrupt: a note is cut off");
    if (header.n_descsz > kMaxNoteBytes) throw Corrupt("is corrupt: a note is larger than 4 MiB");
    if (result_.notes.size() == kMaxNotes) throw Corrupt("has more notes than any module may have");
    ElfNote note;
    const char* name = reinterpret_cast<const char*>(bytes.data() + nameAt);
    note.name.assign(name, strnlen(name, header.n_namesz));
    note.type = header.n_type;
    note.offset = segment.p_offset + descriptionAt;
    note.description.assign(bytes.begin() + static_cast<std::ptrdiff_t>(descriptionAt),
                            bytes.begin() + static_cast<std::ptrdiff_t>(end));
    result_.notes.push_back(std::move(note));
    offset = alignUp(end, alignment);
  }
}

void Reader::readDynamic() {
  const Elf64_Phdr* segment = find(PT_DYNAMIC);
  if (segment == nullptr) throw Corrupt("has no dynamic section: it cannot be loaded at run time");
  if (segment->p_filesz > kMaxDynamicBytes) throw Corrupt("is corrupt: its dynamic section is too large");
  auto entries =
      file_.readArray<Elf64_Dyn>(segment->p_offset, segment->p_filesz / sizeof(Elf64_Dyn), "dynamic section");
  const auto end = std::find_if(entries.begin(), entries.end(), [](const Elf64_Dyn& e) { return e.d_tag == DT_NULL; });
  if (end == entries.end()) throw Corrupt("is corrupt: its dynamic section has no end");
  entries.erase(end, entries.end());
  for (const Elf64_Dyn& entry : entries) noteDynamic(entry);
  if (positionIndependentExecutable_) throw Corrupt("is an executable, not a shared object");
  takeStrings(entries);
}

void Reader::noteDynamic(const Elf64_Dyn& entry) {
  switch (entry.d_tag) {
    case DT_STRTAB: stringsAddress_ = entry.d_un.d_ptr; break;
    case DT_STRSZ: stringsSize_ = entry.d_un.d_val; break;
    case DT_FLAGS: result_.unload.staticTls = (entry.d_un.d_val & DF_STATIC_TLS) != 0; break;
    case DT_FLAGS_1:
      result_.unload.noDelete = (entry.d_un.d_val & DF_1_NODELETE) != 0;
      positionIndependentExecutable_ = (entry.d_un.d_val & DF_1_PIE) != 0;
      break;
    default: break;
  }
}

void Reader::takeStrings(const std::vector<Elf64_Dyn>& entries) {
  const std::optional<std::uint64_t> table = fileOffset(stringsAddress_, stringsSize_);
  if (!table || stringsSize_ == 0) throw Corrupt("is corrupt: its dynamic string table is not in the file");
  const auto text = [&](const Elf64_Dyn& entry) {
    if (entry.d_un.d_val >= stringsSize_) throw Corrupt("is corrupt: a name lies outside its string table");
    return file_.readString(*table + entry.d_un.d_val, stringsSize_ - entry.d_un.d_val);
  };
  for (const Elf64_Dyn& entry : entries) {
    switch (entry.d_tag) {
      case DT_NEEDED:
        if (result_.needed.size() == kMaxNeeded) throw Corrupt("needs more libraries than any module may");
        result_.needed.push_back(text(entry));
        break;
      case DT_SONAME: result_.soname = text(entry); break;
      case DT_RUNPATH: result_.runpath = text(entry); break;
      case DT_RPATH: result_.rpath = text(entry); break;
      default: break;
    }
  }
}

// Hints only: a symbol table that makes no sense is left to the dynamic loader.
void Reader::readSymbols() {
  for (const Elf64_Shdr& section : sections_) {
    if (section.sh_type != SHT_DYNSYM || section.sh_link >= sections_.size()) continue;
    const Elf64_Shdr& strings = sections_[section.sh_link];
    if (section.sh_size > kMaxSymbolBytes || strings.sh_size > kMaxStringTableBytes ||
        !file_.holds(section.sh_offset, section.sh_size) || !file_.holds(strings.sh_offset, strings.sh_size)) {
      continue;
    }
    const auto names = file_.readArray<char>(strings.sh_offset, strings.sh_size, "symbol names");
    for (const Elf64_Sym& symbol :
         file_.readArray<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym), "symbols")) {
      noteSymbol(symbol, names);
    }
    return;
  }
}

void Reader::noteSymbol(const Elf64_Sym& symbol, const std::vector<char>& strings) {
  const bool defined = symbol.st_shndx != SHN_UNDEF;
  const bool unique = ELF64_ST_BIND(symbol.st_info) == STB_GNU_UNIQUE;
  if ((defined && !unique) || symbol.st_name >= strings.size()) return;
  const char* start = strings.data() + symbol.st_name;
  const std::string_view name(start, strnlen(start, strings.size() - symbol.st_name));
  UnloadHints& hints = result_.unload;
  if (!defined) {
    hints.threadExitDestructors = hints.threadExitDestructors || name.starts_with("__cxa_thread_atexit");
  } else if (hints.uniqueSymbols++ == 0) {
    hints.firstUniqueSymbol = name.substr(0, BoundedFile::kMaxString);
  }
}

const Elf64_Phdr* Reader::find(std::uint32_t type) const {
  const auto found =
      std::find_if(segments_.begin(), segments_.end(), [&](const Elf64_Phdr& s) { return s.p_type == type; });
  return found == segments_.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> Reader::fileOffset(std::uint64_t address, std::uint64_t size) const {
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    const std::uint64_t inside = address - segment.p_vaddr;
    if (inside <= segment.p_filesz && size <= segment.p_filesz - inside) return segment.p_offset + inside;
  }
  return std::nullopt;
}

Error cannotOpen(const std::string& path, int code) {
  const std::string text = path + " cannot be opened: " + std::system_category().message(code);
  switch (code) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP: return Error(ErrorKind::notFound, text);
    case EMFILE:
    case ENFILE:
    case ENOMEM: return Error(ErrorKind::resourceExhausted, text);
    default: return Error(ErrorKind::loadFailed, text);
  }
}

}  // namespace

Result<ElfFile> readElf(int fd, std::string_view name) {
  try {
    const BoundedFile file(fd);
    return Reader(file).read();
  } catch (const Corrupt& corrupt) {
    return Error(ErrorKind::notAModule, std::string(name).append(" ").append(corrupt.what()));
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::resourceExhausted, std::string(name).append(": no memory to read it"));
  }
}

Result<posix::UniqueFd> openForReading(const std::string& path) {
  posix::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return cannotOpen(path, errno);
  return fd;
}

Result<ElfFile> readElf(const std::string& path) {
  const Result<posix::UniqueFd> fd = openForReading(path);
  if (!fd) return fd.error();
  return readElf(fd->get(), path);
}

}  // namespace bulkhead::manifest
