#include "skyhook/objects/rados/pool.h"

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
#include "skyhook/objects/rados/bytes.h"
#include "skyhook/objects/rados/connection.h"
#include "skyhook/objects/rados/object.h"
#include "skyhook/objects/rados/operations.h"
#include "skyhook/objects/rados/presence.h"

namespace skyhook::objects::rados {

using arrow::Future;
using arrow::Result;
using arrow::Status;
using librados::bufferlist;

namespace {

constexpr char kIdAttribute[] = "skyhook.id";
constexpr char kPointerAttribute[] = "skyhook.pointer";

// A writer that lives answers within milliseconds, unless its machine is overcome.
constexpr uint64_t kMostSilenceMs = 5000;

bufferlist BytesOf(std::string_view bytes) {
  bufferlist out;
  out.append(bytes.data(), static_cast<unsigned>(bytes.size()));
  return out;
}

struct Looked {
  uint64_t bytes = 0;
  timespec modified{};
};

class Pool : public RadosPool {
 public:
  Pool(std::shared_ptr<Cluster> cluster, librados::IoCtx io, std::string prefix,
       std::optional<arrow::StopToken> stop)
      : cluster_(std::move(cluster)),
        io_(std::move(io)),
        prefix_(std::move(prefix)),
        stop_(std::move(stop)) {}

  std::shared_ptr<RadosPool> WithStop(arrow::StopToken stop) const override {
    return std::make_shared<Pool>(cluster_, io_, prefix_, std::move(stop));
  }

  std::string UriOf(const std::string& object) const override { return prefix_ + object; }

  Result<bool> Create(const std::string& object, const arrow::Buffer& bytes) override {
    librados::ObjectWriteOperation operation;
    operation.create(true);
    operation.write_full(BytesOf(std::string_view(bytes)));
    operation.setxattr(kIdAttribute, BytesOf(UniqueId()));
    ARROW_ASSIGN_OR_RAISE(const int error, Write(object, &operation));
    if (error == -EEXIST) return false;
    if (error < 0) return ObjectError("cannot write", UriOf(object), error);
    return true;
  }

