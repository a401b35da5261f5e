// What BULKHEAD_MODULE and the generated module side of a contract are made of. Not for hand-written code.
#pragma once

#include <bulkhead/abi.h>
#include <bulkhead/detail/notes.h>
#include <bulkhead/detail/sinks.h>
#include <bulkhead/detail/stub.h>
#include <bulkhead/result.h>
#include <bulkhead/runtime.h>

#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace bulkhead {

// The contracts that a class implements. Each is a generated struct with
//   using Import                      the class of its import object, or detail::NoImport
//   template <class Instance> static constexpr BulkheadExport kExport      if kHasExport
//   static const BulkheadImportDeclaration kImport                         if Import is a class
// and, for interfaces that inherit, arrays of the same: kInheritedExports<Instance>, kInheritedImports.
template <class... Contracts>
struct ContractList {};

namespace detail {

// This module's own copy (nothing of a module is visible outside it): set before the module's object is constructed.
inline std::atomic<const BulkheadHostServices*> hostServices{nullptr};

// For a contract without an imports interface.
struct NoImport {};

// Where the error of a failed import arrives in the module.
class ImportErrors {
 public:
  ImportErrors() noexcept : sink_{this, &collect} {}
  ImportErrors(const ImportErrors&) = delete;
  ImportErrors& operator=(const ImportErrors&) = delete;

  const BulkheadErrorSink* sink() const noexcept { return &sink_; }
  // The error of the import `method` that returned BULKHEAD_FAILED. The host's own verdict is a hostError here.
  [[gnu::cold]] Error take(const BulkheadMethod& method) {
    if (!error_) return Error(ErrorBody{ErrorKind::internal, {}, method.name, {}, "failed without an error", nullptr});
    error_->method = method.name;
    if (error_->kind == ErrorKind::moduleError) error_->kind = ErrorKind::hostError;
    return Error(*std::move(error_));
  }

 private:
  [[gnu::cold]] static void collect(void* context, const BulkheadErrorView* view) noexcept {
    auto& error = static_cast<ImportErrors*>(context)->error_;
    try {
      error.emplace();
      error->kind = static_cast<ErrorKind>(view->kind);
      error->type = copyOfErrorText(view->type);
      error->text = copyOfErrorText(view->text);
    } catch (...) {  // no memory for the text: the kind alone remains
    }
  }
  BulkheadErrorSink sink_;
  std::optional<ErrorBody> error_;
};

// The base of a generated import object: the host's table, complete, and the host's object behind it.
template <class Table>
class ImportObject {
 public:
  ImportObject(const ImportObject&) = delete;
  ImportObject& operator=(const ImportObject&) = delete;

 protected:
  ImportObject(const BulkheadImport& import, const Table& unimplemented) noexcept
      : table_(completeTable(import.table, unimplemented)), self_(import.self) {}
  ~ImportObject() = default;

  // Calls the host. `call` is (const Table&, void* self, const BulkheadErrorSink*, R& value), or without the last for
  // R = void, and returns the table entry's status.
  template <class R, class Call>
  Result<R> invoke(const BulkheadMethod& method, const Call& call) const {
    ImportErrors errors;
    if constexpr (std::is_void_v<R>) {
      if (call(table_, self_, errors.sink()) == BULKHEAD_OK) [[likely]]
        return {};
    } else {
      R value{};
      if (call(table_, self_, errors.sink(), value) == BULKHEAD_OK) [[likely]]
        return value;
    }
    return errors.take(method);
  }

 private:
  Table table_;
  void* self_;
};

// What the host gave for `interfaceId`. Throws Error's text when it gave nothing.
inline const BulkheadImport& findImport(const BulkheadCreateArguments& arguments, std::uint64_t interfaceId,
                                        const char* name) {
  for (std::uint64_t i = 0; i < arguments.import_count; ++i) {
    if (arguments.imports[i].interface_id == interfaceId) return arguments.imports[i];
  }
  throw BadResult(Error(ErrorKind::loadFailed, std::string("the module needs the import ") + name +
                                                   ", which the host did not give: add it to Imports"));
}

// The import object of one contract, made of what the host gave. Throws Error's text when the host lacks it.
template <class Contract>
class ImportHolder {
 public:
  explicit ImportHolder(const BulkheadCreateArguments& arguments) : object_(make(arguments)) {}
  std::tuple<typename Contract::Import&> get() noexcept { return {object_}; }

 private:
  static typename Contract::Import make(const BulkheadCreateArguments& arguments) {
    if constexpr (requires { Contract::kInheritedImports; }) {
      return typename Contract::Import(arguments);  // which has a table for each
    } else {
      const BulkheadImportDeclaration& own = Contract::kImport;
      return typename Contract::Import(findImport(arguments, own.interface_id, own.name));
    }
  }
  typename Contract::Import object_;
};
template <class Contract>
requires std::is_same_v<typename Contract::Import, NoImport>
class ImportHolder<Contract> {
 public:
  explicit ImportHolder(const BulkheadCreateArguments&) noexcept {}
  std::tuple<> get() noexcept { return {}; }
};

template <class M, class Tuple>
struct ConstructibleFrom;
template <class M, class... Arguments>
struct ConstructibleFrom<M, std::tuple<Arguments...>> : std::is_constructible<M, Arguments...> {};

// The module's object together with the imports it refers to: the `self` of every table.
template <class M, class... Contracts>
class Instance : private ImportHolder<Contracts>... {
 public:
  using Module = M;

