// The host's side of the trouble contract: it raises what the module does, and relays.
#pragma once

#include "tests/conformance/modules.h"
#include "tests/modules/raise.h"
#include "trouble.host.h"

#include <gmock/gmock.h>

#include <exception>
#include <string>
#include <vector>

namespace bulkhead::conformance {

inline std::span<const std::byte> bytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string stringOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class TroubleImports final : public trouble::host::TroubleHost {
 public:
  Result<void> raise(trouble::Raise what) override {
    trouble::raise(what);
    return {};
  }
  Result<void> raiseInMessage(trouble::Raise what, trouble::Tree::Reader tree, trouble::Tree::Builder out) override {
    trouble::raise(what);
    out.setName(tree.getName());
    return {};
  }
  Result<void> fail(std::uint32_t kind, std::span<const std::byte> text, bool byException) override {
    Error error(static_cast<ErrorKind>(kind), stringOf(text));
    if (byException) throw BadResult(error);
    return error;
  }
  Result<std::string> relay(std::string_view steps) override {
    if (steps.empty()) return std::string("arrived");
    if (!steps.starts_with('c')) trouble::endRelay(steps);
    auto answer = subject->relay(steps.substr(1));
    if (answer) return answer;
    relayed.push_back(answer.error());
    return Error(answer.error().method() + " < " + answer.error().text());
  }

  const trouble::host::Trouble* subject = nullptr;
  std::vector<Error> relayed;  // what the host saw of relays that failed
};

// An exception and what is to arrive of it.
struct Raised {
  trouble::Raise what;
  std::string type;  // a part of it
  std::string text;
};
inline std::vector<Raised> exceptionsOfCxx() {
  using trouble::Raise;
  const std::string none = "an exception without a text";
  return {
      {Raise::RUNTIME_ERROR, "std::runtime_error", "a runtime error"},
      {Raise::OWN_EXCEPTION, "trouble::OwnException", "of its own"},
      {Raise::STRANGE, "trouble::Strange", none},
      {Raise::NUMBER, "int", none},
      {Raise::TEXT, "char const*", "a plain text"},
      {Raise::NULL_TEXT, "char const*", none},
      {Raise::STANDARD_STRING, "string", std::string("a string\0with everything", 24)},
      {Raise::BAD_ALLOC, "std::bad_alloc", "std::bad_alloc"},
      {Raise::NESTED, "std::logic_error",
       "outermost; caused by std::runtime_error: in the middle; caused by trouble::OwnException: of its own"},
      {Raise::CAUSELESS, "trouble::Causeless", "no cause"},
      {Raise::NULL_WHAT, "trouble::NullWhat", none},
      {Raise::SYSTEM_ERROR, "system_error", "the disk: No such device"},
  };
}
inline std::vector<Raised> exceptionsOfKj() {
  using trouble::Raise;
  return {{Raise::KJ_THROWN, "kj::Exception", "kj, thrown"},
          {Raise::KJ_FATAL, "kj::Exception", "kj, fatal"},
          {Raise::KJ_RECOVERABLE, "kj::Exception", "kj, recoverable"},
          {Raise::READ_TOO_DEEP, "kj::Exception", "too deeply-nested"}};
}
inline std::vector<Raised> exceptionsOfAnyType() {
  auto all = exceptionsOfCxx();
  for (Raised& kj : exceptionsOfKj()) all.push_back(std::move(kj));
  return all;
}

// Neither side may be left with an exception that it takes for uncaught.
class TroubleFixture : public testing::EveryPlacement<trouble::host::Trouble> {
 protected:
  std::string modulePath() const override { return conformance::modulePath("trouble"); }
  Imports imports() override { return host_; }
  void SetUp() override {
    EveryPlacement::SetUp();
    host_.subject = &subject();
  }
  void TearDown() override {
    EXPECT_EQ(std::uncaught_exceptions(), 0) << "in the host";
    const auto inModule = subject().uncaught();
    if (inModule) {
      EXPECT_EQ(*inModule, 0) << "in the module";
    } else {
      EXPECT_EQ(inModule.error().kind(), ErrorKind::staleHandle);
    }
    EveryPlacement::TearDown();
  }

  Result<Owned<trouble::Tree>> raiseInMessage(trouble::Raise what) {
    capnp::MallocMessageBuilder message;
    auto tree = message.initRoot<trouble::Tree>();
    tree.setName("root");
    return subject().raiseInMessage(what, tree.asReader());
  }
  template <class R>
  void expectModuleError(const R& failed, const std::string& type, const std::string& text, const char* method) {
    ASSERT_FALSE(failed) << type;
    EXPECT_EQ(failed.error().kind(), ErrorKind::moduleError);
    EXPECT_THAT(failed.error().type(), ::testing::HasSubstr(type));
    EXPECT_THAT(failed.error().text(), ::testing::HasSubstr(text));
    EXPECT_EQ(failed.error().method(), method);
    EXPECT_EQ(failed.error().module(), module().name());
    EXPECT_EQ(failed.error().exitReport(), nullptr);
  }

  TroubleImports host_;
};

}  // namespace bulkhead::conformance
