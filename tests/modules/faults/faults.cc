// A module whose calls end in every way but the right one.
#include "commit.h"
#include "faults.module.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using bulkhead::Error;
using bulkhead::ErrorKind;
using bulkhead::Result;
using faults::Fault;

namespace {

void work(std::uint32_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

}  // namespace

class Faults final : public faults::module::Faults {
 public:
  explicit Faults(faults::module::FaultsHost& host) : host_(host) {
    const auto fault = host_.atLoad();
    if (!fault) throw fault.error();
    commit(*fault);
  }
  ~Faults() override { commit(atUnload_.load()); }

  Result<std::int32_t> ping(std::int32_t value) override { return value; }

  Result<void> misbehave(Fault fault) override {
    commit(fault);
    return {};
  }
  Result<void> misbehaveBriefly(Fault fault) override { return misbehave(fault); }

  Result<void> misbehaveLater(Fault fault) override {
    std::thread([fault] {
      work(20);
      commit(fault);
    }).detach();
    return {};
  }

  Result<void> misbehaveAtUnload(Fault fault) override {
    atUnload_ = fault;
    return {};
  }

  Result<void> spend(std::uint32_t beforeMs, std::uint32_t importMs, std::uint32_t afterMs) override {
    work(beforeMs);
    if (auto spent = host_.spend(importMs); !spent) return spent.error();
    work(afterMs);
    return {};
  }

  Result<faults::ImportFromThreadsResult> importFromThreads(std::uint32_t threads, std::uint32_t callsEach,
                                                            std::uint32_t importMs) override {
    std::atomic<std::uint32_t> succeeded{0};
    std::atomic<std::uint32_t> overloaded{0};
    std::atomic<std::uint32_t> failed{0};
    std::vector<std::thread> running;
    for (std::uint32_t i = 0; i < threads; ++i) {
      running.emplace_back([&] {
        for (std::uint32_t call = 0; call < callsEach; ++call) {
          const auto spent = host_.spend(importMs);
          ++(spent ? succeeded : spent.error().kind() == ErrorKind::overloaded ? overloaded : failed);
        }
      });
    }
    for (std::thread& thread : running) thread.join();
    return faults::ImportFromThreadsResult{succeeded, overloaded, failed};
  }

  Result<std::uint32_t> recurse(std::uint32_t depth) override {
    if (depth == 0) return 0u;
    auto reached = host_.recurse(depth - 1);
    if (!reached) return reached.error();
    return *reached + 1;
  }

  Result<std::string> look(std::string_view what) override { return ::look(what); }

  Result<void> write(std::int32_t descriptor, std::span<const std::byte> text, std::uint32_t times) override {
    const auto* const start = reinterpret_cast<const char*>(text.data());
    for (std::uint32_t i = 0; i < times; ++i) {
      if (descriptor < 0) {
        bulkhead::log(bulkhead::LogLevel::warning, {start, text.size()});
      } else {
        for (std::size_t done = 0; done < text.size();) {
          const ssize_t written = ::write(descriptor, start + done, text.size() - done);
          if (written < 0) return Error("write failed");
          done += static_cast<std::size_t>(written);
        }
      }
    }
    return {};
  }

  Result<std::vector<std::byte>> echo(std::span<const std::byte> data) override {
    return std::vector<std::byte>(data.begin(), data.end());
  }

  Result<std::uint64_t> failUntil(std::uint64_t generation, Fault first, Fault then) override {
    const std::uint64_t own = bulkhead_scope_current()->generation;
    if (own < generation) commit(own == 1 ? first : then);
    return own;
  }
  Result<std::uint64_t> failUntilPlain(std::uint64_t generation, Fault fault) override {
    return failUntil(generation, fault, fault);
  }
  Result<void> importThenFail(bool byThread, Fault fault) override {
    const auto import = [this] { (void)host_.spend(0); };
    if (byThread) {
      std::thread(import).join();
    } else {
      import();
    }
    commit(fault);
    return {};
  }

 private:
  faults::module::FaultsHost& host_;
  std::atomic<Fault> atUnload_{Fault::none};
};

BULKHEAD_MODULE(Faults)
