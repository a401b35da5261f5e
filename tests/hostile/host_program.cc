// A host that is about to be killed: brings a worker to the step that is asked for, says its pid, and waits.
#include "tests/hostile/fixture.h"

#include <unistd.h>

#include <cstdio>
#include <string>

using namespace bulkhead::hostile;  // NOLINT

namespace {

// The end of this program: whoever started it kills it.
[[noreturn]] void waitForTheKill(int workerPid) {
  std::printf("%d\n", workerPid);
  std::fflush(stdout);
  for (;;) ::pause();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 64;
  const std::string step = arguments[1];
  Heard heard;
  Imports imports;
  bulkhead::HostOptions options;
  options.onLog = [&](const bulkhead::LogLine& line) { heard.addLine(line); };
  bulkhead::Host host(options);
  const auto placement = bulkhead::Placement::isolated({.deadline = kLong, .loadDeadline = kLong});
  auto module = host.load(FAULTS_MODULE, placement, imports).value();
  const auto faults = handleOf(module);
  const int pid = module.workerPid().value();
  if (step == "idle") waitForTheKill(pid);
  if (step == "loading") {
    // The next worker hangs in its constructor; the first one's end says nothing of it.
    imports.loadFault = Fault::sleep;
    static_cast<void>(faults.misbehave(Fault::exitZero));
    if (!heard.line("asleep")) return 1;
    waitForTheKill(0);
  }
  const Fault fault = step == "calling"   ? Fault::sleep
                      : step == "looping" ? Fault::blockSignals
                                          : Fault::renounceDeathSignal;
  std::thread([&] { static_cast<void>(faults.misbehave(fault)); }).detach();
  if (fault == Fault::sleep && !heard.line("asleep")) return 1;
  // Another thread's call comes back: the first one is on its way as well.
  if (!faults.ping(1)) return 1;
  waitForTheKill(pid);
}
