// Whatever a request holds, a generated skeleton calls the object or reports one error. The input: which skeleton (its
// first bit: the host's) and method, then the request's words.
#include "tests/fuzz/fuzzed.h"

#include <cstring>

namespace {

using namespace bulkhead;  // NOLINT

constexpr std::uint64_t kMaxReplyWords = std::uint64_t{1} << 16;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::uint64_t> words((size - 1) / sizeof(std::uint64_t));
  if (!words.empty()) std::memcpy(words.data(), data + 1, words.size() * sizeof(std::uint64_t));

  fuzz::HostObject object;
  const HostImport import = hostImport(object);
  detail::ImportTarget target{import.object, nullptr};
  const fuzz::Instance instance({import.interfaceId, import.table, &target});
  std::vector<std::uint64_t> reply;
  const BulkheadReply room = {&reply, [](void* context, std::uint64_t count) -> std::uint64_t* {
                                auto& to = *static_cast<std::vector<std::uint64_t>*>(context);
                                if (count > kMaxReplyWords) return nullptr;
                                to.resize(count);
                                return to.data();
                              }};
  int errors = 0;
  const BulkheadErrorSink sink = {&errors, [](void* context, const BulkheadErrorView* view) {
                                    require(view->kind != 0);
                                    ++*static_cast<int*>(context);
                                  }};
  const auto ordinal = static_cast<std::uint16_t>(data[0] & 0x7f);
  const bool toHost = (data[0] & 0x80) != 0;
  const BulkheadExport& exported = instance.exported();
  const std::int32_t status =
      toHost ? import.skeleton(import.table, &target, ordinal, {words.data(), words.size()}, &room, &sink)
             : exported.skeleton(exported.table, instance.self(), ordinal, {words.data(), words.size()}, &room, &sink);
  require(status == BULKHEAD_OK ? errors == 0 && !reply.empty() : errors == 1);
  return 0;
}
