#include "cli/options.h"

#include <fmt/format.h>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <sstream>

#include "cli/exit_code.h"
#include "cli/output_file.h"
#include "cli/time_limit.h"
#include "skyhook/base/text_file.h"

namespace skyhook::cli {
namespace {

const std::map<std::string, double> kSizeUnits = {{"", 1.0},
                                                  {"b", 1.0},
                                                  {"k", 1e3},
                                                  {"kb", 1e3},
                                                  {"m", 1e6},
                                                  {"mb", 1e6},
                                                  {"g", 1e9},
                                                  {"gb", 1e9},
                                                  {"t", 1e12},
                                                  {"tb", 1e12},
                                                  {"ki", 1024.},
                                                  {"kib", 1024.},
                                                  {"mi", 1048576.},
                                                  {"mib", 1048576.},
                                                  {"gi", 1073741824.},
                                                  {"gib", 1073741824.},
                                                  {"ti", 1099511627776.},
                                                  {"tib", 1099511627776.}};

const std::map<std::string, double> kTimeUnits = {
    {"", 1e9}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}};

// A positive number with a unit, as an integer of the smallest unit; `what` is what `option` wants.
arrow::Result<int64_t> ParseAmount(const std::string& option, const std::string& text,
                                   const std::string& what,
                                   const std::map<std::string, double>& units,
                                   const std::string& example) {
  const auto refuse = [&] {
    return UsageError(
        fmt::format("{}: '{}' is no {}; write for example {}", option, text, what, example));
  };
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end, text.data() + text.size() - end);
  for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto factor = units.find(unit);
  if (error != std::errc() || factor == units.end()) return refuse();
  const double amount = number * factor->second;
  if (!(amount >= 1) || amount > 9e18) return refuse();
  return static_cast<int64_t>(amount);
}

}  // namespace

std::string TemporaryFolder() {
  const char* folder = std::getenv("TMPDIR");
  return folder == nullptr || *folder == '\0' ? "/tmp" : folder;
}

arrow::Result<int64_t> ParseMemory(const std::string& text) {
  constexpr int64_t kLeast = 1000;  // less is a unit that was left out
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, ParseSize("--memory", text));
  if (bytes >= kLeast) return bytes;
  return UsageError(fmt::format("--memory: '{}' is too little for anything: e.g. 64MB", text));
}

arrow::Result<int64_t> ParseSize(const std::string& option, const std::string& text) {
  return ParseAmount(option, text, "size", kSizeUnits, "64MB or 2GiB");
}

arrow::Result<std::chrono::seconds> ParseKeep(const std::string& text) {
  if (text == "0") return std::chrono::seconds(0);
  ARROW_ASSIGN_OR_RAISE(const int64_t nanos,
                        ParseAmount("--keep", text, "time", kTimeUnits, "7d, 12h or 0"));
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds(nanos));
}

arrow::Result<std::chrono::nanoseconds> ParseTimeout(const std::string& text) {
  ARROW_ASSIGN_OR_RAISE(const int64_t nanos,
                        ParseAmount("--timeout", text, "time", kTimeUnits, "500ms, 30s or 5m"));
  return std::chrono::nanoseconds(nanos);
}

