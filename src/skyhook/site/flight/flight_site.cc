#include "skyhook/site/flight/flight_site.h"

#include <arrow/array/array_binary.h>
#include <arrow/util/base64.h>

#include <chrono>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/site/flight/connection.h"
#include "skyhook/site/object_bytes.h"
#include "skyhook/site/refusal.h"
#include "skyhook/wire/reply.h"
#include "skyhook/wire/request.h"

namespace skyhook::site::flight {

using arrow::Result;
using arrow::Status;
using nlohmann::json;

namespace {

/// What a call may take when its request has no deadline, in milliseconds: as long as it takes. A
/// daemon notices that its client has gone.
constexpr uint32_t kCallMs = std::numeric_limits<uint32_t>::max();
/// As many as a listing here has.
constexpr size_t kMostNames = 1'000'000;
/// Of a reply: a batch.
constexpr int64_t kReplyBytes = int64_t{256} << 20;
/// A daemon that is busy is asked again after so long, and then after twice as long, so many times.
constexpr std::chrono::milliseconds kFirstWait(20);
constexpr int kMostWaits = 6;

// Names are bytes, and JSON is UTF-8.
Result<std::string> TicketOf(const json& keys, const std::string& name) {
  try {
    return keys.dump();
  } catch (const json::type_error&) {
    return base::UnsupportedPlan("'{}': the name is not UTF-8", name);
  }
}

std::chrono::milliseconds WithJitter(std::chrono::milliseconds wait) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return wait / 2 + std::chrono::milliseconds(random() % static_cast<uint64_t>(wait.count()));
}

Status WaitFor(std::chrono::milliseconds wait, const arrow::StopToken& stop) {
  const auto until = std::chrono::steady_clock::now() + wait;
  while (std::chrono::steady_clock::now() < until) {
    ARROW_RETURN_NOT_OK(stop.Poll());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return Status::OK();
}

using Stream = std::unique_ptr<ReceivedStream>;

Result<Stream> Begin(Connection* connection, const std::string& ticket,
                     const arrow::StopToken& stop) {
  auto wait = kFirstWait;
  for (int waits = 0;; ++waits, wait *= 2) {
    auto begun = connection->Get(ticket, stop);
    if (begun.ok() || waits == kMostWaits || !base::Is(begun.status(), base::Code::kBusy)) {
      return begun;
    }
    ARROW_RETURN_NOT_OK(WaitFor(WithJitter(wait), stop));
  }
}

const arrow::BinaryArray& BytesOf(const Received& received) {
  return static_cast<const arrow::BinaryArray&>(*received.batch->column(0));
}

/// The bytes of a file of a daemon.
class FlightSource : public base::ByteSource {
 public:
  static Result<std::shared_ptr<base::ByteSource>> Open(std::shared_ptr<Connection> connection,
                                                        const std::string& name,
                                                        const arrow::StopToken& stop) {
    auto out = std::make_shared<FlightSource>(std::move(connection), name);
    ARROW_ASSIGN_OR_RAISE(const std::string ticket, out->Ticket({}));
    ARROW_ASSIGN_OR_RAISE(const Stream stream, Begin(out->connection_.get(), ticket, stop));
    ARROW_ASSIGN_OR_RAISE(const Received first, stream->Next());
    const auto& about = first.metadata;
    const json said = about == nullptr
                          ? json()
                          : json::parse(about->data(), about->data() + about->size(), nullptr,
                                        /*allow_exceptions=*/false);
    if (!said.is_object() || !said.contains("bytes") || !said["bytes"].is_number_unsigned() ||
        !said.contains("version") || !said["version"].is_string() ||
        said["bytes"].get<uint64_t>() > uint64_t{INT64_MAX}) {
      return base::CorruptData("{}: what it says of '{}' is not understood",
                               out->connection_->address(), name);
    }
    out->size_ = static_cast<int64_t>(said["bytes"].get<uint64_t>());
    out->version_ = said["version"].get<std::string>();
    return out;
  }

  FlightSource(std::shared_ptr<Connection> connection, const std::string& file)
      : connection_(std::move(connection)),
        file_(file),
        name_(connection_->address() + "/" + file) {}

  int64_t size() const override { return size_; }
  const std::string& version() const override { return version_; }
  const std::string& name() const override { return name_; }

  arrow::Future<base::Buffers> ReadAsync(std::vector<base::ByteRange> ranges,
                                         arrow::StopToken stop) override {
    return arrow::Future<base::Buffers>::MakeFinished(ReadAll(ranges, stop));
  }

 private:
  Result<std::string> Ticket(const std::vector<base::ByteRange>& ranges) const {
    json listed = json::array();
    for (const base::ByteRange& range : ranges) listed.push_back({range.offset, range.length});
    return TicketOf({{"file", file_}, {"version", version_}, {"ranges", std::move(listed)}}, file_);
  }

  Result<base::Buffers> ReadAll(const std::vector<base::ByteRange>& ranges,
                                const arrow::StopToken& stop) const {
    ARROW_RETURN_NOT_OK(CheckRanges(ranges));
    base::Buffers buffers;
    std::vector<std::pair<uint8_t*, int64_t>> wanted;
    for (const base::ByteRange& range : ranges) {
      ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(range.length));
      if (range.length > 0) wanted.emplace_back(buffer->mutable_data(), range.length);
      buffers.push_back(std::move(buffer));
    }
    if (wanted.empty()) return buffers;
    ARROW_ASSIGN_OR_RAISE(const std::string ticket, Ticket(ranges));
    ARROW_ASSIGN_OR_RAISE(const Stream stream, Begin(connection_.get(), ticket, stop));
    for (size_t at = 0; at < wanted.size();) {
      ARROW_ASSIGN_OR_RAISE(const Received received, stream->Next());
      if (received.batch == nullptr || received.batch->num_rows() == 0) return Short();
      ARROW_RETURN_NOT_OK(Take(BytesOf(received), &wanted, &at));
    }
    ARROW_ASSIGN_OR_RAISE(const Received end, stream->Next());
    return end.is_end() ? Result<base::Buffers>(std::move(buffers)) : Short();
  }

  // Copies the bytes of a message to where those that are wanted next go.
  Status Take(const arrow::BinaryArray& column, std::vector<std::pair<uint8_t*, int64_t>>* wanted,
              size_t* at) const {
    for (int64_t row = 0; row < column.length(); ++row) {
      std::string_view bytes = column.GetView(row);
      if (bytes.empty()) return Short();
      while (!bytes.empty()) {
        if (*at == wanted->size()) return Short();
        auto& [to, left] = (*wanted)[*at];
        const size_t taken = std::min(bytes.size(), static_cast<size_t>(left));
        std::memcpy(to, bytes.data(), taken);
        bytes.remove_prefix(taken);
        to += taken;
        left -= static_cast<int64_t>(taken);
        if (left == 0) ++*at;
      }
    }
    return Status::OK();
  }

  Status Short() const {
    return base::CorruptData("'{}': other bytes came than were asked for", name_);
  }

  const std::shared_ptr<Connection> connection_;
  const std::string file_;
  const std::string name_;
  std::string version_;
  int64_t size_ = 0;
};

/// The replies of a call, as they come.
class ReceivedAnswer : public Answer {
 public:
  ReceivedAnswer(Request request, wire::Request asked, std::string address, Stream stream)
      : request_(std::move(request)),
        asked_(std::move(asked)),
        address_(std::move(address)),
        stream_(std::move(stream)) {
    outcome_.remaining.rows = request_.slice.rows;
    outcome_.version = request_.fragment.version;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    while (next_ == batches_.size()) {
      if (ended_) return nullptr;
      ARROW_ASSIGN_OR_RAISE(const Received received, stream_->Next());
      ARROW_RETURN_NOT_OK(Take(received));
    }
    return std::move(batches_[next_++]);
  }
  const plan::Outcome& outcome() const override { return outcome_; }

