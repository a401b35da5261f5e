// operator new and delete of a module, so that the ledger learns who called them. Weak: a module that has its own keeps
// its own; a form that it has not replaced calls the one that the standard says it calls. Compiled with the sources of
// every module, by its compiler; needs no header of Bulkhead.
#include <cstddef>
#include <cstdint>
#include <new>

#define BULKHEAD_HIDDEN __attribute__((visibility("hidden")))
#define BULKHEAD_OPERATOR __attribute__((weak, noinline))
#define BULKHEAD_SITE __builtin_return_address(0)
// Of the four operators that all others go through: whether one of them is this file's is seen by its place.
#define BULKHEAD_BASIC_OPERATOR __attribute__((weak, noinline, section("bulkhead_operators")))

extern "C" {
BULKHEAD_HIDDEN void* bulkhead_hooks_new(std::size_t size, std::size_t alignment, const void* site);
BULKHEAD_HIDDEN void bulkhead_hooks_delete(void* pointer, const void* site);
// The linker's; without the section, nowhere.
extern BULKHEAD_HIDDEN __attribute__((weak)) const char __start_bulkhead_operators[];  // NOLINT
extern BULKHEAD_HIDDEN __attribute__((weak)) const char __stop_bulkhead_operators[];   // NOLINT
}

namespace {

using std::align_val_t;
using std::size_t;

template <class Function>
bool isOurs(Function* function) {
  const auto address = reinterpret_cast<std::uintptr_t>(function);
  return address - reinterpret_cast<std::uintptr_t>(__start_bulkhead_operators) <
         reinterpret_cast<std::uintptr_t>(__stop_bulkhead_operators) -
             reinterpret_cast<std::uintptr_t>(__start_bulkhead_operators);
}

void* allocate(size_t size, size_t alignment, const void* site) {
  for (;;) {
    if (void* const made = bulkhead_hooks_new(size, alignment, site)) return made;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void* allocateOrNull(size_t size, size_t alignment, const void* site) noexcept {
  try {
    return allocate(size, alignment, site);
  } catch (...) {
    return nullptr;
  }
}

using New = void*(size_t);
using NewAligned = void*(size_t, align_val_t);
using Delete = void(void*) noexcept;
using DeleteAligned = void(void*, align_val_t) noexcept;

void* make(size_t size, const void* site) {
  return isOurs<New>(&::operator new) ? allocate(size, 0, site) : ::operator new(size);
}
void* make(size_t size, align_val_t alignment, const void* site) {
  if (isOurs<NewAligned>(&::operator new)) return allocate(size, static_cast<size_t>(alignment), site);
  return ::operator new(size, alignment);
}
void* makeOrNull(size_t size, const void* site) noexcept {
  if (isOurs<New>(&::operator new)) return allocateOrNull(size, 0, site);
  try {
    return ::operator new(size);
  } catch (...) {
    return nullptr;
  }
}
void* makeOrNull(size_t size, align_val_t alignment, const void* site) noexcept {
  if (isOurs<NewAligned>(&::operator new)) return allocateOrNull(size, static_cast<size_t>(alignment), site);
  try {
    return ::operator new(size, alignment);
  } catch (...) {
    return nullptr;
  }
}
void drop(void* pointer, const void* site) noexcept {
  isOurs<Delete>(&::operator delete) ? bulkhead_hooks_delete(pointer, site) : ::operator delete(pointer);
}
void drop(void* pointer, align_val_t alignment, const void* site) noexcept {
  isOurs<DeleteAligned>(&::operator delete) ? bulkhead_hooks_delete(pointer, site)
                                            : ::operator delete(pointer, alignment);
}

}  // namespace

BULKHEAD_BASIC_OPERATOR void* operator new(size_t size) { return allocate(size, 0, BULKHEAD_SITE); }
BULKHEAD_BASIC_OPERATOR void* operator new(size_t size, align_val_t alignment) {
  return allocate(size, static_cast<size_t>(alignment), BULKHEAD_SITE);
}
BULKHEAD_BASIC_OPERATOR void operator delete(void* pointer) noexcept { bulkhead_hooks_delete(pointer, BULKHEAD_SITE); }
BULKHEAD_BASIC_OPERATOR void operator delete(void* pointer, align_val_t) noexcept {
  bulkhead_hooks_delete(pointer, BULKHEAD_SITE);
}

BULKHEAD_OPERATOR void* operator new[](size_t size) { return make(size, BULKHEAD_SITE); }
BULKHEAD_OPERATOR void* operator new[](size_t size, align_val_t alignment) {
  return make(size, alignment, BULKHEAD_SITE);
}
BULKHEAD_OPERATOR void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return makeOrNull(size, BULKHEAD_SITE);
}
BULKHEAD_OPERATOR void* operator new(size_t size, align_val_t alignment, const std::nothrow_t&) noexcept {
  return makeOrNull(size, alignment, BULKHEAD_SITE);
}
BULKHEAD_OPERATOR void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return makeOrNull(size, BULKHEAD_SITE);
}
BULKHEAD_OPERATOR void* operator new[](size_t size, align_val_t alignment, const std::nothrow_t&) noexcept {
  return makeOrNull(size, alignment, BULKHEAD_SITE);
}

BULKHEAD_OPERATOR void operator delete[](void* pointer) noexcept { drop(pointer, BULKHEAD_SITE); }
BULKHEAD_OPERATOR void operator delete[](void* pointer, align_val_t alignment) noexcept {
  drop(pointer, alignment, BULKHEAD_SITE);
}
BULKHEAD_OPERATOR void operator delete(void* pointer, size_t) noexcept { drop(pointer, BULKHEAD_SITE); }
BULKHEAD_OPERATOR void operator delete(void* pointer, size_t, align_val_t alignment) noexcept {
  drop(pointer, alignment, BULKHEAD_SITE);
}
BULKHEAD_OPERATOR void operator delete(void* pointer, const std::nothrow_t&) noexcept { drop(pointer, BULKHEAD_SITE); }
BULKHEAD_OPERATOR void operator delete(void* pointer, align_val_t alignment, const std::nothrow_t&) noexcept {
  drop(pointer, alignment, BULKHEAD_SITE);
}
BULKHEAD_OPERATOR void operator delete[](void* pointer, size_t) noexcept { drop(pointer, BULKHEAD_SITE); }
BULKHEAD_OPERATOR void operator delete[](void* pointer, size_t, align_val_t alignment) noexcept {
  drop(pointer, alignment, BULKHEAD_SITE);
}
BULKHEAD_OPERATOR void operator delete[](void* pointer, const std::nothrow_t&) noexcept {
  drop(pointer, BULKHEAD_SITE);
}
BULKHEAD_OPERATOR void operator delete[](void* pointer, align_val_t alignment, const std::nothrow_t&) noexcept {
  drop(pointer, alignment, BULKHEAD_SITE);
}
