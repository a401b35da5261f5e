#include "parts.h"

#include <cstdio>

namespace {

// In this order: some read what others stored.
constexpr const char* kGoodScripts[] = {"word_frequency", "longest_line", "outline", "rewrap", "catalogue"};

bool isEqual(const Outcome& a, const Outcome& b) {
  return a.output && b.output && *a.output == *b.output && a.lines == b.lines;
}

// The whole of a short output, the beginning of a long one.
std::string shown(const std::string& output) {
  constexpr std::size_t kShown = 400;
  if (output.size() <= kShown) return output;
  const std::string_view all = output;
  const std::size_t second = all.find('\n', all.find('\n') + 1);
  return output.substr(0, second) + format("\n... %s bytes in all", grouped(output.size()).c_str());
}

void show(const Outcome& outcome) {
  detail("", outcome.output ? shown(*outcome.output) : outcome.output.error().message());
  for (const std::string& line : outcome.lines) detail("", "log: " + line);
}

}  // namespace

void compareScripts(Side& inProcess, Side& isolated, const std::vector<Text>& texts, Verdict& verdict) {
  title("1. The same scripts in both placements");
  for (const char* const script : kGoodScripts) {
    for (const Text& text : texts) {
      const Outcome here = inProcess.run(script, text);
      const Outcome there = isolated.run(script, text);
      const bool equal = isEqual(here, there);
      step(format("%-15s %-10s  %s %.2f ms, %s %.2f ms: %s", script, text.name.c_str(), inProcess.placement().c_str(),
                  here.milliseconds, isolated.placement().c_str(), there.milliseconds, equal ? "equal" : "DIFFERENT"));
      show(here);
      if (!equal) show(there);
      verdict.expect(equal, format("%s on %s: equal output and log lines", script, text.name.c_str()));
    }
  }
  const auto entries = inProcess.store().entries();
  const bool equal = entries == isolated.store().entries();
  step(format("the stores that the scripts filled: %zu entries each: %s", entries.size(),
              equal ? "equal" : "DIFFERENT"));
  verdict.expect(equal, "equal key-value stores");
}
