/* ThreadSanitizer builds only: races of an evil program are its purpose, and not for the sanitizer to end. Compiled in,
 * for a worker's environment is empty. */
__attribute__((visibility("default"), used)) const char* __tsan_default_options(void);
const char* __tsan_default_options(void) { return "report_bugs=0:atexit_sleep_ms=0"; }
