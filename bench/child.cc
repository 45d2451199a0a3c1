#include "bench/child.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace skyhook::bench {
namespace {

// Of processor time; a child that takes more is ended by the system.
constexpr rlim_t kMostSeconds = 120;

// What a descriptor gives until its end.
std::string ReadAll(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t size; (size = read(descriptor, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<size_t>(size));
  }
  return text;
}

}  // namespace

arrow::Result<ChildRun> RunChild(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::array<int, 2> errors;
  if (pipe2(errors.data(), O_CLOEXEC) != 0) return arrow::Status::IOError("cannot make a pipe");
  const pid_t child = fork();
  if (child < 0) return arrow::Status::IOError("cannot fork");
  if (child == 0) {
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(null, STDOUT_FILENO);
    dup2(errors[1], STDERR_FILENO);
    const rlimit seconds{kMostSeconds, kMostSeconds};
    setrlimit(RLIMIT_CPU, &seconds);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  close(errors[1]);
  ChildRun run;
  run.errors = ReadAll(errors[0]);
  close(errors[0]);
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child) return arrow::Status::IOError("cannot wait");
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  run.peak_bytes = int64_t{usage.ru_maxrss} * 1024;
  return run;
}

}  // namespace skyhook::bench
