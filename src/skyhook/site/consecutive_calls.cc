#include "skyhook/site/consecutive_calls.h"

#include <algorithm>
#include <random>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::site {

using plan::StoppedBy;

namespace {

// Of rows in one reply.
constexpr int64_t kMostReplyBytes = int64_t{16} << 20;

// Longer than a worker works on a call without being taken for one that hangs.
constexpr std::chrono::seconds kMostAtWork(10);

uint64_t NewScan() {
  static thread_local std::mt19937_64 random{std::random_device()()};
  return std::uniform_int_distribution<uint64_t>(1)(random);
}

bool IsDivisible(const base::Limits& limits) {
  return !limits.deadline.has_value() && limits.rows_in == base::Limits::kUnlimited;
}

}  // namespace

ConsecutiveCalls::ConsecutiveCalls(const Request& request, std::string name,
                                   const CallOptions& options)
    : call_ms_(options.call_ms),
      lone_call_ms_(options.lone_call_ms),
      is_divisible_(IsDivisible(request.limits)),
      scan_(request.slice.goes_on() ? request.slice.scan : NewScan()),
      asked_{request.pipeline,     std::move(name),         request.fragment.layout, request.slice,
             request.limits,       request.runtime_filters, options.codecs,
             /*packed_text=*/true, options.message_bytes,   request.fragment.bytes},
      alone_(!is_divisible_) {
  asked_.limits.reply_bytes = std::min(asked_.limits.reply_bytes, kMostReplyBytes);
}

arrow::Result<std::string> ConsecutiveCalls::Encode() {
  asked_.slice.scan = alone_ ? 0 : scan_;
  return wire::EncodeRequest(asked_, alone_ ? lone_call_ms_ : call_ms_, &filters_);
}

// A reply that is damaged says nothing: the fragment is read instead.
ConsecutiveCalls::Taken ConsecutiveCalls::Take(const std::shared_ptr<arrow::Buffer>& message) {
  auto reply = wire::DecodeReplyHead(message, asked_);
  if (!reply.ok()) return Refuse(reply.status().message());
  if (base::Is(reply->status, base::Code::kUnsupportedPlan)) {
    return Refuse(reply->status.message());
  }
  if (!reply->status.ok()) {
    failure_ = reply->status;
    return {};
  }
  if (reply->outcome.stopped_by == StoppedBy::kRefused) return Refuse(reply->outcome.reason);
  bytes_ += message->size();
  if (reply->outcome.remaining.at_work) return AskAgain();
  const int64_t bytes = std::exchange(bytes_, 0);
  const Step step = GoOn(*reply, bytes);
  return {step, *std::move(reply), bytes};
}

// Whatever a worker says, it is not waited for without an end: one may lose its work each time, or
// end between two calls. By itself, a call is answered, or counts against the plan.
ConsecutiveCalls::Taken ConsecutiveCalls::AskAgain() {
  if (alone_) return Refuse("the worker goes on with a call that it should have answered");
  const auto now = std::chrono::steady_clock::now();
  if (!at_work_since_.has_value()) at_work_since_ = now;
  if (now - *at_work_since_ < kMostAtWork) return {.step = Step::kCallLater};
  alone_ = true;
  return {.step = Step::kCall};
}

ConsecutiveCalls::Step ConsecutiveCalls::GoOn(const wire::Reply& reply, int64_t bytes) {
  const plan::Outcome& outcome = reply.outcome;
  const bool is_cut =
      outcome.stopped_by == StoppedBy::kDeadline || outcome.stopped_by == StoppedBy::kReplyBytes;
  at_work_since_.reset();
  asked_.limits.reply_bytes -= std::max(outcome.cost.bytes_out, bytes);
  if (!is_divisible_ || !is_cut || outcome.remaining.rows.empty() ||
      asked_.limits.reply_bytes <= 0) {
    return Step::kEnd;
  }
  // A worker may lose what it kept, and begins again.
  const bool got_somewhere =
      !outcome.answered.empty() || outcome.remaining.rows_kept > asked_.slice.rows_kept;
  if (alone_ && !got_somewhere) return Step::kEnd;
  alone_ = !outcome.remaining.goes_on() || !got_somewhere;
  asked_.slice = outcome.remaining;
  return Step::kCall;
}

ConsecutiveCalls::Taken ConsecutiveCalls::Refuse(std::string reason) {
  refusal_ = std::move(reason);
  return {};
}

}  // namespace skyhook::site
