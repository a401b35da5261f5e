#include "host/core/backend.h"
#include "host/core/module_slot.h"

#include <bulkhead/detail/collector.h>
#include <bulkhead/detail/sinks.h>

#include <string>
#include <utility>

namespace bulkhead::detail {

void ErrorCollector::collect(void* context, const BulkheadErrorView* view) noexcept {
  const bool byStub = view->host_error == nullptr;
  auto& reported = static_cast<ErrorCollector*>(context)->reported_;
  try {
    reported.push_back({byStub ? Error(ErrorBody{static_cast<ErrorKind>(view->kind),
                                                 {},
                                                 {},
                                                 copyOfErrorText(view->type),
                                                 copyOfErrorText(view->text),
                                                 nullptr})
                               : *static_cast<const Error*>(view->host_error),
                        byStub});
  } catch (...) {  // no memory for the text: the call fails without saying why
  }
}

void ErrorCollector::drop() noexcept {
  if (!reported_.empty()) reported_.pop_back();
}

Error ErrorCollector::take(const InterfaceSlot& slot, const Binding& binding, const BulkheadMethod& method) {
  const bool silent = reported_.empty();
  const bool byStub = !silent && reported_.back().byStub;
  ErrorBody body = silent ? ErrorBody{ErrorKind::moduleError, {}, {}, {}, "failed without saying why", nullptr}
                          : reported_.back().error.body();
  drop();
  if ((binding.flags & Binding::kHostMade) == 0) {
    body.kind = body.kind == ErrorKind::unimplemented ? ErrorKind::unimplemented : ErrorKind::moduleError;
    body.exit = nullptr;
  } else if (byStub && body.kind == ErrorKind::protocolViolation && slot.module != nullptr) {
    body.text += "; the worker is killed, the next call uses a fresh one";
    slot.module->backend()->condemn(binding.generation, method.name, body.text);
  }
  if (slot.module != nullptr) body.module = slot.module->name();
  body.method = method.name;
  return Error(std::move(body));
}

}  // namespace bulkhead::detail
