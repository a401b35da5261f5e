# How Bulkhead itself is built: language, warnings, sanitizers, output directories, dependencies. Not installed.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# bin and lib side by side, as installed: the worker program is found relative to the runtime library in both trees.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(BULKHEAD_MODULE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/modules)

# Our own sources link this privately, as $<BUILD_INTERFACE:bulkhead_warnings>.
add_library(bulkhead_warnings INTERFACE)
target_compile_options(bulkhead_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>  # g++ 12 sees overlaps in std::string's operator+ (PR 105651)
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wthread-safety>
  $<$<BOOL:${BULKHEAD_WERROR}>:-Werror>)

if(BULKHEAD_SANITIZE)
  list(JOIN BULKHEAD_SANITIZE "," bulkhead_sanitizers)
  set(bulkhead_sanitizer_flags -fsanitize=${bulkhead_sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_compile_options(${bulkhead_sanitizer_flags})
  add_link_options(-fsanitize=${bulkhead_sanitizers})
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(CapnProto QUIET REQUIRED)
find_path(BULKHEAD_XXHASH_INCLUDE_DIR xxhash.h REQUIRED DOC "Of libxxhash-dev; headers alone")

# Where `cmake --install` puts things; programs and libraries stay neighbours whatever the prefix is.
include(GNUInstallDirs)
set(BULKHEAD_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/Bulkhead)
file(RELATIVE_PATH bulkhead_bin_to_lib /prefix/${CMAKE_INSTALL_BINDIR} /prefix/${CMAKE_INSTALL_LIBDIR})
set(CMAKE_INSTALL_RPATH $ORIGIN/${bulkhead_bin_to_lib})

# add_subdirectory for each.
function(bulkhead_add_rooms)
  foreach(room IN LISTS ARGN)
    add_subdirectory(${room})
  endforeach()
endfunction()
