#include "skyhook/site/rados/scan_calls.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <random>
#include <utility>

#include "skyhook/base/exceptions.h"
#include "skyhook/base/status.h"
#include "skyhook/site/object_bytes.h"

namespace skyhook::site::rados {

using arrow::Result;
using arrow::Status;
using objects::Executed;

namespace {

// How long a wait lasts before the stop token is looked at.
constexpr std::chrono::milliseconds kWait(10);

// Why an OSD did not run a pipeline that another may, or the client itself; nothing for errors that
// are about the object.
const char* ReasonOf(int error) {
  switch (error) {
    case -EPERM:
    case -EACCES:
      return "the OSD does not load the class skyhook, or the client's capabilities lack x";
    case -EOPNOTSUPP:
      return "the OSD has no class skyhook, or its pool is erasure-coded";
    case -EIO:
      return "the OSD cannot load the class skyhook";
    case -EBUSY:
      return "as many calls as the OSD allows are running";
    case -ENOTCONN:
      return "the OSD cannot start its worker";
    case -ESHUTDOWN:
    case -EPROTO:
      return "the OSD's worker failed";
    case -ETIMEDOUT:
      return "the OSD's worker did not answer in time";
    case -E2BIG:
      return "the request is too large for the OSD";
    case -EINVAL:
      return "the OSD does not understand the request";
    case -ENOMEM:
      return "the OSD has no memory for the call";
    default:
      return nullptr;
  }
}

// Whether the next call there would be refused for the same.
bool Lasts(int error) {
  return error == -EPERM || error == -EACCES || error == -EOPNOTSUPP || error == -ENOTCONN;
}

// A busy OSD is asked again so many times, after waits that double up to the most: for most of a
// second, in which others' calls end hundreds of times.
constexpr int kMostBusy = 30;
constexpr int kFirstWaitUs = 1000;
constexpr int kMostWaitUs = 32'000;

// Before one that is at work is asked what has come of it: meanwhile no call waits for it there.
constexpr std::chrono::microseconds kWhileAtWork(1000);

std::minstd_rand& Random() {
  static thread_local std::minstd_rand random{std::random_device()()};
  return random;
}

// Before an OSD is asked again that was busy so many times in a row, with jitter: others wait too.
std::chrono::microseconds WaitAfter(int times_busy) {
  if (times_busy == 0) return kWhileAtWork;
  const int most = std::min(kFirstWaitUs << std::min(times_busy - 1, 10), kMostWaitUs);
  return std::chrono::microseconds(std::uniform_int_distribution<int>(most / 2, most)(Random()));
}

}  // namespace

ScanCalls::ScanCalls(CallContext* context, const Request& request, std::optional<uint64_t> version)
    : context_(context),
      object_(ObjectOf(request.fragment)),
      stop_(request.stop),
      calls_(request, context->pool->UriOf(request.fragment.name),
             {.call_ms = kCallMs,
              .lone_call_ms = kLoneCallMs,
              .codecs = {wire::Codec::kNone, wire::Codec::kLz4}}),
      version_(version) {}

Status ScanCalls::Encode() { return calls_.Encode().Value(&message_); }

Status ScanCalls::Start() {
  ARROW_RETURN_NOT_OK(Encode());
  return base::CatchExceptions([this] {
    Send();
    return Status::OK();
  });
}

void ScanCalls::SendOrEnd() noexcept {
  try {
    Send();
  } catch (...) {
    EndBy(std::current_exception());
  }
}

void ScanCalls::Send() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (cancelled_ || ended_) return;
  // What an OSD keeps, others do not know of: then it is always the primary that is asked.
  auto reply = context_->pool->Execute(object_, version_, "skyhook", "scan", message_,
                                       /*any_copy=*/calls_.alone(), stop_);
  lock.unlock();
  reply.AddCallback(
      [self = shared_from_this()](const Result<Executed>& executed) { self->Arrived(executed); });
}

void ScanCalls::Arrived(const Result<Executed>& executed) noexcept {
  try {
    GoOnAfter(executed);
  } catch (...) {
    EndBy(std::current_exception());
  }
}

void ScanCalls::EndBy(std::exception_ptr thrown) noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    thrown_ = std::move(thrown);
    ended_ = true;
  }
  changed_.notify_one();
}

void ScanCalls::GoOnAfter(const Result<Executed>& executed) {
  Step next = Step::kEnd;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (cancelled_) return;
    next = Take(executed);
    if (next == Step::kCall) {
      const Status encoded = Encode();
      if (!encoded.ok()) next = Refuse(encoded.message());
    }
    if (next == Step::kCallLater) {
      context_->timer->Run(WaitAfter(busy_), [self = shared_from_this()] { self->SendOrEnd(); });
    }
    ended_ = next == Step::kEnd;
  }
  changed_.notify_one();
  if (next == Step::kCall) Send();
}

ScanCalls::Step ScanCalls::Take(const Result<Executed>& executed) {
  if (!executed.ok()) return Fail(executed.status());
  const int result = executed->result;
  if (result == -EBUSY && ++busy_ <= kMostBusy) return Step::kCallLater;
  if (const char* reason = ReasonOf(result); reason != nullptr) {
    if (Lasts(result)) {
      context_->refusals.Learn(context_->pool->PlacementGroupOf(object_), reason,
                               std::chrono::steady_clock::now());
    }
    return Refuse(reason);
  }
  if (result < 0) return Fail(objects::ObjectError("cannot scan", calls_.asked().fragment, result));
  return TakeReply(*executed);
}

ScanCalls::Step ScanCalls::TakeReply(const Executed& executed) {
  ConsecutiveCalls::Taken taken = calls_.Take(executed.output);
  if (!calls_.refusal().empty()) return Refuse(calls_.refusal());
  if (!calls_.failure().ok()) return Fail(calls_.failure());
  busy_ = 0;
  version_ = executed.version;
  if (taken.reply.has_value()) {
    arrived_.push_back({*std::move(taken.reply), executed.version, taken.bytes});
  }
  return taken.step;
}

ScanCalls::Step ScanCalls::Refuse(std::string reason) {
  refusal_ = std::move(reason);
  return Step::kEnd;
}

ScanCalls::Step ScanCalls::Fail(Status status) {
  failure_ = std::move(status);
  return Step::kEnd;
}

Result<std::optional<CalledReply>> ScanCalls::Next(const arrow::StopToken& stop) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto is_there = [this] { return !arrived_.empty() || ended_; };
  while (!changed_.wait_for(lock, kWait, is_there)) ARROW_RETURN_NOT_OK(stop.Poll());
  if (!arrived_.empty()) {
    std::optional<CalledReply> first = std::move(arrived_.front());
    arrived_.pop_front();
    return first;
  }
  if (thrown_ != nullptr) return base::StatusOf(thrown_);
  ARROW_RETURN_NOT_OK(failure_);
  return std::nullopt;
}

void ScanCalls::Cancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cancelled_ = true;
}

}  // namespace skyhook::site::rados
