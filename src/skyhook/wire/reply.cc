#include "skyhook/wire/reply.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/compression.h>

#include <algorithm>
#include <array>
#include <utility>

#include "skyhook/base/guarded_pool.h"
#include "skyhook/base/status.h"
#include "skyhook/plan/split.h"
#include "skyhook/wire/fields.h"
#include "skyhook/wire/packed_text.h"

namespace skyhook::wire {

using arrow::Result;
using arrow::Status;
using arrow::StatusCode;
using base::Code;
using plan::Cost;

namespace {

constexpr int64_t kMostBufferBytes = int64_t{256} << 20;

// Failures by the numbers they travel as, which never change.
template <typename What>
struct StatusNumber {
  uint32_t number;
  What what;
};
constexpr std::array kCodes = {StatusNumber<Code>{16, Code::kUnsupportedPlan},
                               StatusNumber<Code>{17, Code::kStaleObject},
                               StatusNumber<Code>{18, Code::kCorruptData},
                               StatusNumber<Code>{19, Code::kLimitExceeded},
                               StatusNumber<Code>{20, Code::kBusy},
                               StatusNumber<Code>{21, Code::kUnreachable},
                               StatusNumber<Code>{22, Code::kUnauthorised}};
constexpr std::array kPlain = {StatusNumber<StatusCode>{0, StatusCode::OK},
                               StatusNumber<StatusCode>{1, StatusCode::Invalid},
                               StatusNumber<StatusCode>{2, StatusCode::IOError},
                               StatusNumber<StatusCode>{3, StatusCode::Cancelled},
                               StatusNumber<StatusCode>{4, StatusCode::UnknownError}};
constexpr uint32_t kUnknownNumber = 4;

uint32_t NumberOf(const Status& status) {
  for (const auto& [number, code] : kCodes) {
    if (base::Is(status, code)) return number;
  }
  for (const auto& [number, code] : kPlain) {
    if (code == status.code()) return number;
  }
  return kUnknownNumber;
}

Status StatusOf(uint32_t number, std::string message) {
  if (number == 0) return Status::OK();
  for (const auto& [known, code] : kCodes) {
    if (known == number) return base::MakeStatus(code, std::move(message));
  }
  for (const auto& [known, code] : kPlain) {
    if (known == number) return Status(code, std::move(message));
  }
  return Status::UnknownError(std::move(message));
}

// In place of a number of rows kept: the site works on.
constexpr int64_t kAtWork = -1;

// What is counted, by the numbers it travels as, which never change.
struct CostNumber {
  uint32_t number;
  int64_t Cost::*value;
};
constexpr std::array kCostNumbers = {CostNumber{1, &Cost::bytes_read},
                                     CostNumber{2, &Cost::read_calls},
                                     CostNumber{3, &Cost::rows_in},
                                     CostNumber{4, &Cost::rows_out},
                                     CostNumber{5, &Cost::bytes_out},
                                     CostNumber{6, &Cost::cpu_ns},
                                     CostNumber{7, &Cost::row_groups},
                                     CostNumber{8, &Cost::row_groups_skipped_statistics},
                                     CostNumber{9, &Cost::row_groups_skipped_bloom},
                                     CostNumber{10, &Cost::row_groups_skipped_dictionary},
                                     CostNumber{11, &Cost::row_groups_skipped_runtime},
                                     CostNumber{12, &Cost::rows_skipped_page_index},
                                     CostNumber{13, &Cost::rows_skipped_runtime},
                                     CostNumber{14, &Cost::pages_read},
                                     CostNumber{15, &Cost::pages_skipped},
                                     CostNumber{16, &Cost::pages_skipped_late},
                                     CostNumber{17, &Cost::partial_flushes},
                                     CostNumber{18, &Cost::read_ns},
                                     CostNumber{19, &Cost::row_groups_from_statistics},
                                     CostNumber{20, &Cost::pages_tested},
                                     CostNumber{21, &Cost::pages_searched},
                                     CostNumber{22, &Cost::pages_picked}};

// Sums of many are numbers still.
constexpr int64_t kMostCost = int64_t{1} << 53;

std::string CostToBytes(const Cost& cost) {
  std::string bytes;
  for (const CostNumber& entry : kCostNumbers) {
    if (cost.*entry.value == 0) continue;
    Append(entry.number, &bytes);
    Append(uint32_t{0}, &bytes);
    Append(cost.*entry.value, &bytes);
  }
  return bytes;
}

Status CostFromBytes(std::string_view bytes, Cost* cost) {
  uint32_t number = 0;
  uint32_t zero = 0;
  int64_t value = 0;
  while (Take(&bytes, &number) && Take(&bytes, &zero) && Take(&bytes, &value)) {
    if (value < 0 || value > kMostCost)
      return base::CorruptData("a reply whose cost {} is {}", number, value);
    for (const CostNumber& entry : kCostNumbers) {
      if (entry.number == number) cost->*entry.value = value;
    }
  }
  return bytes.empty() ? Status::OK() : base::CorruptData("a reply whose costs are cut short");
}

constexpr uint32_t kFilterBit = 1;
constexpr uint32_t kProjectionBit = 2;
constexpr uint32_t kReductionBit = 4;

std::string OutcomeToBytes(const plan::Outcome& outcome) {
  std::string bytes;
  Append((outcome.applied.filter ? kFilterBit : 0) |
             (outcome.applied.projection ? kProjectionBit : 0) |
             (outcome.applied.reduction ? kReductionBit : 0),
         &bytes);
  Append(static_cast<uint32_t>(outcome.stopped_by), &bytes);
  return bytes;
}

Status OutcomeFromBytes(std::string_view bytes, plan::Outcome* out) {
  uint32_t applied = 0;
  uint32_t stopped_by = 0;
  if (!Take(&bytes, &applied) || !Take(&bytes, &stopped_by) ||
      stopped_by > static_cast<uint32_t>(plan::StoppedBy::kRefused)) {
    return base::CorruptData("a reply without an outcome that is understood");
  }
  out->applied = {(applied & kFilterBit) != 0, (applied & kProjectionBit) != 0,
                  (applied & kReductionBit) != 0};
  out->stopped_by = static_cast<plan::StoppedBy>(stopped_by);
  return Status::OK();
}

arrow::Compression::type CompressionOf(Codec codec) {
  switch (codec) {
    case Codec::kLz4:
      return arrow::Compression::LZ4_FRAME;
    case Codec::kZstd:
      return arrow::Compression::ZSTD;
    case Codec::kNone:
      break;
  }
  return arrow::Compression::UNCOMPRESSED;
}

Result<std::shared_ptr<arrow::Buffer>> BatchesToBytes(const Reply& reply, Codec codec) {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.use_threads = false;
  if (codec != Codec::kNone) {
    ARROW_ASSIGN_OR_RAISE(options.codec, arrow::util::Codec::Create(CompressionOf(codec)));
    options.min_space_savings = 0.05;
  }
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(
      auto writer, arrow::ipc::MakeStreamWriter(sink, reply.batches.front()->schema(), options));
  for (const auto& batch : reply.batches) ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  ARROW_RETURN_NOT_OK(writer->Close());
  return sink->Finish();
}

Status BatchesFromBytes(std::shared_ptr<arrow::Buffer> bytes, const plan::Pipeline& pipeline,
                        Reply* reply) {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  const auto pool = base::GuardedPool(nullptr, kMostBufferBytes);
  options.memory_pool = pool.get();
  ARROW_ASSIGN_OR_RAISE(auto reader,
                        arrow::ipc::RecordBatchStreamReader::Open(
                            std::make_shared<arrow::io::BufferReader>(std::move(bytes)), options));
  const auto schema = UnpackedSchema(*reader->schema());
  if (!pipeline.aggregate.has_value() || !reply->outcome.applied.reduction) {
    const auto expected = plan::SchemaAfter(pipeline, reply->outcome.applied);
    if (!schema->Equals(*expected)) {
      return base::CorruptData("a reply of the columns {} to a request for {}", schema->ToString(),
                               expected->ToString());
    }
  }
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (batch == nullptr) return Status::OK();
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    ARROW_ASSIGN_OR_RAISE(reply->batches.emplace_back(), UnpackText(*batch, schema, pool.get()));
  }
}

Status RemainingFromBytes(std::string_view bytes, const Request& request, plan::Outcome* outcome) {
  plan::RowRanges& remaining = outcome->remaining.rows;
  ARROW_ASSIGN_OR_RAISE(remaining, RowsFromBytes(bytes));
  outcome->answered = request.slice.rows.Subtract(remaining);
  if (remaining.Subtract(request.slice.rows).empty()) return Status::OK();
  return base::CorruptData("a reply that leaves rows {} of {} asked for", remaining.ToString(),
                           request.slice.rows.ToString());
}

std::string KeptToBytes(const plan::Slice& remaining) {
  std::string bytes;
  Append(remaining.at_work ? kAtWork : remaining.rows_kept, &bytes);
  return bytes;
}

// Without bytes nothing is kept.
Status KeptFromBytes(std::string_view bytes, const Request& request, plan::Slice* remaining) {
  int64_t kept = 0;
  if (!Take(&bytes, &kept)) return Status::OK();
  if (kept < kAtWork || kept > remaining->rows.num_rows()) {
    return base::CorruptData("a reply that keeps {} of {} rows", kept, remaining->rows.num_rows());
  }
  remaining->scan = request.slice.scan;
  remaining->at_work = kept == kAtWork;
  remaining->rows_kept = std::max<int64_t>(kept, 0);
  return Status::OK();
}

// A class that declines says no more than why.
void Decline(std::string_view reason, const Request& request, plan::Outcome* outcome) {
  outcome->stopped_by = plan::StoppedBy::kRefused;
  outcome->reason = reason;
  outcome->remaining.rows = request.slice.rows;
}

}  // namespace

