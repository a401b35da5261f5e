#include "host/isolated/worker_program.h"

#include "shared/posix/errno_error.h"

#include <bulkhead/runtime.h>

#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <system_error>

namespace bulkhead::isolated {
namespace {

namespace fs = std::filesystem;

// The file that a code address lies in; empty for the program itself.
struct FileOfCode {
  std::uintptr_t address;
  std::string path;
};

int lookForFile(dl_phdr_info* object, std::size_t, void* context) {
  auto& found = *static_cast<FileOfCode*>(context);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    const std::uintptr_t start = object->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && found.address >= start && found.address - start < segment.p_memsz) {
      found.path = object->dlpi_name;
      return 1;
    }
  }
  return 0;
}

std::string fileOfCode(std::uintptr_t address) {
  FileOfCode found{address, {}};
  ::dl_iterate_phdr(lookForFile, &found);
  return found.path;
}

void addPlaces(std::vector<std::string>& places, const fs::path& file) {
  std::error_code ignored;
  const fs::path directory = fs::canonical(file, ignored).parent_path();
  if (directory.empty()) return;
  for (const char* relative : {".", "../bin", "../../bin", "../libexec/bulkhead"}) {
    std::string place = (directory / relative / kWorkerFileName).lexically_normal().string();
    if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(std::move(place));
  }
}

Error notFound(const std::string& tried) {
  return Error(ErrorKind::workerStartFailed, std::string("no usable worker program; set the path of ") +
                                                 kWorkerFileName +
                                                 " in the host's options or in BULKHEAD_WORKER. Looked at: " + tried);
}

}  // namespace

Result<WorkerProgram> openProgram(const std::string& path) {
  // O_PATH: nothing is read, so a FIFO does not block and an execute-only file is fine.
  posix::UniqueFd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file) return posix::errnoError(ErrorKind::workerStartFailed, path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return posix::errnoError(ErrorKind::workerStartFailed, path);
  if (!S_ISREG(status.st_mode)) return Error(ErrorKind::workerStartFailed, path + ": not a regular file");
  if ((status.st_mode & 0111) == 0) return Error(ErrorKind::workerStartFailed, path + ": not executable");
  return WorkerProgram{path, std::move(file)};
}

std::vector<std::string> workerPlaces() {
  std::vector<std::string> places;
  addPlaces(places, fileOfCode(reinterpret_cast<std::uintptr_t>(&findWorkerProgram)));
  addPlaces(places, "/proc/self/exe");
  // An installed host is an archive within the application: the runtime library stands where the worker was installed.
  addPlaces(places, fileOfCode(reinterpret_cast<std::uintptr_t>(&bulkhead_runtime_abi_version)));
  return places;
}

Result<WorkerProgram> findWorkerProgram(const std::string& configured) {
  std::vector<std::string> places;
  const char* fromEnvironment = ::secure_getenv("BULKHEAD_WORKER");
  if (!configured.empty()) {
    places = {configured};
  } else if (fromEnvironment != nullptr && *fromEnvironment != '\0') {
    places = {fromEnvironment};
  } else {
    places = workerPlaces();
  }
  std::string tried;
  for (const std::string& place : places) {
    Result<WorkerProgram> program = openProgram(place);
    if (program) return program;
    tried.append(tried.empty() ? "" : "; ").append(program.error().text());
  }
  return notFound(tried);
}

}  // namespace bulkhead::isolated
