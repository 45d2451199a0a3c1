#include "skyhook/client/table.h"

#include <strings.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/client/file_listing.h"
#include "skyhook/client/hive_partitions.h"
#include "skyhook/client/schema_union.h"
#include "skyhook/client/stored_table.h"
#include "skyhook/plan/types.h"
#include "skyhook/site/flight/flight_location.h"

namespace skyhook::client {
namespace {

/// Statistics of more fragments take longer to read than they save.
constexpr size_t kMaxFragmentsAsked = 256;

/// That a pattern may match: a guard against `/**`.
constexpr int64_t kMostFiles = 1'000'000;

arrow::Result<TableFragment> DescribeFile(const std::shared_ptr<site::Site>& site,
                                          const std::string& file, const std::string& pattern) {
  auto description = site->Describe({file, ""});
  if (!description.ok()) {
    if (file == pattern) return description.status();
    return base::AddContext(description.status(), fmt::format("opening '{}'", pattern));
  }
  TableFragment fragment;
  fragment.description = *std::move(description);
  fragment.site = site;
  return fragment;
}

/// Bounds of a number that the file holds narrower than the table, as numbers of the table's type.
arrow::Status Widen(const Table& table, const std::string& column,
                    std::vector<std::optional<plan::ColumnStatistics>>* groups) {
  const auto field = table.schema->GetFieldByName(column);
  if (field == nullptr) return arrow::Status::OK();
  const auto type = plan::EngineType(field->type());
  if (!plan::IsInteger(*type) && !plan::IsFloat(*type)) return arrow::Status::OK();
  for (auto& group : *groups) {
    if (!group.has_value()) continue;
    for (auto* bound : {&group->min, &group->max}) {
      if (*bound == nullptr || (*bound)->type->Equals(*type)) continue;
      ARROW_ASSIGN_OR_RAISE(*bound, (*bound)->CastTo(type));
    }
  }
  return arrow::Status::OK();
}

}  // namespace

std::string LearntVersion::Get() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return version_;
}

arrow::Status LearntVersion::Learn(const std::string& version, const std::string& name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (version_.empty()) version_ = version;
  if (version_ == version) return arrow::Status::OK();
  return base::StaleObject("'{}' changed under the query: version {} became {}", name, version_,
                           version);
}

const std::string& TableFragment::NameOf(const std::string& column) const {
  const auto found = renamed.find(column);
  return found == renamed.end() ? column : found->second;
}

int64_t Table::num_rows() const {
  int64_t rows = 0;
  for (const TableFragment& fragment : fragments) rows += fragment.description.num_rows;
  return rows;
}

int64_t Table::num_bytes() const {
  int64_t bytes = 0;
  for (const TableFragment& fragment : fragments) bytes += fragment.description.bytes;
  return bytes;
}

