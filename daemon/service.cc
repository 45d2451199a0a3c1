#include "daemon/service.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/runs_or_fails.h"
#include "skyhook/base/memory_budget.h"
#include "skyhook/base/status.h"
#include "skyhook/client/declared.h"
#include "skyhook/client/foreign_query.h"
#include "skyhook/plan/filter_text.h"
#include "skyhook/plan/types.h"
#include "skyhook/site/local/local_site.h"
#include "skyhook/site/sandbox/sandbox_site.h"
#include "skyhook/substrait/foreign/plan.h"

namespace skyhook::daemon {
namespace {

using arrow::Result;
using arrow::Status;
using client::Table;
using TablePtr = std::shared_ptr<const Table>;

Result<plan::Pipeline> PipelineOf(const RowsTicket& ticket, const Table& table) {
  plan::Pipeline pipeline;
  pipeline.input = plan::EngineSchema(*table.schema);
  const std::vector<std::string> columns =
      ticket.columns.has_value() ? *ticket.columns : table.schema->field_names();
  for (const std::string& name : columns) {
    const int at = pipeline.input->GetFieldIndex(name);
    if (at < 0) return base::Invalid("table '{}' has no one column '{}'", ticket.table, name);
    pipeline.projection.push_back({name, plan::InputColumn(at, pipeline.input->field(at)->type())});
  }
  if (!ticket.filter.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto filter, plan::ParseFilter(ticket.filter, *pipeline.input));
    pipeline.filter = plan::Conjuncts(filter);
  }
  if (ticket.limit.has_value()) pipeline.limit = plan::Limit{*ticket.limit};
  return pipeline;
}

// The table with one of its fragments alone.
Result<TablePtr> WithFragment(const TablePtr& table, int64_t fragment, const std::string& name) {
  if (fragment >= static_cast<int64_t>(table->fragments.size())) {
    return base::Invalid("table '{}' has {} fragments, and no fragment {}", name,
                         table->fragments.size(), fragment);
  }
  auto out = std::make_shared<Table>(*table);
  out->fragments = {table->fragments[static_cast<size_t>(fragment)]};
  return out;
}

std::vector<std::string> PartsOf(const std::string& table) {
  const size_t slash = table.find('/');
  if (slash == std::string::npos) return {table};
  return {table.substr(0, slash), table.substr(slash + 1)};
}

}  // namespace

Result<std::unique_ptr<Service>> Service::Make(const Settings& settings,
                                               std::shared_ptr<lending::WorkerHost> host) {
  std::unique_ptr<Service> out(new Service(settings));
  client::SessionOptions session;
  // Half of the cache is the session's, half that of the files which are described here.
  session.cache_bytes = client::CacheBytesOf(settings.memory_bytes) / 2;
  out->bytes_ = site::local::MakeLocalSite(
      {session.max_open_files, std::make_shared<base::MemoryBudget>(session.cache_bytes)});
  out->kernels_ = out->bytes_;
  if (host != nullptr) {
    out->kernels_ = site::sandbox::MakeSandboxSite(std::move(host), out->bytes_);
  }
  session.files = RunsOrFails(out->kernels_);
  out->session_ = std::make_unique<client::Session>(session);
  ARROW_ASSIGN_OR_RAISE(out->exports_, Exports::Open(settings.exports, out->session_.get()));
  return out;
}

int64_t Service::MemoryOfCall() const {
  return (settings_.memory_bytes - client::CacheBytesOf(settings_.memory_bytes)) / settings_.calls;
}

client::ScanOptions Service::OptionsOf(const arrow::StopToken& stop) const {
  client::ScanOptions options;
  options.max_streams = settings_.threads;
  options.memory_bytes = MemoryOfCall();
  options.spill_directory = settings_.spill_directory;
  // Fragments are not to be scanned in this process, where that can be helped.
  options.placement = placement::Mode::kPush;
  options.stop = stop;
  return options;
}

Result<TablePtr> Service::OpenNamed(const std::vector<std::string>& parts,
                                    const arrow::StopToken& stop) const {
  if (parts.size() == 2) return exports_->OpenTable({parts[0], parts[1]}, stop);
  if (parts.size() != 1) {
    return base::Invalid("'{}' names no table: write EXPORT/TABLE, or TABLE",
                         fmt::join(parts, "."));
  }
  ARROW_ASSIGN_OR_RAISE(const std::vector<TableName> found, exports_->Find(parts[0], stop));
  if (found.empty()) return Status::KeyError(fmt::format("no export has a table '{}'", parts[0]));
  if (found.size() > 1) {
    return base::Invalid("several exports have a table '{}': name '{}' or '{}'", parts[0],
                         found[0].ToString(), found[1].ToString());
  }
  return exports_->OpenTable(found[0], stop);
}

Result<TablePtr> Service::OpenTable(const std::string& table, const arrow::StopToken& stop) const {
  return OpenNamed(PartsOf(table), stop);
}

