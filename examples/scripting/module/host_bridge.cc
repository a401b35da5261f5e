#include "host_bridge.h"

#include "scripting.module.h"

#include <utility>

template <class Call, class Keep>
bool HostBridge::attempt(Call&& call, Keep&& keep) noexcept {
  failure_.clear();
  try {
    auto result = call();
    if (result) {
      keep(result);
      return true;
    }
    failure_ = result.error().text();
  } catch (...) {  // no memory, for the result or for its error
  }
  return false;
}

bool HostBridge::log(std::string_view line) noexcept {
  return attempt([&] { return host_.log(line); }, [](auto&) {});
}

bool HostBridge::put(std::string_view key, std::string_view value) noexcept {
  return attempt([&] { return host_.put(key, value); }, [](auto&) {});
}

bool HostBridge::get(std::string_view key) noexcept {
  return attempt([&] { return host_.get(key); },
                 [this](auto& result) {
                   isFound_ = result->isFound;
                   value_ = std::move(result->value);
                 });
}

bool HostBridge::keys(std::string_view prefix) noexcept {
  return attempt([&] { return host_.keys(prefix); }, [this](auto& result) { list_ = *std::move(result); });
}
