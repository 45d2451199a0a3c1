// Operations on objects of a pool, of which nobody has to see the end.
#pragma once

#include <arrow/result.h>
#include <arrow/util/future.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <rados/librados.hpp>
#include <string>
#include <utility>

#include "skyhook/base/exceptions.h"

namespace skyhook::objects::rados {

/// How an operation ended.
struct Operated {
  int result = 0;  ///< 0 or more, or a negative error number
  uint64_t version = 0;
};

/// Begins something that completes a librados completion; an error number when it cannot.
using Beginning = std::function<int(librados::AioCompletion*)>;

/// Hands the completion of an operation on. Deletes itself. Keeps the pool until then, which
/// librados goes on to use, and does not keep.
///
/// It marks futures finished and hangs nothing on them: Arrow's callbacks use statics of its own,
/// and the process may end while the thread of librados is still in one.
template <typename T>
class Pending {
 public:
  using Convert = std::function<arrow::Result<T>(const Operated&)>;

  static arrow::Future<T> Begin(librados::IoCtx io, const Beginning& begin, Convert convert) {
    std::unique_ptr<Pending> pending(new Pending(std::move(io), std::move(convert)));
    arrow::Future<T> future = pending->future_;
    pending->completion_ = librados::Rados::aio_create_completion(pending.get(), &Complete);
    const int error = begin(pending->completion_);
    if (error < 0) {
      pending->completion_->release();
      pending->Finish(Operated{error, 0});
    } else {
      pending.release();
    }
    return future;
  }

 private:
  Pending(librados::IoCtx io, Convert convert)
      : io_(std::move(io)), convert_(std::move(convert)), future_(arrow::Future<T>::Make()) {}

  // No exception goes on into librados: what `convert_` throws becomes the future's error.
  static void Complete(librados::completion_t, void* self) noexcept {
    const std::unique_ptr<Pending> pending(static_cast<Pending*>(self));
    librados::AioCompletion* completion = pending->completion_;
    const Operated operated{completion->get_return_value(), completion->get_version64()};
    completion->release();
    pending->Finish(operated);
  }

  void Finish(const Operated& operated) noexcept {
    arrow::Result<T> result = base::CatchExceptions([&] { return convert_(operated); });
    // What is kept goes before anybody hears of the end.
    convert_ = nullptr;
    io_ = librados::IoCtx();
    future_.MarkFinished(std::move(result));
  }

  librados::IoCtx io_;
  Convert convert_;
  arrow::Future<T> future_;
  librados::AioCompletion* completion_ = nullptr;
};

/// Begins an operation on `object`. `convert` makes a thread of librados's the future's value; what
/// `operation` writes to has to belong to `convert`.
template <typename T, typename Operation>
arrow::Future<T> Operate(librados::IoCtx* io, const std::string& object, Operation* operation,
                         int flags, typename Pending<T>::Convert convert) {
  return Pending<T>::Begin(
      *io,
      [&](librados::AioCompletion* completion) {
        if constexpr (std::is_same_v<Operation, librados::ObjectReadOperation>) {
          return io->aio_operate(object, completion, operation, flags, nullptr);
        } else {
          return io->aio_operate(object, completion, operation, flags);
        }
      },
      std::move(convert));
}

}  // namespace skyhook::objects::rados