namespace {

/// A table of `files`, as `site` names them.
arrow::Result<std::shared_ptr<Table>> OpenFiles(const std::shared_ptr<site::Site>& site,
                                                const std::vector<std::string>& files,
                                                const std::string& pattern,
                                                const OpenOptions& options) {
  HivePartitions partitions{{}, std::vector<arrow::ScalarVector>(files.size())};
  if (options.hive_partitioning) {
    ARROW_ASSIGN_OR_RAISE(partitions, ReadHivePartitions(files));
  }
  auto table = std::make_shared<Table>();
  table->name = pattern;
  SchemaUnion schema;
  for (size_t i = 0; i < files.size(); ++i) {
    ARROW_RETURN_NOT_OK(options.stop.Poll());
    ARROW_ASSIGN_OR_RAISE(TableFragment fragment, DescribeFile(site, files[i], pattern));
    ARROW_ASSIGN_OR_RAISE(fragment.renamed, schema.Add(fragment.description));
    fragment.partition_values = std::move(partitions.values[i]);
    table->fragments.push_back(std::move(fragment));
  }
  table->schema = schema.With(partitions.fields);
  for (const auto& field : partitions.fields) table->partition_columns.push_back(field->name());
  return table;
}

arrow::Result<std::shared_ptr<Table>> OpenAny(Session* session, const std::string& pattern,
                                              const OpenOptions& options) {
  if (IsStoredTable(pattern)) return OpenStoredTable(session, pattern, options.stop);
  if (site::flight::IsFlightUri(pattern)) {
    ARROW_ASSIGN_OR_RAISE(const auto location, site::flight::ParseFlightTable(pattern));
    const auto site = session->OpenDaemon(location.address);
    ARROW_ASSIGN_OR_RAISE(const auto files, site->FilesOf(location.name, options.stop));
    return OpenFiles(site, files, pattern, options);
  }
  ARROW_ASSIGN_OR_RAISE(const auto files, ListFiles(pattern, kMostFiles));
  return OpenFiles(session->files(), files, pattern, options);
}

arrow::Status AddFileNames(Table* table) {
  const auto& fields = table->schema->fields();
  const bool taken = std::any_of(fields.begin(), fields.end(), [](const auto& field) {
    return ::strcasecmp(field->name().c_str(), kFileNameColumn) == 0;
  });
  if (taken) return arrow::Status::OK();
  const auto field = arrow::field(kFileNameColumn, arrow::utf8(), /*nullable=*/false);
  ARROW_ASSIGN_OR_RAISE(table->schema, table->schema->AddField(table->schema->num_fields(), field));
  table->partition_columns.emplace_back(kFileNameColumn);
  table->has_file_names = true;
  for (TableFragment& fragment : table->fragments) {
    fragment.partition_values.push_back(
        std::make_shared<arrow::StringScalar>(fragment.description.id.name));
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::shared_ptr<const Table>> OpenTable(Session* session, const std::string& pattern,
                                                      const OpenOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto table, OpenAny(session, pattern, options));
  table->budget = session->budget();
  table->predicates = session->predicates();
  table->rates = session->rates();
  if (options.file_names) ARROW_RETURN_NOT_OK(AddFileNames(table.get()));
  return table;
}

arrow::Result<std::vector<std::optional<plan::ColumnStatistics>>> StatisticsOf(
    const Table& table, const TableFragment& fragment, const std::string& column) {
  if (fragment.stored == nullptr) {
    ARROW_ASSIGN_OR_RAISE(
        auto groups, fragment.site->Statistics(fragment.description.id, fragment.NameOf(column)));
    ARROW_RETURN_NOT_OK(Widen(table, column, &groups));
    return groups;
  }
  std::vector<std::optional<plan::ColumnStatistics>> groups;
  const int index = table.schema->GetFieldIndex(column);
  const auto& statistics = fragment.stored->statistics;
  const bool known = index >= 0 && static_cast<size_t>(index) < statistics.size() &&
                     statistics[static_cast<size_t>(index)].has_value();
  if (!known) return groups;
  const auto& all = *fragment.stored->statistics[static_cast<size_t>(index)];
  for (const plan::RowRange& rows : fragment.description.row_groups) {
    plan::ColumnStatistics group = all;
    group.num_rows = rows.size();
    group.null_count.reset();
    if (all.all_null()) group.null_count = rows.size();
    if (all.null_count == 0) group.null_count = 0;
    groups.emplace_back(std::move(group));
  }
  return groups;
}

arrow::Result<bool> MayHoldNull(const Table& table, const std::string& column) {
  const bool stored = !table.fragments.empty() && table.fragments.front().stored != nullptr;
  if (!stored && table.fragments.size() > kMaxFragmentsAsked) return true;
  const auto& partitions = table.partition_columns;
  const auto partition = std::find(partitions.begin(), partitions.end(), column);
  for (const TableFragment& fragment : table.fragments) {
    if (partition != partitions.end()) {
      if (!fragment.partition_values[partition - partitions.begin()]->is_valid) return true;
      continue;
    }
    if (fragment.description.num_rows == 0) continue;
    ARROW_ASSIGN_OR_RAISE(const auto groups, StatisticsOf(table, fragment, column));
    if (groups.empty()) return true;
    for (const auto& group : groups) {
      if (!group.has_value() || group->null_count != 0) return true;
    }
  }
  return false;
}

bool LooksLikeTable(const std::string& name) {
  if (name.empty() || HasTextEnding(name)) return false;
  if (IsStoredTable(name) || site::flight::IsFlightUri(name)) return true;
  if (HasKnownEnding(name) || IsGlob(name)) return true;
  std::error_code ignored;
  return std::filesystem::is_directory(name, ignored) && HoldsKnownFile(name);
}

bool NamesTable(const std::string& name) {
  if (name.empty() || HasScheme(name)) return !name.empty();
  if (HasTextEnding(name)) return false;
  std::error_code ignored;
  return LooksLikeTable(name) || std::filesystem::exists(name, ignored);
}

namespace {

arrow::Result<std::map<std::string, std::string>> TablesOfDaemon(Session* session,
                                                                 const std::string& store,
                                                                 const arrow::StopToken& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto location, site::flight::ParseFlightExport(store));
  const auto site = session->OpenDaemon(location.address);
  ARROW_ASSIGN_OR_RAISE(const auto names, site->TablesOf(location.name, stop));
  std::map<std::string, std::string> tables;
  for (const std::string& name : names) tables[name] = store + "/" + name;
  return tables;
}

}  // namespace

arrow::Result<std::map<std::string, std::string>> TablesOfStore(Session* session,
                                                                const std::string& store,
                                                                const arrow::StopToken& stop) {
  if (IsPool(store)) return TablesOfPool(session, store, stop);
  if (site::flight::IsFlightUri(store)) return TablesOfDaemon(session, store, stop);
  ARROW_RETURN_NOT_OK(CheckHoldsTables(store));
  std::error_code error;
  std::vector<std::filesystem::path> entries;
  for (std::filesystem::directory_iterator entry(store, error), end; entry != end;
       entry.increment(error)) {
    ARROW_RETURN_NOT_OK(stop.Poll());
    entries.push_back(entry->path());
  }
  if (error) {
    return arrow::Status::IOError(fmt::format("data directory '{}': {}", store, error.message()));
  }
  std::sort(entries.begin(), entries.end());
  std::map<std::string, std::string> tables;
  for (const auto& path : entries) {
    ARROW_RETURN_NOT_OK(stop.Poll());
    if (LooksLikeTable(path.string())) tables[path.stem().string()] = path.string();
  }
  return tables;
}

}  // namespace skyhook::client
