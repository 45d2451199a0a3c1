#include "cli/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/exit_code.h"
#include "cli/interrupts.h"

namespace skyhook::cli {
namespace {

namespace fs = std::filesystem;
using arrow::Result;
using arrow::Status;

constexpr mode_t kNewFileMode = 0666;
// Files of other processes with our number, on other machines or long dead, may be in the way.
constexpr int kNamesTried = 100;

Status WriteError(const std::string& name, int error) {
  return OutputError(fmt::format("cannot write to {}: {}", name, std::strerror(error)));
}

std::string Quoted(const std::string& path) { return "'" + path + "'"; }

// What a pipe that has room takes without waiting.
constexpr int64_t kPipePiece = PIPE_BUF;
constexpr int kLookMilliseconds = 20;

// Whether writes wait for nobody.
bool IsRegularFile(int descriptor) {
  struct stat file {};
  return ::fstat(descriptor, &file) == 0 && S_ISREG(file.st_mode);
}

// Unbuffered: the writers write large pieces. `name` is for messages.
class DescriptorStream : public OutputFile {
 public:
  DescriptorStream(int descriptor, std::string name)
      : descriptor_(descriptor), waits_(!IsRegularFile(descriptor)), name_(std::move(name)) {}
  ~DescriptorStream() override {
    if (!closed_ && descriptor_ != STDOUT_FILENO) ::close(descriptor_);
  }

  Status Close() override {
    if (std::exchange(closed_, true) || descriptor_ == STDOUT_FILENO) return Status::OK();
    return ::close(descriptor_) == 0 ? Status::OK() : WriteError(name_, errno);
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return position_; }

  using OutputStream::Write;
  // After a failure there is nothing to write for: writers that are dropped try to end their files.
  Status Write(const void* data, int64_t bytes) override {
    if (failure_.ok()) failure_ = WriteAll(data, bytes);
    return failure_;
  }

  void StopWritingWhen(std::function<Status()> stopped) override { stopped_ = std::move(stopped); }
  void GiveUp() override {
    if (failure_.ok()) failure_ = Status::Cancelled("the output was given up");
  }

 protected:
  const std::string& name() const { return name_; }
  const Status& failure() const { return failure_; }
  // Somebody else closes it.
  void ForgetDescriptor() { closed_ = true; }

 private:
  Status WriteAll(const void* data, int64_t bytes) {
    const char* next = static_cast<const char*>(data);
    while (bytes > 0) {
      const int64_t piece = waits_ && stopped_ ? std::min(bytes, kPipePiece) : bytes;
      if (waits_) ARROW_RETURN_NOT_OK(WaitForRoom());
      const ssize_t written = ::write(descriptor_, next, static_cast<size_t>(piece));
      if (written < 0) {
        if (errno == EINTR || errno == EAGAIN) continue;
        return Failed(errno);
      }
      next += written;
      bytes -= written;
      position_ += written;
    }
    return Status::OK();
  }

  // Errors of the descriptor are left for the write to find.
  Status WaitForRoom() const {
    pollfd room{descriptor_, POLLOUT, 0};
    do {
      if (stopped_) ARROW_RETURN_NOT_OK(stopped_());
    } while (::poll(&room, 1, stopped_ ? kLookMilliseconds : -1) <= 0);
    return Status::OK();
  }

  Status Failed(int error) const {
    return error == EPIPE ? ClosedPipeError(name_ + " is closed") : WriteError(name_, error);
  }

  const int descriptor_;
  const bool waits_;
  const std::string name_;
  std::function<Status()> stopped_;
  Status failure_;
  int64_t position_ = 0;
  bool closed_ = false;
};

class ReplacingStream : public DescriptorStream {
 public:
  ReplacingStream(int descriptor, std::string name, fs::path hidden, fs::path target)
      : DescriptorStream(descriptor, std::move(name)),
        hidden_(std::move(hidden)),
        target_(std::move(target)) {}
  ~ReplacingStream() override {
    if (!renamed_) ::unlink(hidden_.c_str());
    RemoveWhenInterrupted("");
  }