namespace {

arrow::Result<Format> ParseFormat(const std::string& text) {
  static const std::map<std::string, Format> kFormats = {{"table", Format::kTable},
                                                         {"csv", Format::kCsv},
                                                         {"json", Format::kJson},
                                                         {"arrow", Format::kArrow},
                                                         {"parquet", Format::kParquet}};
  const auto found = kFormats.find(text);
  if (found != kFormats.end()) return found->second;
  return UsageError(
      fmt::format("'{}' is no format; there are table, csv, json, arrow and parquet", text));
}

// What the ending of a file's name says about its format.
std::optional<Format> FormatOfFile(const std::string& path) {
  if (!IsReplaceable(path)) return std::nullopt;  // a pipe or a device
  static const std::map<std::string, Format> kEndings = {
      {".csv", Format::kCsv},     {".json", Format::kJson},      {".jsonl", Format::kJson},
      {".ndjson", Format::kJson}, {".arrow", Format::kArrow},    {".feather", Format::kArrow},
      {".ipc", Format::kArrow},   {".parquet", Format::kParquet}};
  std::string ending = std::filesystem::path(path).extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto found = kEndings.find(ending);
  return found == kEndings.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

arrow::Result<Format> FormatOf(const RunOptions& options) {
  const auto of_file = FormatOfFile(options.output);
  if (options.format.empty()) return of_file.value_or(Format::kTable);
  ARROW_ASSIGN_OR_RAISE(const Format format, ParseFormat(options.format));
  if (!of_file.has_value() || *of_file == format) return format;
  return UsageError(
      fmt::format("--format {} contradicts the name of the file '{}': leave one of the two out, or "
                  "make them agree",
                  options.format, options.output));
}

objects::RadosOptions RadosOptionsOfEnvironment() {
  using Options = objects::RadosOptions;
  static const std::map<std::string, std::string Options::*> kFields = {
      {"-c", &Options::configuration}, {"--conf", &Options::configuration},
      {"-n", &Options::name},          {"--name", &Options::name},
      {"-k", &Options::keyring},       {"--keyring", &Options::keyring},
      {"--id", &Options::name},        {"--cluster", &Options::cluster}};
  Options options;
  const char* text = std::getenv("CEPH_ARGS");
  std::istringstream words(text == nullptr ? "" : text);
  for (std::string word; words >> word;) {
    const std::string flag = word.substr(0, word.find('='));
    const auto field = kFields.find(flag);
    if (field == kFields.end()) continue;
    std::string value;
    if (flag == word) {
      words >> value;
    } else {
      value = word.substr(flag.size() + 1);
    }
    options.*(field->second) = flag == "--id" ? "client." + value : value;
  }
  return options;
}

objects::RadosOptions RadosOptionsOf(const RunOptions& options) {
  objects::RadosOptions rados = options.rados;
  rados.waits = options.waits;
  if (!options.rados_id.empty()) rados.name = "client." + options.rados_id;
  return rados;
}

namespace {

// The text of a file that an option names; of none, nothing.
arrow::Result<std::string> TextOf(const char* option, const std::string& path) {
  if (path.empty()) return std::string();
  auto text = base::ReadTextFile(path);
  if (text.ok()) return text;
  return UsageError(fmt::format("{}: {}", option, text.status().message()));
}

arrow::Result<site::flight::FlightOptions> FlightOptionsOf(const RunOptions& options) {
  site::flight::FlightOptions flight;
  ARROW_ASSIGN_OR_RAISE(flight.tls_ca, TextOf("--tls-ca", options.tls_ca));
  ARROW_ASSIGN_OR_RAISE(flight.tls_certificate, TextOf("--tls-cert", options.tls_certificate));
  ARROW_ASSIGN_OR_RAISE(flight.tls_key, TextOf("--tls-key", options.tls_key));
  ARROW_ASSIGN_OR_RAISE(flight.token, TextOf("--token-file", options.token_file));
  // As editors and `echo` leave it.
  while (!flight.token.empty() && std::isspace(static_cast<unsigned char>(flight.token.back()))) {
    flight.token.pop_back();
  }
  return flight;
}

}  // namespace

arrow::Result<std::shared_ptr<client::Session>> MakeSession(const RunOptions& options) {
  client::SessionOptions session;
  session.rados = RadosOptionsOf(options);
  ARROW_ASSIGN_OR_RAISE(session.flight, FlightOptionsOf(options));
  if (!options.memory.empty()) {
    ARROW_ASSIGN_OR_RAISE(const int64_t memory, ParseMemory(options.memory));
    session.cache_bytes = client::CacheBytesOf(memory);
  }
  session.remember_predicates = !options.forget_predicates;
  return std::make_shared<client::Session>(std::move(session));
}

arrow::Result<std::unique_ptr<sql::Connection>> OpenConnection(const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto limit,
                        TimeLimit::Start(options.timeout, arrow::StopToken::Unstoppable()));
  sql::DatabaseOptions database;
  database.stop = limit->token();
  database.placement = options.placement;
  database.threads = options.threads;
  if (!options.memory.empty()) {
    ARROW_ASSIGN_OR_RAISE(database.memory_bytes, ParseMemory(options.memory));
  }
  database.temporary_directory = TemporaryFolder();
  database.data_directories = options.data_directories;
  return sql::OpenConnection(database, options.session);
}

arrow::Result<std::string> ScriptOf(const std::string& text, const std::string& file) {
  if (file.empty()) return text;
  std::ostringstream content;
  if (file == "-") {
    content << std::cin.rdbuf();
    return content.str();
  }
  std::error_code ignored;
  const bool is_directory = std::filesystem::is_directory(file, ignored);
  std::ifstream stream(file, std::ios::binary);
  if (is_directory || !stream) {
    return arrow::Status::IOError(
        fmt::format("cannot read '{}': {}", file, std::strerror(is_directory ? EISDIR : errno)));
  }
  content << stream.rdbuf();
  return content.str();
}

}  // namespace skyhook::cli
