/* Sanitizer builds only. A worker's environment is empty, so its options are compiled in: signals and failed
 * allocations end a worker exactly as in any other build, and leaks at its end are the kernel's to collect. */
#define EXPORT __attribute__((visibility("default"), used))

EXPORT const char* __asan_default_options(void);
EXPORT const char* __asan_default_options(void) {
  return "handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:handle_abort=0:use_sigaltstack=0:"
         "allocator_may_return_null=1:detect_leaks=0";
}

EXPORT const char* __tsan_default_options(void);
EXPORT const char* __tsan_default_options(void) {
  return "handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:handle_abort=0:use_sigaltstack=0:"
         "allocator_may_return_null=1:halt_on_error=1:exitcode=66:report_signal_unsafe=0:atexit_sleep_ms=0";
}
