#include "daemon/wire_replies.h"

#include <arrow/array/builder_binary.h>

#include <utility>

#include "skyhook/wire/packed_text.h"
#include "skyhook/wire/reply.h"

namespace skyhook::daemon {

using arrow::Result;
using arrow::Status;

Status WireReplies::Start(const Service& service, const WireTicket& ticket,
                          const arrow::StopToken& stop) {
  return service.Run(ticket, stop, &request_).Value(&answer_);
}

Result<std::optional<Message>> WireReplies::Next() {
  if (ended_) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const auto batch, answer_->Next());
  wire::Reply reply;
  reply.outcome = answer_->outcome();
  if (batch != nullptr) reply.batches = {batch};
  if (batch != nullptr && request_.packed_text) {
    ARROW_ASSIGN_OR_RAISE(reply.batches, wire::PackText(reply.batches));
  }
  ended_ = batch == nullptr;
  Message out;
  out.rows = batch == nullptr ? 0 : batch->num_rows();
  const wire::Codec codec = request_.codecs.empty() ? wire::Codec::kNone : request_.codecs.front();
  ARROW_ASSIGN_OR_RAISE(out.metadata, wire::EncodeReply(reply, codec, request_.message_bytes));
  ARROW_ASSIGN_OR_RAISE(out.batch, VersionBatch(reply.outcome.version));
  return out;
}

// Of a layout's version, the file's.
Result<std::shared_ptr<arrow::RecordBatch>> WireReplies::VersionBatch(
    const std::string& version) const {
  const std::string of_file =
      request_.layout == nullptr ? version : version.substr(0, version.find('/'));
  arrow::BinaryBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Append(of_file));
  ARROW_ASSIGN_OR_RAISE(auto column, builder.Finish());
  return arrow::RecordBatch::Make(Schema(), 1, {std::move(column)});
}

std::shared_ptr<arrow::Schema> WireReplies::Schema() {
  return arrow::schema({arrow::field("version", arrow::binary(), /*nullable=*/false)});
}

}  // namespace skyhook::daemon