 private:
  Status Take(const Received& received) {
    if (received.metadata == nullptr || received.batch == nullptr ||
        received.batch->num_rows() != 1) {
      return base::CorruptData("{}: an answer that is cut short", address_);
    }
    ARROW_ASSIGN_OR_RAISE(wire::Reply reply, wire::DecodeReply(received.metadata, asked_));
    ARROW_RETURN_NOT_OK(reply.status);
    network_bytes_ += received.metadata->size();
    outcome_ = std::move(reply.outcome);
    outcome_.version = BytesOf(received).GetString(0);
    const auto& layout = request_.fragment.layout;
    if (layout != nullptr) outcome_.version = base::VersionOf(*layout, {outcome_.version});
    outcome_.cost.network_bytes = network_bytes_;
    batches_ = std::move(reply.batches);
    next_ = 0;
    ended_ = batches_.empty();
    return Status::OK();
  }

  const Request request_;
  const wire::Request asked_;
  const std::string address_;
  const Stream stream_;
  plan::Outcome outcome_;
  int64_t network_bytes_ = 0;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
  size_t next_ = 0;
  bool ended_ = false;
};

class FlightSiteOf : public FlightSite {
 public:
  FlightSiteOf(const std::string& address, const FlightOptions& options,
               std::shared_ptr<base::Timer> timer)
      : connection_(std::make_shared<Connection>(address, options, std::move(timer))) {
    profile_.location = address;
  }

