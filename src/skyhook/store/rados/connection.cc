#include "skyhook/store/rados/connection.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <rados/librados.hpp>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"

namespace skyhook::store::rados {

using arrow::Future;
using arrow::Result;
using arrow::Status;
using base::Code;

struct Pool::State {
  librados::Rados cluster;
  librados::IoCtx io;
  std::string prefix;  // of URIs
};

namespace {

Status Set(librados::Rados* cluster, const char* option, const std::string& value) {
  if (value.empty() || cluster->conf_set(option, value.c_str()) == 0) return Status::OK();
  return base::Invalid("Ceph's option {} cannot be '{}'", option, value);
}

Status ConnectionError(const ConnectionOptions& options, int error) {
  if (error == -ETIMEDOUT) {
    // A client whose key is refused tries again until its time is over.
    return base::MakeStatus(
        Code::kUnreachable,
        fmt::format("no monitor of Ceph let {} in within {} s: none answers, or "
                    "it has another key",
                    options.name, options.timeout_s));
  }
  const std::string message = fmt::format("cannot connect to Ceph: {}", std::strerror(-error));
  if (error == -EACCES || error == -EPERM) return base::MakeStatus(Code::kUnauthorised, message);
  return Status::IOError(message);
}

Status Connect(const ConnectionOptions& options, librados::Rados* cluster) {
  if (cluster->init2(options.name.c_str(), options.cluster.c_str(), 0) != 0) {
    return base::Invalid("'{}' is no name of a Ceph client, e.g. client.admin", options.name);
  }
  const char* file = options.configuration.empty() ? nullptr : options.configuration.c_str();
  if (const int error = cluster->conf_read_file(file); error < 0) {
    return Status::IOError(fmt::format("cannot read Ceph's configuration{}: {}",
                                       file == nullptr ? "" : fmt::format(" '{}'", file),
                                       std::strerror(-error)));
  }
  cluster->conf_parse_env(nullptr);
  ARROW_RETURN_NOT_OK(Set(cluster, "keyring", options.keyring));
  const std::string timeout = std::to_string(options.timeout_s);
  for (const char* option :
       {"client_mount_timeout", "rados_mon_op_timeout", "rados_osd_op_timeout"}) {
    if (options.timeout_s > 0) ARROW_RETURN_NOT_OK(Set(cluster, option, timeout));
  }
  const int error = cluster->connect();
  return error < 0 ? ConnectionError(options, error) : Status::OK();
}

// Hands the completion of an operation to a future. Deletes itself.
struct Pending {
  Future<Operated> future = Future<Operated>::Make();
  librados::AioCompletion* completion = nullptr;

  static void Complete(librados::completion_t, void* self) {
    const std::unique_ptr<Pending> pending(static_cast<Pending*>(self));
    librados::AioCompletion* completion = pending->completion;
    const Operated operated{completion->get_return_value(), completion->get_version64()};
    completion->release();
    pending->future.MarkFinished(operated);
  }
};

// What one read gives, kept until it is there.
struct Parts {
  std::vector<base::ByteRange> ranges;
  std::vector<librados::bufferlist> bytes;
};

class Object : public base::ByteSource {
 public:
  Object(std::shared_ptr<Pool> pool, std::string object, uint64_t version, int64_t size)
      : pool_(std::move(pool)),
        object_(std::move(object)),
        name_(pool_->UriOf(object_)),
        version_number_(version),
        version_(std::to_string(version)),
        size_(size) {}

  int64_t size() const override { return size_; }
  const std::string& version() const override { return version_; }
  const std::string& name() const override { return name_; }

  Future<base::Buffers> ReadAsync(std::vector<base::ByteRange> ranges,
                                  arrow::StopToken stop) override {
    Status status = stop.Poll();
    if (status.ok()) status = CheckRanges(ranges);
    if (!status.ok()) return Future<base::Buffers>::MakeFinished(std::move(status));
    auto parts = std::make_shared<Parts>();
    parts->bytes.resize(ranges.size());
    parts->ranges = std::move(ranges);
    librados::ObjectReadOperation operation;
    operation.assert_version(version_number_);
    for (size_t i = 0; i < parts->ranges.size(); ++i) {
      operation.read(static_cast<uint64_t>(parts->ranges[i].offset),
                     static_cast<size_t>(parts->ranges[i].length), &parts->bytes[i], nullptr);
    }
    return pool_->Operate(object_, &operation)
        .Then([parts, name = name_](const Operated& operated) -> Result<base::Buffers> {
          if (operated.result < 0) return ObjectError("cannot read", name, operated.result);
          return BuffersOf(*parts, name);
        });
  }