Result<std::string> Service::DescriptionAsJson(const std::string& table,
                                               const arrow::StopToken& stop) const {
  using nlohmann::json;
  ARROW_ASSIGN_OR_RAISE(const TablePtr opened, OpenTable(table, stop));
  json fragments = json::array();
  for (const client::TableFragment& fragment : opened->fragments) {
    const site::FragmentDescription& about = fragment.description;
    fragments.push_back({{"name", exports_->NameOf(about.id.name)},
                         {"version", about.id.version},
                         {"rows", about.num_rows},
                         {"bytes", about.bytes},
                         {"row_groups", about.row_groups.size()}});
  }
  const json out = {{"rows", opened->num_rows()},
                    {"bytes", opened->num_bytes()},
                    {"schema", opened->schema->ToString()},
                    {"fragments", std::move(fragments)}};
  // Names are bytes, and JSON is UTF-8.
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<TablePtr> Service::OpenFor(const RowsTicket& ticket, const arrow::StopToken& stop) const {
  ARROW_ASSIGN_OR_RAISE(TablePtr table, OpenTable(ticket.table, stop));
  if (!ticket.fragment.has_value()) return table;
  return WithFragment(table, *ticket.fragment, ticket.table);
}

// A plan and the table that it is over.
struct Service::Opened {
  substrait::ForeignPlan plan;
  TablePtr table;

  static Result<Opened> Of(const Service& service, const RowsTicket& ticket,
                           const arrow::StopToken& stop) {
    Opened out;
    auto plan = substrait::ReadForeignPlan(ticket.plan);
    // It is the caller's mistake, and no fault of what is stored.
    if (base::Is(plan.status(), base::Code::kCorruptData)) {
      return Status::Invalid(plan.status().message());
    }
    ARROW_ASSIGN_OR_RAISE(out.plan, std::move(plan));
    const bool named = !out.plan.table.empty();
    if (named != ticket.table.empty()) {
      return named ? base::Invalid("the plan names its table itself, '{}': leave 'table' out",
                                   fmt::join(out.plan.table, "."))
                   : base::Invalid(
                         "the plan is an expression over a schema: name the table, as in "
                         "{{\"table\": \"EXPORT/TABLE\", \"plan\": BASE64}}");
    }
    ARROW_ASSIGN_OR_RAISE(out.table,
                          service.OpenNamed(named ? out.plan.table : PartsOf(ticket.table), stop));
    return out;
  }
};

Result<std::shared_ptr<arrow::Schema>> Service::SchemaOf(const RowsTicket& ticket,
                                                         const arrow::StopToken& stop) const {
  if (!ticket.plan.empty()) {
    ARROW_ASSIGN_OR_RAISE(const Opened opened, Opened::Of(*this, ticket, stop));
    return client::ForeignPlanSchema(opened.plan, *opened.table);
  }
  ARROW_ASSIGN_OR_RAISE(const TablePtr table, OpenFor(ticket, stop));
  ARROW_ASSIGN_OR_RAISE(const plan::Pipeline pipeline, PipelineOf(ticket, *table));
  return client::DeclaredSchema(pipeline, *table->schema);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> Service::Read(
    const RowsTicket& ticket, const arrow::StopToken& stop) const {
  if (!ticket.plan.empty()) {
    ARROW_ASSIGN_OR_RAISE(Opened opened, Opened::Of(*this, ticket, stop));
    return client::RunForeignPlan(opened.plan, std::move(opened.table), OptionsOf(stop));
  }
  ARROW_ASSIGN_OR_RAISE(TablePtr table, OpenFor(ticket, stop));
  ARROW_ASSIGN_OR_RAISE(plan::Pipeline pipeline, PipelineOf(ticket, *table));
  ARROW_ASSIGN_OR_RAISE(auto scan,
                        client::Scan::Make(std::move(table), std::move(pipeline), OptionsOf(stop)));
  return client::ToReader(std::move(scan));
}

Result<std::vector<std::string>> Service::FilesOf(const FilesTicket& ticket,
                                                  const arrow::StopToken& stop) const {
  ARROW_ASSIGN_OR_RAISE(const TablePtr table, OpenTable(ticket.table, stop));
  std::vector<std::string> out;
  for (const client::TableFragment& fragment : table->fragments) {
    if (fragment.stored != nullptr) {
      return base::UnsupportedPlan(
          "'{}' is a stored table, whose objects are not handed out: ask for its rows",
          ticket.table);
    }
    out.push_back(exports_->NameOf(fragment.description.id.name));
  }
  return out;
}

Result<std::shared_ptr<base::ByteSource>> Service::OpenBytes(const BytesTicket& ticket) const {
  ARROW_ASSIGN_OR_RAISE(const std::string path, exports_->PathOf(ticket.file));
  return bytes_->OpenBytes({path, ticket.version});
}

Result<std::unique_ptr<site::Answer>> Service::Run(const WireTicket& ticket,
                                                   const arrow::StopToken& stop,
                                                   wire::Request* decoded) const {
  ARROW_ASSIGN_OR_RAISE(*decoded, wire::DecodeRequest(ticket.request));
  ARROW_ASSIGN_OR_RAISE(const std::string path, exports_->PathOf(ticket.file));
  site::Request request;
  request.fragment = {path, ticket.version, decoded->fragment_bytes};
  if (decoded->layout != nullptr) {
    auto layout = std::make_shared<base::Layout>(*decoded->layout);
    for (base::Extent& extent : layout->extents) extent.object = path;
    if (!ticket.version.empty()) {
      request.fragment.version = base::VersionOf(*layout, {ticket.version});
    }
    request.fragment.layout = std::move(layout);
  }
  request.pipeline = decoded->pipeline;
  request.slice.rows = decoded->slice.rows;
  request.limits = decoded->limits;
  request.limits.memory_bytes = std::min(request.limits.memory_bytes, MemoryOfCall());
  request.runtime_filters = decoded->runtime_filters;
  request.stop = stop;
  return kernels_->Run(std::move(request));
}

}  // namespace skyhook::daemon
