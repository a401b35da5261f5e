// capnp as the oracle of everything that crosses to and from one worker.
#pragma once

#include "host/oracle/message_check.h"
#include "host/oracle/schema_set.h"
#include "shared/manifest/manifest.h"

#include <memory>

namespace bulkhead::oracle {

// Whether the option or the environment asks for it.
bool isWanted(bool option) noexcept;

// Each message must be a well-formed struct of its method in the receiver's schema, and the same when it is decoded and
// encoded again in its sender's. The host's schema is the program's own, the module's that of its manifest. Where only
// one of them knows the method, it stands for both. A difference is also written to standard error. Thread-safe.
class Oracle final : public detail::MessageCheck {
 public:
  explicit Oracle(const manifest::Manifest& module);

  std::optional<std::string> check(detail::MessageRole role, std::uint64_t interfaceId, std::uint16_t ordinal,
                                   BulkheadBytes message) override;

 private:
  SchemaSet host_;
  SchemaSet module_;
};

}  // namespace bulkhead::oracle