 private:
  static Result<base::Buffers> BuffersOf(const Parts& parts, const std::string& name) {
    base::Buffers buffers;
    for (size_t i = 0; i < parts.ranges.size(); ++i) {
      const librados::bufferlist& bytes = parts.bytes[i];
      if (bytes.length() != parts.ranges[i].length) {
        return Status::IOError(fmt::format("'{}': {} of {} bytes at {} came", name, bytes.length(),
                                           parts.ranges[i].length, parts.ranges[i].offset));
      }
      ARROW_ASSIGN_OR_RAISE(buffers.emplace_back(), CopyOf(bytes));
    }
    return buffers;
  }

  std::shared_ptr<Pool> pool_;
  std::string object_;
  std::string name_;
  uint64_t version_number_;
  std::string version_;
  int64_t size_;
};

}  // namespace

Pool::Pool(std::unique_ptr<State> state) : state_(std::move(state)) {}

Pool::~Pool() {
  state_->io.close();
  state_->cluster.shutdown();
}

Result<std::shared_ptr<Pool>> Pool::Open(const ConnectionOptions& options, const std::string& pool,
                                         const std::string& name_space) {
  auto state = std::make_unique<State>();
  ARROW_RETURN_NOT_OK(Connect(options, &state->cluster));
  state->prefix = "rados://" + pool + "/" + (name_space.empty() ? "" : name_space + "/");
  if (const int error = state->cluster.ioctx_create(pool.c_str(), state->io); error < 0) {
    return Status::IOError(fmt::format("cannot open pool '{}': {}", pool, std::strerror(-error)));
  }
  state->io.set_namespace(name_space);
  return std::shared_ptr<Pool>(new Pool(std::move(state)));
}

std::string Pool::UriOf(const std::string& object) const { return state_->prefix + object; }

librados::IoCtx& Pool::io() { return state_->io; }

Future<Operated> Pool::Operate(const std::string& object,
                               librados::ObjectReadOperation* operation) {
  auto pending = std::make_unique<Pending>();
  Future<Operated> future = pending->future;
  pending->completion = librados::Rados::aio_create_completion(pending.get(), &Pending::Complete);
  const int error = state_->io.aio_operate(object, pending->completion, operation, nullptr);
  if (error < 0) {
    pending->completion->release();
    return Future<Operated>::MakeFinished(Operated{error, 0});
  }
  pending.release();
  return future;
}

Result<std::shared_ptr<base::ByteSource>> Pool::OpenObject(const std::string& object) {
  struct Stat {
    uint64_t size = 0;
    time_t mtime = 0;
  };
  const auto stat = std::make_shared<Stat>();
  librados::ObjectReadOperation operation;
  operation.stat(&stat->size, &stat->mtime, nullptr);
  auto future = Operate(object, &operation);
  future.AddCallback([stat](const Result<Operated>&) {});  // it is written to until then
  ARROW_ASSIGN_OR_RAISE(const Operated operated, future.result());
  if (operated.result < 0) return ObjectError("cannot open", UriOf(object), operated.result);
  // The source keeps the pool, and so the connection, for as long as it is read.
  return std::make_shared<Object>(shared_from_this(), object, operated.version,
                                  static_cast<int64_t>(stat->size));
}

Result<std::shared_ptr<arrow::Buffer>> CopyOf(const librados::bufferlist& bytes) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(bytes.length()));
  uint8_t* to = buffer->mutable_data();
  for (const auto& part : bytes.buffers()) {
    std::memcpy(to, part.c_str(), part.length());
    to += part.length();
  }
  return buffer;
}

Status ObjectError(const std::string& what, const std::string& uri, int error) {
  if (error == -ERANGE || error == -EOVERFLOW) {
    return base::StaleObject("'{}' changed since it was first looked at", uri);
  }
  const std::string message = fmt::format("{} '{}': {}", what, uri, std::strerror(-error));
  if (error == -ETIMEDOUT) return base::MakeStatus(Code::kUnreachable, message);
  if (error == -EPERM || error == -EACCES) return base::MakeStatus(Code::kUnauthorised, message);
  return Status::IOError(message);
}

}  // namespace skyhook::store::rados
