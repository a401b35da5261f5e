// The two ways to a table without any host: as it is, or through stub, words and skeleton in one process.
#pragma once

#include <bulkhead/contract_host.h>
#include <bulkhead/module.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bulkhead::test {

enum class Way { direct, words };

inline std::string nameOf(const testing::TestParamInfo<Way>& way) {
  return way.param == Way::direct ? "Direct" : "Words";
}

// A channel whose other end is a skeleton. Fresh words are garbage, so that a word which nobody writes is seen.
class Loopback : public BulkheadChannel {
 public:
  Loopback(const BulkheadTable* table, void* self, BulkheadSkeleton skeleton)
      : BulkheadChannel{sizeof(BulkheadChannel), &begin, &call, &finish},
        table_(table),
        self_(self),
        skeleton_(skeleton) {}

  std::uint64_t maxReplyWords = std::uint64_t{1} << 20;
  std::vector<std::uint64_t> lastRequest;
  std::vector<std::uint64_t> lastReply;
  int open = 0;

 private:
  struct Frame {
    std::vector<std::uint64_t> request;
    std::vector<std::uint64_t> reply;
    std::uint64_t limit;
  };
  static constexpr std::uint64_t kGarbage = 0xdbdbdbdbdbdbdbdb;

  static std::int32_t begin(BulkheadChannel* channel, const BulkheadMethod*, std::uint64_t words,
                            BulkheadRequest* request, const BulkheadErrorSink*) {
    auto& self = *static_cast<Loopback*>(channel);
    auto* frame = new Frame{std::vector<std::uint64_t>(words, kGarbage), {}, self.maxReplyWords};
    request->lane = frame;
    request->words = frame->request.data();
    ++self.open;
    return BULKHEAD_OK;
  }
  static std::int32_t call(BulkheadChannel* channel, const BulkheadMethod* method, BulkheadRequest* request,
                           BulkheadBytes* reply, const BulkheadErrorSink* error) {
    auto& self = *static_cast<Loopback*>(channel);
    auto* frame = static_cast<Frame*>(request->lane);
    const BulkheadReply room = {frame, &extend};
    const std::int32_t status = self.skeleton_(self.table_, self.self_, method->ordinal,
                                               {frame->request.data(), frame->request.size()}, &room, error);
    self.lastRequest = frame->request;
    self.lastReply = frame->reply;
    *reply = {frame->reply.data(), frame->reply.size()};
    return status;
  }
  static void finish(BulkheadChannel* channel, BulkheadRequest* request) {
    delete static_cast<Frame*>(request->lane);
    --static_cast<Loopback*>(channel)->open;
  }
  static std::uint64_t* extend(void* context, std::uint64_t words) {
    auto& frame = *static_cast<Frame*>(context);
    if (words > frame.limit) return nullptr;
    frame.reply.resize(words, kGarbage);
    frame.reply.shrink_to_fit();  // moves often
    return frame.reply.data();
  }

  const BulkheadTable* table_;
  void* self_;
  BulkheadSkeleton skeleton_;
};

// Takes what create() reports.
class Reported {
 public:
  const BulkheadErrorSink* sink() const { return &sink_; }
  std::string type, text;

 private:
  static void take(void* context, const BulkheadErrorView* view) {
    auto& self = *static_cast<Reported*>(context);
    self.type = detail::toText(view->type);
    self.text = detail::toText(view->text);
  }
  BulkheadErrorSink sink_{this, &take};
};

// A module of class M, its import served by `host`, called through a handle of class H.
template <class M, class H, class HostObject>
class Linked {
 public:
  Linked(Way way, HostObject& host) : module_(*detail::moduleOf<M>()) {
    const HostImport given = hostImport(host);
    target_ = {given.object, nullptr};
    importLoop_ = std::make_unique<Loopback>(given.table, &target_, given.skeleton);
    const BulkheadImport import =
        way == Way::direct ? BulkheadImport{given.interfaceId, given.table, &target_}
                           : BulkheadImport{given.interfaceId, module_.imports[0].stub_table, importLoop_.get()};
    const BulkheadCreateArguments arguments = {sizeof(arguments), nullptr, &import, 1};
    Reported reported;
    EXPECT_EQ(module_.create(&arguments, &self_, reported.sink()), BULKHEAD_OK) << reported.text;

    const BulkheadExport& exported = module_.exports[0];
    exportLoop_ = std::make_unique<Loopback>(exported.table, self_, exported.skeleton);
    binding_.table = way == Way::direct ? exported.table : stubTable(exported.interface_id);
    binding_.self = way == Way::direct ? self_ : exportLoop_.get();
    binding_.flags = detail::Binding::kHostMade;  // no slot of a module behind it: only the plain path is taken
    slot_ = std::make_shared<detail::InterfaceSlot>();
    slot_->binding = &binding_;
    slot_->interfaceId = exported.interface_id;
  }
  ~Linked() {
    EXPECT_EQ(exportLoop_->open + importLoop_->open, 0);
    module_.destroy(self_);
  }

  H handle() const { return H(slot_); }
  Loopback& exportLoop() { return *exportLoop_; }

 private:
  static const BulkheadTable* stubTable(std::uint64_t interfaceId) {
    for (const detail::ContractDescription& known : detail::ContractRegistration::all()) {
      const detail::ExportDescription* exports = known.exports;
      if (exports != nullptr && exports->interfaceId == interfaceId) return exports->stubTable;
    }
    return nullptr;
  }

  const BulkheadModule& module_;
  void* self_ = nullptr;
  detail::ImportTarget target_{};
  std::unique_ptr<Loopback> importLoop_;
  std::unique_ptr<Loopback> exportLoop_;
  detail::Binding binding_;
  std::shared_ptr<detail::InterfaceSlot> slot_;
};

}  // namespace bulkhead::test
