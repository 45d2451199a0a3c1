# Substrait's messages as a C++ library, generated at build time out of the descriptors that
# tools/bootstrap wrote.
set(_descriptors "${SKYHOOK_DEPS}/substrait/substrait.desc")
set(_directory "${CMAKE_BINARY_DIR}/substrait")
set(_protos substrait/extensions/extensions substrait/type substrait/algebra substrait/plan
  substrait/extended_expression)
list(TRANSFORM _protos APPEND .proto OUTPUT_VARIABLE _proto_names)
list(TRANSFORM _protos PREPEND "${_directory}/" OUTPUT_VARIABLE _generated)
list(TRANSFORM _generated APPEND .pb.cc OUTPUT_VARIABLE _sources)
list(TRANSFORM _generated APPEND .pb.h OUTPUT_VARIABLE _headers)

file(MAKE_DIRECTORY "${_directory}")
add_custom_command(
  OUTPUT ${_sources} ${_headers}
  COMMAND protobuf::protoc --descriptor_set_in=${_descriptors} --cpp_out=${_directory} ${_proto_names}
  DEPENDS "${_descriptors}"
  COMMENT "Generating Substrait's messages"
  VERBATIM)
add_library(skyhook_substrait_proto STATIC ${_sources})
target_include_directories(skyhook_substrait_proto SYSTEM PUBLIC "${_directory}")
target_link_libraries(skyhook_substrait_proto PUBLIC protobuf::libprotobuf)
