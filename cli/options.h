// What the command line says, as values.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/sql/session.h"

namespace skyhook::cli {

enum class Format : uint8_t { kTable, kCsv, kJson, kArrow, kParquet };

/// Options of every command that runs something.
struct RunOptions {
  int threads = 0;      ///< 0: one per processor
  std::string memory;   ///< "512MB"; empty: three quarters of the machine's
  std::string timeout;  ///< "1.5s"; empty: none
  std::string format = "table";
  std::string output;  ///< a file; empty: standard output
  std::vector<std::string> data_directories;
};

struct SqlCommand {
  std::string text;  ///< -c
  std::string file;  ///< -f
  bool timing = false;
  int repeat = 1;
};

struct ExplainCommand {
  std::string text;
  std::string file;
  bool analyze = false;
};

struct QueryCommand {
  std::string plan;                 ///< a file; "-" for standard input
  std::vector<std::string> tables;  ///< "NAME=PATH"
};

struct PathCommand {
  std::string path;
  int64_t rows = 10;  ///< of head
};

/// The bytes of --memory: "64MB", "1.5GiB", "4096"; decimal units, and binary ones with an i. Must
/// be positive.
arrow::Result<int64_t> ParseMemory(const std::string& text);
/// Of --timeout: "500ms", "2s", "1.5m", "1h"; a number alone is seconds. Must be positive.
arrow::Result<std::chrono::nanoseconds> ParseTimeout(const std::string& text);
arrow::Result<Format> ParseFormat(const std::string& text);

arrow::Result<std::unique_ptr<sql::Session>> OpenSession(const RunOptions& options);
/// The text of -c or the content of -f ("-" is standard input).
arrow::Result<std::string> ScriptOf(const std::string& text, const std::string& file);

}  // namespace skyhook::cli
