// Copying one file's content, with its hash and the certainty that it did not change meanwhile.
#pragma once

#include <bulkhead/result.h>

#include <cstdint>
#include <string_view>

namespace bulkhead::module_file {

// The largest module file there may be: 1 GiB.
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;

struct CopiedContent {
  std::uint64_t sizeBytes = 0;
  std::uint64_t hash = 0;
};

// Copies all of `from`, whose offset does not move, to the empty file `to`. Both are borrowed. `where` is how errors
// call the source. Fails with notAModule (not a regular file, too large, changed or shortened while it was copied) or
// resourceExhausted (the copy cannot be written).
Result<CopiedContent> copyContent(int from, int to, std::string_view where);

}  // namespace bulkhead::module_file