  Result<std::optional<ObjectInfo>> Look(const std::string& object) override {
    const auto looked = std::make_shared<Looked>();
    librados::ObjectReadOperation operation;
    operation.stat2(&looked->bytes, &looked->modified, nullptr);
    ARROW_ASSIGN_OR_RAISE(const Operated operated, Read(object, &operation, looked, stop()));
    if (operated.result == -ENOENT) return std::nullopt;
    if (operated.result < 0) return ObjectError("cannot look at", UriOf(object), operated.result);
    return ObjectInfo{static_cast<int64_t>(looked->bytes),
                      int64_t{looked->modified.tv_sec} * 1'000'000'000 + looked->modified.tv_nsec};
  }

  Result<std::shared_ptr<base::ByteSource>> OpenObject(const std::string& object) override {
    return Open(object, stop(), stop_);
  }
  Result<std::shared_ptr<base::ByteSource>> OpenObject(const std::string& object,
                                                       const arrow::StopToken& stop) override {
    return Open(object, stop, stop_);
  }

  // Computed by the OSD: no bytes travel. It does not invert what it begins and ends with.
  Result<Checksum> ChecksumOf(const std::string& object) override {
    struct Sum : Looked {
      bufferlist answer;
    };
    const auto sum = std::make_shared<Sum>();
    librados::ObjectReadOperation operation;
    operation.stat2(&sum->bytes, &sum->modified, nullptr);
    operation.checksum(LIBRADOS_CHECKSUM_TYPE_CRC32C, BytesOf("\xff\xff\xff\xff"), 0, 0, 0,
                       &sum->answer, nullptr);
    ARROW_ASSIGN_OR_RAISE(const Operated operated, Read(object, &operation, sum, stop()));
    if (operated.result == -EOPNOTSUPP) return RadosPool::ChecksumOf(object);
    if (operated.result < 0) return ObjectError("cannot check", UriOf(object), operated.result);
    // A count, which is 1, and the checksum.
    uint32_t crc = 0;
    if (sum->answer.length() != 2 * sizeof(crc)) return RadosPool::ChecksumOf(object);
    std::memcpy(&crc, sum->answer.c_str() + sizeof(crc), sizeof(crc));
    return Checksum{static_cast<int64_t>(sum->bytes), ~crc};
  }

  Status Remove(const std::string& object) override {
    librados::ObjectWriteOperation operation;
    operation.remove();
    ARROW_ASSIGN_OR_RAISE(const int error, Write(object, &operation));
    if (error < 0 && error != -ENOENT) return ObjectError("cannot remove", UriOf(object), error);
    return Status::OK();
  }

  Result<std::vector<std::string>> List(const std::string& prefix) override {
    using Names = std::vector<std::string>;
    return Leavable<Names>(fmt::format("the list of objects of '{}'", prefix_),
                           [io = io_, prefix, uri = UriOf(prefix)]() mutable -> Result<Names> {
                             Names names;
                             try {
                               for (auto object = io.nobjects_begin(); object != io.nobjects_end();
                                    ++object) {
                                 if (object->get_oid().starts_with(prefix))
                                   names.push_back(object->get_oid());
                               }
                             } catch (const std::exception& error) {
                               return ListError(uri, error);
                             }
                             std::sort(names.begin(), names.end());
                             return names;
                           });
  }

  Result<std::optional<std::string>> ReadPointer(const std::string& pointer) override {
    const auto content = std::make_shared<bufferlist>();
    librados::ObjectReadOperation operation;
    operation.read(0, kMostPointerBytes, content.get(), nullptr);
    ARROW_ASSIGN_OR_RAISE(const Operated operated, Read(pointer, &operation, content, stop()));
    if (operated.result == -ENOENT) return std::nullopt;
    if (operated.result < 0) return ObjectError("cannot read", UriOf(pointer), operated.result);
    return content->to_str();
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
    ARROW_ASSIGN_OR_RAISE(const int error, Write(pointer, &operation));
    if (error == -EEXIST || error == -ECANCELED || error == -ENOENT || error == -ENODATA) {
      return false;
    }
    if (error < 0) return ObjectError("cannot swing", UriOf(pointer), error);
    return true;
  }

  Result<std::unique_ptr<Presence>> ShowPresence(const std::string& object) override {
    librados::ObjectWriteOperation operation;
    operation.create(true);
    ARROW_ASSIGN_OR_RAISE(const int error, Write(object, &operation));
    if (error < 0) return ObjectError("cannot write", UriOf(object), error);
    return Watch(cluster_, io_, object, UriOf(object), stop());
  }

  Result<bool> IsPresent(const std::string& object) override {
    ARROW_ASSIGN_OR_RAISE(const auto there, Look(object));
    if (!there.has_value()) return false;
    const auto reply = std::make_shared<bufferlist>();
    const auto wait = BeginWait(object, stop());
    const auto notified = Pending<int>::Begin(
        io_,
        [&](librados::AioCompletion* completion) {
          bufferlist empty;
          return io_.aio_notify(object, completion, empty, kMostSilenceMs, reply.get());
        },
        [reply](const Operated& operated) { return operated.result; });
    ARROW_ASSIGN_OR_RAISE(const int error, Await(notified, stop()));
    if (error == -ENOENT) return false;
    // Those that did not answer in time are an error, and those that did are in the reply.
    if (error < 0 && error != -ETIMEDOUT) return ObjectError("cannot ask", UriOf(object), error);
    std::vector<librados::notify_ack_t> answers;
    std::vector<librados::notify_timeout_t> silent;
    try {
      if (reply->length() > 0) io_.decode_notify_response(*reply, &answers, &silent);
    } catch (const std::exception& exception) {
      return Status::IOError(fmt::format("cannot ask '{}': {}", UriOf(object), exception.what()));
    }
    return !answers.empty();
  }

  Future<Executed> Execute(const std::string& object, std::optional<uint64_t> version,
                           const std::string& class_name, const std::string& method,
                           const std::string& input, bool any_copy,
                           const arrow::StopToken& stop) override {
    const auto output = std::make_shared<bufferlist>();
    librados::ObjectReadOperation operation;
    if (version.has_value()) operation.assert_version(*version);
    bufferlist in = BytesOf(input);
    operation.exec(class_name.c_str(), method.c_str(), in, output.get(), nullptr);
    const int flags = any_copy ? librados::OPERATION_BALANCE_READS : 0;
    return Operate<Executed>(&io_, object, &operation, flags,
                             [output, wait = BeginWait(object, stop)](const Operated& operated) {
                               return ExecutedOf(operated, *output);
                             });
  }

  // Fails for a pool that is gone only, where every call says so.
  uint32_t PlacementGroupOf(const std::string& object) override {
    uint32_t group = 0;
    io_.get_object_pg_hash_position2(object, &group);
    return group;
  }

  Result<std::vector<std::string>> NameSpacesWithTables() override {
    using Names = std::vector<std::string>;
    librados::IoCtx all;
    all.dup(io_);
    all.set_namespace(librados::all_nspaces);
    return Leavable<Names>(
        fmt::format("the list of objects of '{}'", prefix_),
        [all, uri = prefix_]() mutable -> Result<Names> {
          std::set<std::string> found;
          try {
            for (auto object = all.nobjects_begin(); object != all.nobjects_end(); ++object) {
              if (object->get_nspace().empty() || !object->get_oid().ends_with("/_head")) continue;
              found.insert(object->get_nspace());
            }
          } catch (const std::exception& error) {
            return ListError(uri, error);
          }
          return Names(found.begin(), found.end());
        });
  }

  Result<std::string> AskMonitors(const std::string& command) override {
    return Leavable<std::string>("a monitor, to answer a question", [cluster = cluster_, command] {
      return AnswerOfMonitors(&cluster->rados, command);
    });
  }

 private:
  static Status ListError(const std::string& uri, const std::exception& error) {
    return Status::IOError(fmt::format("cannot list '{}': {}", uri, error.what()));
  }

  static Result<std::string> AnswerOfMonitors(librados::Rados* cluster,
                                              const std::string& command) {
    bufferlist answer;
    std::string message;
    const int error = cluster->mon_command(command, {}, &answer, &message);
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

  static Result<Executed> ExecutedOf(const Operated& operated, const bufferlist& output) {
    Executed executed{operated.result, operated.version, nullptr};
    if (operated.result < 0) return executed;
    ARROW_ASSIGN_OR_RAISE(executed.output, BufferOf(output));
    return executed;
  }

  arrow::StopToken stop() const { return stop_.value_or(arrow::StopToken::Unstoppable()); }

  std::shared_ptr<void> BeginWait(const std::string& object, const arrow::StopToken& stop) {
    return cluster_->waits.Begin(fmt::format("object '{}'", UriOf(object)), stop);
  }

  // `kept` owns what the operation writes to.
  Result<Operated> Read(const std::string& object, librados::ObjectReadOperation* operation,
                        std::shared_ptr<void> kept, const arrow::StopToken& stop) {
    const auto wait = BeginWait(object, stop);
    return Await(
        Operate<Operated>(&io_, object, operation, 0,
                          [kept = std::move(kept)](const Operated& operated) { return operated; }),
        stop);
  }

  // An error number.
  Result<int> Write(const std::string& object, librados::ObjectWriteOperation* operation) {
    const auto wait = BeginWait(object, stop());
    return Await(
        Operate<int>(&io_, object, operation, 0,
                     [](const Operated& operated) { return Result<int>(operated.result); }),
        stop());
  }

  Result<std::shared_ptr<base::ByteSource>> Open(const std::string& object,
                                                 const arrow::StopToken& stop,
                                                 std::optional<arrow::StopToken> stop_of_reads) {
    const auto looked = std::make_shared<Looked>();
    librados::ObjectReadOperation operation;
    operation.stat2(&looked->bytes, &looked->modified, nullptr);
    ARROW_ASSIGN_OR_RAISE(const Operated operated, Read(object, &operation, looked, stop));
    if (operated.result < 0) return ObjectError("cannot open", UriOf(object), operated.result);
    return MakeObject(cluster_, io_, object, UriOf(object), operated.version,
                      static_cast<int64_t>(looked->bytes), std::move(stop_of_reads));
  }

  // What librados does only while somebody waits for it, on a thread that may be left behind.
  template <typename T>
  Result<T> Leavable(std::string what, std::function<Result<T>()> function) {
    const auto wait = cluster_->waits.Begin(std::move(what), stop());
    const auto future = Aside<T>(std::move(function));
    Result<T> result = Await(future, stop());
    if (!result.ok() && !future.is_finished()) cluster_->waits.LeaveBehind();
    return result;
  }

  std::shared_ptr<Cluster> cluster_;  // held as long as the process lives
  librados::IoCtx io_;
  const std::string prefix_;  // of URIs
  const std::optional<arrow::StopToken> stop_;
};

// It may wait for a map that has the pool.
Result<librados::IoCtx> OpenIo(librados::Rados* cluster, const std::string& pool,
                               const std::string& name_space) {
  librados::IoCtx io;
  if (const int error = cluster->ioctx_create(pool.c_str(), io); error < 0) {
    return Status::IOError(fmt::format("cannot open pool '{}': {}", pool, std::strerror(-error)));
  }
  io.set_namespace(name_space);
  // A full cluster is an error, not something to wait for; and what is removed makes room.
  io.set_pool_full_try();
  return io;
}

}  // namespace

Result<std::shared_ptr<RadosPool>> OpenPool(const RadosOptions& options, const std::string& pool,
                                            const std::string& name_space,
                                            const arrow::StopToken& stop) {
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<Cluster> cluster, Connection(options, stop));
  const auto wait = cluster->waits.Begin(fmt::format("pool '{}'", pool), stop);
  const auto opening = Aside<librados::IoCtx>(
      [cluster, pool, name_space] { return OpenIo(&cluster->rados, pool, name_space); });
  Result<librados::IoCtx> io = Await(opening, stop);
  if (!io.ok() && !opening.is_finished()) cluster->waits.LeaveBehind();
  ARROW_RETURN_NOT_OK(io.status());
  return std::make_shared<Pool>(
      cluster, *std::move(io),
      "rados://" + pool + "/" + (name_space.empty() ? "" : name_space + "/"), std::nullopt);
}

}  // namespace skyhook::objects::rados
