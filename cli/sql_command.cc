#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/output.h"
#include "cli/query_run.h"
#include "cli/standard_error.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

constexpr char kCreateIsBrief[] =
    "note: what CREATE makes is gone when this program ends; -o FILE and 'skyhook put' keep rows\n";

// Runs a statement --repeat times; rows are written for the first run.
arrow::Result<RunResult> RunRepeated(sql::Connection* connection, const std::string& statement,
                                     const SqlCommand& command, const RunOptions& options,
                                     const Sink& sink, const arrow::StopToken& stop) {
  RunResult result;
  for (int run = 0; run < command.repeat; ++run) {
    ARROW_ASSIGN_OR_RAISE(result, RunStatement(connection, statement, options, sink,
                                               run == 0 ? Rows::kWrite : Rows::kDiscard, stop));
    if (command.timing) PrintTime(result.milliseconds);
  }
  return result;
}

}  // namespace

void PrintTime(double milliseconds) { Tell(fmt::format("{:.1f} ms\n", milliseconds)); }

Status RunSql(const SqlCommand& given, const RunOptions& options) {
  SqlCommand command = given;
  if (!command.given.empty() && !command.text.empty()) {
    return UsageError("give either -c SQL or SQL, not both");
  }
  if (command.text.empty()) command.text = command.given;
  if (!command.text.empty() && !command.file.empty()) {
    return UsageError("give either -c SQL or -f FILE, not both");
  }
  if (command.repeat < 1) return UsageError("--repeat needs a number from 1 on");
  ARROW_RETURN_NOT_OK(FormatOf(options).status());
  const bool interactive = command.text.empty() && command.file.empty();
  if (interactive && isatty(STDIN_FILENO) == 1) return RunInteractive(command, options);
  ARROW_ASSIGN_OR_RAISE(const std::string script,
                        ScriptOf(command.text, interactive ? "-" : command.file));
  ARROW_ASSIGN_OR_RAISE(auto connection, OpenConnection(options));
  ARROW_ASSIGN_OR_RAISE(const auto statements, connection->Split(script));
  if (statements.empty()) return UsageError("there is no statement to run");
  Interruptible interruptible;  // for the whole script, so that no Ctrl-C falls between statements
  ARROW_RETURN_NOT_OK(interruptible.Begin());
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(options));
  bool has_rows = false;
  RunResult last;
  for (const std::string& statement : statements) {
    ARROW_ASSIGN_OR_RAISE(last, RunRepeated(connection.get(), statement, command, options, sink,
                                            interruptible.token()));
    has_rows |= last.has_rows;
  }
  if (last.creates) Tell(kCreateIsBrief);
  if (sink.is_file && !has_rows) {
    return UsageError(
        fmt::format("no statement gives rows, so that '{}' is not written", options.output));
  }
  return sink.stream->Close();
}

}  // namespace skyhook::cli
