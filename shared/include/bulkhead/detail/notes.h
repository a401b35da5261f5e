// The ELF notes of a module file: what it says about itself, read without loading it. Section
// ".note.bulkhead.manifest", note name "BULKHEAD"; type 1: the manifest of a contract (proto/manifest.capnp), type 2:
// how the module was built, type 3: room for the seal (shared/manifest/seal.h).
#pragma once

#include <bulkhead/abi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <version>

// `retain` keeps a note through --gc-sections where the compiler knows it; clang emits the section so that `used` does.
// clang's sanitizer would put red zones between the notes.
#if defined(__clang__)
#define BULKHEAD_DETAIL_NOTE \
  __attribute__((used, section(".note.bulkhead.manifest"), aligned(8), no_sanitize("address")))
#else
#define BULKHEAD_DETAIL_NOTE __attribute__((used, retain, section(".note.bulkhead.manifest"), aligned(8)))
#endif

namespace bulkhead::detail {

inline constexpr std::uint32_t kManifestNote = 1;
inline constexpr std::uint32_t kBuildNote = 2;
inline constexpr std::uint32_t kSealNote = 3;
inline constexpr std::uint32_t kManifestVersion = 1;

// Name and header fill 24 bytes: the descriptor is aligned whether a reader aligns to 4 or to 8.
struct NoteHeader {
  std::uint32_t nameSize = 9;
  std::uint32_t descriptorSize;
  std::uint32_t type;
  char name[12] = "BULKHEAD";
};

template <std::size_t Words>
struct ManifestNote {
  NoteHeader header;
  std::uint32_t version = kManifestVersion;
  std::uint32_t reserved = 0;
  std::array<std::uint64_t, Words> message;
};
template <std::size_t Words>
constexpr ManifestNote<Words> manifestNote(const std::array<std::uint64_t, Words>& message) {
  return {{.descriptorSize = static_cast<std::uint32_t>(8 + Words * 8), .type = kManifestNote},
          kManifestVersion,
          0,
          message};
}

template <std::size_t Size>
struct BuildNote {
  NoteHeader header;
  char text[(Size + 7) / 8 * 8];  // no more than the alignment asks for: the next note follows at once
};
// From a string literal, without its NUL; the padding behind it is zero and not part of the text.
template <std::size_t Size>
constexpr BuildNote<Size - 1> buildNote(const char (&text)[Size]) {
  BuildNote<Size - 1> note{{.descriptorSize = Size - 1, .type = kBuildNote}, {}};
  for (std::size_t i = 0; i + 1 < Size; ++i) note.text[i] = text[i];
  return note;
}
// All zero until `bulkhead-lint --seal` writes it, after the link.
struct SealNote {
  NoteHeader header;
  std::uint64_t words[3];
};
constexpr SealNote sealNote() { return {{.descriptorSize = 3 * 8, .type = kSealNote}, {}}; }
static_assert(sizeof(SealNote) == sizeof(NoteHeader) + 3 * 8);

static_assert(sizeof(buildNote("12345678")) == sizeof(NoteHeader) + 8);
static_assert(sizeof(buildNote("123456789")) == sizeof(NoteHeader) + 16);

}  // namespace bulkhead::detail

#define BULKHEAD_DETAIL_TEXT(value) BULKHEAD_DETAIL_TEXT_OF(value)
#define BULKHEAD_DETAIL_TEXT_OF(value) #value

#if defined(__clang__)
#define BULKHEAD_DETAIL_COMPILER "clang " __clang_version__
#else
#define BULKHEAD_DETAIL_COMPILER "gcc " __VERSION__
#endif

#if defined(_LIBCPP_VERSION)
#define BULKHEAD_DETAIL_STDLIB "libc++ " BULKHEAD_DETAIL_TEXT(_LIBCPP_VERSION)
#elif defined(_GLIBCXX_DEBUG)
#define BULKHEAD_DETAIL_STDLIB "libstdc++ " BULKHEAD_DETAIL_TEXT(__GLIBCXX__) " debug mode"
#else
#define BULKHEAD_DETAIL_STDLIB "libstdc++ " BULKHEAD_DETAIL_TEXT(__GLIBCXX__)
#endif

#if defined(NDEBUG)
#define BULKHEAD_DETAIL_BUILD "release"
#else
#define BULKHEAD_DETAIL_BUILD "debug"
#endif

#if defined(__has_feature)
#define BULKHEAD_DETAIL_HAS(feature) __has_feature(feature)
#else
#define BULKHEAD_DETAIL_HAS(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || BULKHEAD_DETAIL_HAS(address_sanitizer)
#define BULKHEAD_DETAIL_SANITIZERS "address"
#elif defined(__SANITIZE_THREAD__) || BULKHEAD_DETAIL_HAS(thread_sanitizer)
#define BULKHEAD_DETAIL_SANITIZERS "thread"
#elif BULKHEAD_DETAIL_HAS(memory_sanitizer)
#define BULKHEAD_DETAIL_SANITIZERS "memory"
#else
#define BULKHEAD_DETAIL_SANITIZERS ""
#endif

// What the linker did to the module; set by bulkhead_add_module.
#if !defined(BULKHEAD_MODULE_RUNTIME)
#define BULKHEAD_MODULE_RUNTIME "unknown"
#endif
#if !defined(BULKHEAD_MODULE_LEDGER)
#define BULKHEAD_MODULE_LEDGER "none"
#endif

// "seal=": where there is this text there is a seal note, or the file is damaged.
#define BULKHEAD_DETAIL_BUILD_NOTE                                                                                    \
  namespace {                                                                                                         \
  BULKHEAD_DETAIL_NOTE constexpr auto bulkheadBuildNote = ::bulkhead::detail::buildNote(                              \
      "abi=1\ncompiler=" BULKHEAD_DETAIL_COMPILER "\nstdlib=" BULKHEAD_DETAIL_STDLIB "\nbuild=" BULKHEAD_DETAIL_BUILD \
      "\nsanitizers=" BULKHEAD_DETAIL_SANITIZERS "\nruntime=" BULKHEAD_MODULE_RUNTIME                                 \
      "\nledger=" BULKHEAD_MODULE_LEDGER "\nseal=1\n");                                                               \
  BULKHEAD_DETAIL_NOTE constexpr auto bulkheadSealNote = ::bulkhead::detail::sealNote();                              \
  }
static_assert(BULKHEAD_ABI_VERSION == 1, "the build note says abi=1");
