// What the command says to people. Nothing that comes from a module or its file reaches the terminal unfiltered.
#pragma once

#include <bulkhead/error.h>

#include <string>
#include <string_view>

namespace bulkhead::tool {

// To standard error: "bulkhead: KIND: MODULE: METHOD: TYPE: TEXT"; the text may have several lines.
void complain(const Error& error);
// One line to standard error.
void say(std::string_view line);

// Standard output, kept for the result alone: from its making on, what else the process writes there (a module's
// prints) goes to standard error. One at a time, made before a module is loaded.
class ResultOutput {
 public:
  ResultOutput();
  ResultOutput(const ResultOutput&) = delete;
  ResultOutput& operator=(const ResultOutput&) = delete;
  ~ResultOutput();

  // Writes `text` and a newline. False, with errno, when it cannot be written whole.
  bool write(std::string text) const;

 private:
  int fd_;
};

}  // namespace bulkhead::tool
