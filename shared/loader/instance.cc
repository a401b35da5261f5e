#include "shared/loader/instance.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bulkhead::loader {
namespace {

constexpr std::uint64_t kMaxErrorText = 64 << 10;

// Takes what a failing function of the module reports; the kind it claims is ignored.
class Failure {
 public:
  const BulkheadErrorSink* sink() const { return &sink_; }

  // `what` failed: "its constructor failed".
  Error take(ErrorKind kind, std::string_view where, std::string_view what) {
    ErrorBody body;
    body.kind = kind;
    body.type = std::move(type_);
    body.text = std::string(where).append(": ").append(what) +
                (text_.empty() ? std::string(" without saying why") : ": " + text_);
    return Error(std::move(body));
  }

 private:
  static std::string copy(BulkheadBytes bytes) {
    if (bytes.data == nullptr) return {};
    return {static_cast<const char*>(bytes.data), std::min(bytes.size, kMaxErrorText)};
  }
  static void report(void* context, const BulkheadErrorView* view) {
    constexpr std::size_t kNeeded = offsetof(BulkheadErrorView, text) + sizeof(BulkheadBytes);
    if (view == nullptr || view->size < kNeeded) return;
    auto* self = static_cast<Failure*>(context);
    self->type_ = copy(view->type);
    self->text_ = copy(view->text);
  }

  std::string type_, text_;
  BulkheadErrorSink sink_{this, &Failure::report};
};

}  // namespace

Result<Instance> Instance::create(const BulkheadModule& module, std::span<const BulkheadImport> imports,
                                  const BulkheadHostServices& services, std::string_view where) {
  const BulkheadCreateArguments arguments{
      .size = sizeof arguments, .services = &services, .imports = imports.data(), .import_count = imports.size()};
  Failure failure;
  void* self = nullptr;
  if (module.create(&arguments, &self, failure.sink()) != BULKHEAD_OK) {
    return failure.take(ErrorKind::loadFailed, where, "its constructor failed");
  }
  return Instance(module, self);
}

Result<void> Instance::beforeUnload(std::string_view where) {
  Failure failure;
  if (module_ == nullptr || module_->before_unload == nullptr) return {};
  if (module_->before_unload(self_, failure.sink()) == BULKHEAD_OK) return {};
  return failure.take(ErrorKind::unloadRefused, where, "its beforeUnload() asks to stay");
}

void Instance::destroy() noexcept {
  if (const BulkheadModule* module = std::exchange(module_, nullptr)) module->destroy(std::exchange(self_, nullptr));
}

}  // namespace bulkhead::loader
