#include "host/in_process/generation.h"

#include "host/core/host_services.h"
#include "host/in_process/ledger_view.h"

#include <utility>

namespace bulkhead::in_process {

Generation::Generation(detail::ModuleContext context, std::uint64_t number, const InProcessOptions& options)
    : context_(std::move(context)),
      number_(number),
      options_(options),
      services_{sizeof services_, this, &Generation::log},
      targets_(context_.imports, context_.slot->name(), number) {}

Generation::~Generation() { unbind(); }

Result<void> Generation::open() {
  auto library = loader::Library::open({.path = context_.file->path(),
                                        .name = context_.file->originalPath(),
                                        .dependencies = context_.file->dependencies(),
                                        .hints = context_.file->elf().unload,
                                        .keepLedger = options_.keepLedger,
                                        .abortOnBadFree = options_.abortOnBadFree});
  if (!library) return std::move(library).error();
  const std::lock_guard lock(libraryMutex_);
  library_.emplace(*std::move(library));
  return {};
}

Result<void> Generation::construct() {
  if (hasObject()) return {};
  imports_.push_back(std::make_unique<ImportTables>(library_->module(), targets_.imports(), context_.fit));
  auto instance =
      loader::Instance::create(library_->module(), imports_.back()->bound(), services_, context_.file->originalPath());
  if (!instance) return std::move(instance).error();
  instance_.emplace(*std::move(instance));
  return {};
}

Result<void> Generation::bind() {
  exports_.emplace(library_->module(), instance_->self(), context_.served, context_.fit);
  const std::uint32_t flags = options_.deadline.count() > 0 ? std::uint32_t{detail::Binding::kDeadline} : 0u;
  auto group = context_.slot->prepare(number_, context_.served, exports_->bound(), flags);
  if (!group) return std::move(group).error();
  group_ = *group;
  targets_.serve(group_->guardId);
  return {};
}

void Generation::unbind() {
  if (group_ != nullptr) context_.slot->recycle(std::exchange(group_, nullptr));
}

Ledger Generation::ledger() const {
  const std::lock_guard lock(libraryMutex_);
  return library_ ? snapshot(library_->ledger()) : Ledger{};
}

void Generation::log(void* context, std::uint32_t level, BulkheadBytes line) {
  const Generation& self = *static_cast<const Generation*>(context);
  detail::deliverLog(*self.context_.options, {LogLine::Source::log,
                                              level,
                                              self.context_.slot->name(),
                                              self.number_,
                                              {static_cast<const char*>(line.data), line.size}});
}

}  // namespace bulkhead::in_process