Result<std::string> EncodeReply(const Reply& reply, Codec codec, int64_t message_bytes) {
  MessageWriter writer(kReplyMagic);
  std::string status;
  Append(NumberOf(reply.status), &status);
  status += reply.status.message();
  writer.Add(ReplyTag::kStatus, status, kRequired);
  if (reply.status.ok() && reply.outcome.stopped_by == plan::StoppedBy::kRefused) {
    writer.Add(ReplyTag::kRefusal, reply.outcome.reason, kRequired);
  } else if (reply.status.ok()) {
    writer.Add(ReplyTag::kOutcome, OutcomeToBytes(reply.outcome), kRequired);
    writer.Add(ReplyTag::kRemaining, RowsToBytes(reply.outcome.remaining.rows), kRequired);
    if (!reply.batches.empty()) {
      ARROW_ASSIGN_OR_RAISE(const auto body, BatchesToBytes(reply, codec));
      writer.Add(ReplyTag::kBody, std::string_view(*body), kRequired);
    }
    if (reply.outcome.remaining.goes_on()) {
      writer.Add(ReplyTag::kKept, KeptToBytes(reply.outcome.remaining));
    }
  }
  writer.Add(ReplyTag::kCost, CostToBytes(reply.outcome.cost));
  ARROW_ASSIGN_OR_RAISE(std::string message, writer.Finish());
  if (static_cast<int64_t>(message.size()) <= message_bytes) return message;
  return base::LimitExceeded("a reply of {} bytes; {} were allowed", message.size(), message_bytes);
}

