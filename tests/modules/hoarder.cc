// Allocates by every function that hands out memory. Nothing here is freed unless the caller says so.
#include "hoarder.module.h"

#include <dirent.h>
#include <execinfo.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <limits>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace {

using bulkhead::Error;
using bulkhead::Result;

struct Way {
  const char* name;
  void* (*make)();
};

void* check(void* pointer, bool isGood) { return isGood ? pointer : nullptr; }

bool isAligned(const void* pointer, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0;
}

// Whether wrong arguments are errors: a sanitizer ends the process.
constexpr bool isStrict() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return false;
#endif
#endif
  return true;
}

bool isAbsolute(const char* path) { return path != nullptr && path[0] == '/'; }

int format(char** out, const char* text, ...) {
  va_list arguments;
  va_start(arguments, text);
  const int length = ::vasprintf(out, text, arguments);
  va_end(arguments);
  return length;
}

void* absolute(char* path) { return check(path, isAbsolute(path)); }

// The list alone; its names are freed.
void* listed(dirent** names, int count) {
  if (count < 2) return nullptr;  // "." and ".."
  for (int i = 0; i < count; ++i) std::free(names[i]);
  return names;
}

const Way kWays[] = {
    {"malloc", [] { return std::malloc(100); }},
    {"malloc_0", [] { return std::malloc(0); }},
    {"malloc_large", [] { return std::malloc(1'000'000); }},
    {"calloc", [] { return std::calloc(10, 10); }},
    {"realloc", [] { return std::realloc(std::malloc(10), 1000); }},
    {"reallocarray", [] { return ::reallocarray(nullptr, 10, 10); }},
    {"posix_memalign",
     []() -> void* {
       void* pointer = nullptr;
       if (isStrict() && ::posix_memalign(&pointer, 3, 100) != EINVAL) return nullptr;
       if (::posix_memalign(&pointer, 256, 100) != 0) return nullptr;
       return check(pointer, isAligned(pointer, 256));
     }},
    {"aligned_alloc",
     [] {
       void* const pointer = std::aligned_alloc(64, 128);
       return check(pointer, isAligned(pointer, 64));
     }},
    {"memalign", [] { return ::memalign(128, 10); }},
    {"valloc", [] { return ::valloc(10); }},
    {"pvalloc",
     [] {
       void* const pointer = ::pvalloc(10);
       return check(pointer, ::malloc_usable_size(pointer) >= static_cast<std::size_t>(::getpagesize()));
     }},
    {"strdup", []() -> void* { return ::strdup("some text"); }},
    {"strndup",
     []() -> void* {
       char* const text = ::strndup("some text", 4);
       return check(text, std::strcmp(text, "some") == 0);
     }},
    {"wcsdup", []() -> void* { return ::wcsdup(L"some text"); }},
    {"asprintf",
     []() -> void* {
       char* text = nullptr;
       const int length = ::asprintf(&text, "%d of %s", 1, "many");
       return check(text, length == 9 && std::strcmp(text, "1 of many") == 0);
     }},
    {"vasprintf",
     []() -> void* {
       char* text = nullptr;
       const int length = format(&text, "%s", "x");
       return check(text, length == 1);
     }},
    {"realpath", [] { return absolute(::realpath(".", nullptr)); }},
    {"canonicalize_file_name", [] { return absolute(::canonicalize_file_name(".")); }},
    {"getcwd", [] { return absolute(::getcwd(nullptr, 0)); }},
    {"getcwd_sized",
     [] {
       char* const path = ::getcwd(nullptr, 8192);
       if (path != nullptr) std::memset(path + std::strlen(path), 0, 8192 - std::strlen(path));
       return absolute(path);
     }},
    {"get_current_dir_name", [] { return absolute(::get_current_dir_name()); }},
    {"scandir",
     [] {
       dirent** names = nullptr;
       const int count = ::scandir("/", &names, nullptr, ::alphasort);
       return listed(names, count);
     }},
    {"scandirat",
     [] {
       dirent** names = nullptr;
       const int count = ::scandirat(-100, "/", &names, nullptr, nullptr);
       return listed(names, count);
     }},
    {"backtrace_symbols",
     []() -> void* {
       std::array<void*, 8> frames{};
       const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
       char** const texts = ::backtrace_symbols(frames.data(), count);
       for (int i = 0; texts != nullptr && i < count; ++i) {
         if (std::strlen(texts[i]) == 0) return nullptr;
       }
       return texts;
     }},
    {"new", [] { return ::operator new(100); }},
    {"new[]", [] { return ::operator new[](100); }},
    {"new_nothrow", [] { return ::operator new(100, std::nothrow); }},
};

