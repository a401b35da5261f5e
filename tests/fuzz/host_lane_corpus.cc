// Writes the seeds of host_lane_fuzz into the folder given: conversations as a worker in order has them.
#include "shared/lane/frame.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <vector>

namespace {

using bulkhead::lane::FrameKind;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t kInRegion = 4;

// As Peer::publish() of the fuzzer reads it, with its own values wherever the shape does not say otherwise.
Bytes frame(FrameKind kind, std::uint8_t depth, std::uint8_t words = 0, std::uint8_t shape = 0,
            std::uint8_t ordinal = 0) {
  Bytes bytes{shape, static_cast<std::uint8_t>(kind), depth, ordinal, words};
  if (kind == FrameKind::needRegion) bytes.insert(bytes.end(), {0, 0x80, 0, 0});  // 32 KiB
  bytes.push_back(static_cast<std::uint8_t>(words * 8));
  bytes.insert(bytes.end(), words * std::size_t{8}, 0);
  return bytes;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: host_lane_corpus FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  const auto write = [&](const char* name, const Bytes& bytes) {
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  const Bytes reply = frame(FrameKind::reply, 1, 2);
  const Bytes answered{1};  // how much an import answers with
  write("replies", reply + reply + reply);
  write("error", frame(FrameKind::error, 1, 4) + reply);
  write("import", frame(FrameKind::call, 2, 1) + answered + reply + reply);
  write("import-with-nested-call",
        frame(FrameKind::call, 2, 1, 0, 1) + frame(FrameKind::reply, 3, 1) + answered + reply);
  write("import-refused", frame(FrameKind::call, 2, 1, 0, 2) + reply);
  write("large-answer", frame(FrameKind::call, 2, 1) + Bytes{255} + reply);
  write("region", frame(FrameKind::needRegion, 1) + frame(FrameKind::reply, 1, 8, kInRegion) + reply);
  write("waiting-import", reply + reply + reply + frame(FrameKind::call, 1, 1) + answered);
  return 0;
}
