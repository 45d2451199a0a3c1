#include "skyhook/base/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

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
  FileSource(OpenedFile file, std::string path, std::shared_ptr<arrow::MemoryPool> pool)
      : file_(std::move(file)),
        name_(std::move(path)),
        pool_(std::move(pool)),
        version_(file_.version()),
        size_(file_.about.st_size) {}

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
  arrow::Status CheckVersion() const { return CheckUnchanged(file_, name_); }

  OpenedFile file_;
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
        ::pread(file_.descriptor.get(), buffer->mutable_data() + done, wanted, range.offset + done);
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

}  // namespace

std::string OpenedFile::version() const { return VersionOf(about); }

arrow::Result<OpenedFile> OpenRegularFile(const std::string& path) {
  OpenedFile out;
  // Non-blocking, so that a pipe without a writer is refused below instead of waited for.
  out.descriptor = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!out.descriptor.is_open()) return SystemError("cannot open", path, errno);
  ARROW_ASSIGN_OR_RAISE(out.about, StatOf(out.descriptor.get(), path));
  if (S_ISREG(out.about.st_mode)) return out;
  return arrow::Status::IOError(fmt::format("cannot open '{}': it is not a regular file", path));
}

arrow::Status CheckUnchanged(const OpenedFile& file, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(const struct stat about, StatOf(file.descriptor.get(), name));
  const std::string was = file.version();
  const std::string now = VersionOf(about);
  if (now == was) return arrow::Status::OK();
  return StaleObject("'{}' changed while it was read: version {} became {}", name, was, now);
}

arrow::Result<std::shared_ptr<ByteSource>> OpenFile(const std::string& path,
                                                    std::shared_ptr<arrow::MemoryPool> pool) {
  ARROW_ASSIGN_OR_RAISE(OpenedFile file, OpenRegularFile(path));
  return std::make_shared<FileSource>(std::move(file), path, std::move(pool));
}

arrow::Result<std::string> FileVersion(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return SystemError("cannot open", path, errno);
  return VersionOf(file);
}

}  // namespace skyhook::base
