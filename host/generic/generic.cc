#include "host/generic/contract_schema.h"
#include "host/generic/fault.h"
#include "host/generic/messages.h"
#include "host/generic/method_names.h"

#include <bulkhead/detail/printable.h>
#include <bulkhead/generic.h>
#include <bulkhead/handle.h>

#include <kj/exception.h>

#include <deque>
#include <map>
#include <new>
#include <optional>
#include <utility>

namespace bulkhead {
namespace {

constexpr std::size_t kMaxReasonBytes = 1000;

// Runs what reads schemas, JSON or messages; what it throws becomes an error of this kind.
template <class F>
auto guarded(const std::string& module, const std::string& method, ErrorKind kind, const std::string& hint, F&& run)
    -> Result<decltype(run())> {
  const auto error = [&](ErrorKind of, std::string_view text) {
    return Error(ErrorBody{of, module, method, {}, detail::printable(text, kMaxReasonBytes) + hint, nullptr});
  };
  try {
    return run();
  } catch (const generic::Fault& fault) {
    return error(kind, fault.what());
  } catch (const kj::Exception& exception) {
    return error(kind, exception.getDescription().cStr());
  } catch (const std::bad_alloc&) {
    return error(ErrorKind::resourceExhausted, "no memory for this");
  }
}

}  // namespace

class GenericModule::Implementation {
 public:
  explicit Implementation(const Module& module) : module_(module) {
    for (const auto manifest : module.manifests()) {
      const auto& contract = contracts_.emplace_back(manifest);
      for (const GenericMethod& method : contract.methods()) {
        contractOf_[method.interfaceId] = &contract;
        methods_.push_back(method);
      }
    }
  }

  const Module& module() const noexcept { return module_; }
  const std::vector<GenericMethod>& methods() const noexcept { return methods_; }
  capnp::InterfaceSchema::Method schemaOf(const GenericMethod& method) const {
    return contractOf_.at(method.interfaceId)->methodOf(method);
  }

 private:
  const Module& module_;
  std::deque<generic::ContractSchema> contracts_;
  std::map<std::uint64_t, const generic::ContractSchema*> contractOf_;  // by interface
  std::vector<GenericMethod> methods_;
};

GenericModule::GenericModule(std::unique_ptr<Implementation> implementation) noexcept
    : implementation_(std::move(implementation)) {}
GenericModule::GenericModule(GenericModule&&) noexcept = default;
GenericModule& GenericModule::operator=(GenericModule&&) noexcept = default;
GenericModule::~GenericModule() = default;

Result<GenericModule> GenericModule::of(const Module& module) {
  return guarded(module.name(), {}, ErrorKind::notAModule, {},
                 [&] { return GenericModule(std::make_unique<Implementation>(module)); });
}

const std::vector<GenericMethod>& GenericModule::methods() const noexcept { return implementation_->methods(); }

Result<const GenericMethod*> GenericModule::find(std::string_view method) const {
  return generic::findMethod(methods(), method, implementation_->module().name());
}

Result<std::string> GenericModule::callJson(std::string_view name, std::string_view json,
                                            const JsonCallOptions& options) const {
  std::optional<detail::WallDeadline> deadline;
  if (options.deadline.count() != 0) deadline.emplace(options.deadline);
  const auto found = find(name);
  if (!found) return found.error();
  const GenericMethod& method = **found;
  const Module& module = implementation_->module();
  const std::string fullName = method.interface + "." + method.name;
  const std::string hint = "; the signature is " + method.signature;

  const auto schema =
      guarded(module.name(), fullName, ErrorKind::notAModule, {}, [&] { return implementation_->schemaOf(method); });
  if (!schema) return schema.error();
  if (json.size() > kMaxJsonBytes) {
    return Error(ErrorBody{ErrorKind::messageTooLarge,
                           module.name(),
                           fullName,
                           {},
                           "more than " + std::to_string(kMaxJsonBytes) + " bytes of JSON" + hint,
                           nullptr});
  }
  const auto params = guarded(module.name(), fullName, ErrorKind::invalidArgument, hint,
                              [&] { return generic::encodeArguments(json, schema->getParamType()); });
  if (!params) return params.error();
  const auto results = module.callMessage(method.interfaceId, method.ordinal, *params);
  if (!results) return results.error();
  return guarded(module.name(), fullName, ErrorKind::protocolViolation, {},
                 [&] { return generic::decodeResults(*results, schema->getResultType(), options.pretty); });
}

}  // namespace bulkhead
