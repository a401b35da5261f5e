#include "host/in_process/generation.h"

#include "host/core/host_services.h"

#include <utility>

namespace bulkhead::in_process {

Generation::Generation(detail::ModuleContext context, std::uint64_t number, std::uint32_t flags)
    : context_(std::move(context)),
      number_(number),
      flags_(flags),
      services_{sizeof services_, this, &Generation::log},
      targets_(context_.imports, context_.slot->name(), number) {}

Generation::~Generation() { unbind(); }

Result<void> Generation::open() {
  auto library = loader::Library::open({context_.file->path(), context_.file->originalPath(),
                                        context_.file->dependencies(), context_.file->elf().unload});
  if (!library) return std::move(library).error();
  library_.emplace(*std::move(library));
  return {};
}

Result<void> Generation::construct() {
  if (instance_ && instance_->self() != nullptr) return {};
  imports_.push_back(std::make_unique<ImportTables>(library_->module(), targets_.imports(), context_.fit));
  auto instance =
      loader::Instance::create(library_->module(), imports_.back()->bound(), services_, context_.file->originalPath());
  if (!instance) return std::move(instance).error();
  instance_.emplace(*std::move(instance));
  return {};
}

Result<void> Generation::bind() {
  exports_.emplace(library_->module(), instance_->self(), context_.served, context_.fit);
  auto group = context_.slot->prepare(number_, context_.served, exports_->bound(), flags_);
  if (!group) return std::move(group).error();
  group_ = *group;
  targets_.serve(group_->guardId);
  return {};
}

void Generation::unbind() {
  if (group_ != nullptr) context_.slot->recycle(std::exchange(group_, nullptr));
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
