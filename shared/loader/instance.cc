#include "shared/loader/instance.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bulkhead::loader {
namespace {

constexpr std::uint64_t kMaxErrorText = 64 << 10;

// Takes what a failing constructor reports; the kind it claims is ignored.
class Failure {
 public:
  const BulkheadErrorSink* sink() const { return &sink_; }

  Error take(std::string_view where) {
    ErrorBody body;
    body.kind = ErrorKind::loadFailed;
    body.type = std::move(type_);
    body.text = std::string(where) + ": its constructor failed" +
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
  if (module.create(&arguments, &self, failure.sink()) != BULKHEAD_OK) return failure.take(where);
  return Instance(module, self);
}

void Instance::destroy() noexcept {
  if (const BulkheadModule* module = std::exchange(module_, nullptr)) module->destroy(std::exchange(self_, nullptr));
}

}  // namespace bulkhead::loader
