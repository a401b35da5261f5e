/* A library beside a module, found relative to the module's own place. */
const char* fixture_dependency_name(void);
const char* fixture_dependency_name(void) { return "beside the module"; }
