#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/output.h"
#include "cli/query_run.h"
#include "cli/time_limit.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

arrow::Result<RunResult> Run(sql::Connection* connection, const std::string& statement,
                             const RunOptions& options, const Sink& sink, Rows rows) {
  Interruptible interruptible;
  ARROW_RETURN_NOT_OK(interruptible.Begin());
  return RunStatement(connection, statement, options, sink, rows, interruptible.token());
}

// The plan of a statement. One that gives no rows (CREATE VIEW, SET, PREPARE ...) is run where
// others follow, which may need what it makes, and has no text then.
arrow::Result<std::string> PlanOf(sql::Connection* connection, const std::string& statement,
                                  bool is_last, const RunOptions& options, bool json,
                                  const Sink& sink) {
  ARROW_ASSIGN_OR_RAISE(const auto limit,
                        TimeLimit::Start(options.timeout, arrow::StopToken::Unstoppable()));
  ARROW_ASSIGN_OR_RAISE(auto planned, connection->Explain(statement, limit->token()));
  if (!is_last && !planned.gives_rows) {
    ARROW_RETURN_NOT_OK(Run(connection, statement, options, sink, Rows::kDiscard).status());
    return "";
  }
  RunResult not_run;
  not_run.plan = std::move(planned.plan);
  return TextOf({.ran = false, .json = json}, not_run);
}

arrow::Result<std::string> MeasuredRunOf(sql::Connection* connection, const std::string& statement,
                                         const RunOptions& options, bool json, const Sink& sink) {
  ARROW_ASSIGN_OR_RAISE(const RunResult run,
                        Run(connection, statement, options, sink, Rows::kMeasure));
  return TextOf({.ran = true, .json = json}, run);
}

}  // namespace

Status RunExplain(const ExplainCommand& command, const RunOptions& options) {
  const int given = static_cast<int>(!command.text.empty()) +
                    static_cast<int>(!command.given.empty()) +
                    static_cast<int>(!command.file.empty());
  if (given != 1) return UsageError("give the statements, or -f FILE");
  RunOptions of_format_alone = options;  // what the file is called says nothing of a plan
  of_format_alone.output.clear();
  ARROW_ASSIGN_OR_RAISE(const Format format, FormatOf(of_format_alone));
  if (format != Format::kTable && format != Format::kJson) {
    return UsageError("explain writes text, or JSON with --format json");
  }
  ARROW_ASSIGN_OR_RAISE(const std::string script,
                        ScriptOf(command.text + command.given, command.file));
  ARROW_ASSIGN_OR_RAISE(auto connection, OpenConnection(options));
  ARROW_ASSIGN_OR_RAISE(const auto statements, connection->Split(script));
  if (statements.empty()) return UsageError("there is no statement to explain");
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(options));
  const bool json = format == Format::kJson;
  bool separate = false;
  for (const std::string& statement : statements) {
    const bool is_last = &statement == &statements.back();
    ARROW_ASSIGN_OR_RAISE(std::string text,
                          command.analyze
                              ? MeasuredRunOf(connection.get(), statement, options, json, sink)
                              : PlanOf(connection.get(), statement, is_last, options, json, sink));
    if (text.empty()) continue;
    if (std::exchange(separate, true) && !json) text = "\n" + text;
    ARROW_RETURN_NOT_OK(sink.stream->Write(text));
  }
  return sink.stream->Close();
}

}  // namespace skyhook::cli
