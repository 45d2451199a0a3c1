#include "daemon/server.h"

#include <arrow/array/builder_binary.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "daemon/file_pieces.h"
#include "daemon/flight_status.h"
#include "daemon/gate.h"
#include "daemon/streams.h"
#include "daemon/ticket.h"
#include "daemon/wire_replies.h"
#include "skyhook/base/exceptions.h"
#include "skyhook/base/status.h"
#include "skyhook/base/text_file.h"

namespace skyhook::daemon {

namespace flight = arrow::flight;
using arrow::Result;
using arrow::Status;

namespace {

/// After the calls under way were told to stop.
constexpr std::chrono::seconds kStopTime(1);

std::string AskedOf(const flight::FlightDescriptor& request) {
  if (request.type == flight::FlightDescriptor::CMD) return request.cmd;
  return fmt::format("{}", fmt::join(request.path, "/"));
}

Status CheckSize(const flight::FlightDescriptor& request) {
  size_t bytes = request.cmd.size();
  for (const std::string& part : request.path) bytes += part.size() + 1;
  if (bytes <= kMostTicketBytes) return Status::OK();
  return base::Invalid("a descriptor of {} bytes, where {} are the most", bytes, kMostTicketBytes);
}

// Of a path, the rows of a table.
Result<RowsTicket> RowsOf(const flight::FlightDescriptor& request) {
  ARROW_RETURN_NOT_OK(CheckSize(request));
  RowsTicket rows;
  switch (request.type) {
    case flight::FlightDescriptor::CMD: {
      ARROW_ASSIGN_OR_RAISE(Ticket ticket, ReadTicket(request.cmd));
      if (auto* found = std::get_if<RowsTicket>(&ticket)) return std::move(*found);
      return base::Invalid("a descriptor asks for rows: a plan, or {{\"table\": ...}}");
    }
    case flight::FlightDescriptor::PATH:
      rows.table = AskedOf(request);
      return rows;
    default:
      return base::Invalid("a descriptor that is neither a path nor a command");
  }
}

// One endpoint a fragment.
Result<flight::FlightInfo> InfoOfTable(const client::Table& table,
                                       const flight::FlightDescriptor& descriptor) {
  std::vector<flight::FlightEndpoint> endpoints;
  for (const client::TableFragment& fragment : table.fragments) {
    const nlohmann::json about = {{"rows", fragment.description.num_rows},
                                  {"bytes", fragment.description.bytes}};
    endpoints.push_back(
        {{FragmentTicket(AskedOf(descriptor), endpoints.size())}, {}, std::nullopt, about.dump()});
  }
  return flight::FlightInfo::Make(*table.schema, descriptor, endpoints, table.num_rows(),
                                  table.num_bytes(), /*ordered=*/true);
}

/// Opens each table when it is its turn: one that cannot be read hides no other.
class TableListing : public flight::FlightListing {
 public:
  TableListing(const Service* service, std::vector<TableName> tables, std::shared_ptr<Call> call)
      : service_(service), tables_(std::move(tables)), call_(std::move(call)) {}

  Result<std::unique_ptr<flight::FlightInfo>> Next() override {
    if (next_ == tables_.size()) return nullptr;
    auto info = base::CatchExceptions([&] { return InfoOf(tables_[next_++]); });
    if (!info.ok()) return ToFlight(service_->Shown(info.status()), call_->context());
    return std::make_unique<flight::FlightInfo>(*std::move(info));
  }

