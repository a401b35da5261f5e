// Every function that makes or ends a stream, a mapping, an action of a signal and so on.
#include "tests/modules/borrower.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/time.h>
#include <threads.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <string>

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // sigset, sigignore

extern "C" {
using SignalHandler = void (*)(int);
SignalHandler bsd_signal(int signal, SignalHandler handler) noexcept;
SignalHandler __sysv_signal(int signal, SignalHandler handler) noexcept;
}

namespace borrower_module {
namespace {

constexpr std::size_t kSize = 1 << 16;
constexpr int kSignal = SIGUSR2;

template <class T>
std::uint64_t number(T* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}
template <class T = void>
T* pointer(std::uint64_t key) {
  return reinterpret_cast<T*>(key);
}

// ---- streams and directories. The key that tests see is the descriptor, for that says whether one is open.

FILE* lastStream = nullptr;
DIR* lastFolder = nullptr;
char* text = nullptr;
wchar_t* wideText = nullptr;
std::size_t textSize = 0;

bool stream(FILE* made, Keys& keys) {
  lastStream = made;
  const int descriptor = made != nullptr ? ::fileno(made) : -1;
  keys.key = descriptor > 0 ? static_cast<std::uint64_t>(descriptor) : 0;
  return made != nullptr;
}
void closeStream(const Keys&) { std::fclose(lastStream); }
FILE* openNull() { return std::fopen("/dev/null", "r"); }

bool folder(DIR* made, Keys& keys) {
  lastFolder = made;
  if (made != nullptr) keys.key = static_cast<std::uint64_t>(::dirfd(made));
  return made != nullptr;
}
void closeFolder(const Keys&) { ::closedir(lastFolder); }

// ---- mappings

void* mapSome() { return ::mmap(nullptr, kSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }
bool mapping(void* address, Keys& keys) {
  keys.key = number(static_cast<char*>(address));
  return address != MAP_FAILED;
}
void unmap(const Keys& keys) { ::munmap(pointer(keys.key), kSize); }

bool attach(Keys& keys) {
  const int segment = ::shmget(IPC_PRIVATE, kSize, IPC_CREAT | 0600);
  if (segment < 0) return false;
  const bool done = mapping(::shmat(segment, nullptr, 0), keys);
  ::shmctl(segment, IPC_RMID, nullptr);
  return done;
}
void detach(const Keys& keys) { ::shmdt(pointer(keys.key)); }

// ---- signals, timers, keys, libraries

extern "C" void borrowerIgnores(int) {}
extern "C" void borrowerExits(int, void*) {}

bool signalSet(bool set, Keys& keys) {
  keys.key = kSignal;
  return set;
}
void signalReset(const Keys&) { static_cast<void>(::signal(kSignal, SIG_DFL) == SIG_ERR ? std::abort() : void()); }

stack_t alternate(int flags) {
  static char memory[kSize];
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = sizeof memory;
  stack.ss_flags = flags;
  return stack;
}

bool timer(Keys& keys, int kind) {
  timer_t made{};
  sigevent event{};
  event.sigev_notify = kind;
  if (::timer_create(CLOCK_MONOTONIC, &event, &made) != 0) return false;
  keys.key = number(static_cast<char*>(made));
  return true;
}
void deleteTimer(const Keys& keys) { ::timer_delete(pointer(keys.key)); }

constexpr unsigned kLong = 3600;
bool interval(Keys&) {
  itimerval value{};
  value.it_value.tv_sec = kLong;
  return ::setitimer(ITIMER_VIRTUAL, &value, nullptr) == 0;
}
void noInterval(const Keys&) {
  const itimerval none{};
  ::setitimer(ITIMER_VIRTUAL, &none, nullptr);
}
void noAlarm(const Keys&) { static_cast<void>(::alarm(0)); }

bool threadKey(Keys& keys) {
  pthread_key_t made{};
  if (::pthread_key_create(&made, nullptr) != 0) return false;
  keys.key = made;
  return true;
}
void deleteKey(const Keys& keys) { ::pthread_key_delete(static_cast<pthread_key_t>(keys.key)); }
bool tssKey(Keys& keys) {
  tss_t made{};
  if (::tss_create(&made, nullptr) != thrd_success) return false;
  keys.key = made;
  return true;
}

bool library(void* made, Keys& keys) {
  keys.key = number(static_cast<char*>(made));
  return made != nullptr;
}
void closeLibrary(const Keys& keys) { ::dlclose(pointer(keys.key)); }

char variable[] = "BULKHEAD_BORROWER=1";

void nothing(const Keys&) {}

constexpr Function kFunctions[] = {
#define BORROW(name, kind, giveBack, ...)                                   \
  {                                                                         \
#name, #name, kind, [](Keys & keys) -> bool { __VA_ARGS__; }, &giveBack \
  }
#define STREAM(name, ...) BORROW(name, "stream", closeStream, return stream(__VA_ARGS__, keys))
    STREAM(fopen, openNull()),
    STREAM(fopen64, ::fopen64("/dev/null", "r")),
    STREAM(fdopen, ::fdopen(::open("/dev/null", O_RDONLY), "r")),
    STREAM(freopen, std::freopen("/dev/zero", "r", openNull())),
    STREAM(freopen64, ::freopen64("/dev/zero", "r", openNull())),
    STREAM(tmpfile, std::tmpfile()),
    STREAM(tmpfile64, ::tmpfile64()),
    STREAM(fmemopen, ::fmemopen(nullptr, 100, "w+")),
    STREAM(open_memstream, ::open_memstream(&text, &textSize)),
    STREAM(open_wmemstream, ::open_wmemstream(&wideText, &textSize)),
    STREAM(fopencookie, ::fopencookie(nullptr, "r", cookie_io_functions_t{})),
    {"popen", "popen", "stream", [](Keys& keys) { return stream(::popen("exit 0", "r"), keys); },
     [](const Keys&) { ::pclose(lastStream); }},
    {"pclose", "popen", "stream", [](Keys& keys) { return stream(::popen("exit 0", "r"), keys); },
     [](const Keys&) { ::pclose(lastStream); }},
    {"fclose", "fopen", "stream", [](Keys& keys) { return stream(openNull(), keys); }, &closeStream},
#undef STREAM
    BORROW(opendir, "directory", closeFolder, return folder(::opendir("/"), keys)),
    BORROW(fdopendir, "directory", closeFolder, return folder(::fdopendir(::open("/", O_RDONLY | O_DIRECTORY)), keys)),
    {"closedir", "opendir", "directory", [](Keys& keys) { return folder(::opendir("/"), keys); }, &closeFolder},

    BORROW(mmap, "mapping", unmap, return mapping(mapSome(), keys)),
    BORROW(mmap64, "mapping", unmap,
           return mapping(::mmap64(nullptr, kSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), keys)),
    BORROW(mremap, "mapping", unmap,
           void* const small = ::mmap(nullptr, kSize / 2, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
           return mapping(::mremap(small, kSize / 2, kSize, MREMAP_MAYMOVE), keys)),
    {"munmap", "mmap", "mapping", [](Keys& keys) { return mapping(mapSome(), keys); }, &unmap},
    BORROW(shmat, "mapping", detach, return attach(keys)),
    {"shmdt", "shmat", "mapping", [](Keys& keys) { return attach(keys); }, &detach},

#define SIGNAL(name, ...) BORROW(name, "signal", signalReset, return signalSet(__VA_ARGS__, keys))
    BORROW(sigaction, "signal", signalReset, struct sigaction action{}; action.sa_handler = &borrowerIgnores;
           return signalSet(::sigaction(kSignal, &action, nullptr) == 0, keys)),
    SIGNAL(signal, ::signal(kSignal, &borrowerIgnores) != SIG_ERR),
    SIGNAL(bsd_signal, ::bsd_signal(kSignal, &borrowerIgnores) != SIG_ERR),
    SIGNAL(ssignal, ::ssignal(kSignal, &borrowerIgnores) != SIG_ERR),
    SIGNAL(sysv_signal, ::sysv_signal(kSignal, &borrowerIgnores) != SIG_ERR),
    SIGNAL(__sysv_signal, ::__sysv_signal(kSignal, &borrowerIgnores) != SIG_ERR),
    SIGNAL(sigset, ::sigset(kSignal, &borrowerIgnores) != SIG_ERR),
    SIGNAL(sigignore, ::sigignore(kSignal) == 0),
#undef SIGNAL
    {"sigaltstack", "sigaltstack", "signal",
     [](Keys&) {
       const stack_t stack = alternate(0);
       return ::sigaltstack(&stack, nullptr) == 0;
     },
     [](const Keys&) {
       const stack_t stack = alternate(SS_DISABLE);
       ::sigaltstack(&stack, nullptr);
     }},

    BORROW(timer_create, "timer", deleteTimer, return timer(keys, SIGEV_NONE)),
    {"timer_delete", "timer_create", "timer", [](Keys& keys) { return timer(keys, SIGEV_NONE); }, &deleteTimer},
    {"setitimer", "setitimer", "timer", &interval, &noInterval},
    {"alarm", "alarm", "timer", [](Keys&) { return ::alarm(kLong) != kLong + 1; }, &noAlarm},
    {"ualarm", "ualarm", "timer", [](Keys&) { return ::ualarm(900'000, 900'000) != 1; },
     [](const Keys&) { static_cast<void>(::ualarm(0, 0) == 1 ? std::abort() : void()); }},

    {"pthread_key_create", "pthread_key_create", "key", &threadKey, &deleteKey},
    {"pthread_key_delete", "pthread_key_create", "key", &threadKey, &deleteKey},
    {"tss_create", "tss_create", "key", &tssKey, [](const Keys& keys) { ::tss_delete(static_cast<tss_t>(keys.key)); }},
    {"tss_delete", "tss_create", "key", &tssKey, [](const Keys& keys) { ::tss_delete(static_cast<tss_t>(keys.key)); }},

    BORROW(dlopen, "library", closeLibrary, return library(::dlopen("libm.so.6", RTLD_NOW), keys)),
    BORROW(dlmopen, "library", closeLibrary, return library(::dlmopen(LM_ID_BASE, "libm.so.6", RTLD_NOW), keys)),
    {"dlclose", "dlopen", "library", [](Keys& keys) { return library(::dlopen("libm.so.6", RTLD_NOW), keys); },
     &closeLibrary},

    // The entry of the one ends with the module; the other has none.
    {"on_exit", "on_exit", "exit", [](Keys&) { return ::on_exit(&borrowerExits, nullptr) == 0; }, &nothing},
    {"putenv", "putenv", "none", [](Keys&) { return ::putenv(variable) == 0; },
     [](const Keys&) { ::unsetenv("BULKHEAD_BORROWER"); }},
#undef BORROW
};

}  // namespace

const char* existingPath() { return "/dev/null"; }

const char* freshPath() {
  static const std::string path = std::string(std::getenv("BORROWER_FOLDER")) + "/fresh";
  return path.c_str();
}

std::span<const Function> otherFunctions() { return kFunctions; }

}  // namespace borrower_module
