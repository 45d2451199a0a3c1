#include "daemon/streams.h"

#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/writer.h>

#include <cstdint>
#include <deque>
#include <utility>

#include "daemon/flight_status.h"
#include "skyhook/base/exceptions.h"
#include "skyhook/vector/batches.h"

namespace skyhook::daemon {

namespace flight = arrow::flight;
using arrow::Result;
using arrow::Status;

namespace {

constexpr int64_t kMessageBytes = int64_t{3} << 20;

Status Failed(const StreamedCall& call, const Status& status) {
  return ToFlight(call.service->Shown(status), call.call->context());
}

class CallReader : public arrow::RecordBatchReader {
 public:
  CallReader(std::shared_ptr<arrow::RecordBatchReader> reader, StreamedCall call)
      : call_(std::move(call)), reader_(std::move(reader)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    const Status status = base::CatchExceptions([&] { return Next(out); });
    if (!status.ok() || *out == nullptr) call_.record->Ended(status);
    return Failed(call_, status);
  }

 private:
  Status Next(std::shared_ptr<arrow::RecordBatch>* out) {
    ARROW_RETURN_NOT_OK(call_.call->stop().Poll());
    out->reset();
    while (pieces_.empty()) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(reader_->ReadNext(&batch));
      if (batch == nullptr) return Status::OK();
      AddPieces(batch);
    }
    *out = std::move(pieces_.front());
    pieces_.pop_front();
    call_.record->Returned((*out)->num_rows(), vector::BytesOf(**out));
    return Status::OK();
  }

  // Halves it until each piece fits, or is one row.
  void AddPieces(const std::shared_ptr<arrow::RecordBatch>& batch) {
    const int64_t rows = batch->num_rows();
    if (rows <= 1 || vector::BytesOf(*batch) <= kMessageBytes) {
      pieces_.push_back(batch);
      return;
    }
    AddPieces(batch->Slice(0, rows / 2));
    AddPieces(batch->Slice(rows / 2));
  }

  const StreamedCall call_;
  const std::shared_ptr<arrow::RecordBatchReader> reader_;
  std::deque<std::shared_ptr<arrow::RecordBatch>> pieces_;
};

class MessageStream : public flight::FlightDataStream {
 public:
  MessageStream(std::shared_ptr<arrow::Schema> schema,
                std::function<Result<std::optional<Message>>()> next, StreamedCall call)
      : call_(std::move(call)), schema_(std::move(schema)), next_(std::move(next)) {}

  std::shared_ptr<arrow::Schema> schema() override { return schema_; }

  Result<flight::FlightPayload> GetSchemaPayload() override {
    flight::FlightPayload payload;
    const arrow::ipc::DictionaryFieldMapper no_dictionaries(*schema_);
    ARROW_RETURN_NOT_OK(
        arrow::ipc::GetSchemaPayload(*schema_, options_, no_dictionaries, &payload.ipc_message));
    return payload;
  }

  Result<flight::FlightPayload> Next() override {
    auto payload = base::CatchExceptions([&] { return NextPayload(); });
    if (payload.ok()) return payload;
    call_.record->Ended(payload.status());
    return Failed(call_, payload.status());
  }

 private:
  // One without a message is the end.
  Result<flight::FlightPayload> NextPayload() {
    ARROW_RETURN_NOT_OK(call_.call->stop().Poll());
    flight::FlightPayload payload;
    ARROW_ASSIGN_OR_RAISE(auto message, next_());
    if (!message.has_value()) {
      call_.record->Ended(Status::OK());
      return payload;
    }
    ARROW_RETURN_NOT_OK(
        arrow::ipc::GetRecordBatchPayload(*message->batch, options_, &payload.ipc_message));
    call_.record->Returned(message->rows, payload.ipc_message.body_length +
                                              static_cast<int64_t>(message->metadata.size()));
    if (!message->metadata.empty()) {
      payload.app_metadata = arrow::Buffer::FromString(std::move(message->metadata));
    }
    return payload;
  }

  const StreamedCall call_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::function<Result<std::optional<Message>>()> next_;
  const arrow::ipc::IpcWriteOptions options_ = arrow::ipc::IpcWriteOptions::Defaults();
};

}  // namespace

std::unique_ptr<flight::FlightDataStream> StreamRows(
    std::shared_ptr<arrow::RecordBatchReader> reader, StreamedCall call) {
  return std::make_unique<flight::RecordBatchStream>(
      std::make_shared<CallReader>(std::move(reader), std::move(call)));
}

std::unique_ptr<flight::FlightDataStream> StreamMessages(
    std::shared_ptr<arrow::Schema> schema, std::function<Result<std::optional<Message>>()> next,
    StreamedCall call) {
  return std::make_unique<MessageStream>(std::move(schema), std::move(next), std::move(call));
}

}  // namespace skyhook::daemon
