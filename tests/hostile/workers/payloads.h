// The messages of the hand-written worker: good ones for a few methods of several contracts, and the same with one
// fault. Written against capnp's encoding specification, word by word.
#pragma once

#include "shared/lane/frame.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::hostile {

using Words = std::vector<std::uint64_t>;

// The answer to a call of Faults.ping, .echo or .look, Shapes.names, Renderer.make or .add; another method gets an
// empty struct. `request` is the payload as the host laid it out; .look answers with `seen`. What is none of its faults
// changes nothing.
Words answerOf(std::string_view fault, const lane::FrameHeader& call, const std::uint64_t* request,
               const std::string& seen);

// The message Error of control.capnp.
Words errorOf(std::uint32_t kind, const std::string& type, const std::string& text);

// Scenes inside of each other, so many, behind a root of one pointer.
Words nestedScenes(std::uint64_t count);

}  // namespace bulkhead::hostile
