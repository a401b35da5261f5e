# The matrix of compilers: `shapes`, `trouble` and `spinner` once more by each, for one and the same host. Nothing of C++ crosses; a
# sanitizer's runtime would, so sanitizer builds have none of it. Sets fixture_compilers (the rows that were built) and
# fixture_compilers_missing; what is missing is said loudly, here and in the test run.
option(BULKHEAD_REQUIRE_COMPILERS "Refuse to configure the tests without every compiler of the matrix" OFF)

set(fixture_compilers "")
set(fixture_compilers_missing "")
set(fixture_foreign_modules "")
if(BULKHEAD_SANITIZE)
  return()
endif()

foreach(id IN ITEMS GNU Clang)
  if(CMAKE_CXX_COMPILER_ID STREQUAL id)
    set(BULKHEAD_MATRIX_${id} ${CMAKE_CXX_COMPILER} CACHE FILEPATH "Compiler of the matrix")
  endif()
endforeach()
find_program(BULKHEAD_MATRIX_GNU NAMES g++-12 g++ DOC "Compiler of the matrix")
find_program(BULKHEAD_MATRIX_Clang NAMES clang++-14 clang++ DOC "Compiler of the matrix")

# Whether a shared library comes out with these flags: the compiler is there, and so are its library and linker.
function(fixture_can_build variable compiler)
  set(${variable} FALSE PARENT_SCOPE)
  if(NOT compiler)
    return()
  endif()
  set(probe ${CMAKE_CURRENT_BINARY_DIR}/compilers_probe.cc)
  file(WRITE ${probe} "#include <string>\nstd::string probe(int n) { return std::to_string(n); }\n")
  execute_process(COMMAND ${compiler} -std=c++20 -fPIC -shared ${ARGN} ${probe} -o ${probe}.so
    RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(status EQUAL 0)
    set(${variable} TRUE PARENT_SCOPE)
  endif()
endfunction()

# One row: its name, the compiler's id, and the flags that make it differ.
function(fixture_compiler name id)
  fixture_can_build(works "${BULKHEAD_MATRIX_${id}}" ${ARGN})
  if(NOT works)
    list(APPEND fixture_compilers_missing ${name})
    set(fixture_compilers_missing ${fixture_compilers_missing} PARENT_SCOPE)
    list(JOIN ARGN " " flags)
    set(kind WARNING)
    if(BULKHEAD_REQUIRE_COMPILERS)
      set(kind FATAL_ERROR)
    endif()
    message(${kind} "${name}: no ${id} compiler that builds with ${flags}: its modules are NOT tested "
      "(tests/setup/packages.txt has the packages)")
    return()
  endif()
  foreach(module IN ITEMS shapes trouble spinner)
    bulkhead_add_foreign_module(${module}_${name} COMPILER ${BULKHEAD_MATRIX_${id}} COMPILER_ID ${id}
      FLAGS ${ARGN} SOURCES ${module}.cc CONTRACT fixture_${module} DEPENDS raise.h spinner.h)
    list(APPEND fixture_foreign_modules ${module}_${name})
  endforeach()
  list(APPEND fixture_compilers ${name})
  set(fixture_compilers ${fixture_compilers} PARENT_SCOPE)
  set(fixture_foreign_modules ${fixture_foreign_modules} PARENT_SCOPE)
endfunction()

fixture_compiler(Gcc GNU -O2 -DNDEBUG)
fixture_compiler(GccDebugMode GNU -O0 -g -D_GLIBCXX_DEBUG -D_GLIBCXX_ASSERTIONS)
fixture_compiler(GccUnoptimized GNU -O0 -DNDEBUG)
fixture_compiler(GccLto GNU -O2 -DNDEBUG -flto=auto)
fixture_compiler(Clang Clang -O2 -DNDEBUG)
fixture_compiler(ClangLibcxx Clang -O2 -DNDEBUG -stdlib=libc++)
fixture_compiler(ClangLto Clang -O2 -DNDEBUG -flto -fuse-ld=lld)
