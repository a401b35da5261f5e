# The CMake package that `find_package(Bulkhead)` finds in an installed prefix. Nothing in it is an absolute path, so
# a prefix may be moved. The targets are bulkhead::host, bulkhead::sdk and what these two need.
include(CMakePackageConfigHelpers)

install(EXPORT BulkheadTargets NAMESPACE bulkhead:: DESTINATION ${BULKHEAD_INSTALL_CMAKEDIR})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/BulkheadConfig.cmake.in
  ${PROJECT_BINARY_DIR}/BulkheadConfig.cmake INSTALL_DESTINATION ${BULKHEAD_INSTALL_CMAKEDIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/BulkheadConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/BulkheadConfig.cmake ${PROJECT_BINARY_DIR}/BulkheadConfigVersion.cmake
  DESTINATION ${BULKHEAD_INSTALL_CMAKEDIR})
