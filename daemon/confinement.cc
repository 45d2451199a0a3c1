#include "daemon/confinement.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>

#include "skyhook/base/file_descriptor.h"
#include "skyhook/base/status.h"

namespace skyhook::daemon {
namespace {

using arrow::Status;

// Of the first version of Landlock's interface, which every kernel that has it knows.
constexpr uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr uint64_t kWrite = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                            LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                            LANDLOCK_ACCESS_FS_MAKE_REG;
constexpr uint64_t kNever = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK |
                            LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
                            LANDLOCK_ACCESS_FS_MAKE_SYM;
// Of these a file may have.
constexpr uint64_t kOfFiles = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;

// What libraries read while the process runs: themselves, how names are resolved, and how many
// processors and waiting connections there may be.
constexpr std::array kOfSystem = {"/usr",
                                  "/lib",
                                  "/lib64",
                                  "/dev/null",
                                  "/dev/urandom",
                                  "/etc/hosts",
                                  "/etc/host.conf",
                                  "/etc/nsswitch.conf",
                                  "/etc/resolv.conf",
                                  "/etc/gai.conf",
                                  "/etc/localtime",
                                  "/proc/stat",
                                  "/sys/devices/system/cpu",
                                  "/proc/sys/net/core/somaxconn"};

Status SystemError(const std::string& what) {
  return Status::IOError(fmt::format("{}: {}", what, std::strerror(errno)));
}

class Rules {
 public:
  Status Begin() {
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs = kRead | kWrite | kNever;
    rules_ = base::FileDescriptor(
        static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0)));
    if (rules_.is_open()) return Status::OK();
    return SystemError("this kernel cannot confine a process to directories (Landlock)");
  }

  Status Allow(const std::string& path, uint64_t access) {
    const base::FileDescriptor fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat file {};
    if (!fd.is_open() || ::fstat(fd.get(), &file) != 0) {
      return SystemError(fmt::format("cannot open '{}'", path));
    }
    landlock_path_beneath_attr rule{};
    rule.parent_fd = fd.get();
    rule.allowed_access = S_ISDIR(file.st_mode) ? access : access & kOfFiles;
    const long error =
        syscall(SYS_landlock_add_rule, rules_.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    return error == 0 ? Status::OK() : SystemError(fmt::format("cannot confine to '{}'", path));
  }

  Status Enforce() {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
      return SystemError("cannot give up privileges");
    const long error = syscall(SYS_landlock_restrict_self, rules_.get(), 0);
    return error == 0 ? Status::OK() : SystemError("cannot confine this process");
  }

 private:
  base::FileDescriptor rules_;
};

}  // namespace

Status Confine(const std::vector<std::string>& read, const std::string& own) {
  Rules rules;
  ARROW_RETURN_NOT_OK(rules.Begin());
  for (const char* path : kOfSystem) {
    if (::access(path, F_OK) == 0) ARROW_RETURN_NOT_OK(rules.Allow(path, kRead));
  }
  for (const std::string& path : read) ARROW_RETURN_NOT_OK(rules.Allow(path, kRead));
  ARROW_RETURN_NOT_OK(rules.Allow(own, kRead | kWrite));
  const std::string above = std::filesystem::path(own).parent_path().string();
  ARROW_RETURN_NOT_OK(rules.Allow(above, LANDLOCK_ACCESS_FS_REMOVE_DIR));
  return rules.Enforce();
}

}  // namespace skyhook::daemon
