#include "host/in_process/backend.h"

#include "host/core/guard.h"
#include "host/core/host_services.h"
#include "shared/clock.h"

#include <string>
#include <utility>

namespace bulkhead::in_process {
namespace {

using State = detail::ModuleSlot::State;

constexpr std::uint64_t kGeneration = 1;

}  // namespace

Backend::Backend(detail::ModuleContext context, const InProcessOptions& options)
    : context_(std::move(context)),
      flags_(options.deadline.count() > 0 ? std::uint32_t{detail::Binding::kDeadline} : 0u),
      services_{sizeof services_, this, &Backend::log},
      targets_(context_.imports, context_.slot->name(), kGeneration) {}

Backend::~Backend() = default;

Result<void> Backend::start() {
  if (auto opened = open(); !opened) return opened;
  auto serving = construct();
  if (serving) serving = serve();
  if (serving) return serving;
  instance_.reset();
  library_.reset();
  return serving;
}

Result<void> Backend::open() {
  auto library = loader::Library::open({context_.file->path(), context_.file->originalPath(),
                                        context_.file->dependencies(), context_.file->elf().unload});
  if (!library) return std::move(library).error();
  library_.emplace(*std::move(library));
  return {};
}

Result<void> Backend::construct() {
  imports_.push_back(std::make_unique<ImportTables>(library_->module(), targets_.imports(), context_.fit));
  auto instance =
      loader::Instance::create(library_->module(), imports_.back()->bound(), services_, context_.file->originalPath());
  if (!instance) return std::move(instance).error();
  instance_.emplace(*std::move(instance));
  return {};
}

Result<void> Backend::serve() {
  exports_.emplace(library_->module(), instance_->self(), context_.slot->interfaces(), context_.fit);
  auto group = context_.slot->prepare(kGeneration, exports_->bound(), flags_);
  if (!group) return std::move(group).error();
  targets_.serve((*group)->guardId);
  if (auto started = detail::announceStart(*context_.options, context_.slot, *group); !started) {
    detail::guardDrain((*group)->guardId, nowNs());
    context_.slot->recycle(*group);
    return started;
  }
  context_.slot->publish(*group);
  return {};
}

Result<void> Backend::awaitLive(std::int64_t) {
  // Nothing restarts here: a call meets this only between the load's begin and its end, or in an unload.
  return Error(ErrorKind::unavailable, "the module is not serving");
}

Result<void> Backend::stop(std::chrono::milliseconds timeout) {
  const std::int64_t deadlineNs = later(nowNs(), toNs(timeout));
  if (context_.slot->heldHere()) {
    return Error(ErrorKind::wouldDeadlock,
                 "unload from inside a call of the same module: it would wait for itself; unload after the call");
  }
  detail::BindingGroup* const group = context_.slot->retire(nullptr, State::stopped);
  if (group == nullptr) return {};
  if (!detail::guardDrain(group->guardId, deadlineNs)) {
    const std::uint64_t threads = detail::guardCount(group->guardId);
    context_.slot->restore(group);
    return Error(ErrorKind::deadlineExceeded, std::to_string(threads) + " threads were still inside calls after " +
                                                  std::to_string(timeout.count()) + " ms; the module serves on");
  }
  auto unloaded = unload();
  context_.slot->recycle(group);
  return unloaded;
}

// The order of the transaction: no call is inside any more; the object goes, then the file, proven by address. What
// the module's code acquired and did not give back is looked at between the two.
Result<void> Backend::unload() {
  instance_->destroy();
  auto closed = library_->close();
  if (closed) {
    instance_.reset();
    library_.reset();
    return {};
  }
  // Refused: the file is still there, so the module gets a new object and serves on.
  Error refusal = std::move(closed).error();
  auto again = construct();
  if (again) again = serve();
  if (again) return refusal;
  ErrorBody body = refusal.body();
  body.text += "; and it could not be started again: " + again.error().text();
  return Error(std::move(body));
}

void Backend::log(void* context, std::uint32_t level, BulkheadBytes line) {
  const Backend& self = *static_cast<const Backend*>(context);
  detail::deliverLog(*self.context_.options, {LogLine::Source::log,
                                              level,
                                              self.context_.slot->name(),
                                              kGeneration,
                                              {static_cast<const char*>(line.data), line.size}});
}

}  // namespace bulkhead::in_process
