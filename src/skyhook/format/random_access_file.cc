#include "skyhook/format/random_access_file.h"

#include <arrow/util/future.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"

namespace skyhook::format {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

class ByteSourceFile : public SourceFile {
 public:
  ByteSourceFile(ByteReader reader, std::shared_ptr<arrow::Status> failure, KnownBytes known)
      : reader_(std::move(reader)), failure_(std::move(failure)), known_(std::move(known)) {}

  void ReadBy(ByteReader reader, std::shared_ptr<arrow::Status> failure) override {
    reader_ = std::move(reader);
    failure_ = std::move(failure);
  }

  using RandomAccessFile::ReadAsync;
  using RandomAccessFile::ReadManyAsync;

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Result<int64_t> GetSize() override { return size(); }
  arrow::Status Seek(int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }

  arrow::Result<int64_t> Read(int64_t nbytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position_, nbytes, true, out));
    position_ += read;
    return read;
  }
  arrow::Result<BufferPtr> Read(int64_t nbytes) override {
    ARROW_ASSIGN_OR_RAISE(BufferPtr buffer, ReadAt(position_, nbytes, true));
    position_ += buffer->size();
    return buffer;
  }

  arrow::Result<int64_t> ReadAt(int64_t position, int64_t nbytes, void* out) override {
    return ReadAt(position, nbytes, true, out);
  }
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t nbytes, bool allow_short_read,
                                void* out) override {
    ARROW_ASSIGN_OR_RAISE(BufferPtr buffer, ReadAt(position, nbytes, allow_short_read));
    if (buffer->size() > 0) {
      std::memcpy(out, buffer->data(), static_cast<size_t>(buffer->size()));
    }
    return buffer->size();
  }
  arrow::Result<BufferPtr> ReadAt(int64_t position, int64_t nbytes) override {
    return ReadAt(position, nbytes, true);
  }
  arrow::Result<BufferPtr> ReadAt(int64_t position, int64_t nbytes,
                                  bool allow_short_read) override {
    const int64_t size = this->size();
    if (position < 0 || nbytes < 0) {
      return base::CorruptData("a read of {} bytes at {}", nbytes, position);
    }
    const int64_t length = std::clamp<int64_t>(size - position, 0, nbytes);
    if (length < nbytes && !allow_short_read) {
      return base::CorruptData("bytes {}+{} lie outside the {} bytes", position, nbytes, size);
    }
    if (known_.range.offset <= position && position + length <= known_.range.end()) {
      return arrow::SliceBuffer(known_.bytes, position - known_.range.offset, length);
    }
    auto buffer = reader_.ReadOne({position, length});
    if (!buffer.ok() && failure_ != nullptr) *failure_ = buffer.status();
    return buffer;
  }

  arrow::Future<BufferPtr> ReadAsync(const arrow::io::IOContext&, int64_t position,
                                     int64_t nbytes) override {
    return arrow::Future<BufferPtr>::MakeFinished(ReadAt(position, nbytes, true));
  }
  arrow::Future<BufferPtr> ReadAsync(const arrow::io::IOContext&, int64_t position, int64_t nbytes,
                                     bool allow_short_read) override {
    return arrow::Future<BufferPtr>::MakeFinished(ReadAt(position, nbytes, allow_short_read));
  }
  std::vector<arrow::Future<BufferPtr>> ReadManyAsync(
      const arrow::io::IOContext&, const std::vector<arrow::io::ReadRange>& ranges) override {
    std::vector<arrow::Future<BufferPtr>> out;
    for (const arrow::io::ReadRange& range : ranges) {
      out.push_back(arrow::Future<BufferPtr>::MakeFinished(ReadAt(range.offset, range.length)));
    }
    return out;
  }
  arrow::Status WillNeed(const std::vector<arrow::io::ReadRange>&) override {
    return arrow::Status::OK();
  }

 private:
  int64_t size() const { return std::max(reader_.source().size(), known_.range.end()); }

  ByteReader reader_;
  std::shared_ptr<arrow::Status> failure_;
  KnownBytes known_;
  int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<SourceFile> MakeRandomAccessFile(ByteReader reader,
                                                 std::shared_ptr<arrow::Status> failure,
                                                 KnownBytes known) {
  return std::make_shared<ByteSourceFile>(std::move(reader), std::move(failure), std::move(known));
}

arrow::Status ReaderFailure(const arrow::Status& status, const arrow::Status& failure) {
  if (!failure.ok()) return failure;
  const bool speaks_for_itself = status.detail() != nullptr || status.IsCancelled() ||
                                 status.IsOutOfMemory() || status.IsNotImplemented();
  return speaks_for_itself ? status : base::CorruptData("{}", status.message());
}

}  // namespace skyhook::format
