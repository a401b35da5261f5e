#include "shared/manifest/seal.h"

#include "shared/manifest/bounded_file.h"
#include "shared/manifest/content_hash.h"
#include "shared/manifest/manifest.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <optional>
#include <system_error>

namespace bulkhead::manifest {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kBlockBytes = 128 << 10;

struct Seal {
  std::uint32_t version = 0;
  std::uint32_t rpathBytes = 0;
  std::uint64_t rpathAt = 0;  // in the string table
  std::uint64_t hash = 0;
  bool operator==(const Seal&) const = default;
};

struct Range {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t end() const { return offset + size; }
};

// What of a file is sealed. Throws Corrupt.
class Sealed {
 public:
  Sealed(const BoundedFile& file, Range note) : file_(file), note_(note) {
    file_.read(0, &header_, sizeof header_);
    segments_ = file_.readArray<Elf64_Phdr>(header_.e_phoff, header_.e_phnum, "program headers");
    checkSize();
    readDynamic();
  }

  // Where the RPATH is now: to be excluded from now on.
  Seal place() const {
    Seal seal{.version = kVersion, .rpathBytes = 0, .rpathAt = rpath_.value_or(0), .hash = 0};
    if (!rpath_) return seal;
    if (*rpath_ >= strings_.size) throw Corrupt("is corrupt: a name lies outside its string table");
    seal.rpathBytes =
        static_cast<std::uint32_t>(file_.readString(strings_.offset + *rpath_, strings_.size - *rpath_).size());
    return seal;
  }
  // An installation may remove the RPATH or change its text, but not its place.
  bool fits(const Seal& seal) const {
    const bool inside = seal.rpathAt <= strings_.size && seal.rpathBytes <= strings_.size - seal.rpathAt;
    return inside && (!rpath_ || *rpath_ == seal.rpathAt);
  }
  std::uint64_t hash(const Seal& seal) const;

 private:
  void checkSize() const;
  void readDynamic();
  std::optional<std::uint64_t> relativeOffset(const Elf64_Phdr& segment) const;
  std::optional<Range> fileRange(std::uint64_t address, std::uint64_t size) const;
  void addHeaders(ContentHash& hash) const;
  void addContent(ContentHash& hash, std::vector<Range> left) const;
  void addRange(ContentHash& hash, Range range, std::vector<std::byte>& block) const;

  const BoundedFile& file_;
  Range note_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
  Range dynamic_, strings_;
  std::vector<Elf64_Dyn> entries_;      // without the RPATH's
  std::optional<std::uint64_t> rpath_;  // place in the string table
};

// The segments of a sound file do not overlap; those of a bad one could make for days of work.
void Sealed::checkSize() const {
  std::uint64_t total = 0;
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD) continue;
    total += segment.p_filesz;  // of few segments, each within the file
    if (total > 2 * file_.size()) throw Corrupt("is corrupt: its segments overlap");
  }
}

void Sealed::readDynamic() {
  std::uint64_t stringsAddress = 0;
  std::uint64_t stringsSize = 0;
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_DYNAMIC) continue;
    dynamic_ = {segment.p_offset, segment.p_filesz};
    break;
  }
  for (const Elf64_Dyn& entry :
       file_.readArray<Elf64_Dyn>(dynamic_.offset, dynamic_.size / sizeof(Elf64_Dyn), "dynamic section")) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_STRTAB) stringsAddress = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRSZ) stringsSize = entry.d_un.d_val;
    if (entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH) {
      rpath_ = entry.d_un.d_val;
    } else {
      entries_.push_back(entry);
    }
  }
  const std::optional<Range> strings = fileRange(stringsAddress, stringsSize);
  if (!strings) throw Corrupt("is corrupt: its dynamic string table is not in the file");
  strings_ = *strings;
}

std::optional<Range> Sealed::fileRange(std::uint64_t address, std::uint64_t size) const {
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    const std::uint64_t inside = address - segment.p_vaddr;
    if (inside <= segment.p_filesz && size <= segment.p_filesz - inside) return Range{segment.p_offset + inside, size};
  }
  return std::nullopt;
}

// `strip` may move a segment within the file, as a whole and by whole pages.
std::optional<std::uint64_t> Sealed::relativeOffset(const Elf64_Phdr& segment) const {
  if (segment.p_type == PT_LOAD) return segment.p_offset % 4096;
  const std::optional<Range> loaded = fileRange(segment.p_vaddr, segment.p_filesz);
  if (!loaded) return std::nullopt;
  return segment.p_offset - loaded->offset;
}

void Sealed::addHeaders(ContentHash& hash) const {
  Elf64_Ehdr header = header_;
  header.e_shoff = 0;
  header.e_shentsize = header.e_shnum = header.e_shstrndx = 0;
  hash.addValue(header);
  for (Elf64_Phdr segment : segments_) {
    segment.p_offset = relativeOffset(segment).value_or(segment.p_offset);
    hash.addValue(segment);
  }
}

