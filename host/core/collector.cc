#include <bulkhead/detail/collector.h>

#include "host/core/module_slot.h"

#include <string>
#include <utility>

namespace bulkhead::detail {
namespace {

std::string copy(BulkheadBytes bytes) {
  return bytes.size == 0 ? std::string() : std::string(static_cast<const char*>(bytes.data), bytes.size);
}

}  // namespace

void ErrorCollector::collect(void* context, const BulkheadErrorView* view) noexcept {
  auto& self = *static_cast<ErrorCollector*>(context);
  if (view->host_error != nullptr) {
    self.error_ = *static_cast<const Error*>(view->host_error);
    return;
  }
  self.error_.emplace(ErrorBody{static_cast<ErrorKind>(view->kind), {}, {}, copy(view->type), copy(view->text), nullptr});
}

Error ErrorCollector::take(const InterfaceSlot& slot, const Binding& binding, const BulkheadMethod& method) {
  ErrorBody body = error_ ? error_->body()
                          : ErrorBody{ErrorKind::moduleError, {}, {}, {}, "failed without saying why", nullptr};
  if ((binding.flags & Binding::kHostMade) == 0) {
    body.kind = body.kind == ErrorKind::unimplemented ? ErrorKind::unimplemented : ErrorKind::moduleError;
    body.exit = nullptr;
  }
  if (slot.module != nullptr) body.module = slot.module->name();
  body.method = method.name;
  return Error(std::move(body));
}

}  // namespace bulkhead::detail
