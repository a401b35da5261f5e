// Writes the seeds of stub_fuzz or skeleton_fuzz into the folder given: the messages of good calls of every method.
#include "tests/fuzz/fuzzed.h"

#include <filesystem>
#include <fstream>
#include <iostream>

namespace {

using namespace bulkhead;  // NOLINT

#ifdef CORPUS_OF_REPLIES
constexpr bool kReplies = true;
#else
constexpr bool kReplies = false;
#endif

// A channel to a skeleton that writes down what passes.
struct Recording : BulkheadChannel {
  Recording(std::filesystem::path to, std::uint8_t mark)
      : BulkheadChannel{sizeof(BulkheadChannel), &begin, &call, &finish}, folder(std::move(to)), side(mark) {}

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
    const auto& self = *static_cast<Recording*>(channel);
    auto* const frame = static_cast<Frame*>(request->lane);
    const BulkheadReply room = {frame, [](void* context, std::uint64_t words) {
                                  auto& to = static_cast<Frame*>(context)->reply;
                                  to.resize(words);
                                  return to.data();
                                }};
    const std::int32_t status = self.skeleton(self.table, self.self, method->ordinal,
                                              {frame->request.data(), frame->request.size()}, &room, error);
    *reply = {frame->reply.data(), frame->reply.size()};
    self.write(*method, kReplies ? frame->reply : frame->request);
    return status;
  }
  static void finish(BulkheadChannel*, BulkheadRequest* request) { delete static_cast<Frame*>(request->lane); }

  void write(const BulkheadMethod& method, const std::vector<std::uint64_t>& words) const {
    std::ofstream file(folder / method.name, std::ios::binary);
    file.put(static_cast<char>(side | method.ordinal));
    file.write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(words.size() * 8));
  }

  std::filesystem::path folder;
  std::uint8_t side;
  BulkheadSkeleton skeleton = nullptr;
  const BulkheadTable* table = nullptr;
  void* self = nullptr;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: generated_corpus FOLDER\n";
    return 2;
  }
  std::filesystem::create_directories(arguments[1]);
  fuzz::HostObject object;
  const HostImport given = hostImport(object);
  detail::ImportTarget target{given.object, nullptr};
  Recording imports(arguments[1], 0x80);
  imports.skeleton = given.skeleton, imports.table = given.table, imports.self = &target;
  const fuzz::Instance instance({given.interfaceId, detail::moduleOf<fuzz::Module>()->imports[0].stub_table, &imports});
  Recording exports(arguments[1], 0);
  exports.skeleton = instance.exported().skeleton, exports.table = instance.exported().table;
  exports.self = instance.self();
  const fuzz::StubHandle stub(exports);
  fuzz::Arguments with;
  for (std::uint16_t method = 0; method < fuzz::kMethods; ++method) {
    if (fuzz::callMethod(stub.get(), with, method) == 0) {
      std::cerr << "method " << method << " came to nothing\n";
      return 1;
    }
  }
  return 0;
}
