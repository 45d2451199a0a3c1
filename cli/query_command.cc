#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/output.h"
#include "cli/time_limit.h"
#include "skyhook/base/status.h"
#include "skyhook/client/foreign_query.h"
#include "skyhook/client/table.h"
#include "skyhook/substrait/foreign/plan.h"

namespace skyhook::cli {
namespace {

using arrow::Result;
using arrow::Status;
using Paths = std::map<std::string, std::string>;

// The tables of the data directories by their stems, and over them those named one by one.
Result<Paths> NamedTables(const QueryCommand& command, const RunOptions& options,
                          const arrow::StopToken& stop) {
  Paths paths;
  for (const std::string& directory : options.data_directories) {
    ARROW_ASSIGN_OR_RAISE(const auto tables,
                          client::TablesOfStore(options.session.get(), directory, stop));
    for (const auto& [name, path] : tables) paths[name] = path;
  }
  for (const std::string& table : command.tables) {
    const size_t separator = table.find('=');
    if (separator == std::string::npos || separator == 0 || separator + 1 == table.size()) {
      return UsageError(fmt::format("--table {}: write NAME=PATH", table));
    }
    paths[table.substr(0, separator)] = table.substr(separator + 1);
  }
  return paths;
}

// Expressions name no table; then there has to be exactly one.
Result<std::string> PathOf(const substrait::ForeignPlan& plan, const Paths& paths) {
  if (plan.table.empty()) {
    if (paths.size() == 1) return paths.begin()->second;
    return UsageError(fmt::format(
        "the plan is an expression over a schema: give it one table, not {}", paths.size()));
  }
  const std::string name = fmt::format("{}", fmt::join(plan.table, "."));
  const auto found = paths.find(name);
  if (found != paths.end()) return found->second;
  return UsageError(
      fmt::format("the plan reads table '{0}': say where it is with --table {0}=PATH", name));
}

Status WriteAll(arrow::RecordBatchReader* reader, Format format, const Sink& sink,
                const arrow::StopToken& stop) {
  ARROW_ASSIGN_OR_RAISE(auto writer, MakeRowWriter(format, sink, reader->schema()));
  const StoppableWrites stoppable(sink, [stop] { return stop.Poll(); });
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) return writer->Finish();
    ARROW_RETURN_NOT_OK(writer->Write(*batch));
  }
}

}  // namespace

Status RunQuery(const QueryCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const Format format, FormatOf(options));
  client::ScanOptions scan;
  ARROW_ASSIGN_OR_RAISE(scan.placement, placement::ParseMode(options.placement));
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  scan.max_streams = options.threads > 0 ? options.threads : std::max(processors, 1);
  if (!options.memory.empty()) {
    ARROW_ASSIGN_OR_RAISE(scan.memory_bytes, ParseMemory(options.memory));
  }
  scan.spill_directory = TemporaryFolder();
  Interruptible interruptible;
  ARROW_RETURN_NOT_OK(interruptible.Begin());
  ARROW_ASSIGN_OR_RAISE(const auto limit, TimeLimit::Start(options.timeout, interruptible.token()));
  scan.stop = limit->token();
  ARROW_ASSIGN_OR_RAISE(const Paths paths, NamedTables(command, options, scan.stop));
  ARROW_ASSIGN_OR_RAISE(const std::string bytes, ScriptOf("", command.plan));
  const auto plan = substrait::ReadForeignPlan(bytes);
  if (!plan.ok()) return base::AddContext(plan.status(), fmt::format("'{}'", command.plan));
  ARROW_ASSIGN_OR_RAISE(const std::string path, PathOf(*plan, paths));
  ARROW_ASSIGN_OR_RAISE(auto table,
                        client::OpenTable(options.session.get(), path, {.stop = scan.stop}));
  ARROW_ASSIGN_OR_RAISE(auto reader, client::RunForeignPlan(*plan, std::move(table), scan));
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(options));
  ARROW_RETURN_NOT_OK(WriteAll(reader.get(), format, sink, scan.stop));
  return sink.stream->Close();
}

}  // namespace skyhook::cli
