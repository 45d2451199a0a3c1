#include "skyhook/objects/rados/presence.h"

#include <chrono>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/objects/rados/operations.h"

namespace skyhook::objects::rados {

using arrow::Future;
using arrow::Result;
using librados::bufferlist;

namespace {

// How long the end of a presence is waited for after whoever shows it was stopped.
constexpr std::chrono::milliseconds kGrace(50);

// Answers whoever asks whether it is there. What librados calls back: it has to stay until the
// watch has ended.
class Watching : public librados::WatchCtx2 {
 public:
  Watching(librados::IoCtx io, std::string object)
      : io_(std::move(io)), object_(std::move(object)) {}
  void handle_notify(uint64_t notify_id, uint64_t cookie, uint64_t, bufferlist&) noexcept override {
    bufferlist empty;
    io_.notify_ack(object_, notify_id, cookie, empty);
  }
  // Who is not heard any more is taken for absent: what depends on it is looked at again.
  void handle_error(uint64_t, int) noexcept override {}

  uint64_t handle = 0;

 private:
  librados::IoCtx io_;
  const std::string object_;
};

int ResultOf(const Operated& operated) { return operated.result; }

class WatchedObject : public Presence {
 public:
  WatchedObject(std::shared_ptr<Cluster> cluster, librados::IoCtx io, std::string object,
                std::string uri, arrow::StopToken stop)
      : cluster_(std::move(cluster)),
        io_(std::move(io)),
        object_(std::move(object)),
        uri_(std::move(uri)),
        stop_(std::move(stop)),
        watching_(std::make_unique<Watching>(io_, object_)) {}

  ~WatchedObject() override {
    // What it lacks memory for, the end of the process does: nobody is present then.
    // What librados may still call stays for as long as the process lives.
    if (!base::CatchExceptions([this] { return End(); }).ok()) watching_.release();
  }

  arrow::Status Begin() {
    const auto wait = cluster_->waits.Begin(fmt::format("object '{}'", uri_), stop_);
    ARROW_ASSIGN_OR_RAISE(const int error, Await(AskToWatch(), stop_));
    asked_ = false;
    watched_ = error >= 0;
    return watched_ ? arrow::Status::OK() : ObjectError("cannot watch", uri_, error);
  }

 private:
  Future<int> AskToWatch() {
    asked_ = true;
    return Pending<int>::Begin(
        io_,
        [this](librados::AioCompletion* completion) {
          return io_.aio_watch(object_, completion, &watching_->handle, watching_.get());
        },
        ResultOf);
  }

  // Fails when it is not known whether librados still calls `watching_`.
  arrow::Status End() {
    const auto wait = cluster_->waits.Begin(fmt::format("object '{}'", uri_), stop_);
    if (asked_) return arrow::Status::Cancelled("the watch may begin yet");
    if (watched_) {
      ARROW_RETURN_NOT_OK(Wait([this](librados::AioCompletion* completion) {
        return io_.aio_unwatch(watching_->handle, completion);
      }));
      // No callback is under way after it.
      ARROW_RETURN_NOT_OK(Wait([this](librados::AioCompletion* completion) {
        return cluster_->rados.aio_watch_flush(completion);
      }));
    }
    watching_.reset();
    librados::ObjectWriteOperation removal;
    removal.remove();
    return Await(Operate<int>(&io_, object_, &removal, 0, ResultOf), stop_, kGrace).status();
  }

  arrow::Status Wait(const Beginning& begin) {
    return Await(Pending<int>::Begin(io_, begin, ResultOf), stop_, kGrace).status();
  }

  std::shared_ptr<Cluster> cluster_;
  librados::IoCtx io_;
  const std::string object_;
  const std::string uri_;
  const arrow::StopToken stop_;
  std::unique_ptr<Watching> watching_;
  bool asked_ = false;  // and not answered yet
  bool watched_ = false;
};

}  // namespace

Result<std::unique_ptr<Presence>> Watch(std::shared_ptr<Cluster> cluster, librados::IoCtx io,
                                        const std::string& object, const std::string& uri,
                                        const arrow::StopToken& stop) {
  auto presence =
      std::make_unique<WatchedObject>(std::move(cluster), std::move(io), object, uri, stop);
  ARROW_RETURN_NOT_OK(presence->Begin());
  return presence;
}

}  // namespace skyhook::objects::rados
