// The batches of an answer that comes in replies of calls, and its account.
#pragma once

#include <arrow/record_batch.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/plan/outcome.h"
#include "skyhook/site/site.h"
#include "skyhook/wire/reply.h"

namespace skyhook::site {

/// Not thread-safe.
class CalledBatches {
 public:
  explicit CalledBatches(Request request);

  /// A reply whose head was decoded, of a version of the object (of one object, also where there is
  /// a layout), and the bytes that travelled for it. One whose body is damaged ends the answer.
  void Take(wire::Reply reply, const std::string& object_version, int64_t network_bytes);
  /// There is no more: refused, for that reason, or, if it is empty, complete. A refusal in the
  /// midst of an answer cuts it short: whoever asks for the rest hears of it.
  void End(const std::string& refusal);
  /// The same, because the request's time is over.
  void EndByDeadline();

  bool has_ended() const { return ended_; }
  bool has_batch() const { return next_ < batches_.size(); }
  std::shared_ptr<arrow::RecordBatch> TakeBatch() { return std::move(batches_[next_++]); }

  const Request& request() const { return request_; }
  const plan::Outcome& outcome() const { return outcome_; }

 private:
  const Request request_;
  bool ended_ = false;
  plan::Outcome outcome_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
  size_t next_ = 0;
};

}  // namespace skyhook::site
