#include "host/core/symboliser.h"

#include "host/module_file/originals.h"
#include "shared/symbols/backtrace.h"
#include "shared/symbols/mapped_objects.h"

#include <bulkhead/detail/printable.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace bulkhead {
namespace detail {

// With `path` what is read, and in `frame` what people know.
void Symboliser::add(const std::string& path, StackFrame frame, std::vector<StackFrame>& to) {
  auto file = files_.find(path);
  if (file == files_.end()) file = files_.try_emplace(path, path, frame.object).first;
  // The call is the instruction before the one it returns to.
  const auto& places = file->second.find(frame.offset - 1);
  for (std::size_t i = 0; i < places.size(); ++i) {
    frame.function = places[i].function;
    frame.file = places[i].file;
    frame.line = places[i].line;
    frame.isInlined = i + 1 < places.size();
    to.push_back(frame);
  }
}

std::vector<StackFrame> Symboliser::frames(std::span<void* const> addresses) {
  std::vector<std::uintptr_t> calls;
  calls.reserve(addresses.size());
  for (const void* const address : addresses) calls.push_back(reinterpret_cast<std::uintptr_t>(address) - 1);
  const std::vector<symbols::MappedObject> objects = symbols::mappedObjects(calls);

  std::vector<StackFrame> result;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    StackFrame frame;
    frame.address = calls[i] + 1;
    if (objects[i].path.empty()) {
      result.push_back(std::move(frame));
      continue;
    }
    const std::string original = module_file::originalOf(objects[i].path);
    frame.object = original.empty() ? objects[i].name : original;
    frame.offset = frame.address - objects[i].bias;
    add(objects[i].path, std::move(frame), result);
  }
  return result;
}

std::vector<StackFrame> Symboliser::frames(const std::string& file, std::span<const std::uint64_t> offsets) {
  std::vector<StackFrame> result;
  const std::string original = module_file::originalOf(file);
  for (const std::uint64_t offset : offsets) {
    StackFrame frame;
    frame.object = original.empty() ? file : original;
    frame.offset = offset;
    add(file, std::move(frame), result);
  }
  return result;
}

namespace {

std::string hex(std::uint64_t number) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(number));
  return text.data();
}

}  // namespace
}  // namespace detail

[[gnu::noinline]] std::vector<void*> currentStack() {
  constexpr std::size_t kMaxFrames = 128;
  std::vector<void*> stack(kMaxFrames);
  stack.resize(symbols::captureBacktrace(stack, __builtin_return_address(0)));
  return stack;
}

std::vector<StackFrame> symbolise(std::span<void* const> addresses) { return detail::Symboliser().frames(addresses); }

std::vector<StackFrame> symbolise(const std::string& file, std::span<const std::uint64_t> offsets) {
  return detail::Symboliser().frames(file, offsets);
}

std::string toString(const StackFrame& frame) {
  std::string text = frame.function.empty() ? "?" : frame.function;
  if (!frame.file.empty()) text += " at " + frame.file + ":" + std::to_string(frame.line);
  if (frame.isInlined) {
    text += " (inlined)";
  } else if (!frame.object.empty()) {
    text += " (" + std::filesystem::path(frame.object).filename().string() + "+" + detail::hex(frame.offset) + ")";
  } else {
    text += " (" + detail::hex(frame.address) + ")";
  }
  return detail::printable(text, std::string::npos);
}

std::string toString(std::span<const StackFrame> frames) {
  std::string text;
  for (std::size_t i = 0; i < frames.size(); ++i) text += "#" + std::to_string(i) + " " + toString(frames[i]) + "\n";
  return text;
}

}  // namespace bulkhead
