// bulkhead-lint [--seal] [--notes] [--allow ID]... FILE: what keeps a module from being unloaded or seen through, as
// lines like a compiler's on standard error. Exit code 1 if there is an error among them, 2 if nothing could be looked
// at. --seal: a file without errors is sealed (shared/manifest/seal.h). The file is not loaded.
#include "shared/manifest/elf_file.h"
#include "shared/manifest/lint.h"
#include "shared/manifest/manifest.h"
#include "shared/manifest/seal.h"
#include "shared/manifest/symbols.h"
#include "shared/posix/unique_fd.h"

#include <bulkhead/detail/printable.h>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <limits>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace bulkhead::manifest {
namespace {

struct Options {
  std::string file;
  bool seal = false;
  bool notes = false;
  std::set<std::string_view> allowed;
};

Options read(std::span<char* const> arguments) {
  Options options;
  for (std::size_t n = 0; n < arguments.size(); ++n) {
    const std::string_view argument = arguments[n];
    if (argument == "--seal") {
      options.seal = true;
    } else if (argument == "--notes") {
      options.notes = true;
    } else if (argument == "--allow" && n + 1 < arguments.size()) {
      const std::string_view id = arguments[++n];
      if (std::find(std::begin(kFindingIds), std::end(kFindingIds), id) == std::end(kFindingIds))
        throw std::invalid_argument("no finding is called " + std::string(id));
      options.allowed.insert(id);
    } else if (options.file.empty() && !argument.starts_with("-")) {
      options.file = argument;
    } else {
      throw std::invalid_argument("what is " + std::string(argument) + "?");
    }
  }
  if (options.file.empty()) throw std::invalid_argument("no file is named");
  return options;
}

void say(const std::string& line) {
  std::fprintf(stderr, "%s\n", detail::printable(line, std::numeric_limits<std::size_t>::max()).c_str());
}

Result<posix::UniqueFd> open(const Options& options) {
  if (!options.seal) return openForReading(options.file);
  posix::UniqueFd fd(::open(options.file.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd) return fd;
  return Error(ErrorKind::loadFailed, options.file + " cannot be opened: " + std::system_category().message(errno));
}

// Says each finding that is not allowed; whether the module may be used.
bool report(const Options& options, const std::string& name, const std::vector<Finding>& findings) {
  bool sound = true;
  for (const Finding& finding : findings) {
    const bool shown = finding.severity != Severity::note || options.notes;
    if (!shown || options.allowed.contains(finding.id)) continue;
    sound = sound && finding.severity != Severity::error;
    say(name + ": " + std::string(toString(finding.severity)) + ": " + finding.what +
        (finding.remedy.empty() ? "" : "; " + finding.remedy) + " [" + std::string(finding.id) + "]");
  }
  return sound;
}

Result<bool> lintFile(const Options& options) {
  const std::string name = std::filesystem::path(options.file).filename().string();
  const Result<posix::UniqueFd> fd = open(options);
  if (!fd) return fd.error();
  const Result<ElfFile> elf = readElf(fd->get(), name);
  if (!elf) return elf.error();
  const Result<Symbols> symbols = readSymbols(fd->get(), name);
  if (!symbols) return symbols.error();
  if (!report(options, name, lint(*elf, *symbols, readManifest(*elf, name)))) return false;
  if (options.seal) {
    if (Result<void> sealed = writeSeal(fd->get(), *elf, name); !sealed) return std::move(sealed).error();
  } else if (const Result<SealState> sealed = checkSeal(fd->get(), *elf, name); !sealed) {
    return sealed.error();
  }
  return true;
}

int run(std::span<char* const> arguments) {
  try {
    const Result<bool> sound = lintFile(read(arguments));
    if (sound) return *sound ? 0 : 1;
    say("bulkhead-lint: " + std::string(sound.error().text()));
  } catch (const std::exception& exception) {
    say(std::string("bulkhead-lint: ") + exception.what() +
        "; usage: bulkhead-lint [--seal] [--notes] [--allow ID]... FILE");
  }
  return 2;
}

}  // namespace
}  // namespace bulkhead::manifest

int main(int count, char** arguments) {
  return bulkhead::manifest::run({arguments + 1, static_cast<std::size_t>(count - 1)});
}
