// A host for user scripts: the good ones in both placements, the bad ones where they cannot hurt.
#include "parts.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

using namespace std::chrono_literals;

namespace {

// Ample for every good script here, and not what the bad ones could take from the system.
constexpr bulkhead::IsolatedOptions kIsolated{.deadline = 10s, .limits = {.memoryBytes = std::uint64_t{128} << 20}};

std::string readFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(file), {});
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return content;
}

std::vector<Script> readScripts(const std::filesystem::path& folder) {
  std::vector<Script> scripts;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".lua") scripts.push_back({entry.path().stem().string(), readFile(entry.path())});
  }
  std::sort(scripts.begin(), scripts.end(), [](const Script& a, const Script& b) { return a.name < b.name; });
  return scripts;
}

Text readText(const std::filesystem::path& path) {
  Text text{path.filename().string(), readFile(path)};
  step(format("text %s: %s lines, %s bytes", text.name.c_str(),
              grouped(static_cast<std::uint64_t>(std::count(text.content.begin(), text.content.end(), '\n'))).c_str(),
              grouped(text.content.size()).c_str()));
  return text;
}

void announce(const Side& side) {
  detail("", format("%s (%s)", side.placement().c_str(), side.module().placement().reason.c_str()));
}

// What the interpreter says of its life, then the end of it.
void conclude(Side& side, Verdict& verdict) {
  if (const auto stats = side.scripting().stats()) {
    step(format("%s: %s, %s calls in generation %llu, holds %s KiB, at most %s", side.module().name().c_str(),
                stats->language.c_str(), grouped(stats->calls).c_str(),
                static_cast<unsigned long long>(side.module().generation()), grouped(stats->memoryBytes / 1024).c_str(),
                grouped(stats->peakBytes / 1024).c_str()));
  }
  const auto unloaded = side.module().unload();
  step(format("%s: %s", side.module().name().c_str(), unloaded ? "unloaded" : unloaded.error().message().c_str()));
  verdict.expect(unloaded.hasValue(), "the module is unloaded");
}

int report(const Verdict& verdict) {
  std::printf("\n");
  for (const std::string& broken : verdict.broken()) std::printf("NOT AS EXPECTED: %s\n", broken.c_str());
  if (!verdict.broken().empty()) return 1;
  std::printf("All as expected: %d checks.\n", verdict.checks());
  return 0;
}

int run(const std::string& file, const std::string& folder, const std::string& licence, const std::string& readme) {
  std::printf("A host for user scripts: Lua, once in this process and once in a worker process\n\n");
  const std::vector<Script> scripts = readScripts(folder);
  const std::vector<Text> texts{readText(licence), readText(readme)};

  ExitLog exits;
  bulkhead::HostOptions options;
  options.onExit = [&exits](const bulkhead::ExitReport& report) { exits.add(report); };
  options.onStarted = [&scripts](const bulkhead::Starting& starting) { return loadScripts(starting, scripts); };
  bulkhead::Host host(options);
  Side inProcess(host, file, "lua-here", bulkhead::Placement::inProcess().with(kIsolated));
  announce(inProcess);
  Side isolated(host, file, "lua-worker", bulkhead::Placement::isolated(kIsolated).required());
  announce(isolated);

  Verdict verdict;
  compareScripts(inProcess, isolated, texts, verdict);
  measureCost(inProcess, isolated, verdict);
  runBadScripts(inProcess, isolated, texts.front(), exits, verdict);
  title("4. The end");
  conclude(inProcess, verdict);
  conclude(isolated, verdict);
  return report(verdict);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s MODULE.so SCRIPTS_DIR LICENCE README\n", argv[0]);
    return 64;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // progress is seen through a pipe, too
  try {
    return run(argv[1], argv[2], argv[3], argv[4]);
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
  }
}