  const Profile& profile() const override { return profile_; }

  std::string WhyNot(const FragmentId& id) const override {
    if (LiesInOneObject(id)) return {};
    return "it does not lie in one file";
  }

  Result<FragmentDescription> Describe(const FragmentId& id) override {
    return DescribeObjects(id, Opener(arrow::StopToken::Unstoppable()));
  }

  Result<std::shared_ptr<base::ByteSource>> OpenBytes(const FragmentId& id,
                                                      const arrow::StopToken& stop) override {
    return OpenObjects(id, Opener(stop));
  }

  Result<std::unique_ptr<Answer>> Run(Request request) override {
    const FragmentId& id = request.fragment;
    if (std::string reason = WhyNot(id); !reason.empty()) return Refuse(request, reason);
    wire::Request asked;
    asked.pipeline = request.pipeline;
    asked.fragment = connection_->address() + "/" + id.name;
    asked.layout = id.layout;
    asked.slice.rows = request.slice.rows;
    asked.limits = request.limits;
    asked.runtime_filters = request.runtime_filters;
    asked.packed_text = true;
    asked.message_bytes = kReplyBytes;
    asked.fragment_bytes = id.bytes;
    auto begun = Ask(asked, id, request.stop);
    const Status& failed = begun.status();
    // The client does it, or tries elsewhere: only what is wrong with the fragment is an error.
    if (base::Is(failed, base::Code::kUnsupportedPlan) || base::Is(failed, base::Code::kBusy)) {
      return Refuse(request, failed.message());
    }
    if (id.layout != nullptr) ARROW_RETURN_NOT_OK(base::AddContext(failed, id.name));
    ARROW_RETURN_NOT_OK(failed);
    return std::make_unique<ReceivedAnswer>(std::move(request), std::move(asked),
                                            connection_->address(), *std::move(begun));
  }

  Result<std::vector<std::string>> TablesOf(const std::string& export_name,
                                            const arrow::StopToken& stop) override {
    return Names("tables", export_name, stop);
  }

  Result<std::vector<std::string>> FilesOf(const std::string& table,
                                           const arrow::StopToken& stop) override {
    return Names("files", table, stop);
  }

 private:
  base::OpenObjectFunction Opener(const arrow::StopToken& stop) const {
    return [this, stop](const std::string& file) {
      return FlightSource::Open(connection_, file, stop);
    };
  }

  Result<std::vector<std::string>> Names(const char* key, const std::string& of,
                                         const arrow::StopToken& stop) {
    ARROW_ASSIGN_OR_RAISE(const std::string ticket, TicketOf({{key, of}}, of));
    ARROW_ASSIGN_OR_RAISE(const Stream stream, Begin(connection_.get(), ticket, stop));
    std::vector<std::string> out;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const Received received, stream->Next());
      if (received.batch == nullptr) return out;
      const arrow::BinaryArray& names = BytesOf(received);
      if (names.length() == 0 || out.size() + static_cast<size_t>(names.length()) > kMostNames) {
        return base::CorruptData("{}: a list of {} names, and more", connection_->address(),
                                 out.size());
      }
      for (int64_t row = 0; row < names.length(); ++row) out.emplace_back(names.GetView(row));
    }
  }

  Result<Stream> Ask(const wire::Request& asked, const FragmentId& id,
                     const arrow::StopToken& stop) {
    ARROW_ASSIGN_OR_RAISE(const std::string message, wire::EncodeRequest(asked, kCallMs));
    const std::string file = ObjectOf(id);
    // What follows tells layouts apart.
    const std::string version =
        id.layout == nullptr ? id.version : id.version.substr(0, id.version.find('/'));
    ARROW_ASSIGN_OR_RAISE(const std::string ticket,
                          TicketOf({{"file", file},
                                    {"version", version},
                                    {"request", arrow::util::base64_encode(message)}},
                                   file));
    return Begin(connection_.get(), ticket, stop);
  }

  const std::shared_ptr<Connection> connection_;
  Profile profile_{.kind = "flight", .location = "", .runs_pipelines = true, .remote = true};
};

}  // namespace

std::shared_ptr<FlightSite> MakeFlightSite(const std::string& address, const FlightOptions& options,
                                           std::shared_ptr<base::Timer> timer) {
  return std::make_shared<FlightSiteOf>(address, options, std::move(timer));
}

}  // namespace skyhook::site::flight
