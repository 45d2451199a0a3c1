#include <arrow/result.h>
#include <fmt/format.h>
#ifdef SKYHOOK_HAS_EDITLINE
#include <editline/readline.h>
#endif

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/output.h"
#include "cli/query_run.h"
#include "cli/standard_error.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

constexpr char kHelp[] =
    "Statements end with ';' and may span lines. Besides SQL there are:\n"
    "  .tables          the tables and views there are\n"
    "  .timing on|off   print how long statements take\n"
    "  .help            this text\n"
    "  .quit            leave; so does Ctrl-D\n"
    "Ctrl-C stops a running statement. FROM 'file.parquet' reads a file, a directory or a glob.\n";

// One line from the terminal, without its end; nothing at the end of input.
std::optional<std::string> ReadLine(const char* prompt) {
#ifdef SKYHOOK_HAS_EDITLINE
  char* line = readline(prompt);
  if (line == nullptr) return std::nullopt;
  std::string text = line;
  if (!text.empty()) add_history(line);
  std::free(line);
  return text;
#else
  Tell(prompt);
  std::string text;
  if (!std::getline(std::cin, text)) return std::nullopt;
  return text;
#endif
}

class Shell {
 public:
  Shell(sql::Session* session, const RunOptions& options, bool timing)
      : session_(session), options_(options), timing_(timing) {}

  Status Run() {
    ARROW_ASSIGN_OR_RAISE(sink_, OpenSink(options_.output));
    while (!done_) {
      const auto line = ReadLine(pending_.empty() ? "skyhook> " : "    ...> ");
      if (!line.has_value()) break;
      Take(*line);
    }
    return sink_.stream->Close();
  }

 private:
  void Take(const std::string& line) {
    if (pending_.empty() && line.rfind('.', 0) == 0) {
      Report(Command(line));
      return;
    }
    pending_ += line + "\n";
    const size_t last = pending_.find_last_not_of(" \t\r\n");
    if (last == std::string::npos) {
      pending_.clear();
    } else if (pending_[last] == ';') {
      Report(Execute(std::exchange(pending_, "")));
    }
  }

  Status Execute(const std::string& script) {
    ARROW_ASSIGN_OR_RAISE(const auto statements, session_->Split(script));
    Interruptible interruptible;
    ARROW_RETURN_NOT_OK(interruptible.Begin());
    for (const std::string& statement : statements) {
      ARROW_ASSIGN_OR_RAISE(
          const RunResult result,
          RunStatement(session_, statement, options_, sink_, Rows::kWrite, interruptible.token()));
      if (timing_) PrintTime(result.milliseconds);
    }
    return Status::OK();
  }

  Status Command(const std::string& line) {
    const std::string command = line.substr(0, line.find_last_not_of(" \t\r\n") + 1);
    if (command == ".quit" || command == ".exit") {
      done_ = true;
    } else if (command == ".help") {
      Tell(kHelp);
    } else if (command == ".timing on" || command == ".timing off") {
      timing_ = command == ".timing on";
    } else if (command == ".tables") {
      ARROW_ASSIGN_OR_RAISE(const auto names, session_->TableNames());
      for (const std::string& name : names) Tell(name + "\n");
    } else {
      return UsageError(fmt::format("there is no command '{}'; see .help", command));
    }
    return Status::OK();
  }

  static void Report(const Status& status) {
    if (!status.ok()) Tell(fmt::format("error: {}\n", status.message()));
  }

  sql::Session* session_;
  RunOptions options_;
  bool timing_;
  Sink sink_;
  std::string pending_;
  bool done_ = false;
};

}  // namespace

Status RunInteractive(const SqlCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto session, OpenSession(options));
  Tell(fmt::format("Skyhook {}; .help lists the commands\n", SKYHOOK_VERSION));
  return Shell(session.get(), options, command.timing).Run();
}

}  // namespace skyhook::cli
