// The lines of `ratios`: what is measured, against which target.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

enum class Bound : std::uint8_t { atMost, atLeast };

struct Target {
  std::string_view name;
  Bound bound;
  double value;
};

// In the order they are printed.
std::span<const Target> targets();

class Report {
 public:
  // An absolute figure, for the reader; not judged.
  void note(std::string_view what, double value, std::string_view unit);
  void line(std::string_view name, double value);
  // A line that this run cannot judge, with the reason; `value` is printed all the same.
  void lineUnjudged(std::string_view name, double value, std::string_view why);

  bool has(std::string_view name) const { return lines_.find(std::string(name)) != lines_.end(); }
  // Whether every line that was asked for was judged and met.
  bool met(const std::vector<std::string>& wanted) const;

 private:
  struct Line {
    double value;
    bool judged;
  };
  std::map<std::string, Line> lines_;
};

// What a group of lines gets.
struct Run {
  Report& report;
  bool quick;
  // How often: fewer when quick.
  int rounds() const noexcept { return quick ? 1 : 5; }
  int batches(int full) const noexcept { return quick ? (full < 10 ? 1 : full / 10) : full; }
};

}  // namespace bench
