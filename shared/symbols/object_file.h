// Names for addresses in an ELF file: function, source file and line, from its symbols and its DWARF.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace bulkhead::symbols {

// A place in the source. Parts that are not known are empty.
struct Symbol {
  std::string function;  // demangled
  std::string file;
  std::uint32_t line = 0;
};

// An ELF file opened for lookups. Use each object on one thread at a time; several objects are independent.
class ObjectFile {
 public:
  // Reads the file at `path`. `name` is what people call it: separate debug information (.gnu_debuglink) is looked for
  // relative to that, by build id in the system's folders; never on a network. Of a file that is missing or no ELF,
  // nothing is known.
  ObjectFile(const std::string& path, const std::string& name);
  ObjectFile(ObjectFile&&) noexcept;
  ObjectFile& operator=(ObjectFile&&) noexcept;
  ~ObjectFile();

  // The place of an address of the file's own numbering, and the places it was inlined into, innermost first. At least
  // one, which may be empty. Valid as long as the object. Blocks on the disk, and takes milliseconds where there is
  // much debug information; an address that was asked for before is free.
  const std::vector<Symbol>& find(std::uint64_t address);

 private:
  std::vector<Symbol> look(std::uint64_t address) const;

  struct Session;
  std::unique_ptr<Session> session_;
  std::unordered_map<std::uint64_t, std::vector<Symbol>> found_;
};

}  // namespace bulkhead::symbols
