// A fixed arena with free lists per size, behind operator new and delete. The linker binds them within the module
// alone.
#include "arena.h"

#include <array>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>

namespace {

constexpr std::size_t kArenaBytes = std::size_t{8} << 20;
constexpr std::size_t kSmallest = 32;  // header and what follows it stay aligned
constexpr std::size_t kClasses = 48;

struct Block {
  std::size_t sizeClass;
  Block* next;  // while it is free
};

// Zero pages, which cost nothing until they are written.
alignas(std::max_align_t) std::array<std::byte, kArenaBytes> bytes;

class Arena {
 public:
  void* take(std::size_t size) {
    if (size > kArenaBytes) return nullptr;
    const std::size_t whole = std::bit_ceil(size + kHeader < kSmallest ? kSmallest : size + kHeader);
    const auto sizeClass = static_cast<std::size_t>(std::countr_zero(whole));
    const std::lock_guard lock(mutex_);
    Block* block = free_.at(sizeClass);
    if (block != nullptr) {
      free_.at(sizeClass) = block->next;
    } else if (kArenaBytes - taken_ < whole) {
      return nullptr;
    } else {
      block = new (bytes.data() + taken_) Block{sizeClass, nullptr};
      taken_ += whole;
    }
    ++blocks_;
    return reinterpret_cast<std::byte*>(block) + kHeader;
  }
  void giveBack(void* memory) {
    if (memory == nullptr) return;
    auto* const block = reinterpret_cast<Block*>(static_cast<std::byte*>(memory) - kHeader);
    const std::lock_guard lock(mutex_);
    block->next = free_.at(block->sizeClass);
    free_.at(block->sizeClass) = block;
    --blocks_;
  }
  ArenaUsage usage() {
    const std::lock_guard lock(mutex_);
    return {taken_, blocks_, kArenaBytes};
  }

 private:
  static constexpr std::size_t kHeader = alignof(std::max_align_t);

  std::mutex mutex_;
  std::array<Block*, kClasses> free_{};
  std::size_t taken_ = 0;
  std::size_t blocks_ = 0;
};

// Before anything of the module is constructed, and after all of it is destroyed.
constinit Arena arena;

}  // namespace

ArenaUsage arenaUsage() { return arena.usage(); }

void* operator new(std::size_t size) {
  void* const memory = arena.take(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { arena.giveBack(memory); }
void operator delete(void* memory, std::size_t) noexcept { arena.giveBack(memory); }