  explicit Instance(const BulkheadCreateArguments& arguments)
      : ImportHolder<Contracts>(arguments)..., module(make(std::tuple_cat(ImportHolder<Contracts>::get()...))) {}
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance() = default;

 private:
  template <class Imports>
  static M make(Imports imports) {
    static_assert(ConstructibleFrom<M, Imports>::value || std::is_default_constructible_v<M>,
                  "the module's class needs a constructor that takes a reference to each import object, in the order "
                  "of the contracts, or none");
    if constexpr (ConstructibleFrom<M, Imports>::value) {
      return std::apply([](auto&... objects) { return M(objects...); }, imports);
    } else {
      return M();
    }
  }

 public:
  Module module;
};

template <class M, class... Contracts>
class ModuleParts {
  using Self = Instance<M, Contracts...>;

  template <class T, std::size_t Size>
  static constexpr std::array<T, Size + 1> withFirst(const T& first, const std::array<T, Size>& more) {
    std::array<T, Size + 1> all{first};
    for (std::size_t i = 0; i < Size; ++i) all[i + 1] = more[i];
    return all;
  }
  template <class Contract>
  static constexpr auto exportsOf() {
    if constexpr (requires { Contract::template kInheritedExports<Self>; }) {
      return withFirst(Contract::template kExport<Self>, Contract::template kInheritedExports<Self>);
    } else if constexpr (Contract::kHasExport) {
      return std::array{Contract::template kExport<Self>};
    } else {
      return std::array<BulkheadExport, 0>{};
    }
  }
  template <class Contract>
  static constexpr auto importsOf() {
    if constexpr (std::is_same_v<typename Contract::Import, NoImport>) {
      return std::array<BulkheadImportDeclaration, 0>{};
    } else if constexpr (requires { Contract::kInheritedImports; }) {
      return withFirst(Contract::kImport, Contract::kInheritedImports);
    } else {
      return std::array{Contract::kImport};
    }
  }
  template <class T, std::size_t... Sizes>
  static constexpr auto join(const std::array<T, Sizes>&... parts) {
    // One more than needed: an array without elements would have no address.
    std::array<T, (Sizes + ... + 1)> all{};
    std::size_t at = 0;
    (static_cast<void>([&] {
       for (const T& part : parts) all[at++] = part;
     }()),
     ...);
    return all;
  }

  static std::int32_t create(const BulkheadCreateArguments* arguments, void** self,
                             const BulkheadErrorSink* error) noexcept {
    return guarded(error, [&]() -> std::int32_t {
      if (bulkhead_runtime_abi_version() != BULKHEAD_ABI_VERSION) {
        return report(error, ErrorKind::loadFailed, {},
                      "the module was built for another libbulkhead-runtime: rebuild it");
      }
      hostServices.store(arguments->services, std::memory_order_release);
      *self = new Self(*arguments);
      return BULKHEAD_OK;
    });
  }
  // The module's class may have `void beforeUnload()` or `Result<void> beforeUnload()`.
  static std::int32_t beforeUnload(void* self, const BulkheadErrorSink* error) noexcept {
    return guarded(error, [&]() -> std::int32_t {
      if constexpr (requires(M & module) {
                      { module.beforeUnload() } -> std::same_as<void>;
                    }) {
        static_cast<Self*>(self)->module.beforeUnload();
      } else if constexpr (requires(M & module) { module.beforeUnload(); }) {
        const Result<void> verdict = static_cast<Self*>(self)->module.beforeUnload();
        if (!verdict) return report(error, verdict.error());
      }
      return BULKHEAD_OK;
    });
  }
  static void destroy(void* self) noexcept {
    delete static_cast<Self*>(self);
    hostServices.store(nullptr, std::memory_order_release);
  }

  static constexpr auto kExports = join<BulkheadExport>(exportsOf<Contracts>()...);
  static constexpr auto kImports = join<BulkheadImportDeclaration>(importsOf<Contracts>()...);

 public:
  static constexpr BulkheadModule kModule = {
      sizeof(BulkheadModule), BULKHEAD_ABI_VERSION, 0,       kExports.data(), kExports.size() - 1,
      kImports.data(),        kImports.size() - 1,  &create, &destroy,        &beforeUnload};
};

template <class M, class List>
struct ModuleFor;
template <class M, class... Contracts>
struct ModuleFor<M, ContractList<Contracts...>> : ModuleParts<M, Contracts...> {};

// What the entry symbol returns. Without named contracts: those of the generated class that M derives from.
template <class M, class... Contracts>
const BulkheadModule* moduleOf() noexcept {
  if constexpr (sizeof...(Contracts) == 0) {
    return &ModuleFor<M, typename M::BulkheadContracts>::kModule;
  } else {
    return &ModuleParts<M, Contracts...>::kModule;
  }
}

}  // namespace detail
}  // namespace bulkhead
