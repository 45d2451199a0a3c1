#include "skyhook/store/rados/pool.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <functional>
#include <optional>
#include <rados/librados.hpp>
#include <set>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/store/rados/bytes.h"
#include "skyhook/store/rados/connection.h"

namespace skyhook::store::rados {

using arrow::Future;
using arrow::Result;
using arrow::Status;
using librados::bufferlist;

namespace {

constexpr char kIdAttribute[] = "skyhook.id";
constexpr char kPointerAttribute[] = "skyhook.pointer";

// A writer that lives answers within milliseconds, unless its machine is overcome.
constexpr uint64_t kMostSilenceMs = 5000;

// A full cluster is an error, not something to wait for.
constexpr int kWriteFlags = librados::OPERATION_FULL_TRY;

bufferlist BytesOf(std::string_view bytes) {
  bufferlist out;
  out.append(bytes.data(), static_cast<unsigned>(bytes.size()));
  return out;
}

// How an asynchronous operation ended.
struct Operated {
  int result = 0;
  uint64_t version = 0;
};

// Hands the completion of an operation on. Deletes itself.
//
// It marks futures finished and hangs nothing on them: Arrow's callbacks use statics of its own,
// and the process may end while the thread of librados is still in one.
struct Pending {
  std::function<void(const Operated&)> done;
  librados::AioCompletion* completion = nullptr;

  static void Complete(librados::completion_t, void* self) {
    const std::unique_ptr<Pending> pending(static_cast<Pending*>(self));
    librados::AioCompletion* completion = pending->completion;
    const Operated operated{completion->get_return_value(), completion->get_version64()};
    completion->release();
    pending->done(operated);
  }
};

// Calls `done`, on a thread of librados; what `operation` writes to must live until then.
void Operate(librados::IoCtx* io, const std::string& object,
             librados::ObjectReadOperation* operation, int flags,
             std::function<void(const Operated&)> done) {
  auto pending = std::make_unique<Pending>();
  pending->done = std::move(done);
  pending->completion = librados::Rados::aio_create_completion(pending.get(), &Pending::Complete);
  const int error = io->aio_operate(object, pending->completion, operation, flags, nullptr);
  if (error < 0) {
    pending->completion->release();
    pending->done(Operated{error, 0});
    return;
  }
  pending.release();
}

// What one read gives, kept until it is there.
struct Parts {
  std::vector<base::ByteRange> ranges;
  std::vector<bufferlist> bytes;
};

class Object : public base::ByteSource {
 public:
  Object(librados::IoCtx io, std::string object, std::string uri, uint64_t version, int64_t size)
      : io_(std::move(io)),
        object_(std::move(object)),
        name_(std::move(uri)),
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
    auto future = Future<base::Buffers>::Make();
    Operate(&io_, object_, &operation, 0,
            [future, parts, name = name_](const Operated& operated) mutable {
              if (operated.result < 0) {
                future.MarkFinished(ObjectError("cannot read", name, operated.result));
              } else {
                future.MarkFinished(BuffersOf(*parts, name));
              }
            });
    return future;
  }

 private:
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

  librados::IoCtx io_;
  std::string object_;
  std::string name_;
  uint64_t version_number_;
  std::string version_;
  int64_t size_;
};

// Answers whoever asks whether it is there.
class Watching : public librados::WatchCtx2 {
 public:
  Watching(librados::IoCtx io, std::string object)
      : io_(std::move(io)), object_(std::move(object)) {}
  void handle_notify(uint64_t notify_id, uint64_t cookie, uint64_t, bufferlist&) override {
    bufferlist empty;
    io_.notify_ack(object_, notify_id, cookie, empty);
  }
  // Who is not heard any more is taken for absent: what depends on it is looked at again.
  void handle_error(uint64_t, int) override {}

 private:
  librados::IoCtx io_;
  const std::string object_;
};

class WatchedObject : public Presence {
 public:
  WatchedObject(librados::Rados* cluster, librados::IoCtx io, const std::string& object)
      : cluster_(cluster), io_(io), object_(object), watching_(std::move(io), object) {}
  ~WatchedObject() override {
    if (handle_.has_value()) {
      io_.unwatch2(*handle_);
      cluster_->watch_flush();  // no callback is under way after it
    }
    io_.remove(object_);
  }
  /// An error number.
  int Begin() {
    uint64_t handle = 0;
    const int error = io_.watch2(object_, &handle, &watching_);
    if (error >= 0) handle_ = handle;
    return error;
  }

 private:
  librados::Rados* cluster_;
  librados::IoCtx io_;
  const std::string object_;
  Watching watching_;
  std::optional<uint64_t> handle_;
};

class Pool : public RadosPool {
 public:
  Pool(librados::Rados* cluster, librados::IoCtx io, std::string prefix)
      : cluster_(cluster), io_(std::move(io)), prefix_(std::move(prefix)) {}

  std::string UriOf(const std::string& object) const override { return prefix_ + object; }

