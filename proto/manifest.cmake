# The manifest's own C++, by stock capnpc-c++: "proto/manifest.capnp.h". The plugin writes it, shared/manifest reads it.
include_guard(GLOBAL)
set(manifest_output ${PROJECT_BINARY_DIR}/generated/manifest)
file(MAKE_DIRECTORY ${manifest_output})
add_custom_command(
  OUTPUT ${manifest_output}/proto/manifest.capnp.c++ ${manifest_output}/proto/manifest.capnp.h
  COMMAND ${CAPNP_EXECUTABLE} compile --output=${CAPNPC_CXX_EXECUTABLE}:${manifest_output}
          --src-prefix=${PROJECT_SOURCE_DIR} --import-path=${CAPNP_INCLUDE_DIRECTORY}
          ${PROJECT_SOURCE_DIR}/proto/manifest.capnp
  DEPENDS ${PROJECT_SOURCE_DIR}/proto/manifest.capnp
  COMMENT "Generating proto/manifest.capnp.h"
  VERBATIM)

add_library(bulkhead_manifest_schema OBJECT ${manifest_output}/proto/manifest.capnp.c++)
target_include_directories(bulkhead_manifest_schema SYSTEM PUBLIC $<BUILD_INTERFACE:${manifest_output}>)
target_link_libraries(bulkhead_manifest_schema PUBLIC CapnProto::capnp)
