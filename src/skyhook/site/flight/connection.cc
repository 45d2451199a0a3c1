#include "skyhook/site/flight/connection.h"

#include <arrow/flight/client.h>
#include <arrow/flight/types.h>

#include <chrono>
#include <cstring>
#include <utility>

#include "skyhook/base/exceptions.h"
#include "skyhook/base/guarded_pool.h"
#include "skyhook/base/status.h"
#include "skyhook/site/flight/failures.h"

namespace skyhook::site::flight {

using arrow::Result;
using arrow::Status;
using arrow::flight::FlightClient;
using arrow::flight::FlightStreamReader;
using arrow::flight::Location;

namespace {

constexpr std::chrono::milliseconds kLook(10);
/// Of a buffer, and of what is said beside a batch.
constexpr int64_t kMostBytes = int64_t{256} << 20;

bool MayHaveToken(const std::string& address) {
  if (address.starts_with("grpc+tls://")) return true;
  for (const char* here : {"grpc://127.", "grpc://[::1]:", "grpc://localhost:"}) {
    if (address.starts_with(here)) return true;
  }
  return false;
}

// Cancels a call whose stop is requested: whoever waits for it waits within gRPC. Where there is no
// memory for the next look, nobody looks any more: the wait ends when the daemon answers.
// The timer drops what is not due when it goes.
void Watch(base::Timer* timer, std::weak_ptr<FlightStreamReader> watched,
           const arrow::StopToken& stop) {
  base::UnlessMemoryLacks([&] {
    timer->Run(kLook, [timer, watched = std::move(watched), stop] {
      const auto reader = watched.lock();
      if (reader == nullptr) return;
      stop.IsStopRequested() ? reader->Cancel() : Watch(timer, reader, stop);
    });
  });
}

// What a stream of bytes is: no dictionaries, which could be sent for ever.
bool IsOfBytes(const arrow::Schema& schema) {
  return schema.num_fields() == 1 && schema.field(0)->type()->id() == arrow::Type::BINARY;
}

// As replies are read, whose numbers lie at multiples of eight.
Result<std::shared_ptr<arrow::Buffer>> Aligned(const std::shared_ptr<arrow::Buffer>& bytes) {
  if (bytes == nullptr || bytes->address() % 8 == 0) return bytes;
  ARROW_ASSIGN_OR_RAISE(auto copy, arrow::AllocateBuffer(bytes->size()));
  std::memcpy(copy->mutable_data(), bytes->data(), static_cast<size_t>(bytes->size()));
  return std::shared_ptr<arrow::Buffer>(std::move(copy));
}

}  // namespace

ReceivedStream::ReceivedStream(std::shared_ptr<FlightStreamReader> reader, std::string address,
                               arrow::StopToken stop)
    : reader_(std::move(reader)), address_(std::move(address)), stop_(std::move(stop)) {}

ReceivedStream::~ReceivedStream() {
  if (!ended_) reader_->Cancel();
}

Result<Received> ReceivedStream::Next() {
  if (ended_) return Received{};
  ARROW_RETURN_NOT_OK(stop_.Poll());
  auto chunk = reader_->Next();
  ended_ = !chunk.ok();
  // The daemon's answer to the cancelling is not what the caller wants to hear of.
  ARROW_RETURN_NOT_OK(stop_.Poll());
  if (!chunk.ok()) return FromFlight(chunk.status(), address_);
  const bool is_large = chunk->app_metadata != nullptr && chunk->app_metadata->size() > kMostBytes;
  if (is_large) return base::CorruptData("{}: a message of too many bytes", address_);
  Received out{chunk->data, nullptr};
  ARROW_ASSIGN_OR_RAISE(out.metadata, Aligned(chunk->app_metadata));
  ended_ = out.is_end();
  if (out.batch == nullptr) return out;
  const Status valid = out.batch->ValidateFull();
  if (valid.ok() && out.batch->column(0)->null_count() == 0) return out;
  return base::CorruptData("{}: a message that is damaged: {}", address_, valid.message());
}

Connection::Connection(std::string address, FlightOptions options,
                       std::shared_ptr<base::Timer> timer)
    : address_(std::move(address)),
      options_(std::move(options)),
      timer_(std::move(timer)),
      pool_(base::GuardedPool(nullptr, kMostBytes)) {}

Connection::~Connection() = default;

Result<FlightClient*> Connection::Client() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (client_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(const Location location, Location::Parse(address_));
    if (!options_.token.empty() && !MayHaveToken(address_)) {
      return base::MakeStatus(base::Code::kUnauthorised,
                              fmt::format("{}: a token is not sent to another machine "
                                          "unencrypted: use grpc+tls://",
                                          address_));
    }
    auto options = arrow::flight::FlightClientOptions::Defaults();
    options.tls_root_certs = options_.tls_ca;
    options.cert_chain = options_.tls_certificate;
    options.private_key = options_.tls_key;
    auto connected = FlightClient::Connect(location, options);
    if (!connected.ok()) return FromFlight(connected.status(), address_);
    client_ = *std::move(connected);
  }
  return client_.get();
}

Result<std::unique_ptr<ReceivedStream>> Connection::Get(const std::string& ticket,
                                                        const arrow::StopToken& stop) {
  ARROW_RETURN_NOT_OK(stop.Poll());
  ARROW_ASSIGN_OR_RAISE(FlightClient * client, Client());
  arrow::flight::FlightCallOptions options;
  options.read_options.use_threads = false;
  options.read_options.memory_pool = pool_.get();
  options.read_options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  if (!options_.token.empty()) {
    options.headers.emplace_back("authorization", "Bearer " + options_.token);
  }
  auto reader = client->DoGet(options, arrow::flight::Ticket(ticket));
  if (!reader.ok()) return FromFlight(reader.status(), address_);
  std::shared_ptr<FlightStreamReader> shared = *std::move(reader);
  if (stop.IsStopRequested()) shared->Cancel();
  Watch(timer_.get(), shared, stop);
  const auto schema = shared->GetSchema();
  if (!schema.ok()) return FromFlight(schema.status(), address_);
  if (!IsOfBytes(**schema)) {
    return base::CorruptData("{}: a stream of the columns {}", address_, (*schema)->ToString());
  }
  return std::make_unique<ReceivedStream>(std::move(shared), address_, stop);
}

}  // namespace skyhook::site::flight
