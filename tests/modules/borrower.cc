// Acquires from the system what it is asked for, by the function that it is asked for, and gives it back or does not.
#include "tests/modules/borrower.h"

#include "borrower.module.h"

#include <vector>

namespace borrower_module {

long act(borrower::Step step, long a, long b, long c);  // borrower_steps.cc

namespace {

using bulkhead::Error;
using bulkhead::Result;

Error failure(int number) {
  std::array<char, 128> text{};
  return Error(std::string(::strerror_r(number, text.data(), text.size())));
}

class Borrower final : public borrower::module::Borrower {
 public:
  Borrower() {
    for (const Function& function : descriptorFunctions()) functions_.push_back(function);
    for (const Function& function : otherFunctions()) functions_.push_back(function);
    borrowed_.resize(functions_.size());
  }

  Result<std::string> functions() override {
    std::string lines;
    for (const Function& function : functions_) {
      lines.append(function.name).append(" ").append(function.call).append(" ").append(function.kind).append("\n");
    }
    return lines;
  }

  Result<borrower::BorrowResult> borrow(std::uint32_t function) override {
    Keys& keys = borrowed_.at(function);
    keys = {};
    if (!functions_.at(function).acquire(keys)) return failure(errno);
    return borrower::BorrowResult{.key = keys.key, .more = keys.more};
  }

  Result<void> giveBack(std::uint32_t function) override {
    functions_.at(function).giveBack(borrowed_.at(function));
    return {};
  }

  Result<borrower::ActResult> act(borrower::Step step, std::int64_t a, std::int64_t b, std::int64_t c) override {
    errno = 0;
    const long result = borrower_module::act(step, a, b, c);
    return borrower::ActResult{.result = result, .number = errno};
  }

 private:
  std::vector<Function> functions_;
  std::vector<Keys> borrowed_;
};

}  // namespace
}  // namespace borrower_module

using BorrowerModule = borrower_module::Borrower;
BULKHEAD_MODULE(BorrowerModule)
