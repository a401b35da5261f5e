// The host: two threads vote without a pause while version after version is put in place. No call fails, no vote is
// lost. With --isolated each version runs in a worker; nothing else differs.
#include "ballot.host.h"

#include <bulkhead/reloader.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Reloaded = bulkhead::Result<bulkhead::ReloadReport>;

// Votes all the time, and counts.
class Voters {
 public:
  explicit Voters(ballot::host::Ballot ballot) : ballot_(std::move(ballot)) {
    for (const char* name : {"ada", "bob"}) threads_.emplace_back([this, name] { voteFor(name); });
  }
  ~Voters() { stop(); }
  Voters(const Voters&) = delete;
  Voters& operator=(const Voters&) = delete;

  void stop() {
    done_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  // Returns when so many more have voted.
  void await(int more) const {
    for (const int until = votes_ + more; votes_ < until && failed_ == 0;) std::this_thread::yield();
  }
  int votes() const { return votes_; }
  int failed() const { return failed_; }

 private:
  void voteFor(std::string_view name) {
    while (!done_) ++(ballot_.vote(name) ? votes_ : failed_);
  }

  const ballot::host::Ballot ballot_;
  std::atomic<bool> done_{false};
  std::atomic<int> votes_{0}, failed_{0};
  std::vector<std::thread> threads_;
};

// The file that the module is loaded from, and the Reloader's answers to its changes.
class Place {
 public:
  Place(fs::path versions, const std::string& name)
      : versions_(std::move(versions)), folder_(fs::temp_directory_path() / name) {
    fs::create_directories(folder_);
  }
  ~Place() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  std::string file() const { return folder_ / "ballot.so"; }
  // As a deployment should do it: copied beside, renamed over.
  void put(int version) const {
    fs::copy_file(versions_ / ("ballot_" + std::to_string(version) + ".so"), folder_ / "next");
    fs::rename(folder_ / "next", file());
  }
  // The same, and waits for what comes of it.
  Reloaded replaceBy(int version) {
    put(version);
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [this] { return answer_.has_value(); });
    return *std::exchange(answer_, std::nullopt);
  }
  void onReload(const Reloaded& reloaded) {
    const std::lock_guard lock(mutex_);
    answer_ = reloaded;
    answered_.notify_one();
  }

 private:
  const fs::path versions_;
  const fs::path folder_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<Reloaded> answer_;
};

std::string report(const ballot::host::Ballot& ballot) { return "  " + ballot.report().value() + "\n"; }

void vote(Place& place, const ballot::host::Ballot& ballot, Voters& voters) {
  voters.await(1000);
  std::printf("%s", report(ballot).c_str());

  const auto second = place.replaceBy(2).value();
  std::printf("replaced while it is called: the state of %s was handed over, the old version is %s\n",
              second.statesMoved.at(0).c_str(), std::string(toString(second.old)).c_str());
  voters.await(1000);
  std::printf("%s", report(ballot).c_str());

  const auto third = place.replaceBy(3);
  if (third) throw std::runtime_error("version 3 should have refused the state");
  std::printf("not replaced: %s\n", third.error().message().c_str());
  voters.await(1000);
  voters.stop();
  std::printf("%s", report(ballot).c_str());
}

int run(const char* versions, const bulkhead::Placement& placement) {
  Place place(versions, "hot-reload-" + std::to_string(std::random_device()()));
  place.put(1);
  bulkhead::Host host;
  const auto module = host.load(place.file(), placement).value();
  const auto ballot = module.get<ballot::host::Ballot>().value();
  const auto reloader =
      bulkhead::Reloader::start(module, {.watch = {},
                                         .reload = {},
                                         .before = {},
                                         .after = [&place](const Reloaded& reloaded) { place.onReload(reloaded); },
                                         .onFile = {}})
          .value();
  std::printf("%s\n", std::string(toString(module.placement().kind)).c_str());
  Voters voters(ballot);
  vote(place, ballot, voters);
  const auto state = ballot.save().value();
  std::uint64_t kept = 0;
  for (const std::uint32_t votes : state.votes) kept += votes;
  std::printf("%d votes were given, %d failed, %llu are kept\n", voters.votes(), voters.failed(),
              static_cast<unsigned long long>(kept));
  return voters.failed() == 0 && kept == static_cast<std::uint64_t>(voters.votes()) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool isolated = argc == 3 && std::string_view(argv[2]) == "--isolated";
  if (argc != 2 && !isolated) {
    std::fprintf(stderr, "usage: %s FOLDER-OF-VERSIONS [--isolated]\n", argv[0]);
    return 64;
  }
  try {
    return run(argv[1], isolated ? bulkhead::Placement::isolated() : bulkhead::Placement::inProcess());
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
  }
}
