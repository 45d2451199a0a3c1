#include "cli/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/exit_code.h"

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

// Unbuffered: the writers write large pieces. `name` is for messages.
class DescriptorStream : public arrow::io::OutputStream {
 public:
  DescriptorStream(int descriptor, std::string name)
      : descriptor_(descriptor), name_(std::move(name)) {}
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
  Status Write(const void* data, int64_t bytes) override {
    const char* next = static_cast<const char*>(data);
    while (bytes > 0) {
      const ssize_t written = ::write(descriptor_, next, static_cast<size_t>(bytes));
      if (written < 0) {
        if (errno == EINTR) continue;
        return Failed(errno);
      }
      next += written;
      bytes -= written;
      position_ += written;
    }
    return Status::OK();
  }

 protected:
  const std::string& name() const { return name_; }

 private:
  Status Failed(int error) const {
    return error == EPIPE ? ClosedPipeError(name_ + " is closed") : WriteError(name_, error);
  }

  int descriptor_;
  std::string name_;
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
  }

  Status Close() override {
    if (closed()) return Status::OK();
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
    if (descriptor >= 0) return std::make_pair(descriptor, hidden);
    if (errno != EEXIST) return WriteError(name, errno);
  }
  return WriteError(name, EEXIST);
}

}  // namespace

std::shared_ptr<arrow::io::OutputStream> StandardOutput() {
  return std::make_shared<DescriptorStream>(STDOUT_FILENO, "standard output");
}

Result<std::shared_ptr<arrow::io::OutputStream>> ReplaceFile(const std::string& path) {
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

Result<std::shared_ptr<arrow::io::OutputStream>> OpenDirectly(const std::string& path) {
  const int descriptor =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kNewFileMode);
  if (descriptor < 0) return WriteError(Quoted(path), errno);
  return std::make_shared<DescriptorStream>(descriptor, Quoted(path));
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
