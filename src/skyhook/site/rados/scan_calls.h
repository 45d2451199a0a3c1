// The calls of one answer: each goes on where the one before stopped.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "skyhook/base/timer.h"
#include "skyhook/site/consecutive_calls.h"
#include "skyhook/site/rados/rados_site.h"
#include "skyhook/site/rados/refusals.h"
#include "skyhook/wire/reply.h"

namespace skyhook::site::rados {

/// What a call may take, in milliseconds, when the request has no deadline. A call holds its
/// placement group, which others wait for; while the OSD keeps the scan between two calls, shorter
/// ones cost little more.
inline constexpr uint32_t kCallMs = 2;
/// The same where the OSD keeps nothing: each call reads the pages again that it begins in.
inline constexpr uint32_t kLoneCallMs = 200;

/// What the calls of a site share. Outlives the answers.
struct CallContext {
  CallContext(std::shared_ptr<objects::RadosPool> pool, std::shared_ptr<base::Timer> timer)
      : pool(std::move(pool)), timer(std::move(timer)) {}

  const std::shared_ptr<objects::RadosPool> pool;
  const std::shared_ptr<base::Timer> timer;
  Refusals refusals;
};

struct CalledReply {
  wire::Reply reply;  ///< its body is not decoded
  uint64_t version = 0;
  int64_t bytes = 0;  ///< on the way
};

/// Makes the calls one after the other, without being waited for; what they answer is at most the
/// request's limit. One that is busy is asked again after waits that double, with jitter.
/// Thread-safe.
class ScanCalls : public std::enable_shared_from_this<ScanCalls> {
 public:
  ScanCalls(CallContext* context, const Request& request, std::optional<uint64_t> version);

  /// Sends the first call. Fails when the request cannot be sent as it is (kUnsupportedPlan).
  arrow::Status Start();
  /// The next reply; nothing when there is none. Waits for it.
  arrow::Result<std::optional<CalledReply>> Next(const arrow::StopToken& stop);
  /// Why an OSD did not answer, after Next returned nothing; empty: it did.
  const std::string& refusal() const { return refusal_; }
  /// Ends it: no further call is made. The context may go afterwards.
  void Cancel();

 private:
  using Step = ConsecutiveCalls::Step;

  void Send();
  /// On threads of librados and of the timer, which no exception may leave: it ends the calls, and
  /// is what Next returns.
  void SendOrEnd() noexcept;
  void Arrived(const arrow::Result<objects::Executed>& executed) noexcept;
  void GoOnAfter(const arrow::Result<objects::Executed>& executed);
  void EndBy(std::exception_ptr thrown) noexcept;
  /// The rest: with the lock held.
  Step Take(const arrow::Result<objects::Executed>& executed);
  Step TakeReply(const objects::Executed& executed);
  Step Refuse(std::string reason);
  Step Fail(arrow::Status status);
  arrow::Status Encode();

  CallContext* const context_;
  const std::string object_;
  const arrow::StopToken stop_;

  std::mutex mutex_;
  std::condition_variable changed_;
  ConsecutiveCalls calls_;
  std::string message_;
  std::optional<uint64_t> version_;
  int busy_ = 0;  ///< times in a row that it was
  bool cancelled_ = false;
  bool ended_ = false;
  arrow::Status failure_;
  std::exception_ptr thrown_;
  std::string refusal_;
  std::deque<CalledReply> arrived_;
};

}  // namespace skyhook::site::rados
