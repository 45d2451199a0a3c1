# Run by cpack over the packages that it has made: the client's depends on librados2 no longer, and
# recommends it. The program loads its module for Ceph, which needs librados2, only when it is asked
# for a table in a pool.
foreach(package IN LISTS CPACK_PACKAGE_FILES)
  if(NOT package MATCHES "/skyhook-client_[^/]*\\.deb$")
    continue()
  endif()
  set(_folder "${package}.unpacked")
  file(REMOVE_RECURSE "${_folder}")
  execute_process(COMMAND dpkg-deb --raw-extract "${package}" "${_folder}" COMMAND_ERROR_IS_FATAL ANY)
  file(READ "${_folder}/DEBIAN/control" _control)
  if(NOT _control MATCHES "(Depends:[^\n]*[ ,])(librados2( \\([^)]*\\))?)(, )?")
    message(FATAL_ERROR "${package} does not depend on librados2: ${_control}")
  endif()
  set(_librados "${CMAKE_MATCH_2}")
  string(REPLACE "${_librados}, " "" _control "${_control}")
  string(REPLACE ", ${_librados}\n" "\n" _control "${_control}")
  string(REPLACE "\nDepends:" "\nRecommends: ${_librados}\nDepends:" _control "${_control}")
  file(WRITE "${_folder}/DEBIAN/control" "${_control}")
  execute_process(COMMAND dpkg-deb --root-owner-group -Zzstd --build "${_folder}" "${package}"
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  file(REMOVE_RECURSE "${_folder}")
endforeach()
