// Rows on their way out, in the format that was asked for; batch by batch, so that memory is
// bounded.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "cli/options.h"
#include "cli/output_file.h"

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
  std::shared_ptr<OutputFile> stream;
  bool is_file = false;  ///< neither standard output nor a pipe or device
  bool is_terminal = false;
  bool colour = false;
  /// Columns of the terminal that a table has to fit into; 0: rows are written whole, and all.
  size_t width = 0;
  bool vertical = false;  ///< a value a line
};

/// Writes to the sink end with the error of `stopped`, once there is one, while this lives.
class StoppableWrites {
 public:
  StoppableWrites(const Sink& sink, std::function<arrow::Status()> stopped) : stream_(sink.stream) {
    stream_->StopWritingWhen(std::move(stopped));
  }
  ~StoppableWrites() { stream_->StopWritingWhen(nullptr); }
  StoppableWrites(const StoppableWrites&) = delete;
  StoppableWrites& operator=(const StoppableWrites&) = delete;

 private:
  std::shared_ptr<OutputFile> stream_;
};

/// Opens `options.output`, or standard output when it is empty. A regular file is replaced when the
/// stream is closed, and stays as it was when it is not.
arrow::Result<Sink> OpenSink(const RunOptions& options);

arrow::Result<std::unique_ptr<RowWriter>> MakeRowWriter(
    Format format, const Sink& sink, const std::shared_ptr<arrow::Schema>& schema);

std::unique_ptr<RowWriter> MakeTableWriter(const Sink& sink,
                                           const std::shared_ptr<arrow::Schema>& schema);
std::unique_ptr<RowWriter> MakeCsvWriter(const Sink& sink,
                                         const std::shared_ptr<arrow::Schema>& schema);
/// One JSON object a line.
std::unique_ptr<RowWriter> MakeJsonWriter(const Sink& sink,
                                          const std::shared_ptr<arrow::Schema>& schema);

}  // namespace skyhook::cli
