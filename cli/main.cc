// skyhook: SQL over Parquet and Arrow files from the command line.
#include <arrow/compute/initialize.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "cli/allocators.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/options.h"
#include "cli/standard_error.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

constexpr int kMostThreads = 1024;

struct Arguments {
  RunOptions run;
  SqlCommand sql;
  ExplainCommand explain;
  QueryCommand query;
  PathCommand path;
  PutCommand put;
  GetCommand get;
  TableCommand table;
};

// Ceph's own, for tables at rados://; before or after the verb.
void AddCephOptions(CLI::App* app, RunOptions* options) {
  options->rados = RadosOptionsOfEnvironment();
  objects::RadosOptions* rados = &options->rados;
  const auto add = [&](const std::string& names, std::string* value, const std::string& about,
                       const std::string& type) {
    app->add_option(names, *value, about)->type_name(type)->group("Ceph");
  };
  add("-c,--conf", &rados->configuration, "Configuration (default: CEPH_CONF, then Ceph's own)",
      "FILE");
  add("-n,--name", &rados->name, "Who to connect as (default: client.admin)", "TYPE.ID");
  add("--id", &options->rados_id, "The same, without the client.", "ID");
  add("-k,--keyring", &rados->keyring, "Where the key is", "FILE");
  add("--cluster", &rados->cluster, "Name of the cluster (default: ceph)", "NAME");
}

// Of daemons, for tables at grpc:// and grpc+tls://; before or after the verb.
void AddFlightOptions(CLI::App* app, RunOptions* options) {
  const auto add = [&](const std::string& name, std::string* value, const std::string& about,
                       const std::string& environment) {
    app->add_option(name, *value, about)
        ->type_name("FILE")
        ->envname(environment)
        ->group("skyhookd");
  };
  add("--tls-ca", &options->tls_ca, "Whose certificates daemons may show, in PEM",
      "SKYHOOK_TLS_CA");
  add("--tls-cert", &options->tls_certificate, "What to show to daemons that ask for it",
      "SKYHOOK_TLS_CERT");
  add("--tls-key", &options->tls_key, "Its key", "SKYHOOK_TLS_KEY");
  add("--token-file", &options->token_file, "A file that holds the token of calls",
      "SKYHOOK_TOKEN_FILE");
}

void AddOutputOptions(CLI::App* command, RunOptions* options) {
  command
      ->add_option(
          "--format", options->format,
          "table, csv, json (one object a line), arrow, parquet (default: as the ending of "
          "-o says, else table)")
      ->type_name("FORMAT");
  command->add_option("-o,--output", options->output, "Write to this file")->type_name("FILE");
  command->add_flag("--all", options->all,
                    "Tables on a terminal: all rows and columns, whatever its size");
  command->add_flag("--pager", options->pager, "Results on a terminal through $PAGER, or less");
  command->add_flag("--vertical", options->vertical, "Tables: a value a line");
}

void AddThreadsOption(CLI::App* command, RunOptions* options) {
  command->add_option("--threads", options->threads, "Threads in all (default: one per processor)")
      ->type_name("N")
      ->check(CLI::Range(1, kMostThreads));
}

void AddDataOption(CLI::App* command, RunOptions* options) {
  command
      ->add_option(
          "--data", options->data_directories,
          "Make every table file in this directory, or every table of rados://POOL, a table "
          "named by its stem")
      ->type_name("DIR")
      ->allow_extra_args(false);
}

void AddLimits(CLI::App* command, RunOptions* options, const std::string& default_memory) {
  AddThreadsOption(command, options);
  command
      ->add_option("--memory", options->memory,
                   "Memory limit, e.g. 512MB (default: " + default_memory + ")")
      ->type_name("SIZE");
  command
      ->add_option("--timeout", options->timeout, "Time limit of each statement, e.g. 500ms, 30s")
      ->type_name("TIME");
  command
      ->add_option("--placement", options->placement,
                   "Where fragments in Ceph or of a daemon are scanned: auto, push (where they "
                   "lie) or pull (here)")
      ->type_name("WHERE")
      ->check(CLI::IsMember({"auto", "push", "pull"}))
      ->capture_default_str();
}

void AddRunOptions(CLI::App* command, RunOptions* options) {
  AddOutputOptions(command, options);
  AddLimits(command, options, "three quarters of the machine's");
  AddDataOption(command, options);
}

