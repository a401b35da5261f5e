// Launching worker processes: the only home of clone and exec.
//
// One long-lived thread per Host does it, since the parent-death signal of a worker is bound to the thread that made
// it: when the spawner's thread ends, the kernel kills its workers. The child is made by raw clone (as vfork: this
// thread waits until the exec, other threads run on; its memory is not copied) and runs one function without libc
// calls, locks or sanitizer instrumentation: see spawn_child.h.
#pragma once

#include "host/isolated/process.h"

#include <bulkhead/result.h>

#include <sys/resource.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace bulkhead::isolated {

struct ResourceLimit {
  int resource = RLIMIT_CORE;
  rlimit value{};
};

// What to run. Borrowed for the launch.
struct LaunchSpec {
  int program = -1;                        // executed by descriptor: see openProgram()
  std::string name;                        // of the program, for errors
  std::vector<std::string> arguments;      // argv, argv[0] included
  std::vector<std::string> environment;    // all of it: workerEnvironment()
  std::vector<int> descriptors;            // become 0, 1, 2, ... of the process, which has no other; not -1
  std::vector<ResourceLimit> limits = {};  // set before exec
};

// Outlives the processes it launched, or takes them along. After a fork, the child process must not use it.
class Spawner {
 public:
  // Starts the thread. Fails with resourceExhausted.
  static Result<std::unique_ptr<Spawner>> start();
  // Ends the thread: workers that are still alive are killed by their parent-death signal.
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  // Launches a process: with the given descriptors alone, all signals at their defaults and unblocked, no_new_privs,
  // and SIGKILL as parent-death signal. Blocks until the program runs (or failed to), one launch after the other. Fails
  // with workerStartFailed, naming the program and the step; nothing stays behind then. Any thread.
  Result<Process> launch(const LaunchSpec& spec);

 private:
  struct Job;
  Spawner();
  void run();

  const int owner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job*> queue_;  // under mutex_
  bool stopping_ = false;    // under mutex_
  std::thread thread_;
};

}  // namespace bulkhead::isolated
