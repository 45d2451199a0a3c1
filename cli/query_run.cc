#include "cli/query_run.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/plan_json.h"
#include "cli/progress.h"

namespace skyhook::cli {
namespace {

using arrow::Status;
using Clock = std::chrono::steady_clock;

Status WriteRows(sql::QueryStream* stream, Format format, const Sink& sink, ProgressBar* bar) {
  std::unique_ptr<RowWriter> writer;
  if (stream->has_rows()) {
    ARROW_ASSIGN_OR_RAISE(writer, MakeRowWriter(format, sink, stream->schema()));
  }
  const StoppableWrites stoppable(sink, [stream] { return stream->stopped(); });
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(stream->ReadNext(&batch));
    if (batch == nullptr) break;
    if (sink.is_terminal) bar->Hide();
    if (writer != nullptr) ARROW_RETURN_NOT_OK(writer->Write(*batch));
  }
  bar->Hide();
  return writer != nullptr ? writer->Finish() : Status::OK();
}

Status DiscardRows(sql::QueryStream* stream) {
  std::shared_ptr<arrow::RecordBatch> batch;
  do {
    ARROW_RETURN_NOT_OK(stream->ReadNext(&batch));
  } while (batch != nullptr);
  return Status::OK();
}

// The plan without the EXPLAIN on top.
sql::PlanNode ExplainedPlan(const sql::PlanNode& plan) {
  const bool below = plan.name.starts_with("EXPLAIN") && plan.children.size() == 1;
  return below ? plan.children.front() : plan;
}

std::string TextOfRun(const RunResult& run) {
  const sql::Phases& phases = run.phases;
  return fmt::format(
      "{}time: {:.1f} ms, planning {:.1f} ms; all threads together: waiting {:.1f} ms, reading "
      "{:.1f} ms, decoding {:.1f} ms\n",
      sql::ToString(run.plan, sql::PlanText::kPlanAndCost), run.milliseconds, phases.planning,
      phases.waiting, phases.reading, phases.decoding);
}

}  // namespace

std::string TextOf(const sql::Explanation& explanation, const RunResult& run) {
  if (explanation.ran) return explanation.json ? RunAsJson(run) : TextOfRun(run);
  return explanation.json ? PlanAsJson(run.plan) : sql::ToString(run.plan, sql::PlanText::kPlan);
}

arrow::Result<RunResult> RunStatement(sql::Connection* connection, const std::string& statement,
                                      const RunOptions& options, const Sink& sink, Rows rows,
                                      arrow::StopToken stop) {
  ARROW_ASSIGN_OR_RAISE(const Format format, FormatOf(options));
  ProgressBar bar;
  sql::QueryOptions query;
  query.progress = std::make_shared<sql::Progress>();
  if (!options.timeout.empty()) {
    ARROW_ASSIGN_OR_RAISE(query.timeout, ParseTimeout(options.timeout));
    query.timeout_text = options.timeout;
  }
  query.stop = std::move(stop);
  query.measure = rows == Rows::kMeasure;

  const auto begin = Clock::now();
  std::optional<ProgressShow> show;
  try {
    show.emplace(&bar, [progress = query.progress] { return progress->share(); });
  } catch (const std::system_error& error) {
    return Status::IOError("no thread can be started to show the progress: ", error.what());
  }
  ARROW_ASSIGN_OR_RAISE(auto stream, connection->Query(statement, query));
  const bool explains = format == Format::kTable && stream->explains().has_value();
  const sql::Explanation explanation = stream->explains().value_or(sql::Explanation());
  if (rows == Rows::kWrite && !explains) {
    ARROW_RETURN_NOT_OK(WriteRows(stream.get(), format, sink, &bar));
  } else {
    ARROW_RETURN_NOT_OK(DiscardRows(stream.get()));
  }
  RunResult result;
  result.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  result.plan = stream->plan();
  result.phases = stream->phases();
  result.creates = stream->creates();
  result.has_rows = stream->has_rows();
  if (rows == Rows::kWrite && explains) {
    result.plan = ExplainedPlan(result.plan);
    ARROW_RETURN_NOT_OK(sink.stream->Write(TextOf(explanation, result)));
  }
  return result;
}

}  // namespace skyhook::cli
