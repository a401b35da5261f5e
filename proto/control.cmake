# The control protocol's own C++, by stock capnpc-c++: "proto/control.capnp.h".
set(control_output ${PROJECT_BINARY_DIR}/generated/control)
file(MAKE_DIRECTORY ${control_output})
add_custom_command(
  OUTPUT ${control_output}/proto/control.capnp.c++ ${control_output}/proto/control.capnp.h
  COMMAND ${CAPNP_EXECUTABLE} compile --output=${CAPNPC_CXX_EXECUTABLE}:${control_output}
          --src-prefix=${PROJECT_SOURCE_DIR} --import-path=${CAPNP_INCLUDE_DIRECTORY}
          ${PROJECT_SOURCE_DIR}/proto/control.capnp
  DEPENDS ${PROJECT_SOURCE_DIR}/proto/control.capnp
  COMMENT "Generating proto/control.capnp.h"
  VERBATIM)

add_library(bulkhead_control_schema OBJECT ${control_output}/proto/control.capnp.c++)
target_include_directories(bulkhead_control_schema SYSTEM PUBLIC $<BUILD_INTERFACE:${control_output}>)
target_link_libraries(bulkhead_control_schema PUBLIC CapnProto::capnp)
