// Reads ranges of one byte source: joined into few requests, counted, and stopped when asked.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "skyhook/base/byte_range.h"
#include "skyhook/base/byte_source.h"
#include "skyhook/format/read_context.h"
#include "skyhook/plan/outcome.h"

namespace skyhook::format {

/// Not thread-safe, because it adds to `cost`; cheap to make.
class ByteReader {
 public:
  ByteReader(std::shared_ptr<base::ByteSource> source, const base::CoalesceOptions& coalesce,
             const ReadContext& context);

  /// Reads every range with one call of the source; the buffers come in the order of the ranges,
  /// each as long as its range. Waits no longer than until `stop` is requested or the deadline has
  /// passed, also where the source does not notice.
  arrow::Result<base::Buffers> Read(const std::vector<base::ByteRange>& ranges) const;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadOne(base::ByteRange range) const;
  /// Reads the source's last bytes, which hold the footer of most files, or all it has.
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadTail() const;

  const base::ByteSource& source() const { return *source_; }
  const base::CoalesceOptions& coalesce() const { return coalesce_; }
  const ReadContext& context() const { return context_; }
  plan::Cost* cost() const { return context_.cost; }  ///< never null
  const arrow::StopToken& stop() const { return context_.stop; }

 private:
  arrow::Result<base::Buffers> Await(const std::vector<base::ByteRange>& ranges) const;

  std::shared_ptr<base::ByteSource> source_;
  base::CoalesceOptions coalesce_;
  std::shared_ptr<plan::Cost> unasked_;  ///< the account when nobody asked for one
  ReadContext context_;
};

}  // namespace skyhook::format