Result<Reply> DecodeReplyHead(const std::shared_ptr<arrow::Buffer>& message,
                              const Request& request) {
  const std::string_view bytes(*message);
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        MessageReader::Open(bytes, kReplyMagic, ReplyTag::kKept));
  Reply reply;
  ARROW_RETURN_NOT_OK(CostFromBytes(reader.Last(ReplyTag::kCost), &reply.outcome.cost));
  if (const auto& refusals = reader.All(ReplyTag::kRefusal); !refusals.empty()) {
    Decline(refusals.front(), request, &reply.outcome);
    return reply;
  }
  std::string_view status = reader.Last(ReplyTag::kStatus);
  uint32_t number = 0;
  if (!Take(&status, &number)) return base::CorruptData("a reply without a status");
  reply.status = StatusOf(number, std::string(status));
  if (!reply.status.ok()) return reply;
  ARROW_RETURN_NOT_OK(OutcomeFromBytes(reader.Last(ReplyTag::kOutcome), &reply.outcome));
  ARROW_RETURN_NOT_OK(
      RemainingFromBytes(reader.Last(ReplyTag::kRemaining), request, &reply.outcome));
  ARROW_RETURN_NOT_OK(
      KeptFromBytes(reader.Last(ReplyTag::kKept), request, &reply.outcome.remaining));
  if (const std::string_view body = reader.Last(ReplyTag::kBody); !body.empty()) {
    const auto offset = static_cast<int64_t>(body.data() - bytes.data());
    reply.body = arrow::SliceBuffer(message, offset, static_cast<int64_t>(body.size()));
  }
  return reply;
}

Status DecodeReplyBody(const plan::Pipeline& pipeline, Reply* reply) {
  if (reply->body == nullptr) return Status::OK();
  const Status read = BatchesFromBytes(std::exchange(reply->body, nullptr), pipeline, reply);
  if (read.ok()) return read;
  return base::CorruptData("a reply whose batches are damaged: {}", read.message());
}

Result<Reply> DecodeReply(const std::shared_ptr<arrow::Buffer>& message, const Request& request) {
  ARROW_ASSIGN_OR_RAISE(Reply reply, DecodeReplyHead(message, request));
  ARROW_RETURN_NOT_OK(DecodeReplyBody(*request.pipeline, &reply));
  return reply;
}

}  // namespace skyhook::wire
