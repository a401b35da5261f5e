#include "parts.h"

#include <cstdio>

namespace {

constexpr int kCalls = 10'000;
constexpr int kWarmUp = 500;

struct Cost {
  double stats;    // microseconds a call: the module, no Lua
  double call;     // of a Lua function
  double imports;  // an import, from a Lua function
  bool isRight;    // every result was
};

// Microseconds for one of kCalls.
template <class Call>
double microseconds(Call&& call) {
  for (int i = 0; i < kWarmUp; ++i) call(i);
  const auto start = Clock::now();
  for (int i = 0; i < kCalls; ++i) call(i);
  return millisecondsSince(start) * 1000 / kCalls;
}

Cost measure(Side& side) {
  step(format("%s calls of each kind, %s", grouped(kCalls).c_str(), side.placement().c_str()));
  Cost cost{0, 0, 0, true};
  const auto& scripting = side.scripting();
  cost.stats = microseconds([&](int) { cost.isRight &= scripting.stats().hasValue(); });
  cost.call = microseconds([&](int i) {
    const auto doubled = scripting.call("small", "double", i);
    cost.isRight &= doubled && *doubled == 2 * i;
  });

  side.store().put("small", "value").value();
  const std::uint64_t before = side.store().reads();
  const auto start = Clock::now();
  const auto found = scripting.call("small", "readStore", kCalls);
  cost.imports = millisecondsSince(start) * 1000 / kCalls;
  cost.isRight &= found && *found == kCalls && side.store().reads() - before == kCalls;
  return cost;
}

void row(const char* what, double here, double there) {
  std::printf("  %-46s %9.2f us %9.2f us %9.1f x\n", what, here, there, there / here);
}

}  // namespace

void measureCost(Side& inProcess, Side& isolated, Verdict& verdict) {
  title("2. What a call costs in each placement");
  const Cost here = measure(inProcess);
  const Cost there = measure(isolated);
  std::printf("\n  %-46s %12s %12s %11s\n", "each, mean of 10,000", inProcess.placement().c_str(),
              isolated.placement().c_str(), "factor");
  row("a call of the module alone: stats()", here.stats, there.stats);
  row("a call of a Lua function: double(n)", here.call, there.call);
  row("an import by a Lua function: host.get(key)", here.imports, there.imports);
  verdict.expect(here.isRight && there.isRight, "every small call and import gave the right result");
}
