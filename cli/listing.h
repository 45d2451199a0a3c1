// Rows that the program makes itself, in the format that is asked for.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "cli/options.h"
#include "cli/output.h"

namespace skyhook::cli {

/// Columns of text, integers and booleans. A row is one call for each column.
class Listing {
 public:
  explicit Listing(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {}

  arrow::Status Begin();
  arrow::Status Text(int column, const std::string& value);
  arrow::Status Bool(int column, bool value);
  /// Negative: unknown.
  arrow::Status Number(int column, int64_t value);
  arrow::Status Write(const RunOptions& options, const Sink& sink);

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<arrow::RecordBatchBuilder> builder_;
};

/// "1 row", "2 rows".
std::string Counted(int64_t number, const std::string& noun);

}  // namespace skyhook::cli
