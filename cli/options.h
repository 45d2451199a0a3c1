// What the command line says, as values.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/ceph_waits.h"
#include "skyhook/client/table.h"
#include "skyhook/objects/rados_pool.h"
#include "skyhook/sql/database.h"
#include "skyhook/table/put.h"

namespace skyhook::cli {

enum class Format : uint8_t { kTable, kCsv, kJson, kArrow, kParquet };

/// Options of every command that runs something.
struct RunOptions {
  int threads = 0;        ///< 0: one per processor
  std::string memory;     ///< "512MB"; empty: three quarters of the machine's
  std::string timeout;    ///< "1.5s"; empty: none
  std::string format;     ///< empty: as the ending of `output` says, else "table"
  std::string output;     ///< a file; empty: standard output
  bool all = false;       ///< tables on a terminal are not cut to its size
  bool pager = false;     ///< results on a terminal go through $PAGER
  bool vertical = false;  ///< tables have a value a line
  std::vector<std::string> data_directories;
  std::string placement = "auto";
  bool forget_predicates = false;
  objects::RadosOptions rados;
  /// Files of --tls-ca, --tls-cert, --tls-key and --token-file; empty: none.
  std::string tls_ca;
  std::string tls_certificate;
  std::string tls_key;
  std::string token_file;
  std::shared_ptr<CephWaits> waits = std::make_shared<CephWaits>();  ///< told of waits for Ceph
  std::string rados_id;                                              ///< --id; empty: none
  std::shared_ptr<client::Session> session;  ///< set when all options are known
};

struct PutCommand {
  std::vector<std::string> paths;  ///< files, and the table at the end
  bool append = false;
  bool replace = false;
  bool rewrite = false;
  std::string object_bytes;
  std::string page_bytes;
  table::PutOptions options;
  std::vector<std::string> sort_by;
};

struct GetCommand {
  std::string uri;
  bool force = false;
};

struct TableCommand {
  std::string uri;
  std::string keep = "7d";  ///< of vacuum
  bool dry_run = false;
};

struct SqlCommand {
  std::string text;   ///< -c
  std::string given;  ///< the same without -c
  std::string file;   ///< -f
  bool timing = false;
  int repeat = 1;
};

struct ExplainCommand {
  std::string given;  ///< the statements without -c
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

/// Where what memory does not hold is written to: $TMPDIR, or /tmp.
std::string TemporaryFolder();
/// Of --timeout: "500ms", "2s", "1.5m", "1h"; a number alone is seconds. Must be positive.
arrow::Result<std::chrono::nanoseconds> ParseTimeout(const std::string& text);
/// Of --keep: as ParseTimeout, and "7d"; 0 is none.
arrow::Result<std::chrono::seconds> ParseKeep(const std::string& text);
/// The bytes of another option than --memory.
arrow::Result<int64_t> ParseSize(const std::string& option, const std::string& text);
/// Of --format and -o: what --format says; without it what the ending of the file says that is
/// written. A contradiction of the two is a mistake.
arrow::Result<Format> FormatOf(const RunOptions& options);

/// Who CEPH_ARGS says to connect as, and how: what librados leaves to programs to read.
objects::RadosOptions RadosOptionsOfEnvironment();

/// How Ceph is reached, as the options and the environment say.
objects::RadosOptions RadosOptionsOf(const RunOptions& options);
/// What opens the tables and stores of one run of the program.
arrow::Result<std::shared_ptr<client::Session>> MakeSession(const RunOptions& options);

/// A connection to a database; --timeout holds for the listing of --data too.
arrow::Result<std::unique_ptr<sql::Connection>> OpenConnection(const RunOptions& options);
/// The text of -c or the content of -f ("-" is standard input).
arrow::Result<std::string> ScriptOf(const std::string& text, const std::string& file);

}  // namespace skyhook::cli
