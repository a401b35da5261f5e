// Finding the program that hosts isolated modules.
#pragma once

#include "shared/posix/unique_fd.h"

#include <bulkhead/result.h>

#include <string>
#include <vector>

namespace bulkhead::isolated {

inline constexpr char kWorkerFileName[] = "bulkhead-worker";

// A program that was opened and found to be a regular executable file: what is executed is this file, whatever the path
// means by then.
struct WorkerProgram {
  std::string path;
  posix::UniqueFd file;  // O_PATH, close-on-exec
};

// Opens the worker program. A non-empty `configured` path is the only place looked at; else the variable
// BULKHEAD_WORKER (ignored in set-user-id programs); else, in this order: beside the file this code is in (a program or
// a shared library), its ../bin, ../../bin and ../libexec/bulkhead; the same beside the running program and beside the
// runtime library. Fails with workerStartFailed; the text lists the places and what was wrong with
// each. Blocks for some file system look-ups.
Result<WorkerProgram> findWorkerProgram(const std::string& configured);

// Opens one program. Fails with workerStartFailed: no such file, not regular, not executable.
Result<WorkerProgram> openProgram(const std::string& path);

// The places that findWorkerProgram looks at when nothing is configured.
std::vector<std::string> workerPlaces();

}  // namespace bulkhead::isolated
