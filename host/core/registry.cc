#include <bulkhead/contract_host.h>

#include <mutex>

namespace bulkhead::detail {
namespace {

// Filled by constructors of generated code, before main or while a shared library is loaded; hence
// constant-initialised.
constinit std::mutex mutex;
constinit ContractRegistration* head = nullptr;

}  // namespace

ContractRegistration::ContractRegistration(const ContractDescription& description) noexcept
    : description_(description) {
  const std::lock_guard lock(mutex);
  next_ = head;
  head = this;
}

ContractRegistration::~ContractRegistration() {
  const std::lock_guard lock(mutex);
  for (ContractRegistration** link = &head; *link != nullptr; link = &(*link)->next_) {
    if (*link != this) continue;
    *link = next_;
    return;
  }
}

std::vector<ContractDescription> ContractRegistration::all() {
  const std::lock_guard lock(mutex);
  std::vector<ContractDescription> list;
  for (const ContractRegistration* each = head; each != nullptr; each = each->next_) list.push_back(each->description_);
  return list;
}

std::int32_t refuseDeepImport(const BulkheadErrorSink* error) noexcept {
  static constexpr char kText[] =
      "host and module called each other more than 64 deep within one call: end the recursion earlier";
  BulkheadErrorView view{};
  view.size = sizeof view;
  view.kind = static_cast<std::uint32_t>(ErrorKind::nestingTooDeep);
  view.text = {kText, sizeof kText - 1};
  error->report(error->context, &view);
  return BULKHEAD_FAILED;
}

}  // namespace bulkhead::detail
