# How a folder of src/skyhook becomes a library and its tests become programs.

add_library(skyhook_flags INTERFACE)
target_include_directories(skyhook_flags INTERFACE "${CMAKE_SOURCE_DIR}/src")
# g++ 12 sees overlapping copies in std::string's inlined operator+ that are not there.
target_compile_options(skyhook_flags INTERFACE -Wall -Wextra -Wno-unused-parameter -Wno-restrict)
if(SKYHOOK_WERROR)
  target_compile_options(skyhook_flags INTERFACE -Werror)
endif()
if(SKYHOOK_SANITIZE)
  # GCC warns of the sanitizers' own code (std::regex, std::function).
  target_compile_options(skyhook_flags INTERFACE -Wno-maybe-uninitialized
    -fsanitize=${SKYHOOK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(skyhook_flags INTERFACE -fsanitize=${SKYHOOK_SANITIZE})
endif()
target_link_options(skyhook_flags INTERFACE -Wl,--exclude-libs,libre2.a)
find_program(_mold mold)
if(_mold)
  target_link_options(skyhook_flags INTERFACE -fuse-ld=mold)
endif()

# Tests are compiled once and run once: optimising them, or looking for undefined behaviour in them and
# not in what they test, takes longer than it is worth. Linked last, to overrule skyhook_flags.
add_library(skyhook_test_flags INTERFACE)
target_compile_options(skyhook_test_flags INTERFACE $<$<CONFIG:Release>:-O1>)
if(SKYHOOK_SANITIZE MATCHES "undefined")
  target_compile_options(skyhook_test_flags INTERFACE -fno-sanitize=undefined)
endif()
if(SKYHOOK_SANITIZE MATCHES "thread")
  add_library(skyhook_clock_lock OBJECT "${CMAKE_SOURCE_DIR}/cmake/clock_lock.cc")
  target_link_libraries(skyhook_clock_lock PRIVATE skyhook_flags)
  target_link_libraries(skyhook_test_flags INTERFACE $<TARGET_OBJECTS:skyhook_clock_lock>)
endif()

# skyhook_precompiled(NAME LINK LIBRARIES... HEADERS FILES...): a target whose precompiled header
# others reuse: what nearly all files include, and FILES.
function(skyhook_precompiled name)
  cmake_parse_arguments(_pch "" "" "LINK;HEADERS" ${ARGN})
  add_library(${name} OBJECT "${CMAKE_SOURCE_DIR}/cmake/pch.cc")
  target_link_libraries(${name} PUBLIC skyhook_flags Arrow::arrow fmt::fmt ${_pch_LINK})
  target_precompile_headers(${name} PRIVATE
    <algorithm> <array> <atomic> <bit> <chrono> <cstdint> <cstring> <functional> <limits> <map> <memory>
    <mutex> <numeric> <optional> <set> <span> <string> <string_view> <unordered_map> <utility> <variant>
    <vector> <arrow/api.h> <arrow/io/api.h> <fmt/format.h> ${_pch_HEADERS})
endfunction()

skyhook_precompiled(skyhook_pch)
skyhook_precompiled(skyhook_test_pch LINK skyhook_test_flags GTest::gtest GTest::gmock
  HEADERS <gmock/gmock.h> <gtest/gtest.h>)

# Everything that ctest runs under the sanitizers too.
add_custom_target(skyhook_unit_tests)

# What test programs find in their environment: TPC-H data, and how the sanitizers behave. Arrow
# and DuckDB are not instrumented: their containers and memory pools confuse the address sanitizer.
# A damaged file may make Arrow ask for more memory than there can be: it turns the null it gets into
# an error, which is what the tests look for.
set(SKYHOOK_TEST_ENVIRONMENT
  "SKYHOOK_TPCH=${CMAKE_SOURCE_DIR}/build/data/sf0.1")
if(SKYHOOK_SANITIZE)
  list(APPEND SKYHOOK_TEST_ENVIRONMENT
    "ARROW_DEFAULT_MEMORY_POOL=system"
    "ASAN_OPTIONS=detect_container_overflow=0:detect_leaks=1:strict_string_checks=1:allocator_may_return_null=1"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/thread_sanitizer.supp")
endif()

# skyhook_test(NAME COMMAND...): a ctest test with that environment.
function(skyhook_test name)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${SKYHOOK_TEST_ENVIRONMENT}" TIMEOUT 900)
endfunction()

# skyhook_test_in_shards(NAME PROGRAM SHARDS): the tests of a program as several of ctest's, which run
# side by side.
function(skyhook_test_in_shards name program shards)
  if(NOT shards OR shards LESS 2)
    skyhook_test(${name} ${program})
    return()
  endif()
  foreach(shard RANGE 1 ${shards})
    math(EXPR index "${shard} - 1")
    skyhook_test(${name}_${shard}_of_${shards} ${program})
    set_property(TEST ${name}_${shard}_of_${shards} APPEND PROPERTY ENVIRONMENT
      "GTEST_TOTAL_SHARDS=${shards}" "GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()

# skyhook_module(NAME DEPS... [FOLDERS ...]): the library skyhook_NAME out of the sources of
# src/skyhook/FOLDER (NAME with _ for /) and of those FOLDERS below it, and one test program
# skyhook_NAME_test out of its *_test.cc. The library uses the precompiled header of skyhook_NAME_pch
# if there is that target; tests run in skyhook_NAME_shards.
function(skyhook_module name)
  cmake_parse_arguments(_module "" "" "FOLDERS" ${ARGN})
  string(REPLACE "_" "/" folder "${name}")
  set(patterns ${_module_FOLDERS})
  list(TRANSFORM patterns PREPEND "${folder}/")
  list(TRANSFORM patterns APPEND "/*.cc")
  file(GLOB sources CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" "${folder}/*.cc" ${patterns})
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(NOT sources)
    return()
  endif()
  add_library(skyhook_${name} STATIC ${sources})
  target_link_libraries(skyhook_${name} PUBLIC skyhook_flags Arrow::arrow fmt::fmt ${_module_UNPARSED_ARGUMENTS})
  set(pch skyhook_pch)
  if(TARGET skyhook_${name}_pch)
    set(pch skyhook_${name}_pch)
  endif()
  target_precompile_headers(skyhook_${name} REUSE_FROM ${pch})
  if(tests)
    add_executable(skyhook_${name}_test ${tests})
    target_link_libraries(skyhook_${name}_test PRIVATE
      skyhook_${name} $<TARGET_NAME_IF_EXISTS:skyhook_testing>
      GTest::gtest GTest::gmock GTest::gtest_main skyhook_test_flags)
    target_precompile_headers(skyhook_${name}_test REUSE_FROM skyhook_test_pch)
    target_compile_definitions(skyhook_${name}_test PRIVATE
      SKYHOOK_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SKYHOOK_DEPS_DIR="${SKYHOOK_DEPS}")
    add_dependencies(skyhook_unit_tests skyhook_${name}_test)
    skyhook_test_in_shards(${name} skyhook_${name}_test "${skyhook_${name}_shards}")
  endif()
endfunction()
