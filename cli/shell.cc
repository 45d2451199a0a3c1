#include <arrow/result.h>
#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/line_editor.h"
#include "cli/output.h"
#include "cli/query_run.h"
#include "cli/script_text.h"
#include "cli/standard_error.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

constexpr char kHelp[] =
    "Statements end with ';' and may span lines. FROM 'file.parquet' reads a file, a directory, a\n"
    "pattern or a table. Besides SQL there are:\n"
    "  .tables              the tables and views there are            also \\d\n"
    "  .schema TABLE        its columns                               also \\d TABLE\n"
    "  .vertical on|off     a value a line                            also \\x\n"
    "  .all on|off          all rows and columns, whatever the size of the terminal\n"
    "  .pager on|off        results in $PAGER, or less\n"
    "  .format FORMAT       table, csv or json\n"
    "  .timing on|off       how long statements take                  also \\timing\n"
    "  .help                this text                                 also \\?, help\n"
    "  .quit                leave                                     also \\q, quit, exit, "
    "Ctrl-D\n"
    "Ctrl-C drops what was typed, or stops the statement that runs. Tab completes; the arrow keys\n"
    "recall, Ctrl-R searches.\n";

// Other spellings of commands, by the word that was typed.
const std::map<std::string, std::string>& Spellings() {
  static const std::map<std::string, std::string> kSpellings = {
      {"\\d", ".tables"}, {"\\dt", ".tables"}, {"\\x", ".vertical"}, {"\\timing", ".timing"},
      {"\\?", ".help"},   {"help", ".help"},   {"?", ".help"},       {"\\h", ".help"},
      {"\\q", ".quit"},   {"quit", ".quit"},   {"exit", ".quit"},    {".exit", ".quit"}};
  return kSpellings;
}

std::vector<std::string> CommandNames() {
  return {".all",    ".format", ".help",     ".pager", ".quit", ".schema",
          ".tables", ".timing", ".vertical", "\\d",    "\\q",   "\\x"};
}

// What a command sets with on or off; without either the other one of the two.
Status Switch(const std::string& command, const std::string& argument, bool* value) {
  if (argument.empty()) {
    *value = !*value;
  } else if (argument == "on" || argument == "off") {
    *value = argument == "on";
  } else {
    return UsageError(fmt::format("{} takes on or off, not '{}'", command, argument));
  }
  Tell(fmt::format("{} is {}\n", command, *value ? "on" : "off"));
  return Status::OK();
}

class Shell {
 public:
  Shell(sql::Connection* connection, const RunOptions& options, bool timing)
      : connection_(connection),
        options_(options),
        timing_(timing),
        completer_(connection, CommandNames()) {}

  Status Run() {
    ARROW_ASSIGN_OR_RAISE(editor_, LineEditor::Open(HistoryFile(), [this](const std::string& line) {
                            return completer_.Complete(pending_.empty() ? "" : pending_ + "\n",
                                                       line);
                          }));
    while (!done_) {
      const Line line = editor_->Read(pending_.empty() ? "skyhook> " : "    ...> ");
      if (line.kind == Line::Kind::kEnd) break;
      if (line.kind == Line::Kind::kAbandoned) {
        pending_.clear();
      } else {
        Take(line.text);
      }
    }
    return Status::OK();
  }

 private:
  void Take(const std::string& line) {
    if (pending_.empty() && TakeCommand(line)) return;
    pending_ += (pending_.empty() ? "" : "\n") + line;
    if (IsBlank(pending_)) {
      pending_.clear();
    } else if (IsWholeScript(pending_)) {
      const std::string script = std::exchange(pending_, "");
      editor_->Remember(script);
      Report(Execute(script));
    }
  }

