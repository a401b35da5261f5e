#include "host/oracle/oracle.h"

#include "host/oracle/reencode.h"

#include <bulkhead/contract_host.h>
#include <bulkhead/oracle.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

namespace bulkhead {
namespace oracle {
namespace {

using detail::MessageRole;

std::atomic<std::uint64_t> messages{0};
std::atomic<std::uint64_t> differences{0};
std::atomic<std::uint64_t> unchecked{0};

const char* nameOf(MessageRole role) noexcept {
  switch (role) {
    case MessageRole::exportRequest: return "request to the module";
    case MessageRole::exportReply: return "reply of the module";
    case MessageRole::importRequest: return "request of the module";
    case MessageRole::importReply: return "reply to the module";
  }
  return "message";
}

bool isHostMade(MessageRole role) noexcept {
  return role == MessageRole::exportRequest || role == MessageRole::importReply;
}

capnp::StructSchema structOf(const MethodSchema& method, MessageRole role) {
  return role == MessageRole::exportRequest || role == MessageRole::importRequest ? method.params : method.results;
}

}  // namespace

bool isWanted(bool option) noexcept {
  if (option) return true;
  const char* const value = ::secure_getenv("BULKHEAD_ORACLE");
  return value != nullptr && std::string_view(value) == "1";
}

Oracle::Oracle(const manifest::Manifest& module) {
  for (const detail::ContractDescription& contract : detail::ContractRegistration::all()) {
    host_.add({static_cast<const std::byte*>(contract.manifest.data), contract.manifest.size});
  }
  for (const manifest::Contract& contract : module.contracts) module_.add(std::as_bytes(std::span(contract.message)));
}

std::optional<std::string> Oracle::check(MessageRole role, std::uint64_t interfaceId, std::uint16_t ordinal,
                                         BulkheadBytes message) {
  const MethodSchema* const ours = host_.find(interfaceId, ordinal);
  const MethodSchema* const theirs = module_.find(interfaceId, ordinal);
  const MethodSchema* sender = isHostMade(role) ? ours : theirs;
  const MethodSchema* receiver = isHostMade(role) ? theirs : ours;
  if (sender == nullptr) sender = receiver;
  if (receiver == nullptr) receiver = sender;
  if (sender == nullptr) {
    unchecked.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  messages.fetch_add(1, std::memory_order_relaxed);
  auto found = compareReencoded(message, structOf(*sender, role));
  if (!found && receiver != sender) found = walk(message, structOf(*receiver, role));
  if (!found) return std::nullopt;
  differences.fetch_add(1, std::memory_order_relaxed);
  std::string text = "the oracle disagrees with the " + std::string(nameOf(role)) + ", " + sender->name + ": " + *found;
  std::fprintf(stderr, "bulkhead: %s\n", text.c_str());
  return text;
}

}  // namespace oracle

OracleCounts oracleCounts() noexcept {
  return {oracle::messages.load(std::memory_order_relaxed), oracle::differences.load(std::memory_order_relaxed),
          oracle::unchecked.load(std::memory_order_relaxed)};
}

}  // namespace bulkhead
