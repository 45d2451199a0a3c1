#include "worker/sandbox.h"

#include <grp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "skyhook/base/status.h"

namespace skyhook::worker {

using arrow::Status;

namespace {

constexpr uid_t kNobody = 65534;

Status SystemError(const char* what, int error) {
  return Status::IOError(fmt::format("{}: {}", what, std::strerror(error)));
}

Status Limit(__rlimit_resource resource, const char* name, int64_t most) {
  const rlimit limit{static_cast<rlim_t>(most), static_cast<rlim_t>(most)};
  return setrlimit(resource, &limit) == 0 ? Status::OK() : SystemError(name, errno);
}

Status DropUser() {
  if (geteuid() != 0) return Status::OK();
  if (setgroups(0, nullptr) != 0) return SystemError("setgroups", errno);
  if (setresgid(kNobody, kNobody, kNobody) != 0) return SystemError("setresgid", errno);
  if (setresuid(kNobody, kNobody, kNobody) != 0) return SystemError("setresuid", errno);
  return Status::OK();
}

constexpr std::array kAllowed = {
    SCMP_SYS(sendto),         SCMP_SYS(recvfrom),      SCMP_SYS(munmap),
    SCMP_SYS(mremap),         SCMP_SYS(madvise),       SCMP_SYS(brk),
    SCMP_SYS(futex),          SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),      SCMP_SYS(sched_yield),   SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(exit),          SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall)};

// Waiting for a descriptor: x86-64 has both calls, arm64 only the second, to which libc there turns
// poll(). What an architecture lacks has a negative number.
constexpr std::array kWaiting = {SCMP_SYS(poll), SCMP_SYS(ppoll)};

Status Allow(scmp_filter_ctx filter, int call) {
  if (call < 0) {
    return Status::IOError("the sandbox allows a system call that this architecture lacks: ", call);
  }
  const int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
  return error == 0 ? Status::OK() : SystemError("seccomp_rule_add", -error);
}

Status FilterSystemCalls() {
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                                seccomp_release);
  if (filter == nullptr) return Status::IOError("seccomp_init");
  // Of all threads: libraries may have begun some.
  if (const int error = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1); error != 0) {
    return SystemError("seccomp_attr_set", -error);
  }
  for (const int call : kAllowed) ARROW_RETURN_NOT_OK(Allow(filter.get(), call));
  for (const int call : kWaiting) {
    if (call >= 0) ARROW_RETURN_NOT_OK(Allow(filter.get(), call));
  }
  // Memory that can be executed cannot be made.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    const int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1,
                                       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (error != 0) return SystemError("seccomp_rule_add", -error);
  }
  // What a runtime library says before it aborts.
  for (const int call : {SCMP_SYS(write), SCMP_SYS(writev)}) {
    const int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1,
                                       SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO));
    if (error != 0) return SystemError("seccomp_rule_add", -error);
  }
  const int error = seccomp_load(filter.get());
  return error == 0 ? Status::OK() : SystemError("seccomp_load", -error);
}

}  // namespace

Status EnterSandbox(const SandboxOptions& options) {
  errno = 0;
  if (nice(options.niceness) == -1 && errno != 0) return SystemError("nice", errno);
  ARROW_RETURN_NOT_OK(Limit(RLIMIT_AS, "RLIMIT_AS", options.memory_bytes));
  ARROW_RETURN_NOT_OK(Limit(RLIMIT_CORE, "RLIMIT_CORE", 0));
  ARROW_RETURN_NOT_OK(Limit(RLIMIT_FSIZE, "RLIMIT_FSIZE", 0));
  ARROW_RETURN_NOT_OK(DropUser());
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return SystemError("PR_SET_NO_NEW_PRIVS", errno);
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return SystemError("PR_SET_DUMPABLE", errno);
  return FilterSystemCalls();
}

}  // namespace skyhook::worker