  // Whether the line is one.
  bool TakeCommand(const std::string& line) {
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos) return false;
    const size_t end = line.find_last_not_of(" \t;");
    const std::string text = end == std::string::npos ? "" : line.substr(begin, end + 1 - begin);
    const size_t space = text.find_first_of(" \t");
    std::string word = text.substr(0, space);
    const std::string argument =
        space == std::string::npos ? "" : text.substr(text.find_first_not_of(" \t", space));
    const auto spelling = Spellings().find(word);
    const bool plain_word = !word.starts_with('.') && !word.starts_with('\\');
    if (plain_word && (spelling == Spellings().end() || !argument.empty())) return false;
    if (spelling != Spellings().end()) word = spelling->second;
    if (word == ".tables" && !argument.empty()) word = ".schema";
    editor_->Remember(line);
    Report(Command(word, argument));
    return true;
  }

  Status Execute(const std::string& script) {
    Interruptible interruptible;
    ARROW_RETURN_NOT_OK(interruptible.Begin());
    ARROW_ASSIGN_OR_RAISE(const auto statements, connection_->Split(script));
    for (const std::string& statement : statements) {
      ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(options_));
      ARROW_ASSIGN_OR_RAISE(const RunResult result,
                            RunStatement(connection_, statement, options_, sink, Rows::kWrite,
                                         interruptible.token()));
      ARROW_RETURN_NOT_OK(sink.stream->Close());
      if (timing_) PrintTime(result.milliseconds);
    }
    return Status::OK();
  }

  Status Command(const std::string& word, const std::string& argument) {
    if (word == ".vertical") return Switch(word, argument, &options_.vertical);
    if (word == ".all") return Switch(word, argument, &options_.all);
    if (word == ".pager") return Switch(word, argument, &options_.pager);
    if (word == ".timing") return Switch(word, argument, &timing_);
    if (word == ".format") return SetFormat(argument);
    if (word == ".schema") return ShowColumns(argument);
    if (word == ".tables") {
      ARROW_ASSIGN_OR_RAISE(const auto names, connection_->TableNames());
      for (const std::string& name : names) Tell(name + "\n");
      if (names.empty()) Tell("there are none: --data DIR makes the files of a directory tables\n");
    } else if (word == ".help") {
      Tell(kHelp);
    } else if (word == ".quit") {
      done_ = true;
    } else {
      return UsageError(fmt::format("there is no command '{}'; see .help", word));
    }
    return Status::OK();
  }

  Status SetFormat(const std::string& name) {
    if (!name.empty()) {
      RunOptions changed = options_;
      changed.format = name;
      ARROW_ASSIGN_OR_RAISE(const Format format, FormatOf(changed));
      if (format == Format::kArrow || format == Format::kParquet) {
        return UsageError(fmt::format(
            "{} is for files: skyhook sql -o FILE; at the prompt there are table, csv and json",
            name));
      }
      options_ = changed;
    }
    Tell(fmt::format(".format is {}\n", options_.format.empty() ? "table" : options_.format));
    return Status::OK();
  }

  Status ShowColumns(const std::string& table) {
    if (table.empty()) return UsageError(".schema takes a table");
    const Status shown =
        Execute("SELECT column_name, column_type FROM (DESCRIBE FROM " + table + ")");
    if (shown.ok()) return shown;
    // Without the place in the statement, which nobody has typed.
    return shown.WithMessage(shown.message().substr(0, shown.message().find("\n\nLINE ")));
  }

  static void Report(const Status& status) {
    if (status.ok() || IsClosedPipe(status)) return;
    Tell(fmt::format("error: {}\n", status.message()));
    const std::string hint = HintFor(status);
    if (!hint.empty()) Tell(fmt::format("hint: {}\n", hint));
  }

  sql::Connection* connection_;
  RunOptions options_;
  bool timing_;
  NameCompleter completer_;
  std::unique_ptr<LineEditor> editor_;
  std::string pending_;
  bool done_ = false;
};

}  // namespace

Status RunInteractive(const SqlCommand& command, const RunOptions& options) {
  if (!options.output.empty()) {
    return UsageError("-o goes with -c or -f: at the prompt there is no end of the output");
  }
  ARROW_ASSIGN_OR_RAISE(auto connection, OpenConnection(options));
  Tell(fmt::format("Skyhook {}; .help lists the commands\n", SKYHOOK_VERSION));
  return Shell(connection.get(), options, command.timing).Run();
}

}  // namespace skyhook::cli
