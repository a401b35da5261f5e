// Stacks with names: function, source file and line of addresses, also of those inside modules, however often these
// were loaded before. Lines need debug information (-g) in the module or in a separate file that its .gnu_debuglink or
// build id leads to.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bulkhead {

// A call that a thread is in. What is not known is empty.
struct StackFrame {
  std::uintptr_t address = 0;  // as it was given; 0 when it was asked for by offset
  std::string object;          // the file: of a module its own, not the private copy that was loaded
  std::uint64_t offset = 0;    // in the object's own numbering, as addr2line(1) and `nm` have it
  std::string function;        // demangled
  std::string file;            // of the source
  std::uint32_t line = 0;
  bool isInlined = false;  // into the frame that follows
};

// Return addresses of the calling thread from the caller of this function on, at most 128. Cheap; never blocks.
std::vector<void*> currentStack();

// Names for return addresses of this process, as currentStack() and backtrace(3) give them: meant is the instruction
// before. Inlined functions have frames of their own, so there may be more frames than addresses. Modules are known as
// long as they are loaded; of an address in none only `address` is known, and one that was in a module that is gone may
// mean another by now: ask by file and offset then. Reads the files of the objects: blocks on the disk, and takes
// some 0.1 s where there is much debug information. Any thread.
std::vector<StackFrame> symbolise(std::span<void* const> addresses);

// Names for places in a file that need not be loaded: a module in a worker, or one that is gone. `offsets` are return
// addresses less the address at which the file was loaded (dladdr's dli_fbase). Otherwise as above.
std::vector<StackFrame> symbolise(const std::string& file, std::span<const std::uint64_t> offsets);

// One line: "Codec::decode(int) at codec.cc:41 (codec.so+0x1a2b)". UTF-8 without control characters.
std::string toString(const StackFrame& frame);
// A numbered line for each, with its end.
std::string toString(std::span<const StackFrame> frames);

}  // namespace bulkhead
