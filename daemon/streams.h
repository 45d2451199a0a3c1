// What DoGet streams back.
#pragma once

#include <arrow/flight/server.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/call_record.h"
#include "daemon/calls.h"
#include "daemon/service.h"

namespace skyhook::daemon {

/// A call that streams: what ends with it.
struct StreamedCall {
  const Service* service;
  std::shared_ptr<Call> call;
  std::shared_ptr<CallRecord> record;
};

/// The rows of a reader, in messages of at most 3 MiB (clients in Go take no more than 4), unless
/// one row is larger.
std::unique_ptr<arrow::flight::FlightDataStream> StreamRows(
    std::shared_ptr<arrow::RecordBatchReader> reader, StreamedCall call);

/// A message of a stream of our own: rows, and what is said beside them.
struct Message {
  std::shared_ptr<arrow::RecordBatch> batch;
  std::string metadata;  ///< empty: nothing
  int64_t rows = 0;      ///< that it stands for, for the log
};

/// Messages of batches of `schema`, which has no dictionaries, until `next` gives none.
std::unique_ptr<arrow::flight::FlightDataStream> StreamMessages(
    std::shared_ptr<arrow::Schema> schema,
    std::function<arrow::Result<std::optional<Message>>()> next, StreamedCall call);

}  // namespace skyhook::daemon
