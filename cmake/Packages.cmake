# Debian packages of the components: `make packages` puts them into build/packages.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME skyhook)
set(CPACK_PACKAGE_VENDOR "Skyhook")
set(CPACK_PACKAGE_CONTACT "Skyhook maintainers <maintainers@skyhook.invalid>")
set(CPACK_PACKAGE_DIRECTORY "${CMAKE_SOURCE_DIR}/build/packages")
set(CPACK_RESOURCE_FILE_LICENSE "${CMAKE_SOURCE_DIR}/LICENSE")
# The folder of Ceph's classes does not depend on the prefix.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")

set(CPACK_COMPONENTS_ALL client)
if(TARGET cls_skyhook AND TARGET skyhook-worker)
  list(APPEND CPACK_COMPONENTS_ALL osd)
endif()
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
get_target_property(_duckdb DuckDB::duckdb IMPORTED_LOCATION)
cmake_path(GET _duckdb PARENT_PATH _duckdb)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${Arrow_LIBRARY_DIR}" "${_duckdb}")

set(CPACK_DEBIAN_OSD_PACKAGE_NAME skyhook-osd)
set(CPACK_DEBIAN_OSD_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_OSD_PACKAGE_DEPENDS "ceph-osd (>= 16.2)")
set(CPACK_COMPONENT_OSD_DESCRIPTION
"computational I/O for Arrow data: object class and worker for Ceph OSDs
The class libcls_skyhook.so lends the bytes of an object to the sandboxed process
skyhook-worker, which runs query plans over Parquet and Arrow files beside them
and answers with Arrow record batches.")

set(CPACK_DEBIAN_CLIENT_PACKAGE_NAME skyhook-client)
set(CPACK_DEBIAN_CLIENT_PACKAGE_SECTION database)
set(CPACK_COMPONENT_CLIENT_DESCRIPTION
"computational I/O for Arrow data: command line client
The program skyhook: SQL and Substrait plans over Parquet and Arrow files, whose
filters, projections and aggregates run where the bytes lie.")
if(TARGET skyhook_rados)
  set(CPACK_POST_BUILD_SCRIPTS "${CMAKE_CURRENT_LIST_DIR}/RecommendLibrados.cmake")
endif()
include(CPack)