CLI::App* AddSql(CLI::App* app, Arguments* arguments) {
  CLI::App* command = app->add_subcommand("sql", "Run SQL; without -c and -f, interactively");
  command->add_option("-c,--command", arguments->sql.text, "The statements to run")
      ->type_name("SQL");
  command->add_option("SQL", arguments->sql.given, "The same, without -c");
  command
      ->add_option("-f,--file", arguments->sql.file, "A file of statements, - for standard input")
      ->type_name("FILE");
  command->add_flag("--timing", arguments->sql.timing,
                    "Print 'NNN.N ms' for each run on standard error");
  command
      ->add_option("--repeat", arguments->sql.repeat,
                   "Run each statement N times, printing rows once")
      ->type_name("N");
  command->add_flag("--no-predicate-cache", arguments->run.forget_predicates,
                    "Do not remember which rows passed a predicate for later statements");
  AddRunOptions(command, &arguments->run);
  return command;
}

CLI::App* AddExplain(CLI::App* app, Arguments* arguments) {
  CLI::App* command = app->add_subcommand(
      "explain", "Show the plan, and for each scan what is pushed into it and why the rest is not");
  command->add_option("-c,--command", arguments->explain.text, "The statements")->type_name("SQL");
  command->add_option("SQL", arguments->explain.given, "The same, without -c");
  command->add_option("-f,--file", arguments->explain.file, "A file of statements")
      ->type_name("FILE");
  command->add_flag("--analyze", arguments->explain.analyze,
                    "Run it, and show rows, bytes, what was skipped and CPU time");
  AddRunOptions(command, &arguments->run);
  return command;
}

CLI::App* AddQuery(CLI::App* app, Arguments* arguments) {
  CLI::App* command = app->add_subcommand("query", "Run a Substrait plan");
  command
      ->add_option("--plan", arguments->query.plan,
                   "The plan, binary or JSON; - for standard input")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--table", arguments->query.tables,
                   "Where a table of the plan is: a file, a directory or a glob")
      ->type_name("NAME=PATH")
      ->allow_extra_args(false);
  AddDataOption(command, &arguments->run);
  AddLimits(command, &arguments->run, "1GiB");
  AddOutputOptions(command, &arguments->run);
  return command;
}

CLI::App* AddPathCommand(CLI::App* app, const std::string& name, const std::string& about,
                         Arguments* arguments) {
  CLI::App* command = app->add_subcommand(name, about);
  command->add_option("PATH", arguments->path.path, "A file, a directory or a glob")->required();
  AddOutputOptions(command, &arguments->run);
  return command;
}

CLI::App* AddPut(CLI::App* app, Arguments* arguments) {
  PutCommand* put = &arguments->put;
  CLI::App* command = app->add_subcommand("put", "Put Parquet or Arrow files into a table");
  command
      ->add_option("FILES... TABLE", put->paths,
                   "Files, directories, globs or - for standard input; then the table: "
                   "rados://POOL[/NAMESPACE]/TABLE or a directory")
      ->required();
  command->add_flag("--append", put->append, "Add to the table that is there");
  command->add_flag("--replace", put->replace, "Replace the table that is there");
  command->add_flag("--verbatim", put->options.verbatim,
                    "Fail rather than encode a row group anew that no object can hold");
  command->add_option("--object-bytes", put->object_bytes, "Size of objects (default: 32MiB)")
      ->type_name("SIZE");
  const std::string group = "Encoding anew";
  CLI::Option* rewrite =
      command->add_flag("--rewrite", put->rewrite, "Encode all rows anew, as the next ones say")
          ->group(group);
  command->add_option("--row-group-rows", put->options.write.row_group_rows, "Rows of a row group")
      ->type_name("N")
      ->capture_default_str()
      ->group(group)
      ->needs(rewrite);
  command->add_option("--page-bytes", put->page_bytes, "Bytes of a page (default: 128KiB)")
      ->type_name("SIZE")
      ->group(group)
      ->needs(rewrite);
  command
      ->add_option("--codec", put->options.write.codec, "none, snappy, gzip, brotli, lz4 or zstd")
      ->type_name("NAME")
      ->capture_default_str()
      ->group(group)
      ->needs(rewrite);
  command->add_option("--sort-by", put->sort_by, "Sort all rows by these columns")
      ->type_name("COLUMN")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(group)
      ->needs(rewrite);
  command
      ->add_option("--bloom-filter", put->options.write.bloom_filters,
                   "Columns that get bloom filters")
      ->type_name("COLUMN")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(group)
      ->needs(rewrite);
  return command;
}

