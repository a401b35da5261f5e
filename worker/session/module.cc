#include "worker/session/module.h"

#include <bulkhead/log_level.h>

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace bulkhead::worker {

// The path is what the dynamic loader and debuggers want; the descriptor is what the host meant.
Result<void> Module::checkIdentity() const {
  struct stat byPath {};
  struct stat byDescriptor {};
  const bool same = ::stat(load_.file.path.c_str(), &byPath) == 0 && ::fstat(file_.get(), &byDescriptor) == 0 &&
                    byPath.st_dev == byDescriptor.st_dev && byPath.st_ino == byDescriptor.st_ino &&
                    byPath.st_dev == load_.file.device && byPath.st_ino == load_.file.inode;
  if (same) return {};
  return Error(ErrorKind::loadFailed, load_.originalPath + ": its private copy " + load_.file.path +
                                          " is not the file that the host prepared");
}

Result<void> Module::load(BulkheadChannel* channel, const BulkheadHostServices& services) {
  if (library_) return Error(ErrorKind::internal, "the module is loaded already");
  if (auto identical = checkIdentity(); !identical) return identical;
  services_ = &services;
  loader::Source source;
  source.path = load_.file.path;
  source.name = load_.originalPath;
  for (const control::File& dependency : load_.dependencies) source.dependencies.push_back(dependency.path);
  auto library = loader::Library::open(std::move(source));
  if (!library) return std::move(library).error();
  library_.emplace(*std::move(library));
  file_.reset();
  for (const BulkheadImportDeclaration& import :
       std::span(library_->module().imports, library_->module().import_count)) {
    imports_.push_back({import.interface_id, import.stub_table, channel});
  }
  auto instance = loader::Instance::create(library_->module(), imports_, services, load_.originalPath);
  if (!instance) return std::move(instance).error();
  instance_.emplace(*std::move(instance));
  loaded_.store(true, std::memory_order_release);
  return {};
}

void Module::unload() {
  if (!instance_) return;
  if (const auto asked = instance_->beforeUnload(load_.file.path); !asked) {
    const std::string line = "it is unloaded although " + asked.error().message();
    services_->log(services_->context, static_cast<std::uint32_t>(LogLevel::warning), {line.data(), line.size()});
  }
  instance_->destroy();
  unloaded_.store(true, std::memory_order_release);
}

void Module::finalize() {
  if (unloaded_.load(std::memory_order_acquire)) static_cast<void>(library_->finalize());
}

const BulkheadExport* Module::findExport(std::uint64_t interfaceId) const noexcept {
  if (!loaded_.load(std::memory_order_acquire)) return nullptr;
  const std::span exports(library_->module().exports, library_->module().export_count);
  const auto found = std::find_if(exports.begin(), exports.end(), [&](const BulkheadExport& candidate) {
    return candidate.interface_id == interfaceId;
  });
  return found == exports.end() ? nullptr : &*found;
}

}  // namespace bulkhead::worker
