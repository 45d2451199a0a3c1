// Reads ranges of one byte source: joined into few requests, counted, and stopped when asked.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "skyhook/base/byte_range.h"
#include "skyhook/base/byte_source.h"
#include "skyhook/plan/outcome.h"

namespace skyhook::format {

/// Not thread-safe, because it adds to `cost`; cheap to make.
class ByteReader {
 public:
  /// `cost` receives bytes_read and read_calls and must outlive the reader; with null nobody is
  /// told.
  ByteReader(std::shared_ptr<base::ByteSource> source, const base::CoalesceOptions& coalesce,
             plan::Cost* cost, arrow::StopToken stop = arrow::StopToken::Unstoppable());

  /// Reads every range with one call of the source; the buffers come in the order of the ranges.
  arrow::Result<base::Buffers> Read(const std::vector<base::ByteRange>& ranges) const;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadOne(base::ByteRange range) const;

  const base::ByteSource& source() const { return *source_; }
  const base::CoalesceOptions& coalesce() const { return coalesce_; }
  plan::Cost* cost() const { return cost_; }  ///< never null
  const arrow::StopToken& stop() const { return stop_; }

 private:
  std::shared_ptr<base::ByteSource> source_;
  base::CoalesceOptions coalesce_;
  std::shared_ptr<plan::Cost> unasked_;  ///< what `cost_` points to when nobody asked
  plan::Cost* cost_;
  arrow::StopToken stop_;
};

}  // namespace skyhook::format
