// Fails in every way that does not end the process.
#include "raise.h"
#include "trouble.module.h"

#include <exception>
#include <string>
#include <thread>

namespace {

using bulkhead::Error;
using bulkhead::ErrorKind;
using bulkhead::Result;
using trouble::Raise;
using trouble::Tree;

std::vector<std::byte> bytesOf(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}
std::string textOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// An error as the module sees it, as results.
template <class R, class T>
Result<R> seen(const Result<T>& answer) {
  if (answer) return Error("nothing failed");
  const Error& error = answer.error();
  return R{static_cast<std::uint32_t>(error.kind()), error.type(), bytesOf(error.text()), error.method()};
}

class Trouble final : public trouble::module::Trouble {
 public:
  explicit Trouble(trouble::module::TroubleHost& host) : host_(host) {}

  Result<void> raise(Raise what) override {
    trouble::raise(what);
    return {};
  }
  Result<void> raiseInMessage(Raise what, Tree::Reader tree, Tree::Builder out) override {
    trouble::raise(what);
    out.setName(tree.getName());
    return {};
  }
  Result<void> fail(std::uint32_t kind, std::span<const std::byte> text, bool byException) override {
    Error error(static_cast<ErrorKind>(kind), textOf(text));
    if (byException) throw bulkhead::BadResult(error);
    return error;
  }
  Result<std::int32_t> uncaught() override { return std::uncaught_exceptions(); }

  Result<std::uint32_t> depthOf(Tree::Reader tree) override { return trouble::depthOf(tree); }
  Result<void> grow(std::uint32_t depth, Tree::Builder tree) override {
    trouble::grow(tree, depth);
    return {};
  }

  Result<std::string> relay(std::string_view steps) override {
    if (steps.empty()) return std::string("arrived");
    if (!steps.starts_with('c')) trouble::endRelay(steps);
    auto answer = host_.relay(steps.substr(1));
    if (answer) return answer;
    return Error(answer.error().method() + " < " + answer.error().text());
  }

  Result<trouble::SeeRaiseResult> seeRaise(Raise what, bool inMessage) override {
    if (!inMessage) return seen<trouble::SeeRaiseResult>(host_.raise(what));
    capnp::MallocMessageBuilder message;
    return seen<trouble::SeeRaiseResult>(host_.raiseInMessage(what, message.initRoot<Tree>().asReader()));
  }
  Result<trouble::SeeFailResult> seeFail(std::uint32_t kind, std::span<const std::byte> text,
                                         bool byException) override {
    return seen<trouble::SeeFailResult>(host_.fail(kind, text, byException));
  }
  Result<void> pass(Raise what, bool byValue) override {
    auto answer = host_.raise(what);
    if (byValue) answer.value();
    return answer;
  }
  Result<void> passFail(std::uint32_t kind, std::span<const std::byte> text, bool byValue) override {
    auto answer = host_.fail(kind, text, false);
    if (byValue) answer.value();
    return answer;
  }
  Result<std::uint32_t> ignore(Raise what, std::uint32_t times) override {
    std::uint32_t failures = 0;
    for (std::uint32_t i = 0; i < times; ++i) failures += host_.raise(what) ? 0 : 1;
    return failures;
  }

  Result<trouble::SendTooDeepFromThreadResult> sendTooDeepFromThread() override {
    trouble::SendTooDeepFromThreadResult result;
    std::thread([&] {
      trouble::TooDeepTree tree;
      const auto answer = host_.raiseInMessage(Raise::NOTHING, tree.root());
      result.text = answer ? "it was sent" : answer.error().text();
      result.uncaught = std::uncaught_exceptions();
    }).join();
    return result;
  }

  Result<std::string> callWhileUnwinding() override {
    std::string text;
    struct Calls {
      ~Calls() {
        trouble::TooDeepTree tree;
        const auto answer = host.raiseInMessage(Raise::NOTHING, tree.root());
        text = answer ? "it was sent" : answer.error().text();
      }
      trouble::module::TroubleHost& host;
      std::string& text;
    };
    try {
      const Calls calls{host_, text};
      throw std::runtime_error("unwinds");
    } catch (const std::runtime_error&) {
    }
    return text;
  }

  Result<std::uint32_t> next() override {
    static std::uint32_t count = 0;
    return ++count;
  }

 private:
  trouble::module::TroubleHost& host_;
};

}  // namespace

BULKHEAD_MODULE(Trouble)
