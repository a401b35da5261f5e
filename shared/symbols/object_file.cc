#include "shared/symbols/object_file.h"

#include "shared/manifest/elf_file.h"

#include <cxxabi.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

#include <cstdlib>
#include <utility>

namespace bulkhead::symbols {
namespace {

struct Free {
  void operator()(void* memory) const noexcept { std::free(memory); }
};
using Scopes = std::unique_ptr<Dwarf_Die[], Free>;

struct EndDwfl {
  void operator()(Dwfl* dwfl) const noexcept { ::dwfl_end(dwfl); }
};

// The standard way asks debuginfod servers where the environment names some: a diagnosis must not wait for them.
int findDebugInfo(Dwfl_Module* module, void** user, const char* name, Dwarf_Addr base, const char* file,
                  const char* debugLink, GElf_Word checksum, char** found) {
  if (std::getenv("DEBUGINFOD_URLS") != nullptr) {
    return ::dwfl_build_id_find_debuginfo(module, user, name, base, file, debugLink, checksum, found);
  }
  return ::dwfl_standard_find_debuginfo(module, user, name, base, file, debugLink, checksum, found);
}

// The file itself is given.
int findNoElf(Dwfl_Module*, void**, const char*, Dwarf_Addr, char**, Elf**) { return -1; }

constexpr Dwfl_Callbacks kCallbacks = {&findNoElf, &findDebugInfo, nullptr, nullptr};

std::string demangled(const char* name) {
  if (name == nullptr) return {};
  int status = 0;
  const std::unique_ptr<char, Free> plain(abi::__cxa_demangle(name, nullptr, nullptr, &status));
  return plain == nullptr ? name : plain.get();
}

// The declaration that a concrete or inlined function stands for.
Dwarf_Die declarationOf(const Dwarf_Die* die) {
  constexpr int kMaxSteps = 16;  // a damaged file may go round in circles
  Dwarf_Die current = *die;
  for (int step = 0; step < kMaxSteps; ++step) {
    Dwarf_Attribute attribute{};
    Dwarf_Die next{};
    if (::dwarf_attr(&current, DW_AT_abstract_origin, &attribute) == nullptr &&
        ::dwarf_attr(&current, DW_AT_specification, &attribute) == nullptr) {
      break;
    }
    if (::dwarf_formref_die(&attribute, &next) == nullptr) break;
    current = next;
  }
  return current;
}

// "traced::(anonymous namespace)::" of what is around a declaration.
std::string scopeOf(Dwarf_Die* declaration) {
  Dwarf_Die* raw = nullptr;
  const int count = ::dwarf_getscopes_die(declaration, &raw);
  const Scopes scopes(count > 0 ? raw : nullptr);
  std::string scope;
  for (int i = 1; i < count; ++i) {
    Dwarf_Die* const die = &scopes[static_cast<std::size_t>(i)];
    const int tag = ::dwarf_tag(die);
    const bool isType = tag == DW_TAG_class_type || tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
    if (tag != DW_TAG_namespace && !isType) continue;
    const char* const name = ::dwarf_diename(die);
    const char* const unnamed = isType ? "(anonymous)" : "(anonymous namespace)";
    scope.insert(0, std::string(name == nullptr ? unnamed : name) + "::");
  }
  return scope;
}

std::string functionOf(Dwarf_Die* die) {
  for (const unsigned name : {unsigned{DW_AT_linkage_name}, unsigned{DW_AT_MIPS_linkage_name}}) {
    Dwarf_Attribute attribute{};
    if (::dwarf_attr_integrate(die, name, &attribute) == nullptr) continue;
    if (const char* const text = ::dwarf_formstring(&attribute); text != nullptr) return demangled(text);
  }
  const char* const plain = ::dwarf_diename(die);
  if (plain == nullptr) return {};
  Dwarf_Die declaration = declarationOf(die);
  return scopeOf(&declaration) + plain;
}

// Compilers may name sources relative to where they ran.
std::string sourceFile(Dwarf_Die* unit, const char* name) {
  Dwarf_Attribute attribute{};
  if (name == nullptr) return {};
  const char* const folder = ::dwarf_formstring(::dwarf_attr(unit, DW_AT_comp_dir, &attribute));
  if (*name == '/' || folder == nullptr) return name;
  return std::string(folder) + "/" + name;
}

// Where a function was inlined.
void setCallSite(Dwarf_Die* inlined, Dwarf_Die* unit, Symbol& symbol) {
  Dwarf_Attribute attribute{};
  Dwarf_Word value = 0;
  if (::dwarf_formudata(::dwarf_attr(inlined, DW_AT_call_line, &attribute), &value) == 0) {
    symbol.line = static_cast<std::uint32_t>(value);
  }
  Dwarf_Files* files = nullptr;
  std::size_t count = 0;
  if (::dwarf_formudata(::dwarf_attr(inlined, DW_AT_call_file, &attribute), &value) != 0) return;
  if (::dwarf_getsrcfiles(unit, &files, &count) != 0 || value >= count) return;
  symbol.file = sourceFile(unit, ::dwarf_filesrc(files, value, nullptr, nullptr));
}

}  // namespace

struct ObjectFile::Session {
  std::unique_ptr<Dwfl, EndDwfl> dwfl;
  Dwfl_Module* module = nullptr;

