#include <bulkhead/detail/collector.h>

#include "host/core/backend.h"
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
  self.drop();
  self.byStub_ = view->host_error == nullptr;
  if (view->host_error != nullptr) {
    std::construct_at(&self.error_, *static_cast<const Error*>(view->host_error));
  } else {
    std::construct_at(&self.error_, ErrorBody{static_cast<ErrorKind>(view->kind), {}, {}, copy(view->type),
                                              copy(view->text), nullptr});
  }
  self.reported_ = true;
}

Error ErrorCollector::take(const InterfaceSlot& slot, const Binding& binding, const BulkheadMethod& method) {
  ErrorBody body = reported_ ? error_.body()
                             : ErrorBody{ErrorKind::moduleError, {}, {}, {}, "failed without saying why", nullptr};
  drop();
  if ((binding.flags & Binding::kHostMade) == 0) {
    body.kind = body.kind == ErrorKind::unimplemented ? ErrorKind::unimplemented : ErrorKind::moduleError;
    body.exit = nullptr;
  } else if (byStub_ && body.kind == ErrorKind::protocolViolation) {
    body.text += "; the worker is killed, the next call uses a fresh one";
    slot.module->backend()->condemn(binding.generation, method.name, body.text);
  }
  if (slot.module != nullptr) body.module = slot.module->name();
  body.method = method.name;
  return Error(std::move(body));
}

}  // namespace bulkhead::detail
