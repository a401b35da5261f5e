// Prints "name value target" a line, and absolute figures as comments. See usage().
#include "tests/bench/groups.h"
#include "tests/bench/report.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr const char* kUsage =
    "usage: ratios [--check] [--quick] [GROUP...]\n"
    "  GROUP     in_process, isolated, bulk, life_cycle, idle; none: all of them\n"
    "  --check   exit with 1 when a line misses its target or cannot be judged\n"
    "  --quick   few samples, in seconds: the figures mean nothing; exit with 1 when a line is missing\n";

struct Group {
  std::string_view name;
  void (*measure)(bench::Run&);
};

constexpr Group kGroups[] = {{"in_process", &bench::measureInProcess},
                             {"isolated", &bench::measureIsolated},
                             {"bulk", &bench::measureBulk},
                             {"life_cycle", &bench::measureLifeCycle},
                             {"idle", &bench::measureIdle}};

struct Options {
  bool check = false;
  bool quick = false;
  std::vector<std::string_view> groups;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    bool known = true;
    if (argument == "--check") {
      options.check = true;
    } else if (argument == "--quick") {
      options.quick = true;
    } else {
      known = false;
      for (const Group& group : kGroups) known |= group.name == argument;
      options.groups.push_back(argument);
    }
    if (!known) return false;
  }
  return true;
}

bool wants(const Options& options, std::string_view name) {
  if (options.groups.empty()) return true;
  for (const std::string_view group : options.groups) {
    if (group == name) return true;
  }
  return false;
}

// The exit status.
int conclude(const Options& options, const bench::Report& report) {
  std::vector<std::string> wanted;
  for (const bench::Target& target : bench::targets()) {
    if (options.groups.empty() || report.has(target.name)) wanted.emplace_back(target.name);
  }
  for (const std::string& name : wanted) {
    if (report.has(name)) continue;
    std::fprintf(stderr, "ratios: no line %s\n", name.c_str());
    return 1;
  }
  return options.check && !report.met(wanted) ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 64;
  }
  ::unsetenv("BULKHEAD_PLACEMENT");  // each line says where it runs
  bench::Report report;
  bench::Run run{report, options.quick};
  try {
    for (const Group& group : kGroups) {
      if (wants(options, group.name)) group.measure(run);
    }
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "ratios: %s\n", failed.what());
    return 1;
  }
  return conclude(options, report);
}