  // Not by .debug_aranges alone, which clang does not write.
  Dwarf_Die* unitOf(Dwarf_Addr address, Dwarf_Addr& bias) const {
    if (Dwarf_Die* const unit = ::dwfl_module_addrdie(module, address, &bias); unit != nullptr) return unit;
    Dwarf_Die* unit = nullptr;
    while ((unit = ::dwfl_module_nextcu(module, unit, &bias)) != nullptr) {
      if (::dwarf_haspc(unit, address - bias) > 0) return unit;
    }
    return nullptr;
  }

  // The symbols of the functions around the place, from the innermost on; their last is the one in the symbol table.
  static std::vector<Symbol> inlinesOf(Dwarf_Die* unit, Dwarf_Addr address, Symbol place) {
    std::vector<Symbol> chain;
    Dwarf_Die* raw = nullptr;
    int count = ::dwarf_getscopes(unit, address, &raw);
    Scopes innermost(raw);
    if (count > 0) {
      raw = nullptr;
      count = ::dwarf_getscopes_die(&innermost[0], &raw);
    }
    const Scopes scopes(count > 0 ? raw : nullptr);
    for (int i = 0; i < count; ++i) {
      Dwarf_Die* const die = &scopes[static_cast<std::size_t>(i)];
      const int tag = ::dwarf_tag(die);
      if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) continue;
      place.function = functionOf(die);
      chain.push_back(place);
      if (tag == DW_TAG_subprogram) return chain;
      place = {};
      setCallSite(die, unit, place);
    }
    chain.push_back(std::move(place));
    return chain;
  }
};

ObjectFile::ObjectFile(const std::string& path, const std::string& name) : session_(std::make_unique<Session>()) {
  auto file = manifest::openForReading(path);
  if (!file) return;
  session_->dwfl.reset(::dwfl_begin(&kCallbacks));
  if (session_->dwfl == nullptr) return;
  session_->module = ::dwfl_report_elf(session_->dwfl.get(), name.c_str(), name.c_str(), file->get(), 0, false);
  if (session_->module != nullptr) static_cast<void>(file->release());  // taken over, but only then
  ::dwfl_report_end(session_->dwfl.get(), nullptr, nullptr);
}

ObjectFile::ObjectFile(ObjectFile&&) noexcept = default;
ObjectFile& ObjectFile::operator=(ObjectFile&&) noexcept = default;
ObjectFile::~ObjectFile() = default;

const std::vector<Symbol>& ObjectFile::find(std::uint64_t address) {
  const auto known = found_.find(address);
  return known != found_.end() ? known->second : found_.emplace(address, look(address)).first->second;
}

std::vector<Symbol> ObjectFile::look(std::uint64_t address) const {
  std::vector<Symbol> places(1);
  if (session_->module == nullptr) return places;
  Dwarf_Addr bias = 0;
  if (Dwarf_Die* const unit = session_->unitOf(address, bias); unit != nullptr) {
    Symbol place;
    if (Dwarf_Line* const line = ::dwarf_getsrc_die(unit, address - bias); line != nullptr) {
      int number = 0;
      if (::dwarf_lineno(line, &number) == 0) place.line = static_cast<std::uint32_t>(number);
      place.file = sourceFile(unit, ::dwarf_linesrc(line, nullptr, nullptr));
    }
    places = Session::inlinesOf(unit, address - bias, std::move(place));
  }
  GElf_Off offset = 0;
  GElf_Sym symbol{};
  const char* const name =
      ::dwfl_module_addrinfo(session_->module, address, &offset, &symbol, nullptr, nullptr, nullptr);
  if (name != nullptr) places.back().function = demangled(name);
  return places;
}

}  // namespace bulkhead::symbols