  Result<bool> Create(const std::string& object, const arrow::Buffer& bytes) override {
    librados::ObjectWriteOperation operation;
    operation.create(true);
    operation.write_full(BytesOf(std::string_view(bytes)));
    operation.setxattr(kIdAttribute, BytesOf(UniqueId()));
    const int error = io_.operate(object, &operation, kWriteFlags);
    if (error == -EEXIST) return false;
    if (error < 0) return ObjectError("cannot write", UriOf(object), error);
    return true;
  }

  Result<std::optional<ObjectInfo>> Look(const std::string& object) override {
    uint64_t bytes = 0;
    timespec modified{};
    librados::ObjectReadOperation operation;
    operation.stat2(&bytes, &modified, nullptr);
    bufferlist ignored;
    const int error = io_.operate(object, &operation, &ignored);
    if (error == -ENOENT) return std::nullopt;
    if (error < 0) return ObjectError("cannot look at", UriOf(object), error);
    return ObjectInfo{static_cast<int64_t>(bytes),
                      int64_t{modified.tv_sec} * 1'000'000'000 + modified.tv_nsec};
  }

  Result<std::shared_ptr<base::ByteSource>> OpenObject(const std::string& object) override {
    struct Stat {
      uint64_t size = 0;
      time_t mtime = 0;
      Future<Operated> operated = Future<Operated>::Make();
    };
    const auto stat = std::make_shared<Stat>();
    librados::ObjectReadOperation operation;
    operation.stat(&stat->size, &stat->mtime, nullptr);
    Operate(&io_, object, &operation, 0,
            [stat](const Operated& operated) { stat->operated.MarkFinished(operated); });
    ARROW_ASSIGN_OR_RAISE(const Operated operated, stat->operated.result());
    if (operated.result < 0) return ObjectError("cannot open", UriOf(object), operated.result);
    return std::make_shared<Object>(io_, object, UriOf(object), operated.version,
                                    static_cast<int64_t>(stat->size));
  }

  // Computed by the OSD: no bytes travel. It does not invert what it begins and ends with.
  Result<Checksum> ChecksumOf(const std::string& object) override {
    uint64_t bytes = 0;
    time_t modified = 0;
    bufferlist answer;
    librados::ObjectReadOperation operation;
    operation.stat(&bytes, &modified, nullptr);
    operation.checksum(LIBRADOS_CHECKSUM_TYPE_CRC32C, BytesOf("\xff\xff\xff\xff"), 0, 0, 0, &answer,
                       nullptr);
    bufferlist ignored;
    const int error = io_.operate(object, &operation, &ignored);
    if (error == -EOPNOTSUPP) return RadosPool::ChecksumOf(object);
    if (error < 0) return ObjectError("cannot check", UriOf(object), error);
    // A count, which is 1, and the checksum.
    uint32_t crc = 0;
    if (answer.length() != 2 * sizeof(crc)) return RadosPool::ChecksumOf(object);
    std::memcpy(&crc, answer.c_str() + sizeof(crc), sizeof(crc));
    return Checksum{static_cast<int64_t>(bytes), ~crc};
  }

  Status Remove(const std::string& object) override {
    const int error = io_.remove(object);
    if (error < 0 && error != -ENOENT) return ObjectError("cannot remove", UriOf(object), error);
    return Status::OK();
  }

  Result<std::vector<std::string>> List(const std::string& prefix) override {
    std::vector<std::string> names;
    try {
      for (auto object = io_.nobjects_begin(); object != io_.nobjects_end(); ++object) {
        if (object->get_oid().starts_with(prefix)) names.push_back(object->get_oid());
      }
    } catch (const std::exception& error) {
      return Status::IOError(fmt::format("cannot list '{}': {}", UriOf(prefix), error.what()));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::optional<std::string>> ReadPointer(const std::string& pointer) override {
    bufferlist content;
    const int error = io_.read(pointer, content, kMostPointerBytes, 0);
    if (error == -ENOENT) return std::nullopt;
    if (error < 0) return ObjectError("cannot read", UriOf(pointer), error);
    return content.to_str();
  }

  Result<bool> SwingPointer(const std::string& pointer, const std::optional<std::string>& expected,
                            const std::optional<std::string>& next) override {
    librados::ObjectWriteOperation operation;
    if (expected.has_value()) {
      operation.cmpxattr(kPointerAttribute, LIBRADOS_CMPXATTR_OP_EQ, BytesOf(*expected));
    } else {
      operation.create(true);
    }
    if (next.has_value()) {
      operation.write_full(BytesOf(*next));
      operation.setxattr(kPointerAttribute, BytesOf(*next));
    } else {
      operation.remove();
    }
    const int error = io_.operate(pointer, &operation, kWriteFlags);
    if (error == -EEXIST || error == -ECANCELED || error == -ENOENT || error == -ENODATA) {
      return false;
    }
    if (error < 0) return ObjectError("cannot swing", UriOf(pointer), error);
    return true;
  }

  Result<std::unique_ptr<Presence>> ShowPresence(const std::string& object) override {
    librados::ObjectWriteOperation operation;
    operation.create(true);
    const int error = io_.operate(object, &operation, kWriteFlags);
    if (error < 0) return ObjectError("cannot write", UriOf(object), error);
    auto presence = std::make_unique<WatchedObject>(cluster_, io_, object);
    const int unwatched = presence->Begin();
    if (unwatched < 0) return ObjectError("cannot watch", UriOf(object), unwatched);
    return presence;
  }

  Result<bool> IsPresent(const std::string& object) override {
    ARROW_ASSIGN_OR_RAISE(const auto there, Look(object));
    if (!there.has_value()) return false;
    bufferlist empty;
    bufferlist reply;
    const int error = io_.notify2(object, empty, kMostSilenceMs, &reply);
    if (error == -ENOENT) return false;
    // Those that did not answer in time are an error, and those that did are in the reply.
    if (error < 0 && error != -ETIMEDOUT) return ObjectError("cannot ask", UriOf(object), error);
    std::vector<librados::notify_ack_t> answers;
    std::vector<librados::notify_timeout_t> silent;
    try {
      if (reply.length() > 0) io_.decode_notify_response(reply, &answers, &silent);
    } catch (const std::exception& exception) {
      return Status::IOError(fmt::format("cannot ask '{}': {}", UriOf(object), exception.what()));
    }
    return !answers.empty();
  }

  Future<Executed> Execute(const std::string& object, std::optional<uint64_t> version,
                           const std::string& class_name, const std::string& method,
                           const std::string& input, bool any_copy) override {
    const auto output = std::make_shared<bufferlist>();
    librados::ObjectReadOperation operation;
    if (version.has_value()) operation.assert_version(*version);
    bufferlist in = BytesOf(input);
    operation.exec(class_name.c_str(), method.c_str(), in, output.get(), nullptr);
    const int flags = any_copy ? librados::OPERATION_BALANCE_READS : 0;
    auto future = Future<Executed>::Make();
    Operate(&io_, object, &operation, flags, [future, output](const Operated& operated) mutable {
      future.MarkFinished(ExecutedOf(operated, *output));
    });
    return future;
  }

  // Fails for a pool that is gone only, where every call says so.
  uint32_t PlacementGroupOf(const std::string& object) override {
    uint32_t group = 0;
    io_.get_object_pg_hash_position2(object, &group);
    return group;
  }

  Result<std::vector<std::string>> NameSpacesWithTables() override {
    librados::IoCtx all;
    all.dup(io_);
    all.set_namespace(librados::all_nspaces);
    std::set<std::string> found;
    try {
      for (auto object = all.nobjects_begin(); object != all.nobjects_end(); ++object) {
        if (object->get_nspace().empty() || !object->get_oid().ends_with("/_head")) continue;
        found.insert(object->get_nspace());
      }
    } catch (const std::exception& error) {
      return Status::IOError(fmt::format("cannot list '{}': {}", UriOf(""), error.what()));
    }
    return std::vector<std::string>(found.begin(), found.end());
  }

  Result<std::string> AskMonitors(const std::string& command) override {
    bufferlist answer;
    std::string message;
    const int error = cluster_->mon_command(command, {}, &answer, &message);
    if (error == 0) return answer.to_str();
    const std::string text =
        fmt::format("the monitors of Ceph answer '{}' to {}",
                    message.empty() ? std::strerror(-error) : message, command);
    if (error == -ETIMEDOUT) return base::MakeStatus(base::Code::kUnreachable, text);
    if (error == -EACCES || error == -EPERM) {
      return base::MakeStatus(base::Code::kUnauthorised, text);
    }
    return Status::IOError(text);
  }

 private:
  static Result<Executed> ExecutedOf(const Operated& operated, const bufferlist& output) {
    Executed executed{operated.result, operated.version, nullptr};
    if (operated.result < 0) return executed;
    ARROW_ASSIGN_OR_RAISE(executed.output, BufferOf(output));
    return executed;
  }

  librados::Rados* cluster_;  // held as long as the process lives
  librados::IoCtx io_;
  const std::string prefix_;  // of URIs
};

}  // namespace

Result<std::shared_ptr<RadosPool>> OpenPool(const RadosOptions& options, const std::string& pool,
                                            const std::string& name_space) {
  ARROW_ASSIGN_OR_RAISE(librados::Rados * cluster, Connection(options));
  librados::IoCtx io;
  if (const int error = cluster->ioctx_create(pool.c_str(), io); error < 0) {
    return Status::IOError(fmt::format("cannot open pool '{}': {}", pool, std::strerror(-error)));
  }
  io.set_namespace(name_space);
  return std::make_shared<Pool>(
      cluster, std::move(io),
      "rados://" + pool + "/" + (name_space.empty() ? "" : name_space + "/"));
}

}  // namespace skyhook::store::rados