CLI::App* AddGet(CLI::App* app, Arguments* arguments) {
  CLI::App* command = app->add_subcommand("get", "Give the files back that a table was put from");
  command->add_option("TABLE", arguments->get.uri, "The table; @N behind it: its snapshot N")
      ->required();
  command->add_option("-o,--output", arguments->run.output, "A directory, a file, or -")
      ->type_name("PATH");
  command->add_flag("--force", arguments->get.force, "Replace files that are there");
  return command;
}

// What a verb works on, for --help.
struct Subject {
  const char* name = "TABLE";
  const char* what = "rados://POOL[/NAMESPACE]/TABLE, or the table's directory";
};

void AddTableCommands(CLI::App* app, Arguments* arguments,
                      std::map<const CLI::App*, std::function<Status()>>* commands) {
  const auto add = [&](const std::string& name, const std::string& about, auto run,
                       Subject subject = {}) {
    CLI::App* command = app->add_subcommand(name, about);
    command->add_option(subject.name, arguments->table.uri, subject.what)->required();
    (*commands)[command] = [arguments, run] { return run(arguments->table, arguments->run); };
    return command;
  };
  AddOutputOptions(add("ls", "Show the tables of a store, or the objects of a table", RunLs,
                       {"STORE|TABLE",
                        "Where tables are: rados://POOL[/NAMESPACE], or a directory; or a table"}),
                   &arguments->run);
  AddOutputOptions(add("history", "Show the snapshots of a table that are kept", RunHistory),
                   &arguments->run);
  add("rm", "Remove a table", RunRm);
  add("compact", "Join the small objects of a table, without encoding anything anew", RunCompact);
  CLI::App* vacuum =
      add("vacuum",
          "Remove old snapshots of a table, or of all of a store, and objects that nobody needs",
          RunVacuum, {"STORE|TABLE", "Store or table"});
  vacuum->add_option("--keep", arguments->table.keep, "What was needed so recently stays")
      ->type_name("TIME")
      ->capture_default_str();
  vacuum->add_flag("--dry-run", arguments->table.dry_run, "Only say what would be removed");
  add("doctor", "Find what keeps the OSDs of rados://POOL from answering, and how to mend it",
      RunDoctor, {"POOL", "rados://POOL[/NAMESPACE]"});
  add("verify", "Compare the objects of a table with their checksums", RunVerify);
}

// What is wrong with a number of rows, or nothing. CLI11 takes too large a number for the largest.
std::string CheckRows(const std::string& text) {
  int64_t rows = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, rows);
  if (error == std::errc() && parsed == end && rows >= 0) return "";
  return fmt::format("'{}' is no number of rows", text);
}

// Prints what went wrong and what to try.
int Report(const Status& status) {
  if (status.ok() || IsClosedPipe(status)) return static_cast<int>(ExitCode::kOk);
  Tell(fmt::format("error: {}\n", status.message()));
  const std::string hint = HintFor(status);
  if (!hint.empty()) Tell(fmt::format("hint: {}\n", hint));
  return static_cast<int>(ExitCodeOf(status));
}

// How many letters have to be changed, added or left out to make one word of the other.
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({row[j + 1] + 1, row[j] + 1, changed}));
    }
  }
  return row.back();
}

// The words that may stand where `word` does: options of the verb, or verbs.
std::vector<std::string> WordsLike(const CLI::App& app, const std::string& word) {
  std::vector<std::string> words;
  if (!word.starts_with('-')) {
    for (const CLI::App* verb : app.get_subcommands(nullptr)) words.push_back(verb->get_name());
    return words;
  }
  std::vector<const CLI::App*> apps = {&app};
  for (const CLI::App* verb : app.get_subcommands()) apps.push_back(verb);
  for (const CLI::App* one : apps) {
    for (const CLI::Option* option : one->get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
  }
  return words;
}

// "; did you mean --format?" where there is a word like the one that was typed.
std::string Offer(const CLI::App& app, const std::string& typed) {
  constexpr size_t kFarthest = 2;
  std::string best;
  size_t distance = kFarthest + 1;
  for (const std::string& word : WordsLike(app, typed)) {
    const size_t far = EditDistance(typed, word);
    if (far < distance && far < word.size()) {
      distance = far;
      best = word;
    }
  }
  return best.empty() ? "" : fmt::format("; did you mean {}?", best);
}

// CLI11 says of a word that it does not know that a verb is missing, or that it was not expected.
int ReportParseError(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);  // prints the help
  const auto words = app.remaining(/*recurse=*/true);
  const auto verbs = app.get_subcommands();
  const std::string where = verbs.empty() ? "skyhook" : "skyhook " + verbs.front()->get_name();
  if (words.empty()) {
    return Report(
        UsageError(fmt::format("{}; {} --help lists what there is", error.what(), where)));
  }
  const std::string word = words.front().substr(0, words.front().find('='));
  const bool option = word.starts_with('-');
  const std::string what = option          ? "there is no option"
                           : verbs.empty() ? "there is no verb"
                                           : where + " has no place for";
  return Report(UsageError(fmt::format("{} '{}'{}; {} --help lists what there is", what, word,
                                       Offer(app, word), where)));
}