 private:
  Result<flight::FlightInfo> InfoOf(const TableName& name) {
    ARROW_RETURN_NOT_OK(call_->stop().Poll());
    const auto descriptor = flight::FlightDescriptor::Path({name.export_name, name.table});
    const auto table = service_->OpenTable(name.ToString(), call_->stop());
    auto info =
        table.ok() ? InfoOfTable(**table, descriptor) : Result<flight::FlightInfo>(table.status());
    if (info.ok()) return info;
    ARROW_RETURN_NOT_OK(call_->stop().Poll());
    const nlohmann::json error = {{"error", service_->Shown(info.status()).message()}};
    return flight::FlightInfo::Make(
        arrow::Schema({}), descriptor, {}, -1, -1, /*ordered=*/false,
        error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }

  const Service* const service_;
  const std::vector<TableName> tables_;
  const std::shared_ptr<Call> call_;
  size_t next_ = 0;
};

}  // namespace

Server::Server(const Settings& settings, std::unique_ptr<Service> service, Log log)
    : settings_(settings),
      service_(std::move(service)),
      log_(std::move(log)),
      calls_(settings.calls) {}

Status Server::ReadFiles() {
  if (settings_.has_tls()) {
    ARROW_ASSIGN_OR_RAISE(certificate_.pem_cert, base::ReadTextFile(settings_.tls_certificate));
    ARROW_ASSIGN_OR_RAISE(certificate_.pem_key, base::ReadTextFile(settings_.tls_key));
  }
  if (!settings_.tls_client_ca.empty()) {
    ARROW_ASSIGN_OR_RAISE(client_ca_, base::ReadTextFile(settings_.tls_client_ca));
  }
  return Reload();
}

Status Server::Start() {
  ARROW_ASSIGN_OR_RAISE(const auto location, flight::Location::Parse(settings_.listen));
  flight::FlightServerOptions options(location);
  if (settings_.has_tls()) options.tls_certificates = {certificate_};
  options.root_certificates = client_ca_;
  options.verify_client = !client_ca_.empty();
  if (!settings_.tokens.empty()) options.middleware.emplace_back(kGate, MakeGate(tokens_));
  return base::AddContext(Init(options), fmt::format("cannot listen at {}", settings_.listen));
}

Status Server::Reload() {
  return settings_.tokens.empty() ? Status::OK() : tokens_->Read(settings_.tokens);
}

std::string Server::address() const {
  return settings_.listen.substr(0, settings_.listen.rfind(':') + 1) + std::to_string(port());
}

Status Server::Drain() {
  calls_.Close();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(settings_.drain_seconds);
  while (calls_.running() > 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  calls_.StopAll();
  // Ends also those whose readers have stopped to read.
  const auto deadline = std::chrono::system_clock::now() + kStopTime;
  return Shutdown(&deadline);
}

template <typename Body>
Status Server::Handle(const char* verb, Load load, const flight::ServerCallContext& context,
                      std::string_view asked, Body&& body) {
  const auto record = std::make_shared<CallRecord>(&log_, verb, context.peer(), CallerOf(context));
  record->Asked(asked);
  const Status status = base::CatchExceptions([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(auto call, calls_.Begin(context, load));
    return body(std::move(call), record);
  });
  // Of a stream, its end is what counts.
  const bool streams = record.use_count() > 1;
  if (!status.ok() || !streams) record->Ended(status);
  return ToFlight(service_->Shown(status), context);
}

Status Server::ListFlights(const flight::ServerCallContext& context, const flight::Criteria*,
                           std::unique_ptr<flight::FlightListing>* listings) {
  return Handle("ListFlights", Load::kLight, context, {},
                [&](std::shared_ptr<Call> call, const auto&) -> Status {
                  ARROW_ASSIGN_OR_RAISE(auto tables, service_->List(call->stop()));
                  *listings = std::make_unique<TableListing>(service_.get(), std::move(tables),
                                                             std::move(call));
                  return Status::OK();
                });
}

Status Server::GetFlightInfo(const flight::ServerCallContext& context,
                             const flight::FlightDescriptor& request,
                             std::unique_ptr<flight::FlightInfo>* info) {
  const auto body = [&](const std::shared_ptr<Call>& call, const auto&) -> Status {
    ARROW_ASSIGN_OR_RAISE(const RowsTicket ticket, RowsOf(request));
    if (request.type == flight::FlightDescriptor::PATH) {
      ARROW_ASSIGN_OR_RAISE(const auto table, service_->OpenTable(ticket.table, call->stop()));
      ARROW_ASSIGN_OR_RAISE(auto made, InfoOfTable(*table, request));
      *info = std::make_unique<flight::FlightInfo>(std::move(made));
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(const auto schema, service_->SchemaOf(ticket, call->stop()));
    ARROW_ASSIGN_OR_RAISE(
        auto made, flight::FlightInfo::Make(*schema, request, {{{request.cmd}, {}, {}, ""}}, -1, -1,
                                            /*ordered=*/true));
    *info = std::make_unique<flight::FlightInfo>(std::move(made));
    return Status::OK();
  };
  return Handle("GetFlightInfo", Load::kLight, context, AskedOf(request), body);
}

Status Server::GetSchema(const flight::ServerCallContext& context,
                         const flight::FlightDescriptor& request,
                         std::unique_ptr<flight::SchemaResult>* schema) {
  const auto body = [&](const std::shared_ptr<Call>& call, const auto&) -> Status {
    ARROW_ASSIGN_OR_RAISE(const RowsTicket ticket, RowsOf(request));
    ARROW_ASSIGN_OR_RAISE(const auto found, service_->SchemaOf(ticket, call->stop()));
    return flight::SchemaResult::Make(*found).Value(schema);
  };
  return Handle("GetSchema", Load::kLight, context, AskedOf(request), body);
}

namespace {

using StreamPtr = std::unique_ptr<flight::FlightDataStream>;

// Scans are heavy; names and bytes are not.
Load LoadOf(const Ticket& ticket) {
  const bool scans =
      std::holds_alternative<RowsTicket>(ticket) || std::holds_alternative<WireTicket>(ticket);
  return scans ? Load::kHeavy : Load::kLight;
}

Result<StreamPtr> StreamOf(const Service& service, const RowsTicket& ticket, StreamedCall call) {
  ARROW_ASSIGN_OR_RAISE(auto rows, service.Read(ticket, call.call->stop()));
  return StreamRows(std::move(rows), std::move(call));
}

// Names of files are bytes.
Result<StreamPtr> StreamNames(const std::vector<std::string>& names, StreamedCall call) {
  arrow::BinaryBuilder builder;
  for (const std::string& name : names) ARROW_RETURN_NOT_OK(builder.Append(name));
  ARROW_ASSIGN_OR_RAISE(const auto column, builder.Finish());
  const auto schema = arrow::schema({arrow::field("name", arrow::binary(), /*nullable=*/false)});
  const auto batch = arrow::RecordBatch::Make(schema, column->length(), {column});
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::RecordBatchReader::Make({batch}, schema));
  return StreamRows(std::move(reader), std::move(call));
}

Result<StreamPtr> StreamOf(const Service& service, const TablesTicket& ticket, StreamedCall call) {
  ARROW_ASSIGN_OR_RAISE(const auto tables, service.TablesOf(ticket, call.call->stop()));
  return StreamNames(tables, std::move(call));
}

Result<StreamPtr> StreamOf(const Service& service, const FilesTicket& ticket, StreamedCall call) {
  ARROW_ASSIGN_OR_RAISE(const auto files, service.FilesOf(ticket, call.call->stop()));
  return StreamNames(files, std::move(call));
}

Result<StreamPtr> StreamOf(const Service& service, const BytesTicket& ticket, StreamedCall call) {
  ARROW_ASSIGN_OR_RAISE(auto source, service.OpenBytes(ticket));
  auto schema = arrow::schema({arrow::field("bytes", arrow::binary(), /*nullable=*/false)});
  auto next = [pieces = FilePieces(std::move(source), ticket.ranges), schema,
               call = call.call]() mutable { return pieces.Next(schema, call->stop()); };
  return StreamMessages(std::move(schema), std::move(next), std::move(call));
}

Result<StreamPtr> StreamOf(const Service& service, const WireTicket& ticket, StreamedCall call) {
  auto replies = std::make_shared<WireReplies>();
  ARROW_RETURN_NOT_OK(replies->Start(service, ticket, call.call->stop()));
  return StreamMessages(
      WireReplies::Schema(), [replies] { return replies->Next(); }, std::move(call));
}

}  // namespace

Status Server::DoGet(const flight::ServerCallContext& context, const flight::Ticket& request,
                     std::unique_ptr<flight::FlightDataStream>* stream) {
  const auto ticket = base::CatchExceptions([&] { return ReadTicket(request.ticket); });
  if (!ticket.ok()) {
    const auto fails = [&](const auto&, const auto&) { return ticket.status(); };
    return Handle("DoGet", Load::kLight, context, request.ticket, fails);
  }
  const auto body = [&](std::shared_ptr<Call> call,
                        const std::shared_ptr<CallRecord>& record) -> Status {
    const auto streamed = [&](const auto& asked) {
      return StreamOf(*service_, asked, {service_.get(), std::move(call), record});
    };
    return std::visit(streamed, *ticket).Value(stream);
  };
  return Handle("DoGet", LoadOf(*ticket), context, request.ticket, body);
}

std::string Server::CountersAsJson() const {
  const nlohmann::json out = {{"calls_begun", calls_.begun()},
                              {"calls_refused", calls_.refused()},
                              {"calls_running", calls_.running()}};
  return out.dump();
}

Status Server::DoAction(const flight::ServerCallContext& context, const flight::Action& action,
                        std::unique_ptr<flight::ResultStream>* result) {
  const std::string_view argument =
      action.body == nullptr ? std::string_view() : std::string_view(*action.body);
  const auto body = [&](const std::shared_ptr<Call>& call, const auto&) -> Status {
    std::string reply;
    if (action.type == "describe") {
      if (argument.size() > kMostTicketBytes) {
        return base::Invalid("a name of {} bytes", argument.size());
      }
      ARROW_ASSIGN_OR_RAISE(reply,
                            service_->DescriptionAsJson(std::string(argument), call->stop()));
    } else if (action.type == "counters") {
      reply = CountersAsJson();
    } else {
      return Status::KeyError(fmt::format("there is no action '{}'", action.type));
    }
    std::vector<flight::Result> results;
    results.push_back({arrow::Buffer::FromString(std::move(reply))});
    *result = std::make_unique<flight::SimpleResultStream>(std::move(results));
    return Status::OK();
  };
  return Handle("DoAction", Load::kLight, context,
                fmt::format("{} {}", action.type, argument.substr(0, 200)), body);
}

Status Server::ListActions(const flight::ServerCallContext& context,
                           std::vector<flight::ActionType>* actions) {
  return Handle("ListActions", Load::kLight, context, {}, [&](const auto&, const auto&) -> Status {
    *actions = {{"describe",
                 "of the table EXPORT/TABLE in the body: its rows, bytes, schema and "
                 "fragments, as JSON"},
                {"counters", "calls begun, refused and running, as JSON"}};
    return Status::OK();
  });
}

}  // namespace skyhook::daemon
