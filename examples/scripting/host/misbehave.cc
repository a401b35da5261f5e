#include "parts.h"

using bulkhead::ErrorKind;
using namespace std::chrono_literals;

namespace {

struct BadScript {
  const char* script;
  const char* deed;
  std::chrono::milliseconds deadline;
  ErrorKind kind;
  const char* words;  // that the error's text must have
  bool isDeadly;      // for its worker
};

constexpr BadScript kBadScripts[] = {
    {"bad_loop", "loops for ever", 500ms, ErrorKind::deadlineExceeded, "", true},
    {"bad_deadlock", "locks a mutex inside the module twice", 500ms, ErrorKind::deadlineExceeded, "", true},
    {"bad_memory", "takes memory without end", 10s, ErrorKind::moduleError, "not enough memory", false},
    {"bad_error", "raises an error", 10s, ErrorKind::moduleError, "bad_error.lua:8:", false},
};

void showError(const bulkhead::Error& error) { detail("error", error.message()); }

void runBad(const BadScript& bad, Side& isolated, const Text& text, ExitLog& exits, Verdict& verdict) {
  step(format("%s %s; its deadline is %s ms", bad.script, bad.deed,
              grouped(static_cast<std::uint64_t>(bad.deadline.count())).c_str()));
  const std::uint64_t generation = isolated.module().generation();
  const auto start = Clock::now();
  const auto output = isolated.scripting().within(bad.deadline).run(bad.script, text.content);
  const double milliseconds = millisecondsSince(start);
  isolated.store().takeLines();
  if (!verdict.expect(!output.hasValue(), format("%s fails", bad.script))) return;

  const bulkhead::Error& error = output.error();
  step(format("%s ended after %.0f ms: %s", bad.script, milliseconds, toString(error.kind())));
  showError(error);
  verdict.expect(error.kind() == bad.kind, format("%s ends in %s", bad.script, toString(bad.kind)));
  if (*bad.words != '\0') {
    verdict.expect(error.text().find(bad.words) != std::string::npos, format("its text says '%s'", bad.words));
  }
  const std::string report = bad.isDeadly ? exits.await(generation) : "lives: only the script ended";
  detail("worker", report);
  verdict.expect(!report.empty(), "an exit report");
}

void serveOn(Side& inProcess, Side& isolated, const Text& text, Verdict& verdict) {
  const Outcome here = inProcess.run("word_frequency", text);
  const Outcome there = isolated.run("word_frequency", text);
  const bool equal = here.output && there.output && *here.output == *there.output;
  step(format("the host serves on: word_frequency in generation %llu took %.2f ms, its output is %s",
              static_cast<unsigned long long>(isolated.module().generation()), there.milliseconds,
              equal ? "right" : "WRONG"));
  if (!there.output) showError(there.output.error());
  verdict.expect(equal, "a good script works after a bad one");
}

}  // namespace

void runBadScripts(Side& inProcess, Side& isolated, const Text& text, ExitLog& exits, Verdict& verdict) {
  title("3. Bad scripts, isolated: each ends in a typed error, and the host serves on");
  for (const BadScript& bad : kBadScripts) {
    runBad(bad, isolated, text, exits, verdict);
    serveOn(inProcess, isolated, text, verdict);
  }
}
