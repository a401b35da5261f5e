#include "host/core/host_services.h"

#include <bulkhead/handle.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

namespace bulkhead {

// Handles made from it share its slots; after onStarted they refer to no module.
class Starting::Implementation {
 public:
  struct Slots {
    std::shared_ptr<detail::ModuleSlot> module;
    std::vector<std::unique_ptr<detail::InterfaceSlot>> slots;
  };

  Implementation(std::shared_ptr<detail::ModuleSlot> module, const detail::BindingGroup* group)
      : generation(group->generation), shared(std::make_shared<Slots>()) {
    shared->slots = module->privateSlots(group);
    shared->module = std::move(module);
  }
  ~Implementation() {
    for (auto& slot : shared->slots) {
      slot->binding.store(detail::emptySlot()->binding.load(std::memory_order_relaxed), std::memory_order_seq_cst);
      slot->module = nullptr;
    }
  }
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  const std::uint64_t generation;
  const std::shared_ptr<Slots> shared;
};

const std::string& Starting::module() const noexcept { return implementation_.shared->module->name(); }
std::uint64_t Starting::generation() const noexcept { return implementation_.generation; }

Result<std::shared_ptr<const detail::InterfaceSlot>> Starting::interface(std::uint64_t interfaceId) const {
  for (const auto& slot : implementation_.shared->slots) {
    if (slot->interfaceId == interfaceId && slot->isTyped) {
      return std::shared_ptr<const detail::InterfaceSlot>(implementation_.shared, slot.get());
    }
  }
  return Error(ErrorKind::unimplemented, module() + " does not implement this interface");
}

namespace detail {
namespace {

const char* sourceName(LogLine::Source source) noexcept {
  switch (source) {
    case LogLine::Source::standardOutput: return "stdout";
    case LogLine::Source::standardError: return "stderr";
    case LogLine::Source::log: break;
  }
  return "log";
}

}  // namespace

void deliverLog(const HostOptions& options, const LogLine& line) noexcept {
  if (!options.onLog) {
    std::fprintf(stderr, "[%.*s#%llu %s] %.*s\n", static_cast<int>(line.module.size()), line.module.data(),
                 static_cast<unsigned long long>(line.generation), sourceName(line.source),
                 static_cast<int>(line.text.size()), line.text.data());
    return;
  }
  try {
    options.onLog(line);
  } catch (...) {  // the contract of onLog says that it must not; nobody is there to tell
  }
}

void deliverExit(const HostOptions& options, const ExitReport& report) noexcept {
  if (!options.onExit) return;
  try {
    options.onExit(report);
  } catch (...) {  // as above
  }
}

Result<void> announceStart(const HostOptions& options, const std::shared_ptr<ModuleSlot>& slot,
                           const BindingGroup* group) {
  return runWithStarting(options.onStarted, "onStarted", slot, group);
}

Result<void> runWithStarting(const std::function<Result<void>(const Starting&)>& function, const char* what,
                             const std::shared_ptr<ModuleSlot>& slot, const BindingGroup* group) {
  if (!function) return {};
  const ChangeScope change(*slot);
  const Starting::Implementation implementation(slot, group);
  try {
    return function(Starting(implementation));
  } catch (const BadResult& exception) {
    return exception.error();
  } catch (const std::exception& exception) {
    return Error(ErrorBody{ErrorKind::hostError, slot->name(), what, {}, exception.what(), nullptr});
  } catch (...) {
    return Error(ErrorBody{ErrorKind::hostError, slot->name(), what, {}, "an exception", nullptr});
  }
}

}  // namespace detail
}  // namespace bulkhead
