// A host whose worker program is the hand-written one, which breaks the rule that the module's name asks for.
#pragma once

#include "tests/hostile/fixture.h"

#include <string>

namespace bulkhead::hostile {

class Workers : public HostileTest {
 protected:
  Workers() { use(hostOptions()); }

  void use(HostOptions options) {
    options.workerProgram = BREAKING_WORKER;
    makeHost(std::move(options));
  }
  // The host still has a worker for everybody else.
  void expectHostServes() {
    auto honest = load({}, "honest");
    expectServes(handleOf(honest));
  }
};

struct Broken {
  const char* name;
  const char* fault;
  const char* rule;  // of the error's text
};

inline std::string nameOf(const ::testing::TestParamInfo<Broken>& info) { return info.param.name; }

}  // namespace bulkhead::hostile
