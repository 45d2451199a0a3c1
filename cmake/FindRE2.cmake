# RE2, as Debian installs it: RE2::re2, to be linked by one target only.
#
# libarrow_compute carries another release of RE2 and exports it; two releases must not meet. So ours
# is linked as a whole archive, before what a shared library offers, and its symbols stay hidden
# (skyhook_flags excludes libre2.a from what programs export).
find_path(RE2_INCLUDE_DIR re2/re2.h)
find_library(RE2_LIBRARY libre2.a)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(RE2 REQUIRED_VARS RE2_LIBRARY RE2_INCLUDE_DIR)
if(RE2_FOUND AND NOT TARGET RE2::re2)
  add_library(RE2::re2 INTERFACE IMPORTED)
  set_target_properties(RE2::re2 PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${RE2_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "-Wl,--whole-archive,${RE2_LIBRARY},--no-whole-archive")
endif()
