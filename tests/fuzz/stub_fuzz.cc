// Whatever a reply holds, a generated stub makes a value or an error of it. The input: a method, then the reply's
// words. The host's stubs decode it, and the module's, whose imports are answered with it.
#include "tests/fuzz/fuzzed.h"

#include <cstring>

namespace {

using namespace bulkhead;  // NOLINT

void require(bool holds) {
  if (!holds) __builtin_trap();
}

// Answers each call with the same words.
struct Answering : BulkheadChannel {
  explicit Answering(const std::vector<std::uint64_t>& words)
      : BulkheadChannel{sizeof(BulkheadChannel), &begin, &call, &finish}, reply(words) {}

  static std::int32_t begin(BulkheadChannel*, const BulkheadMethod*, std::uint64_t words, BulkheadRequest* request,
                            const BulkheadErrorSink*) {
    request->words = new std::uint64_t[words];
    request->lane = request->words;
    return BULKHEAD_OK;
  }
  static std::int32_t call(BulkheadChannel* channel, const BulkheadMethod*, BulkheadRequest*, BulkheadBytes* reply,
                           const BulkheadErrorSink*) {
    const auto& words = static_cast<Answering*>(channel)->reply;
    *reply = {words.data(), words.size()};
    return BULKHEAD_OK;
  }
  static void finish(BulkheadChannel*, BulkheadRequest* request) {
    delete[] static_cast<std::uint64_t*>(request->lane);
  }

  const std::vector<std::uint64_t>& reply;
};

// A channel that leads to the module's skeleton: its own imports are answered by `import`.
struct Leading : BulkheadChannel {
  explicit Leading(const fuzz::Instance& to)
      : BulkheadChannel{sizeof(BulkheadChannel), &begin, &call, &finish}, instance(to) {}

  struct Frame {
    std::vector<std::uint64_t> request, reply;
  };
  static std::int32_t begin(BulkheadChannel*, const BulkheadMethod*, std::uint64_t words, BulkheadRequest* request,
                            const BulkheadErrorSink*) {
    auto* const frame = new Frame{std::vector<std::uint64_t>(words), {}};
    request->lane = frame;
    request->words = frame->request.data();
    return BULKHEAD_OK;
  }
  static std::int32_t call(BulkheadChannel* channel, const BulkheadMethod* method, BulkheadRequest* request,
                           BulkheadBytes* reply, const BulkheadErrorSink* error) {
    const auto& instance = static_cast<Leading*>(channel)->instance;
    auto* const frame = static_cast<Frame*>(request->lane);
    const BulkheadReply room = {frame, [](void* context, std::uint64_t words) {
                                  auto& to = static_cast<Frame*>(context)->reply;
                                  to.resize(words);
                                  return to.data();
                                }};
    const std::int32_t status =
        instance.exported().skeleton(instance.exported().table, instance.self(), method->ordinal,
                                     {frame->request.data(), frame->request.size()}, &room, error);
    *reply = {frame->reply.data(), frame->reply.size()};
    return status;
  }
  static void finish(BulkheadChannel*, BulkheadRequest* request) { delete static_cast<Frame*>(request->lane); }

  const fuzz::Instance& instance;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::uint64_t> words((size - 1) / sizeof(std::uint64_t));
  if (!words.empty()) std::memcpy(words.data(), data + 1, words.size() * sizeof(std::uint64_t));
  Answering answering(words);
  fuzz::Arguments arguments;
  if ((data[0] & 0x80) == 0) {
    const fuzz::StubHandle stub(answering);
    // No more than the message can hold: 8 bytes a word, and one for each element of any size.
    require(fuzz::callMethod(stub.get(), arguments, data[0]) <= words.size() * 16 + 16);
  } else {
    const auto* const stubs = detail::moduleOf<fuzz::Module>()->imports[0].stub_table;
    const fuzz::Instance instance({fuzzed::kFuzzedHostInterfaceId, stubs, &answering});
    Leading leading(instance);
    const fuzz::StubHandle stub(leading);
    static_cast<void>(fuzz::callMethod(stub.get(), arguments, (data[0] & 1) != 0 ? 4 : 7));
  }
  return 0;
}
