# Arrow C++ out of the pyarrow wheel that tools/bootstrap installed: the wheel has headers and
# libraries but no CMake package of its own.
#
# Defines the imported targets Arrow::arrow, Arrow::compute, Arrow::parquet and Arrow::flight.
set(_python "${SKYHOOK_DEPS}/venv/bin/python")
if(NOT EXISTS "${_python}")
  message(FATAL_ERROR "${_python} is missing: run tools/bootstrap first")
endif()
execute_process(
  COMMAND "${_python}" -c "import pyarrow; print(pyarrow.get_include(), pyarrow.get_library_dirs()[0], pyarrow.__version__, sep=';', end='')"
  OUTPUT_VARIABLE _pyarrow COMMAND_ERROR_IS_FATAL ANY)
list(GET _pyarrow 0 Arrow_INCLUDE_DIR)
list(GET _pyarrow 1 Arrow_LIBRARY_DIR)
list(GET _pyarrow 2 Arrow_VERSION)
foreach(_pair arrow:libarrow compute:libarrow_compute parquet:libparquet flight:libarrow_flight)
  string(REPLACE ":" ";" _pair "${_pair}")
  list(GET _pair 0 _target)
  list(GET _pair 1 _library)
  add_library(Arrow::${_target} SHARED IMPORTED)
  set_target_properties(Arrow::${_target} PROPERTIES
    IMPORTED_LOCATION "${Arrow_LIBRARY_DIR}/${_library}.so.2600"
    INTERFACE_INCLUDE_DIRECTORIES "${Arrow_INCLUDE_DIR}")
endforeach()
target_link_libraries(Arrow::compute INTERFACE Arrow::arrow)
target_link_libraries(Arrow::parquet INTERFACE Arrow::arrow)
target_link_libraries(Arrow::flight INTERFACE Arrow::arrow)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Arrow REQUIRED_VARS Arrow_INCLUDE_DIR Arrow_LIBRARY_DIR
  VERSION_VAR Arrow_VERSION)
