// The calls of one answer, each of which goes on where the one before stopped: what is asked next,
// and what follows from a reply. No I/O: whoever makes the calls brings the replies.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/site/site.h"
#include "skyhook/wire/reply.h"
#include "skyhook/wire/request.h"

namespace skyhook::site {

struct CallOptions {
  /// What a call may take, in milliseconds, when the request has no deadline: while whoever answers
  /// keeps the scan between two calls.
  uint32_t call_ms = 0;
  /// The same where nothing is kept: pages are read again that the call begins in.
  uint32_t lone_call_ms = 0;
  /// The most bytes of one reply. Rows are gathered up to 16 MiB, but may be larger.
  int64_t message_bytes = int64_t{16} << 20;
  /// That replies may use. The last one is used where it makes them smaller.
  std::vector<wire::Codec> codecs;
};

/// Not thread-safe.
class ConsecutiveCalls {
 public:
  enum class Step : uint8_t {
    kCall,
    kCallLater,  ///< whoever answers is at work on it, without a call that waits: in a millisecond
    kEnd,        ///< refusal(), failure(), or all that was asked for
  };
  struct Taken {
    Step step = Step::kEnd;
    /// With its body not decoded; none: the reply says nothing.
    std::optional<wire::Reply> reply = std::nullopt;
    int64_t bytes = 0;  ///< of this reply, and of those before it that said nothing
  };

  /// `name` is what messages call the fragment. The replies take at most the request's reply_bytes
  /// together.
  ConsecutiveCalls(const Request& request, std::string name, const CallOptions& options);

  /// The next call's message. Fails as wire::EncodeRequest does.
  arrow::Result<std::string> Encode();
  /// What follows from a reply to it, which is hostile until it was checked here.
  Taken Take(const std::shared_ptr<arrow::Buffer>& message);

  /// What the next call asks for.
  const wire::Request& asked() const { return asked_; }
  /// Whether calls do without what is kept between them, so that any copy may answer.
  bool alone() const { return alone_; }
  /// Why whoever was asked does not answer, after kEnd; empty: they did.
  const std::string& refusal() const { return refusal_; }
  /// What the call failed with, after kEnd.
  const arrow::Status& failure() const { return failure_; }

 private:
  Taken Refuse(std::string reason);
  Taken AskAgain();
  Step GoOn(const wire::Reply& reply, int64_t bytes);

  const uint32_t call_ms_;
  const uint32_t lone_call_ms_;
  /// Whether the scan may be kept between calls.
  const bool is_divisible_;
  const uint64_t scan_;  ///< the number by which it is known there
  wire::Request asked_;
  std::vector<wire::EncodedFilter> filters_;  ///< of asked_
  bool alone_ = false;
  std::optional<std::chrono::steady_clock::time_point> at_work_since_;
  int64_t bytes_ = 0;  ///< of replies that said nothing yet
  std::string refusal_;
  arrow::Status failure_;
};

}  // namespace skyhook::site