struct alignas(128) Wide {
  char bytes[128];
};

template <class T>
bool makesAndDrops(std::size_t alignment) {
  const std::nothrow_t& nothrow = std::nothrow;
  T* const one = new T();
  T* const several = new T[3]();
  T* const quiet = new (nothrow) T();
  T* const quietSeveral = new (nothrow) T[3]();
  bool isGood = true;
  for (T* const each : {one, several, quiet, quietSeveral}) isGood &= each != nullptr && isAligned(each, alignment);
  delete one;
  delete[] several;
  delete quiet;
  delete[] quietSeveral;
  return isGood;
}

// By a size that nobody has and the compiler does not see.
bool refusesTooMuch() {
  volatile std::size_t size = std::numeric_limits<std::size_t>::max() / 2;
  if (::operator new(size, std::nothrow) != nullptr) return false;
  try {
    ::operator delete[](::operator new[](size));
  } catch (const std::bad_alloc&) {
    return true;
  }
  return false;
}

int handled = 0;

bool asksTheHandler() {
  handled = 0;
  const std::new_handler before = std::set_new_handler([] {
    if (++handled == 3) std::set_new_handler(nullptr);
  });
  const bool isRefused = refusesTooMuch();
  std::set_new_handler(before);
  return isRefused && handled == 3;
}

class Hoarder final : public hoarder::module::Hoarder {
 public:
  Result<std::vector<std::string>> ways() override {
    std::vector<std::string> names;
    for (const Way& way : kWays) names.emplace_back(way.name);
    return names;
  }

  Result<std::uint64_t> hoard(std::uint32_t way) override {
    if (way >= std::size(kWays)) return Error("no such way");
    void* const pointer = kWays[way].make();
    if (pointer == nullptr) return Error("not what it should be");
    return reinterpret_cast<std::uint64_t>(pointer);
  }

  Result<void> giveBack(std::uint64_t address) override {
    std::free(reinterpret_cast<void*>(address));
    return {};
  }

  Result<void> giveBackTwice(std::uint32_t bytes) override {
    void* volatile pointer = std::malloc(bytes);
    std::free(pointer);
    std::free(pointer);
    return {};
  }

  Result<void> acrossThreads(std::uint32_t blocks) override {
    std::vector<void*> all;
    std::thread([&] {
      for (std::uint32_t i = 0; i < blocks; ++i) all.push_back(std::malloc(i));
    }).join();
    std::thread([&] {
      for (void* const pointer : all) std::free(pointer);
    }).join();
    return {};
  }

  Result<std::vector<std::string>> lines(std::string_view text) override {
    std::string copy(text);
    std::FILE* const stream = ::fmemopen(copy.data(), copy.size(), "r");
    if (stream == nullptr) return Error("no stream");
    std::vector<std::string> all;
    std::size_t size = 1;
    char* line = static_cast<char*>(std::malloc(size));
    for (ssize_t length; (length = ::getline(&line, &size, stream)) >= 0;) {
      all.emplace_back(line, static_cast<std::size_t>(length));
      size = static_cast<std::size_t>(length) + 1;
      line = static_cast<char*>(std::realloc(line, size));
    }
    std::free(line);
    std::fclose(stream);
    return all;
  }

  Result<void> objects(std::uint32_t rounds) override {
    for (std::uint32_t round = 0; round < rounds; ++round) {
      if (!makesAndDrops<int>(alignof(int)) || !makesAndDrops<std::string>(alignof(std::string)) ||
          !makesAndDrops<Wide>(alignof(Wide))) {
        return Error("an object is not where it should be");
      }
    }
    if (!refusesTooMuch()) return Error("too much was not refused");
    if (!asksTheHandler()) return Error("the handler was not asked");
    return {};
  }
};

}  // namespace

BULKHEAD_MODULE(Hoarder)
