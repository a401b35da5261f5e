#include "tests/hostile/workers/payloads.h"

#include "faults.table.h"
#include "scene.table.h"
#include "shapes.table.h"

#include <bulkhead/detail/sinks.h>
#include <bulkhead/detail/word_reader.h>
#include <bulkhead/detail/words.h>

#include <cstring>
#include <utility>

namespace bulkhead::hostile {
namespace {

using detail::WordReader;
using detail::WordWriter;

// The words of pointers, by capnp's specification.
constexpr std::uint64_t structPointer(std::int32_t offset, std::uint64_t dataWords, std::uint64_t pointers) {
  return (static_cast<std::uint32_t>(offset) << 2) | dataWords << 32 | pointers << 48;
}
constexpr std::uint64_t listPointer(std::int32_t offset, std::uint64_t elementSize, std::uint64_t count) {
  return (static_cast<std::uint32_t>(offset) << 2) | 1u | elementSize << 32 | count << 35;
}
constexpr std::uint64_t kBytes = 2;
constexpr std::uint64_t kEightBytes = 5;
constexpr std::uint64_t kPointers = 6;
constexpr std::uint64_t kStructs = 7;
constexpr std::uint64_t kAllElements = (std::uint64_t{1} << 29) - 1;
constexpr std::uint64_t kFarPointer = 2;
constexpr std::uint64_t kCapability = 3;

template <class Fill>
Words message(std::uint16_t dataWords, std::uint16_t pointers, std::uint64_t more, const Fill& fill) {
  Words words(1u + dataWords + pointers + more);
  WordWriter writer(words.data());
  writer.root(dataWords, pointers);
  fill(writer);
  return words;
}

Words number(std::int32_t value) {
  return message(1, 0, 0, [&](WordWriter& writer) { writer.set<std::int32_t>(0, value); });
}

// Word 1 is the pointer to the bytes, which follow.
Words dataOf(std::string_view fault, BulkheadBytes bytes) {
  Words words =
      message(0, 1, detail::dataWords(bytes), [&](WordWriter& writer) { static_cast<void>(writer.data(0, bytes)); });
  if (fault == "data-out-of-the-message") words[1] = listPointer(1000, kBytes, bytes.size);
  if (fault == "data-before-the-message") words[1] = listPointer(-1000, kBytes, bytes.size);
  if (fault == "data-count-all-ones") words[1] = listPointer(0, kBytes, kAllElements);
  if (fault == "data-of-another-size") words[1] = listPointer(0, kEightBytes, bytes.size / 8);
  if (fault == "structs-for-data") words[1] = listPointer(0, kStructs, words.size() - 3);
  if (fault == "struct-for-data") words[1] = structPointer(0, 1, 0);
  if (fault == "far-pointer") words[1] = kFarPointer;
  if (fault == "capability") words[1] = kCapability;
  if (fault == "root-all-ones") words[0] = ~std::uint64_t{3};
  if (fault == "root-is-a-list") words[0] = listPointer(0, kPointers, 1);
  if (fault == "root-is-far") words[0] = kFarPointer;
  return words;
}

Words textOf(std::string_view fault, const std::string& text) {
  const BulkheadBytes bytes = detail::view(text);
  Words words =
      message(0, 1, detail::textWords(bytes), [&](WordWriter& writer) { static_cast<void>(writer.text(0, bytes)); });
  if (fault == "text-without-nul") words.back() = ~std::uint64_t{0};
  if (fault == "text-of-no-bytes") words[1] = listPointer(0, kBytes, 0);
  return words;
}

Words names(std::string_view fault) {
  if (fault == "structs-beyond-the-list") {  // the tag claims more than the list's words
    return {structPointer(0, 0, 1), listPointer(0, kStructs, 2), structPointer(0x1fffffff, 0xffff, 0xffff), 0, 0};
  }
  if (fault == "structs-of-no-size") {  // elements that cost nothing
    return {structPointer(0, 0, 1), listPointer(0, kStructs, 0), structPointer(0x1fffffff, 0, 0)};
  }
  if (fault == "pointers-share-a-target") {  // a small message that is large once it is read
    constexpr std::int32_t kCount = 1000;
    Words words = {structPointer(0, 0, 1), listPointer(0, kPointers, kCount)};
    for (std::int32_t i = 0; i < kCount; ++i) words.push_back(listPointer(kCount - 1 - i, kBytes, 4096));
    words.resize(words.size() + 512);
    return words;
  }
  const std::string texts[] = {"one", "two"};
  const BulkheadBytes views[] = {detail::view(texts[0]), detail::view(texts[1])};
  return message(0, 1, 4, [&](WordWriter& writer) { static_cast<void>(writer.textList(0, {views, 2})); });
}

}  // namespace

Words nestedScenes(std::uint64_t count) {
  constexpr std::uint64_t kScene = structPointer(0, 1, 4);  // the next words; the last of them is the pointer inwards
  Words words = {structPointer(0, 0, 1), kScene};
  for (std::uint64_t i = 1; i < count; ++i) words.insert(words.end(), {1, 0, 0, 0, kScene});
  words.insert(words.end(), {0, 0, 0, 0, 0});
  return words;
}

Words errorOf(std::uint32_t kind, const std::string& type, const std::string& text) {
  return message(1, 2, detail::textWords(detail::view(type)) + detail::textWords(detail::view(text)),
                 [&](WordWriter& writer) {
                   writer.set<std::uint32_t>(0, kind);
                   static_cast<void>(writer.text(0, detail::view(type)) && writer.text(1, detail::view(text)));
                 });
}

Words answerOf(std::string_view fault, const lane::FrameHeader& call, const std::uint64_t* request,
               const std::string& seen) {
  WordReader reader({request, call.words});
  if (call.target == faults::kFaultsInterfaceId) {
    if (call.ordinal == faults::kFaultsEcho.ordinal) return dataOf(fault, reader.data(0));
    if (call.ordinal == faults::kFaultsLook.ordinal) return textOf(fault, seen);
    Words words = number(reader.get<std::int32_t>(0));
    if (fault == "bytes-of-no-field") words[1] |= std::uint64_t{0xdead} << 32;
    return words;
  }
  if (call.target == shapes::kShapesInterfaceId && call.ordinal == shapes::kShapesNames.ordinal) return names(fault);
  if (call.target != scene::kRendererInterfaceId) return message(0, 0, 0, [](WordWriter&) {});
  if (call.ordinal == scene::kRendererAdd.ordinal) {
    return number(reader.get<std::int32_t>(0) + reader.get<std::int32_t>(1));
  }
  if (fault == "scenes-too-deep") return nestedScenes(100);
  Words scenes = nestedScenes(3);
  if (fault == "scene-in-itself") scenes[scenes.size() - 6] = structPointer(-5, 1, 4);
  if (fault == "scene-out-of-the-message") scenes[scenes.size() - 6] = structPointer(1000, 1, 4);
  return scenes;
}

}  // namespace bulkhead::hostile
