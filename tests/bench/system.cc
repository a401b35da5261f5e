#include "tests/bench/system.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace bench {
namespace {

cpu_set_t only(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  return set;
}

}  // namespace

int cpuCount() { return static_cast<int>(std::thread::hardware_concurrency()); }

void pinThread(pid_t thread, int cpu) {
  const cpu_set_t set = only(cpu);
  if (::sched_setaffinity(thread, sizeof set, &set) != 0) throw std::runtime_error("cannot pin a thread");
}

void pinProcess(pid_t process, int cpu) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    pinThread(std::atoi(task.path().filename().c_str()), cpu);
  }
}

Pinned::Pinned(int cpu) {
  ::sched_getaffinity(0, sizeof before_, &before_);
  pinThread(0, cpu);
}

Pinned::~Pinned() { ::sched_setaffinity(0, sizeof before_, &before_); }

void endChild(pid_t child) {
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

int entries(const std::string& folder) {
  return static_cast<int>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

double pssKib(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/smaps_rollup");
  for (std::string word; file >> word;) {
    double value = 0;
    if (word == "Pss:" && file >> value) return value;
  }
  throw std::runtime_error("cannot read a process's memory");
}

double cpuSeconds(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
    throw std::runtime_error("cannot read a process's CPU time");
  }
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace bench
