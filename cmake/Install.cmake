# Where things go: the components osd and client of `make install-osd`, `make install-client` (both
# tools/install) and `make packages` (cmake/Packages.cmake).
set(SKYHOOK_CLASS_DIR "/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/rados-classes" CACHE PATH
  "Where OSDs look for classes: Ceph's osd_class_dir")
# Below the prefix. Each has its own copy of Arrow: both packages may be on one host, and be upgraded
# apart.
set(SKYHOOK_OSD_DIR lib/skyhook/osd)
set(SKYHOOK_CLIENT_DIR lib/skyhook)

# skyhook_install_binary(TARGET COMPONENT FOLDER LIBRARIES): a program or a module, into FOLDER; its
# shared libraries are in the folder LIBRARIES, and wherever the system has them.
function(skyhook_install_binary target component folder libraries)
  file(RELATIVE_PATH way "/${folder}" "/${libraries}")
  string(REGEX REPLACE "/$" "" rpath "$ORIGIN/${way}")
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "${rpath}")
  install(TARGETS ${target}
    RUNTIME COMPONENT ${component} DESTINATION "${folder}"
    LIBRARY COMPONENT ${component} DESTINATION "${folder}")
endfunction()

# skyhook_install_libraries(COMPONENT FOLDER TARGETS...): shared libraries that others built.
function(skyhook_install_libraries component folder)
  foreach(library ${ARGN})
    install(FILES "$<TARGET_FILE:${library}>" COMPONENT ${component} DESTINATION "${folder}")
  endforeach()
endfunction()

# skyhook_install_licences(COMPONENT): where Debian looks for them; of Arrow, which both carry, too.
function(skyhook_install_licences component)
  set(folder "share/doc/skyhook-${component}")
  install(FILES "${CMAKE_SOURCE_DIR}/packaging/copyright-${component}" COMPONENT ${component}
    DESTINATION "${folder}" RENAME copyright)
  set(arrow "${Arrow_LIBRARY_DIR}/../pyarrow-${Arrow_VERSION}.dist-info/licenses")
  foreach(file LICENSE NOTICE)
    install(FILES "${arrow}/${file}.txt" COMPONENT ${component} DESTINATION "${folder}"
      RENAME "arrow-${file}.txt")
  endforeach()
endfunction()
