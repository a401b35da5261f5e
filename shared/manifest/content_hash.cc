#include "shared/manifest/content_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace bulkhead::manifest {

struct ContentHash::State {
  XXH3_state_t xxh;
};

ContentHash::ContentHash() : state_(std::make_unique_for_overwrite<State>()) { XXH3_64bits_reset(&state_->xxh); }
ContentHash::~ContentHash() = default;

void ContentHash::add(const void* bytes, std::size_t size) { XXH3_64bits_update(&state_->xxh, bytes, size); }

std::uint64_t ContentHash::value() const { return XXH3_64bits_digest(&state_->xxh); }

}  // namespace bulkhead::manifest
