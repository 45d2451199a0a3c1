#include "skyhook/client/answer_ahead.h"

#include <system_error>
#include <utility>

#include "skyhook/base/exceptions.h"
#include "skyhook/format/read_context.h"
#include "skyhook/vector/batches.h"

namespace skyhook::client {
namespace {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;
using format::kWaitStep;

}  // namespace

AnswerAhead::AnswerAhead(Begin begin, std::shared_ptr<base::Cores> cores, int64_t held_bytes,
                         arrow::StopToken stop, base::Core* core)
    : begin_(std::move(begin)),
      cores_(std::move(cores)),
      held_bytes_(held_bytes),
      stop_(std::move(stop)),
      core_(core) {
  try {
    thread_ = std::thread([this] { Work(); });
  } catch (const std::system_error&) {
    // As many threads as the system allows: the batches are made by whoever pulls.
  }
}

AnswerAhead::~AnswerAhead() { Stop(); }

void AnswerAhead::Stop() {
  if (!thread_.joinable()) return;
  stop_ahead_.RequestStop();
  thread_.join();
  outcome_.cost = last_.cost;
}

arrow::Result<BatchPtr> AnswerAhead::Next() {
  if (!thread_.joinable()) return NextWithoutThread();
  ARROW_RETURN_NOT_OK(AwaitOne());
  std::unique_lock<std::mutex> lock(mutex_);
  if (made_.empty()) {
    outcome_ = last_;
    return failure_.ok() ? arrow::Result<BatchPtr>(nullptr) : failure_;
  }
  Made made = std::move(made_.front());
  made_.pop_front();
  bytes_ -= made.bytes;
  lock.unlock();
  changed_.notify_all();
  outcome_ = std::move(made.outcome);
  return made.batch;
}

arrow::Status AnswerAhead::AwaitOne() {
  const auto is_there = [this] { return !made_.empty() || ended_; };
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (is_there()) return arrow::Status::OK();
  }
  const base::WithoutCore idle(core_);
  std::unique_lock<std::mutex> lock(mutex_);
  while (!changed_.wait_for(lock, kWaitStep, is_there)) ARROW_RETURN_NOT_OK(stop_.Poll());
  return arrow::Status::OK();
}

arrow::Result<BatchPtr> AnswerAhead::NextWithoutThread() {
  if (alone_ == nullptr) ARROW_RETURN_NOT_OK(begin_(stop_, core_).Value(&alone_));
  ARROW_ASSIGN_OR_RAISE(BatchPtr batch, alone_->Next());
  outcome_ = alone_->outcome();
  return batch;
}

void AnswerAhead::Work() {
  base::Core core(cores_, stop_ahead_.token());
  // Bytes are on their way also while whoever pulls keeps all cores.
  core.Borrow();
  plan::Outcome last;
  arrow::Status status = base::CatchExceptions([&] { return MakeAll(&core, &last); });
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    failure_ = std::move(status);
    last_ = std::move(last);
    ended_ = true;
  }
  changed_.notify_all();
}

arrow::Status AnswerAhead::MakeAll(base::Core* core, plan::Outcome* last) {
  const arrow::StopToken stop = stop_ahead_.token();
  ARROW_ASSIGN_OR_RAISE(const auto answer, begin_(stop, core));
  while (true) {
    ARROW_RETURN_NOT_OK(stop.Poll());
    ARROW_RETURN_NOT_OK(stop_.Poll());
    auto next = answer->Next();
    *last = answer->outcome();
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, std::move(next));
    const bool is_last = batch == nullptr;
    const int64_t bytes = is_last ? 0 : vector::BytesOf(*batch);
    Put({std::move(batch), bytes, *last}, core);
    if (is_last) return arrow::Status::OK();
    core->Yield();
  }
}

void AnswerAhead::Put(Made made, base::Core* core) {
  AwaitRoom(made.bytes, core);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    bytes_ += made.bytes;
    made_.push_back(std::move(made));
  }
  changed_.notify_all();
}

void AnswerAhead::AwaitRoom(int64_t bytes, base::Core* core) {
  const auto has_room = [&] { return made_.empty() || bytes_ + bytes <= held_bytes_; };
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (has_room()) return;
  }
  const base::WithoutCore idle(core);
  const arrow::StopToken stop = stop_ahead_.token();
  std::unique_lock<std::mutex> lock(mutex_);
  while (!changed_.wait_for(lock, kWaitStep, has_room) && !stop.IsStopRequested()) {
  }
}

}  // namespace skyhook::client
