#include "shared/loader/constructors.h"

#include "shared/manifest/deferred_constructors.h"

#include <bulkhead/detail/sinks.h>

#include <cxxabi.h>
#include <link.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <utility>

namespace bulkhead::loader {
namespace {

using Constructor = void (*)(int argc, char** argv, char** environment);
using Destructor = void (*)();

template <class Function>
std::span<const Function> deferred(const link_map& object, std::int64_t arrayTag, std::int64_t sizeTag) {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  for (const ElfW(Dyn)* entry = object.l_ld; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == arrayTag) address = object.l_addr + entry->d_un.d_ptr;
    if (entry->d_tag == sizeTag) size = entry->d_un.d_val;
  }
  if (address == 0) return {};
  return {reinterpret_cast<const Function*>(address), size / sizeof(Function)};
}

// The exception was counted where it was thrown, perhaps by the module's own C++ runtime, and is uncounted here by the
// host's: this puts the host's count back.
class UncaughtCount {
 public:
  UncaughtCount() : before_(globals()->uncaught) {}
  void restore() const { globals()->uncaught = before_; }

 private:
  struct Globals {  // __cxa_eh_globals, as the C++ ABI lays it out
    void* caught;
    unsigned uncaught;
  };
  static Globals* globals() { return reinterpret_cast<Globals*>(abi::__cxa_get_globals()); }

  unsigned before_;
};

Error thrown(std::string_view where, std::string type, const std::string& text) {
  ErrorBody body;
  body.kind = ErrorKind::loadFailed;
  body.type = std::move(type);
  body.text = std::string(where) + ": a static constructor threw" + (text.empty() ? std::string() : ": " + text);
  return Error(std::move(body));
}

}  // namespace

// A constructor is any function without a result: its type is not what it is called as.
#ifdef __clang__
__attribute__((no_sanitize("function")))
#endif
Result<void>
runDeferredConstructors(const link_map& object, std::string_view where) {
  const UncaughtCount uncaught;
  Result<void> result;
  try {
    // glibc passes constructors the arguments of main; beyond its own those are not to be had, and none needs more.
    char* arguments[] = {program_invocation_name, nullptr};
    const auto constructors =
        deferred<Constructor>(object, manifest::kDeferredInitArray, manifest::kDeferredInitArraySize);
    for (const Constructor constructor : constructors) constructor(1, arguments, environ);
  } catch (const std::exception& exception) {
    result = thrown(where, detail::currentExceptionType(), exception.what());
  } catch (...) {
    result = thrown(where, detail::currentExceptionType(), "an exception without a text");
  }
  uncaught.restore();
  return result;
}

#ifdef __clang__
__attribute__((no_sanitize("function")))
#endif
bool runDeferredDestructors(const link_map& object) noexcept {
  const auto destructors = deferred<Destructor>(object, manifest::kDeferredFiniArray, manifest::kDeferredFiniArraySize);
  for (std::size_t n = destructors.size(); n > 0; --n) destructors[n - 1]();
  return !destructors.empty();
}

}  // namespace bulkhead::loader
