# libduckdb with its C++ API, as tools/bootstrap laid it out: the shared library of the npm package
# and the headers of the source distribution of the same release.
#
# Defines the imported target DuckDB::duckdb.
find_path(DuckDB_INCLUDE_DIR duckdb.hpp PATHS "${SKYHOOK_DEPS}/duckdb/include" NO_DEFAULT_PATH)
find_library(DuckDB_LIBRARY duckdb PATHS "${SKYHOOK_DEPS}/duckdb/lib" NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB REQUIRED_VARS DuckDB_INCLUDE_DIR DuckDB_LIBRARY)
if(DuckDB_FOUND AND NOT TARGET DuckDB::duckdb)
  add_library(DuckDB::duckdb SHARED IMPORTED)
  set_target_properties(DuckDB::duckdb PROPERTIES
    IMPORTED_LOCATION "${DuckDB_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${DuckDB_INCLUDE_DIR}")
endif()