  Status Close() override {
    if (closed()) return Status::OK();
    ARROW_RETURN_NOT_OK(failure());
    ARROW_RETURN_NOT_OK(DescriptorStream::Close());
    renamed_ = std::rename(hidden_.c_str(), target_.c_str()) == 0;
    return renamed_ ? Status::OK() : WriteError(name(), errno);
  }
  Status Abort() override { return DescriptorStream::Close(); }

 private:
  fs::path hidden_;
  fs::path target_;
  bool renamed_ = false;
};

class PagerStream : public DescriptorStream {
 public:
  explicit PagerStream(std::FILE* pager)
      : DescriptorStream(::fileno(pager), "the pager"), pager_(pager) {}
  ~PagerStream() override { Wait(); }

  Status Close() override {
    Wait();
    return Status::OK();
  }
  bool closed() const override { return pager_ == nullptr; }

 private:
  void Wait() {
    if (pager_ == nullptr) return;
    ForgetDescriptor();
    ::pclose(std::exchange(pager_, nullptr));
  }

  std::FILE* pager_;
};

// The mode of the file that is to be replaced; nothing where there is none.
Result<std::optional<mode_t>> OldMode(const fs::path& target, const std::string& name) {
  struct stat old {};
  if (::stat(target.c_str(), &old) != 0) return std::nullopt;
  if (::access(target.c_str(), W_OK) != 0) return WriteError(name, errno);
  return old.st_mode & 07777;
}

// Opens a new hidden file in the directory of `target`, and says how it is called.
Result<std::pair<int, fs::path>> OpenHidden(const fs::path& target, const std::string& name) {
  for (int i = 0; i < kNamesTried; ++i) {
    const fs::path hidden =
        target.parent_path() / fmt::format(".skyhook-{}-{}.partial", ::getpid(), i);
    const int descriptor =
        ::open(hidden.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kNewFileMode);
    if (descriptor >= 0) {
      RemoveWhenInterrupted(hidden.string());
      return std::make_pair(descriptor, hidden);
    }
    if (errno != EEXIST) return WriteError(name, errno);
  }
  return WriteError(name, EEXIST);
}

}  // namespace

std::shared_ptr<OutputFile> StandardOutput() {
  return std::make_shared<DescriptorStream>(STDOUT_FILENO, "standard output");
}

Result<std::shared_ptr<OutputFile>> ReplaceFile(const std::string& path) {
  std::error_code absent;
  fs::path target = fs::canonical(path, absent);
  if (absent) target = path;
  ARROW_ASSIGN_OR_RAISE(const auto mode, OldMode(target, Quoted(path)));
  ARROW_ASSIGN_OR_RAISE(auto opened, OpenHidden(target, Quoted(path)));
  auto [descriptor, hidden] = std::move(opened);
  auto stream = std::make_shared<ReplacingStream>(descriptor, Quoted(path), hidden, target);
  if (mode.has_value() && ::fchmod(descriptor, *mode) != 0) return WriteError(Quoted(path), errno);
  return stream;
}

Result<std::shared_ptr<OutputFile>> OpenDirectly(const std::string& path) {
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kNewFileMode);
  if (descriptor < 0) return WriteError(Quoted(path), errno);
  return std::make_shared<DescriptorStream>(descriptor, Quoted(path));
}

Result<std::shared_ptr<OutputFile>> OpenPager() {
  const char* command = std::getenv("PAGER");
  const bool given = command != nullptr && *command != '\0';
  std::FILE* pager = ::popen(given ? command : "less -S -R -F -X", "w");
  if (pager == nullptr) return WriteError("the pager", errno);
  return std::make_shared<PagerStream>(pager);
}

bool IsReplaceable(const std::string& path) {
  std::error_code ignored;
  // What a link of /proc/self/fd leads to belongs to whoever opened it.
  if (fs::canonical(fs::path(path).parent_path(), ignored).native().starts_with("/proc/")) {
    return false;
  }
  const fs::file_status status = fs::status(path, ignored);
  if (fs::exists(status)) return fs::is_regular_file(status);
  return !fs::is_symlink(fs::symlink_status(path, ignored)) && fs::path(path).has_filename();
}

}  // namespace skyhook::cli
