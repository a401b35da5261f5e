// Writes the seeds of worker_words_fuzz into the folder given: one good message of each kind.
#include "shared/control/messages.h"
#include "shared/lane/error_frame.h"

#include <bulkhead/detail/words.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace bulkhead;  // NOLINT

std::filesystem::path folder;

void write(const char* name, char reader, const void* bytes, std::size_t size) {
  std::ofstream file(folder / name, std::ios::binary);
  file.put(reader).write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
}
void write(const char* name, char reader, const std::vector<std::uint64_t>& words) {
  write(name, reader, words.data(), words.size() * sizeof(std::uint64_t));
}

BulkheadBytes view(std::string_view text) { return {text.data(), text.size()}; }

std::vector<std::uint64_t> message() {
  std::vector<std::uint64_t> words(256);
  const std::uint32_t numbers[] = {1, 2, 3};
  const std::uint8_t bits[] = {1, 0, 1};
  const BulkheadBytes texts[] = {view("one"), view("two"), view("")};
  detail::WordWriter writer(words.data());
  writer.root(2, 7);
  writer.set<std::uint64_t>(0, 42);
  writer.text(0, view("a text"));
  writer.data(1, view("some data"));
  writer.list<std::uint32_t>(2, {numbers, 3});
  writer.boolList(3, {bits, 3});
  writer.textList(4, {texts, 3});
  writer.dataList(5, {texts, 3});
  words.resize(writer.size());
  return words;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: worker_words_corpus FOLDER\n";
    return 2;
  }
  folder = arguments[1];
  std::filesystem::create_directories(folder);
  write("hello", 0, control::encode(control::Hello{1, 1, "12.2"}).value());
  write("locked-down", 0, control::encode(control::LockedDown{Tier::process, {{"limits", true, "core"}}}).value());
  write("start-failed", 0, control::encode(control::StartFailed{"no memory"}).value());
  write("lane-refused", 0, control::encode(control::LaneRefused{3, "no thread"}).value());
  write("import-waiting", 0, control::encode(control::ImportWaiting{128}).value());
  write("log", 0, control::encode(control::Log{LogLevel::warning, "a line", 2}).value());
  const lane::FrameError error{1, "std::runtime_error", "it went wrong"};
  std::vector<std::uint64_t> words(lane::errorWords(error));
  lane::encodeError(error, words.data());
  write("error", 1, words);
  write("message", 2, message());
  constexpr std::string_view kLines =
      "plain\n\x1b[31mred\x1b[0m\n\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n\xff\xc0\x80 no newline";
  write("lines", 3, kLines.data(), kLines.size());
  return 0;
}