void Sealed::addRange(ContentHash& hash, Range range, std::vector<std::byte>& block) const {
  while (range.size > 0) {
    const std::size_t size = std::min<std::uint64_t>(range.size, block.size());
    file_.read(range.offset, block.data(), size);
    hash.add(block.data(), size);
    range = {range.offset + size, range.size - size};
  }
}

// `left` is what is left out, in any order.
void Sealed::addContent(ContentHash& hash, std::vector<Range> left) const {
  std::sort(left.begin(), left.end(), [](const Range& a, const Range& b) { return a.offset < b.offset; });
  std::vector<std::byte> block(kBlockBytes);
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD) continue;
    std::uint64_t at = segment.p_offset;
    const std::uint64_t end = segment.p_offset + segment.p_filesz;
    for (const Range& hole : left) {
      if (hole.end() <= at || hole.offset >= end) continue;
      if (hole.offset > at) addRange(hash, {at, hole.offset - at}, block);
      at = std::min(end, hole.end());
    }
    addRange(hash, {at, end - at}, block);
  }
}

std::uint64_t Sealed::hash(const Seal& seal) const {
  ContentHash hash;
  addHeaders(hash);
  addContent(hash, {{0, sizeof header_},
                    {header_.e_phoff, segments_.size() * sizeof(Elf64_Phdr)},
                    dynamic_,
                    note_,
                    {strings_.offset + seal.rpathAt, seal.rpathBytes}});
  hash.add(entries_.data(), entries_.size() * sizeof(Elf64_Dyn));
  hash.addValue(seal.rpathAt);
  hash.addValue(seal.rpathBytes);
  return hash.value();
}

// Nothing: there is no room for a seal, nor should there be.
std::optional<Range> roomOf(const ElfFile& file) {
  const ElfNote* found = nullptr;
  bool expected = false;
  for (const ElfNote& note : file.notes) {
    if (note.name != kNoteName) continue;
    const std::string_view text(reinterpret_cast<const char*>(note.description.data()), note.description.size());
    if (note.type == kBuildNote) expected = expected || text.find("\nseal=") != std::string_view::npos;
    if (note.type != kSealNote) continue;
    if (found != nullptr || note.description.size() != sizeof(Seal)) throw Corrupt("has a corrupt seal");
    found = &note;
  }
  if (found != nullptr) return Range{found->offset, sizeof(Seal)};
  if (expected) throw Corrupt("has a corrupt seal");
  return std::nullopt;
}

Error damaged(std::string_view where, std::string_view how) {
  return Error(
      ErrorKind::notAModule,
      std::string(where) + " was damaged since it was built (" + std::string(how) +
          "): copy or build it anew; if a tool changed it on purpose, `bulkhead-lint --seal FILE` seals it again");
}

}  // namespace

Result<SealState> checkSeal(int fd, const ElfFile& file, std::string_view where) {
  try {
    const std::optional<Range> room = roomOf(file);
    if (!room) return SealState::unsealed;
    const BoundedFile content(fd);
    Seal seal;
    content.read(room->offset, &seal, sizeof seal);
    if (seal == Seal{}) return SealState::unsealed;
    const Sealed sealed(content, *room);
    if (seal.version != kVersion) return damaged(where, "its seal is of an unknown version");
    if (!sealed.fits(seal)) return damaged(where, "its library search path was moved");
    if (sealed.hash(seal) != seal.hash) return damaged(where, "its content does not fit its seal");
    return SealState::intact;
  } catch (const Corrupt& corrupt) {
    return damaged(where, std::string("it ").append(corrupt.what()));
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::resourceExhausted, std::string(where).append(": no memory to read it"));
  }
}

Result<void> writeSeal(int fd, const ElfFile& file, std::string_view where) {
  try {
    const std::optional<Range> room = roomOf(file);
    if (!room) throw Corrupt("has no room for a seal: BULKHEAD_MODULE makes it");
    const BoundedFile content(fd);
    const Sealed sealed(content, *room);
    Seal seal = sealed.place();
    seal.hash = sealed.hash(seal);
    if (::pwrite(fd, &seal, sizeof seal, static_cast<off_t>(room->offset)) != static_cast<ssize_t>(sizeof seal))
      throw Corrupt("cannot be written: " + std::system_category().message(errno));
    return {};
  } catch (const Corrupt& corrupt) {
    return Error(ErrorKind::notAModule, std::string(where).append(" ").append(corrupt.what()));
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::resourceExhausted, std::string(where).append(": no memory to read it"));
  }
}

}  // namespace bulkhead::manifest
