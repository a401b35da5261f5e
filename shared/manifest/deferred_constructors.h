// Takes the constructors, and destructors, of a module out of the dynamic loader's hands.
//
// An exception that leaves a static constructor inside dlopen ends the process: the dynamic loader's frames cannot be
// unwound. So the private copy of a module is altered before it is loaded: the dynamic tags DT_INIT_ARRAY and
// DT_INIT_ARRAYSZ are renamed to two tags that the dynamic loader ignores. shared/loader finds them in the loaded
// object and runs the constructors itself, after dlopen, where it can catch. They also run without the loader's lock
// then: one that hangs stops no other load.
//
// Of a module with hooks the same is done to DT_FINI_ARRAY: all of its code has run before what it left behind is given
// back, and not under the loader's lock.
#pragma once

#include <bulkhead/result.h>

#include <cstdint>
#include <string_view>

namespace bulkhead::manifest {

// In the range that ELF leaves to the system, and unknown to glibc.
inline constexpr std::int64_t kDeferredInitArray = 0x6b756c01;
inline constexpr std::int64_t kDeferredInitArraySize = 0x6b756c02;
inline constexpr std::int64_t kDeferredFiniArray = 0x6b756c03;
inline constexpr std::int64_t kDeferredFiniArraySize = 0x6b756c04;

enum class Destructors : std::uint8_t { asTheyAre, deferred };

// Alters the file behind `fd` (open for reading and writing; borrowed), which readElf accepted. Twice is as once.
// `where` is how errors call it. Fails with notAModule, or resourceExhausted when it cannot be written.
Result<void> deferConstructors(int fd, std::string_view where, Destructors destructors = Destructors::asTheyAre);

}  // namespace bulkhead::manifest
