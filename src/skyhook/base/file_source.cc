#include "skyhook/base/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "skyhook/base/file_descriptor.h"
#include "skyhook/base/status.h"

namespace skyhook::base {
namespace {

/// The stop token is looked at once per so many bytes: a few milliseconds of a slow disk.
constexpr int64_t kReadBytes = 4 * 1024 * 1024;

arrow::Status SystemError(const char* what, const std::string& path, int error) {
  return arrow::Status::IOError(fmt::format("{} '{}': {}", what, path, std::strerror(error)));
}

std::string VersionOf(const struct stat& file) {
  const int64_t mtime_ns = int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec;
  return fmt::format("{}-{}-{}", int64_t{file.st_size}, mtime_ns, uint64_t{file.st_ino});
}

arrow::Result<struct stat> StatOf(int fd, const std::string& path) {
  struct stat file {};
  if (::fstat(fd, &file) != 0) return SystemError("cannot look at", path, errno);
  return file;
}

class FileSource : public ByteSource {
 public:
  FileSource(FileDescriptor fd, std::string path, const struct stat& file,
             std::shared_ptr<arrow::MemoryPool> pool)
      : fd_(std::move(fd)),
        name_(std::move(path)),
        pool_(std::move(pool)),
        version_(VersionOf(file)),
        size_(file.st_size) {}

  int64_t size() const override { return size_; }
  const std::string& version() const override { return version_; }
  const std::string& name() const override { return name_; }

  arrow::Future<Buffers> ReadAsync(std::vector<ByteRange> ranges, arrow::StopToken stop) override {
    return arrow::Future<Buffers>::MakeFinished(ReadAll(ranges, stop));
  }

 private:
  arrow::Result<Buffers> ReadAll(const std::vector<ByteRange>& ranges,
                                 const arrow::StopToken& stop) const;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadRange(ByteRange range,
                                                          const arrow::StopToken& stop) const;
  arrow::Status CheckVersion() const;

  FileDescriptor fd_;
  std::string name_;
  std::shared_ptr<arrow::MemoryPool> pool_;
  std::string version_;
  int64_t size_;
};

arrow::Result<Buffers> FileSource::ReadAll(const std::vector<ByteRange>& ranges,
                                           const arrow::StopToken& stop) const {
  ARROW_RETURN_NOT_OK(stop.Poll());
  ARROW_RETURN_NOT_OK(CheckRanges(ranges));
  Buffers buffers;
  buffers.reserve(ranges.size());
  for (const ByteRange& range : ranges) {
    ARROW_ASSIGN_OR_RAISE(buffers.emplace_back(), ReadRange(range, stop));
  }
  ARROW_RETURN_NOT_OK(CheckVersion());
  return buffers;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> FileSource::ReadRange(
    ByteRange range, const arrow::StopToken& stop) const {
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(range.length, pool_.get()));
  int64_t done = 0;
  while (done < range.length) {
    ARROW_RETURN_NOT_OK(stop.Poll());
    const size_t wanted = static_cast<size_t>(std::min(range.length - done, kReadBytes));
    const ssize_t got =
        ::pread(fd_.get(), buffer->mutable_data() + done, wanted, range.offset + done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return SystemError(fmt::format("cannot read byte {} of", range.offset + done).c_str(), name_,
                         errno);
    }
    if (got == 0) {
      ARROW_RETURN_NOT_OK(CheckVersion());
      return arrow::Status::IOError(fmt::format("'{}' ends at byte {}, although its size is {}",
                                                name_, range.offset + done, size_));
    }
    done += got;
  }
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Status FileSource::CheckVersion() const {
  ARROW_ASSIGN_OR_RAISE(const struct stat file, StatOf(fd_.get(), name_));
  const std::string now = VersionOf(file);
  if (now == version_) return arrow::Status::OK();
  return StaleObject("'{}' changed while it was read: version {} became {}", name_, version_, now);
}

}  // namespace

arrow::Result<std::shared_ptr<ByteSource>> OpenFile(const std::string& path,
                                                    std::shared_ptr<arrow::MemoryPool> pool) {
  // Non-blocking, so that a pipe without a writer is refused below instead of waited for.
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return SystemError("cannot open", path, errno);
  ARROW_ASSIGN_OR_RAISE(const struct stat file, StatOf(fd.get(), path));
  if (!S_ISREG(file.st_mode)) {
    return arrow::Status::IOError(fmt::format("cannot open '{}': it is not a regular file", path));
  }
  return std::make_shared<FileSource>(std::move(fd), path, file, std::move(pool));
}

arrow::Result<std::string> FileVersion(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return SystemError("cannot open", path, errno);
  return VersionOf(file);
}

}  // namespace skyhook::base
