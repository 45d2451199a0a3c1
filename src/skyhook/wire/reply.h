// What a remote site answers.
#pragma once

#include <arrow/buffer.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/plan/outcome.h"
#include "skyhook/wire/request.h"

namespace skyhook::wire {

struct Reply {
  /// Why the call failed; the rest counts only when it is OK. Codes of base/status.h come through.
  arrow::Status status;
  /// Without `answered` and `version` when it is encoded. A site that declines sets kRefused and a
  /// reason.
  plan::Outcome outcome;
  /// May be of PackText when they are encoded, if the request says so.
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  /// The batches of a reply of which only the head is decoded; null: there are none.
  std::shared_ptr<arrow::Buffer> body;
};

/// Fails with kLimitExceeded when the message would have more than `message_bytes`.
arrow::Result<std::string> EncodeReply(const Reply& reply, Codec codec, int64_t message_bytes);

/// The reply to `request`: what remains is checked to be among what was asked for, and the batches
/// to hold what their types promise. Without a reduction they must have the pipeline's projected
/// schema; partial state is checked by who merges it. Sets `answered`. Batches may share the memory
/// of `message`. kCorruptData for bytes that are no reply; kUnsupportedPlan as in DecodeRequest.
/// Safe on hostile bytes: memory is bounded by 256 MiB a buffer.
arrow::Result<Reply> DecodeReply(const std::shared_ptr<arrow::Buffer>& message,
                                 const Request& request);

/// The same in two steps: what is said about the batches, which costs little, and the batches.
arrow::Result<Reply> DecodeReplyHead(const std::shared_ptr<arrow::Buffer>& message,
                                     const Request& request);
arrow::Status DecodeReplyBody(const plan::Pipeline& pipeline, Reply* reply);

}  // namespace skyhook::wire
