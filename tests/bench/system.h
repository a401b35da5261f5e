// What the benchmarks ask of the system: CPUs, processes, /proc.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <string>

namespace bench {

int cpuCount();

// Keeps a thread on one CPU.
void pinThread(pid_t thread, int cpu);
// Every thread that a process has now.
void pinProcess(pid_t process, int cpu);

// The calling thread's CPUs, restored at the end.
class Pinned {
 public:
  explicit Pinned(int cpu);
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  ~Pinned();

 private:
  cpu_set_t before_;
};

// Ends and reaps a child.
void endChild(pid_t child);

int entries(const std::string& folder);  // of a folder, "." and ".." not counted
double pssKib(pid_t process);
double cpuSeconds(pid_t process);

}  // namespace bench
