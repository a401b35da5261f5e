#include "tests/bench/report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::array kTargets = {
    Target{"inprocess_over_virtual", Bound::atMost, 1.5},
    Target{"inprocess_2threads_over_1", Bound::atMost, 1.1},
    Target{"tracker_over_malloc", Bound::atMost, 2},
    Target{"load_inprocess_over_dlopen", Bound::atMost, 8},
    Target{"isolated_hot_over_spin", Bound::atMost, 1.5},
    Target{"text_1k_over_floor", Bound::atMost, 1.4},
    Target{"struct_over_spin", Bound::atMost, 5},
    Target{"callback_over_call", Bound::atMost, 2.3},
    Target{"isolated_samecpu_over_futex", Bound::atMost, 1.4},
    Target{"samecpu_over_capnp_rpc", Bound::atMost, 0.2},
    Target{"lanes_2threads_speedup", Bound::atLeast, 1.7},
    Target{"echo_1mib_copy_over_floor", Bound::atMost, 2.8},
    Target{"start_over_vfork", Bound::atMost, 2.5},
    Target{"recovery_over_vfork", Bound::atMost, 3},
    Target{"hang_lateness_us", Bound::atMost, 1000},
    Target{"reload_pause_us", Bound::atMost, 200},
    Target{"idle_worker_pss_kib", Bound::atMost, 1300},
    Target{"host_threads_per_worker", Bound::atMost, 0},
    Target{"host_fds_per_worker", Bound::atMost, 6},
    Target{"idle_cpu_percent", Bound::atMost, 0.5},
};

const Target& find(std::string_view name) {
  const auto found = std::find_if(kTargets.begin(), kTargets.end(), [&](const Target& t) { return t.name == name; });
  if (found == kTargets.end()) throw std::logic_error("a line without a target: " + std::string(name));
  return *found;
}

bool isMet(const Target& target, double value) {
  return target.bound == Bound::atMost ? value <= target.value : value >= target.value;
}

}  // namespace

std::span<const Target> targets() { return kTargets; }

void Report::note(std::string_view what, double value, std::string_view unit) {
  std::printf("# %.*s %.4g %.*s\n", static_cast<int>(what.size()), what.data(), value, static_cast<int>(unit.size()),
              unit.data());
  std::fflush(stdout);
}

void Report::line(std::string_view name, double value) {
  const Target& target = find(name);
  lines_[std::string(name)] = {value, true};
  std::printf("%.*s %.3f %s%g%s\n", static_cast<int>(name.size()), name.data(), value,
              target.bound == Bound::atMost ? "<=" : ">=", target.value, isMet(target, value) ? "" : "  missed");
  std::fflush(stdout);
}

void Report::lineUnjudged(std::string_view name, double value, std::string_view why) {
  const Target& target = find(name);
  lines_[std::string(name)] = {value, false};
  std::printf("%.*s %.3f %s%g  not judged: %.*s\n", static_cast<int>(name.size()), name.data(), value,
              target.bound == Bound::atMost ? "<=" : ">=", target.value, static_cast<int>(why.size()), why.data());
  std::fflush(stdout);
}

bool Report::met(const std::vector<std::string>& wanted) const {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
    const auto line = lines_.find(name);
    return line != lines_.end() && line->second.judged && isMet(find(name), line->second.value);
  });
}

}  // namespace bench
