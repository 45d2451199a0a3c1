// Calls to one daemon.
#pragma once

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <memory>
#include <mutex>
#include <string>

#include "skyhook/base/timer.h"
#include "skyhook/site/flight/flight_options.h"

namespace arrow::flight {
class FlightClient;
class FlightStreamReader;
}  // namespace arrow::flight

namespace skyhook::site::flight {

/// A message of a stream of bytes.
struct Received {
  std::shared_ptr<arrow::RecordBatch> batch;  ///< of one binary column without NULLs; null: none
  std::shared_ptr<arrow::Buffer> metadata;    ///< null: none

  bool is_end() const { return batch == nullptr && metadata == nullptr; }
};

/// What a daemon streams. For one thread; goes before its connection. Cancels the call when it goes
/// before the end.
class ReceivedStream {
 public:
  ReceivedStream(std::shared_ptr<arrow::flight::FlightStreamReader> reader, std::string address,
                 arrow::StopToken stop);
  ~ReceivedStream();
  ReceivedStream(const ReceivedStream&) = delete;
  ReceivedStream& operator=(const ReceivedStream&) = delete;

  /// The next message; at the end, one without anything. Waits for it, until the stop is requested:
  /// within 20 ms. What a daemon sends is checked: batches are valid (ValidateFull), no buffer has
  /// more than 256 MiB, and metadata is aligned to 8 bytes.
  arrow::Result<Received> Next();

 private:
  const std::shared_ptr<arrow::flight::FlightStreamReader> reader_;
  const std::string address_;
  const arrow::StopToken stop_;
  bool ended_ = false;
};

/// Thread-safe. Connects when it has to, and again when the daemon comes back.
class Connection {
 public:
  /// Waits are looked after by `timer`.
  Connection(std::string address, FlightOptions options, std::shared_ptr<base::Timer> timer);
  ~Connection();

  /// Sends a ticket that is answered by a stream of bytes, and waits until the daemon takes it.
  /// Fails with codes of base/status.h: kUnreachable where nobody answers, kUnauthorised where a
  /// token would travel to another machine unencrypted.
  arrow::Result<std::unique_ptr<ReceivedStream>> Get(const std::string& ticket,
                                                     const arrow::StopToken& stop);
  const std::string& address() const { return address_; }

 private:
  arrow::Result<arrow::flight::FlightClient*> Client();

  const std::string address_;
  const FlightOptions options_;
  const std::shared_ptr<base::Timer> timer_;
  /// Of what is received, which goes before the connection.
  const std::shared_ptr<arrow::MemoryPool> pool_;
  std::mutex mutex_;
  std::unique_ptr<arrow::flight::FlightClient> client_;
};

}  // namespace skyhook::site::flight
