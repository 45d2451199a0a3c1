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

int IoCtx::aio_operate(const std::string& object, AioCompletion* completion,
                       ObjectWriteOperation* operation, int flags) {
  BeforeChange();
  static auto* next =
      Next<int(IoCtx*, const std::string&, AioCompletion*, ObjectWriteOperation*, int)>(
          "_ZN8librados7v14_2_05IoCtx11aio_operateERKNSt7__cxx1112basic_stringIcSt11char_traits"
          "IcESaIcEEEPNS0_13AioCompletionEPNS0_20ObjectWriteOperationEi");
  return next(this, object, completion, operation, flags);
}

int IoCtx::aio_watch(const std::string& object, AioCompletion* completion, uint64_t* handle,
                     WatchCtx2* context) {
  BeforeChange();
  static auto* next = Next<int(IoCtx*, const std::string&, AioCompletion*, uint64_t*, WatchCtx2*)>(
      "_ZN8librados7v14_2_05IoCtx9aio_watchERKNSt7__cxx1112basic_stringIcSt11char_traitsIc"
      "ESaIcEEEPNS0_13AioCompletionEPmPNS0_9WatchCtx2E");
  return next(this, object, completion, handle, context);
}

int IoCtx::aio_unwatch(uint64_t handle, AioCompletion* completion) {
  BeforeChange();
  static auto* next = Next<int(IoCtx*, uint64_t, AioCompletion*)>(
      "_ZN8librados7v14_2_05IoCtx11aio_unwatchEmPNS0_13AioCompletionE");
  return next(this, handle, completion);
}

}  // namespace librados
