// Rows on their way out, in the format that was asked for; batch by batch, so that memory is
// bounded.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>

#include "cli/options.h"

namespace skyhook::cli {

/// Writes batches of one schema. Not thread-safe.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual arrow::Status Write(const arrow::RecordBatch& batch) = 0;
  /// Ends the output; needed once, after the last batch.
  virtual arrow::Status Finish() = 0;
};

/// How the place looks that rows go to.
struct Sink {
  std::shared_ptr<arrow::io::OutputStream> stream;
  bool is_file = false;  ///< neither standard output nor a pipe or device
  bool is_terminal = false;
  bool colour = false;
};

/// Opens `path`, or standard output when it is empty. A regular file is replaced when the stream is
/// closed, and stays as it was when it is not.
arrow::Result<Sink> OpenSink(const std::string& path);

arrow::Result<std::unique_ptr<RowWriter>> MakeRowWriter(
    Format format, const Sink& sink, const std::shared_ptr<arrow::Schema>& schema);

std::unique_ptr<RowWriter> MakeTableWriter(const Sink& sink,
                                           const std::shared_ptr<arrow::Schema>& schema);
/// One JSON object a line.
std::unique_ptr<RowWriter> MakeJsonWriter(const Sink& sink,
                                          const std::shared_ptr<arrow::Schema>& schema);

/// True for BLOBs and their like: bytes that need not be text.
bool HoldsBytes(const arrow::DataType& type);

/// The values of a column that holds bytes in base64, NULL as a null.
arrow::Result<std::shared_ptr<arrow::StringArray>> Base64Of(const arrow::Array& column);

/// The values of a column as text, NULL as a null.
arrow::Result<std::shared_ptr<arrow::StringArray>> TextOf(const arrow::Array& column);

}  // namespace skyhook::cli
