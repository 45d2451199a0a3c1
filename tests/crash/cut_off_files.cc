// To be preloaded: kills the process before its n-th system call that changes a file system, where
// n is what SKYHOOK_CUT_OFF_AT says. Standard output and error do not count.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>

#include "tests/crash/cut_off.h"

namespace {

using skyhook::crash::BeforeChange;

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool IsStandard(int descriptor) { return descriptor <= STDERR_FILENO; }

}  // namespace

// What libc declares with exceptions and attributes of its own is defined by its C name.
#define CUT_OFF_OPEN(name, asm_name)                                       \
  extern "C" int asm_name(const char* path, int flags, ...) {              \
    va_list list;                                                          \
    va_start(list, flags);                                                 \
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0; \
    va_end(list);                                                          \
    if ((flags & (O_CREAT | O_TRUNC)) != 0) BeforeChange();                \
    static auto* next = Next<int(const char*, int, ...)>(#asm_name);       \
    return next(path, flags, mode);                                        \
  }
CUT_OFF_OPEN(open, open)
CUT_OFF_OPEN(open64, open64)
#undef CUT_OFF_OPEN

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t count) {
  if (!IsStandard(descriptor)) BeforeChange();
  static auto* next = Next<ssize_t(int, const void*, size_t)>("write");
  return next(descriptor, bytes, count);
}
int fsync(int descriptor) {
  BeforeChange();
  static auto* next = Next<int(int)>("fsync");
  return next(descriptor);
}
int mkdir(const char* path, mode_t mode) noexcept {
  BeforeChange();
  static auto* next = Next<int(const char*, mode_t)>("mkdir");
  return next(path, mode);
}
int link(const char* from, const char* to) noexcept {
  BeforeChange();
  static auto* next = Next<int(const char*, const char*)>("link");
  return next(from, to);
}
int rename(const char* from, const char* to) noexcept {
  BeforeChange();
  static auto* next = Next<int(const char*, const char*)>("rename");
  return next(from, to);
}
int unlink(const char* path) noexcept {
  BeforeChange();
  static auto* next = Next<int(const char*)>("unlink");
  return next(path);
}
int rmdir(const char* path) noexcept {
  BeforeChange();
  static auto* next = Next<int(const char*)>("rmdir");
  return next(path);
}
int remove(const char* path) noexcept {
  BeforeChange();
  static auto* next = Next<int(const char*)>("remove");
  return next(path);
}

}  // extern "C"
