// Stands in for an OSD around the object class: supplies the functions that a class calls, over an
// object in memory.
#pragma once

#include <rados/objclass.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "cls/object_class.h"

namespace skyhook::cls {

/// What a method's context points to. Not thread-safe.
struct FakeObject {
  std::string bytes;
  uint64_t stat_bytes = 0;  ///< what a stat says, when not 0
  uint64_t mtime_ns = 1'700'000'000'000'000'000;
  std::string id = {};  ///< the attribute skyhook.id, if there is one
  /// Called before each read, if set: an error number to fail with, or 0.
  std::function<int()> before_read = {};
  int reads = 0;
  /// What the class did that it never may; empty: nothing.
  std::string broken = {};
};

/// What came of a call.
struct Called {
  int result = 0;
  std::string reply;
  /// The promise of the class that did not hold; empty: all held.
  std::string broken;
};

/// Calls `scan` and checks what the class promises whatever its worker does: a negative error
/// number without bytes, or a framed reply within its limits; no read outside the object; an end
/// within the deadline, give or take what a busy machine adds.
Called CallScan(ObjectClass* object_class, const Settings& settings, FakeObject* object,
                std::string_view request);

/// "name=value" lines of `describe`.
std::map<std::string, std::string> CallDescribe(ObjectClass* object_class);

/// A method as __cls_init registered it.
struct RegisteredMethod {
  int flags = 0;
  cls_method_cxx_call_t call = nullptr;
};

/// Runs __cls_init: the name of the class, and its methods.
struct Registered {
  std::string name;
  std::map<std::string, RegisteredMethod> methods;
};
Registered Register();

}  // namespace skyhook::cls