// Makes `VERB --help` of `help VERB`; reverses the arguments, as CLI11 takes them.
arrow::Result<std::vector<std::string>> ArgumentsOf(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments.front() == "help") {
    const std::string verb = arguments.size() > 1 ? arguments[1] : "";
    const auto known =
        app.get_subcommands([&](const CLI::App* one) { return one->get_name() == verb; });
    if (!verb.empty() && known.empty()) {
      return UsageError(fmt::format("there is no verb '{}'{}", verb, Offer(app, verb)));
    }
    arguments = verb.empty() ? std::vector<std::string>{"--help"}
                             : std::vector<std::string>{verb, "--help"};
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

int Main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  OccupyStandardStreams();
  Arguments arguments;
  CLI::App app("Skyhook: SQL over Parquet and Arrow files, with the work pushed to the data.",
               "skyhook");
  app.footer("\n" + ExitCodeHelp());
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", VersionText, "As the verb");
  std::map<const CLI::App*, std::function<Status()>> commands;
  commands[AddSql(&app, &arguments)] = [&] { return RunSql(arguments.sql, arguments.run); };
  commands[AddExplain(&app, &arguments)] = [&] {
    return RunExplain(arguments.explain, arguments.run);
  };
  commands[AddQuery(&app, &arguments)] = [&] { return RunQuery(arguments.query, arguments.run); };
  commands[AddPathCommand(&app, "schema", "Show the columns of a table", &arguments)] = [&] {
    return RunSchema(arguments.path, arguments.run);
  };
  CLI::App* head = AddPathCommand(&app, "head", "Show the first rows of a table", &arguments);
  AddLimits(head, &arguments.run, "three quarters of the machine's");
  head->add_option("-n,--rows", arguments.path.rows, "How many")
      ->check(CheckRows)
      ->capture_default_str();
  commands[head] = [&] { return RunHead(arguments.path, arguments.run); };
  commands[AddPathCommand(&app, "stats", "Show row groups, pages, encodings and sizes by column",
                          &arguments)] = [&] { return RunStats(arguments.path, arguments.run); };
  commands[AddPut(&app, &arguments)] = [&] { return RunPut(arguments.put, arguments.run); };
  commands[AddGet(&app, &arguments)] = [&] { return RunGet(arguments.get, arguments.run); };
  AddTableCommands(&app, &arguments, &commands);
  AddCephOptions(&app, &arguments.run);
  AddFlightOptions(&app, &arguments.run);
  commands[app.add_subcommand("version", "Show the versions of Skyhook, Arrow and DuckDB")] = [&] {
    return RunVersion();
  };

  auto given = ArgumentsOf(app, argc, argv);
  if (!given.ok()) return Report(given.status());
  try {
    app.parse(*std::move(given));
  } catch (const CLI::ParseError& error) {
    return ReportParseError(app, error);
  }
  Status ready = HandleInterrupts();
  if (ready.ok()) ready = BoundAllocators(arguments.run.memory);
  if (ready.ok()) ready = arrow::compute::Initialize();
  if (ready.ok()) ready = MakeSession(arguments.run).Value(&arguments.run.session);
  if (!ready.ok()) return Report(ready);
  const int code = Report(commands[app.get_subcommands().front()]());
  const bool stopped = code == static_cast<int>(ExitCode::kInterrupted) ||
                       code == static_cast<int>(ExitCode::kLimitExceeded);
  if (stopped || arguments.run.waits->left_behind()) {
    // A thread that was left within librados uses what `exit` takes down, and operations that were
    // left would be waited for.
    std::fflush(nullptr);
    std::_Exit(code);
  }
  return code;
}

}  // namespace
}  // namespace skyhook::cli

int main(int argc, char** argv) { return skyhook::cli::Main(argc, argv); }
