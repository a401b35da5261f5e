// Large values by the plain interface.
#include "tests/bench/floors.h"
#include "tests/bench/groups.h"
#include "tests/bench/stats.h"
#include "tests/bench/subject.h"
#include "tests/bench/system.h"

#include <vector>

namespace bench {

void measureBulk(Run& run) {
  const Pinned pinned(0);
  const int far = cpuCount() > 1 ? 1 : 0;
  Subject subject(bulkhead::Placement::isolated());
  subject.pinWorker(far);
  std::vector<std::byte> data(kBulkBytes, std::byte{7});
  std::vector<char> out(kBulkBytes);
  Samples floors, calls;
  for (int round = 0; round < run.rounds(); ++round) {
    SharedMemoryPeer peer(SharedMemoryPeer::Waiting::spinning, far);
    const auto* bytes = reinterpret_cast<const char*>(data.data());
    floors.add(nsPerCall(run.batches(60), 2, [&] { peer.bulk(bytes, out.data()); }));
    calls.add(nsPerCall(run.batches(60), 2, [&] { must(subject.bench().echoData(data)); }));
  }
  run.report.note("1 MiB in place, floor", floors.median() / 1e3, "us");
  run.report.note("1 MiB echo", calls.median() / 1e3, "us");
  run.report.line("echo_1mib_copy_over_floor", calls.median() / floors.median());
}

}  // namespace bench
