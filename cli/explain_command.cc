#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/output.h"
#include "cli/plan_json.h"
#include "cli/query_run.h"
#include "cli/time_limit.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

arrow::Result<std::string> ExplainText(sql::Session* session, const std::string& statement,
                                       const ExplainCommand& command, const RunOptions& options,
                                       Format format, const Sink& sink) {
  if (!command.analyze) {
    ARROW_ASSIGN_OR_RAISE(const auto limit,
                          TimeLimit::Start(options.timeout, arrow::StopToken::Unstoppable()));
    ARROW_ASSIGN_OR_RAISE(const sql::PlanNode plan, session->Explain(statement, limit->token()));
    return format == Format::kJson ? PlanAsJson(plan) : sql::ToString(plan, sql::PlanText::kPlan);
  }
  Interruptible interruptible;
  ARROW_RETURN_NOT_OK(interruptible.Begin());
  ARROW_ASSIGN_OR_RAISE(
      const RunResult result,
      RunStatement(session, statement, options, sink, Rows::kMeasure, interruptible.token()));
  return format == Format::kJson ? RunAsJson(result) : TextOfRun(result);
}

// Runs a statement that gives no rows, which others may need (CREATE VIEW, SET, PREPARE ...); false
// for one that gives some.
arrow::Result<bool> RunWithoutRows(sql::Session* session, const std::string& statement,
                                   const RunOptions& options, const Sink& sink) {
  Interruptible interruptible;
  ARROW_RETURN_NOT_OK(interruptible.Begin());
  ARROW_ASSIGN_OR_RAISE(const bool gives_rows,
                        session->GivesRows(statement, interruptible.token()));
  if (gives_rows) return false;
  return RunStatement(session, statement, options, sink, Rows::kDiscard, interruptible.token())
      .Map([](const RunResult&) { return true; });
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
  ARROW_ASSIGN_OR_RAISE(auto session, OpenSession(options));
  ARROW_ASSIGN_OR_RAISE(const auto statements, session->Split(script));
  if (statements.empty()) return UsageError("there is no statement to explain");
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(options));
  bool separate = false;
  for (const std::string& statement : statements) {
    if (!command.analyze && &statement != &statements.back()) {
      ARROW_ASSIGN_OR_RAISE(const bool ran,
                            RunWithoutRows(session.get(), statement, options, sink));
      if (ran) continue;
    }
    ARROW_ASSIGN_OR_RAISE(std::string text,
                          ExplainText(session.get(), statement, command, options, format, sink));
    if (std::exchange(separate, true) && format == Format::kTable) text = "\n" + text;
    ARROW_RETURN_NOT_OK(sink.stream->Write(text));
  }
  return sink.stream->Close();
}

}  // namespace skyhook::cli
