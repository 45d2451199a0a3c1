#include "skyhook/objects/rados/object.h"

#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/objects/rados/bytes.h"
#include "skyhook/objects/rados/operations.h"

namespace skyhook::objects::rados {

using arrow::Future;
using arrow::Result;
using arrow::Status;
using librados::bufferlist;

namespace {

// What one read gives, kept until it is there.
struct Parts {
  std::vector<base::ByteRange> ranges;
  std::vector<bufferlist> bytes;
};

class Object : public base::ByteSource {
 public:
  Object(std::shared_ptr<Cluster> cluster, librados::IoCtx io, std::string object, std::string uri,
         uint64_t version, int64_t size, std::optional<arrow::StopToken> stop)
      : cluster_(std::move(cluster)),
        io_(std::move(io)),
        object_(std::move(object)),
        name_(std::move(uri)),
        version_number_(version),
        version_(std::to_string(version)),
        size_(size),
        stop_(std::move(stop)) {}

  int64_t size() const override { return size_; }
  const std::string& version() const override { return version_; }
  const std::string& name() const override { return name_; }

  Future<base::Buffers> ReadAsync(std::vector<base::ByteRange> ranges,
                                  arrow::StopToken stop) override {
    Status status = stop.Poll();
    if (status.ok() && stop_.has_value()) status = stop_->Poll();
    if (status.ok()) status = CheckRanges(ranges);
    if (!status.ok()) return Future<base::Buffers>::MakeFinished(std::move(status));
    if (!stop_.has_value()) return Begin(std::move(ranges), std::move(stop));
    // Who waits for the future does not look at the source's own stop.
    return Future<base::Buffers>::MakeFinished(Await(Begin(std::move(ranges), stop), *stop_));
  }

 private:
  Future<base::Buffers> Begin(std::vector<base::ByteRange> ranges, arrow::StopToken stop) {
    auto parts = std::make_shared<Parts>();
    parts->bytes.resize(ranges.size());
    parts->ranges = std::move(ranges);
    librados::ObjectReadOperation operation;
    operation.assert_version(version_number_);
    for (size_t i = 0; i < parts->ranges.size(); ++i) {
      operation.read(static_cast<uint64_t>(parts->ranges[i].offset),
                     static_cast<size_t>(parts->ranges[i].length), &parts->bytes[i], nullptr);
    }
    auto wait = cluster_->waits.Begin(fmt::format("object '{}'", name_),
                                      stop_.has_value() ? *stop_ : std::move(stop));
    return Operate<base::Buffers>(
        &io_, object_, &operation, 0,
        [parts, name = name_, wait = std::move(wait)](const Operated& operated) {
          if (operated.result >= 0) return BuffersOf(*parts, name);
          return Result<base::Buffers>(ObjectError("cannot read", name, operated.result));
        });
  }

  static Result<base::Buffers> BuffersOf(const Parts& parts, const std::string& name) {
    base::Buffers buffers;
    for (size_t i = 0; i < parts.ranges.size(); ++i) {
      const bufferlist& bytes = parts.bytes[i];
      if (bytes.length() != parts.ranges[i].length) {
        return Status::IOError(fmt::format("'{}': {} of {} bytes at {} came", name, bytes.length(),
                                           parts.ranges[i].length, parts.ranges[i].offset));
      }
      ARROW_ASSIGN_OR_RAISE(buffers.emplace_back(), BufferOf(bytes));
    }
    return buffers;
  }

  std::shared_ptr<Cluster> cluster_;
  librados::IoCtx io_;
  std::string object_;
  std::string name_;
  uint64_t version_number_;
  std::string version_;
  int64_t size_;
  std::optional<arrow::StopToken> stop_;
};

}  // namespace

std::shared_ptr<base::ByteSource> MakeObject(std::shared_ptr<Cluster> cluster, librados::IoCtx io,
                                             std::string object, std::string uri, uint64_t version,
                                             int64_t size, std::optional<arrow::StopToken> stop) {
  return std::make_shared<Object>(std::move(cluster), std::move(io), std::move(object),
                                  std::move(uri), version, size, std::move(stop));
}

}  // namespace skyhook::objects::rados
