// A module in plain C ABI terms, without the SDK. Compiled several times, each with one fault (FIXTURE_...).
#include <bulkhead/abi.h>

#include <cstring>
#include <stdexcept>
#include <string>

#if defined(FIXTURE_DEPENDENCY)
extern "C" int fixtureDependencyAnswer();
#endif
#if defined(FIXTURE_UNDEFINED_SYMBOL)
extern "C" void fixtureSymbolOfNobody();
#endif

namespace {

constexpr std::uint64_t kInterface = 0xf1u;

// Shows that statics are constructed before the entry is used, once per load.
struct Counter {
  Counter() : value(1) {
#if defined(FIXTURE_THROWING_CONSTRUCTOR)
    throw std::runtime_error("no licence");
#elif defined(FIXTURE_THROWING_FOREIGN)
    throw 42;
#endif
  }
  int value;
} counter;

struct Object {
  const BulkheadHostServices* services;
};

struct Table {
  BulkheadTable header;
  std::int32_t (*next)(void* self, std::int32_t* value, const BulkheadErrorSink* error);
};

std::int32_t next(void*, std::int32_t* value, const BulkheadErrorSink*) {
#if defined(FIXTURE_DEPENDENCY)
  counter.value += fixtureDependencyAnswer();
#endif
#if defined(FIXTURE_UNDEFINED_SYMBOL)
  fixtureSymbolOfNobody();
#endif
  *value = counter.value++;
  return BULKHEAD_OK;
}

std::int32_t skeleton(const BulkheadTable*, void*, std::uint16_t, BulkheadBytes, const BulkheadReply*,
                      const BulkheadErrorSink*) {
  return BULKHEAD_FAILED;
}

std::int32_t create(const BulkheadCreateArguments* arguments, void** self, const BulkheadErrorSink* error) {
#if defined(FIXTURE_FAILING_CREATE)
  const std::string type = "std::runtime_error";
  const std::string text = "no configuration";
  BulkheadErrorView view{};
  view.size = sizeof view;
  view.kind = 51;  // "internal": a claim that the host ignores
  view.type = {type.data(), type.size()};
  view.text = {text.data(), text.size()};
  error->report(error->context, &view);
  static_cast<void>(arguments);
  static_cast<void>(self);
  return BULKHEAD_FAILED;
#else
  static_cast<void>(error);
  *self = new Object{arguments->services};
  return BULKHEAD_OK;
#endif
}

void destroy(void* self) {
  const Object* object = static_cast<Object*>(self);
  if (object->services->log != nullptr) object->services->log(object->services->context, 0, {"destroyed", 9});
  delete object;
}

#if defined(FIXTURE_BAD_TABLE)
constexpr std::uint64_t kTableSize = 3;
#else
constexpr std::uint64_t kTableSize = sizeof(Table);
#endif
constexpr Table kTable = {{kTableSize, kInterface}, &next};
constexpr BulkheadExport kExports[] = {{kInterface, "Fixture", &kTable.header, &skeleton}};

#if defined(FIXTURE_OTHER_ABI)
constexpr std::uint32_t kAbi = BULKHEAD_ABI_VERSION + 1;
#else
constexpr std::uint32_t kAbi = BULKHEAD_ABI_VERSION;
#endif
[[maybe_unused]] constexpr BulkheadModule kModule = {
    sizeof(BulkheadModule), kAbi, 0, kExports, 1, nullptr, 0, &create, &destroy, nullptr};

}  // namespace

#if !defined(FIXTURE_NO_ENTRY)
extern "C" __attribute__((visibility("default"))) const BulkheadModule* bulkhead_module_entry() {
#if defined(FIXTURE_NULL_ENTRY)
  return nullptr;
#else
  return &kModule;
#endif
}
#else
extern "C" const BulkheadModule* notTheEntry() { return &kModule; }
#endif

#if defined(FIXTURE_UNIQUE)
// Bound as STB_GNU_UNIQUE by g++: the dynamic loader never lets go of it.
template <class T>
struct Shared {
  static int value;
};
template <class T>
int Shared<T>::value = 3;
extern "C" int* uniqueValue() { return &Shared<int>::value; }
#endif
