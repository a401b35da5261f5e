// The life of this worker, in the steps of proto/control.capnp. The twin is host/isolated/session.h.
#pragma once

#include "shared/control/messages.h"
#include "shared/memory/region.h"
#include "worker/session/control_link.h"
#include "worker/session/import_channel.h"
#include "worker/session/lane.h"
#include "worker/session/module.h"
#include "worker/session/region_table.h"

#include <memory>
#include <optional>
#include <vector>

namespace bulkhead::worker {

class Session final : public LaneOwner {
 public:
  // `socket` and `lifeline` are the descriptors the worker was started with.
  Session(control::Socket socket, int lifeline);

  // Hello, map, lock down, then control messages until the host shuts this worker down or is gone. Never returns.
  [[noreturn]] void run();

  // LaneOwner
  Result<void> load() override;
  void unload() override;
  const BulkheadExport* findExport(std::uint64_t interfaceId) const noexcept override;
  void* self() const noexcept override { return module_->self(); }
  RegionTable& regions() noexcept override { return regions_; }
  void hint(std::uint32_t lane) override;
  const char* module() const noexcept override { return setup_.module.c_str(); }
  std::uint64_t generation() const noexcept override { return setup_.generation; }

 private:
  void hello();
  void map();
  void lockDown();
  void makeImportLanes();
  [[noreturn]] void control();
  control::ToWorker receive();
  [[noreturn]] void failStart(const Error& error);

  lane::Endpoint endpoint(std::uint32_t lane) noexcept;
  void openLane(std::uint32_t index);
  void openRegion(const control::OpenRegion& open);
  [[noreturn]] void shutDown();
  static void log(void* context, std::uint32_t level, BulkheadBytes line);

  ControlLink link_;
  const int lifeline_;
  control::Datagram datagram_;
  control::Setup setup_;
  std::optional<memory::WorkerRegion> hostRegion_;
  std::optional<memory::WorkerRegion> workerRegion_;
  std::optional<Module> module_;
  std::optional<ImportChannel> imports_;
  BulkheadHostServices services_;
  RegionTable regions_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // by index; control thread only
};

}  // namespace bulkhead::worker
