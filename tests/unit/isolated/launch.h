// What the tests of spawner and process share: launching small system programs, and bodies that change process-wide
// state run in a child.
#pragma once

#include "host/isolated/process.h"
#include "host/isolated/spawner.h"
#include "host/isolated/worker_program.h"
#include "shared/clock.h"
#include "shared/posix/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::isolated {

inline std::int64_t inSeconds(std::int64_t seconds) { return nowNs() + seconds * 1'000'000'000; }

struct Pipe {
  Pipe() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    read.reset(fds[0]);
    write.reset(fds[1]);
  }
  // All that is written until every writer is gone.
  std::string drain() {
    write.reset();
    std::string text;
    char buffer[4096];
    ssize_t size = 0;
    while ((size = ::read(read.get(), buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(size));
    return text;
  }
  posix::UniqueFd read;
  posix::UniqueFd write;
};

// A program of the system, with /dev/null as its only descriptors unless `output` is given as 1.
class Launch {
 public:
  Launch(const std::string& path, std::vector<std::string> arguments)
      : program_(openProgram(path).value()), null_(::open("/dev/null", O_RDWR | O_CLOEXEC)) {
    spec.program = program_.file.get();
    spec.name = path;
    spec.arguments = std::move(arguments);
    spec.descriptors = {null_.get(), null_.get(), null_.get()};
  }
  static Launch shell(const std::string& script) { return Launch("/bin/sh", {"sh", "-c", script}); }

  LaunchSpec spec;

 private:
  WorkerProgram program_;
  posix::UniqueFd null_;
};

// Runs `body` in a forked child and expects that it reports no failure. There must be no other thread.
inline void inChild(const std::function<void()>& body) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    body();
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the child failed: wait status " << status;
}

}  // namespace bulkhead::isolated
