// To be preloaded: kills the process before its n-th operation that changes a pool of Ceph, where n
// is what SKYHOOK_CUT_OFF_AT says.
#include <dlfcn.h>

#include <rados/librados.hpp>

#include "tests/crash/cut_off.h"

namespace {

using skyhook::crash::BeforeChange;

// The function of librados that has this mangled name. The module that uses librados loads it for
// itself, where RTLD_NEXT does not look.
template <typename Function>
Function* Next(const char* mangled) {
  static void* const library = dlopen("librados.so.2", RTLD_NOW);
  return reinterpret_cast<Function*>(dlsym(library, mangled));
}

}  // namespace

namespace librados {

int IoCtx::operate(const std::string& object, ObjectWriteOperation* operation, int flags) {
  BeforeChange();
  static auto* next = Next<int(IoCtx*, const std::string&, ObjectWriteOperation*, int)>(
      "_ZN8librados7v14_2_05IoCtx7operateERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"
      "PNS0_20ObjectWriteOperationEi");
  return next(this, object, operation, flags);
}

int IoCtx::remove(const std::string& object) {
  BeforeChange();
  static auto* next = Next<int(IoCtx*, const std::string&)>(
      "_ZN8librados7v14_2_05IoCtx6removeERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE");
  return next(this, object);
}

int IoCtx::watch2(const std::string& object, uint64_t* handle, WatchCtx2* context) {
  BeforeChange();
  static auto* next = Next<int(IoCtx*, const std::string&, uint64_t*, WatchCtx2*)>(
      "_ZN8librados7v14_2_05IoCtx6watch2ERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"
      "PmPNS0_9WatchCtx2E");
  return next(this, object, handle, context);
}

int IoCtx::unwatch2(uint64_t handle) {
  BeforeChange();
  static auto* next = Next<int(IoCtx*, uint64_t)>("_ZN8librados7v14_2_05IoCtx8unwatch2Em");
  return next(this, handle);
}

}  // namespace librados
