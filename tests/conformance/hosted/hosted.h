/* What hosted.so gives to a program that knows nothing of Bulkhead. */
#ifndef TESTS_CONFORMANCE_HOSTED_H
#define TESTS_CONFORMANCE_HOSTED_H

#ifdef __cplusplus
extern "C" {
#endif

/* Makes a host, loads the module, calls and unloads it. Null, or what went wrong, valid until the next call. */
__attribute__((visibility("default"))) const char* hosted_use(const char* file, int isolated);

#ifdef __cplusplus
}
#endif

#endif
