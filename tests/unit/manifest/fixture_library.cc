// Any shared object with a dependency and a soname.
#include <string>

extern "C" std::size_t bulkheadFixtureLength(const char* text) { return std::string(text).size(); }
