// The bytes of a file, in pieces that fit into messages.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>
#include <arrow/util/cancel.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/streams.h"
#include "skyhook/base/byte_source.h"

namespace skyhook::daemon {

/// Reads ranges of a file piece by piece, as they are asked for.
class FilePieces {
 public:
  FilePieces(std::shared_ptr<base::ByteSource> source, std::vector<base::ByteRange> ranges)
      : source_(std::move(source)), ranges_(std::move(ranges)) {}

  /// A row of one column of bytes, `schema`: the next of the ranges' bytes. The first message,
  /// which has no row where there are no ranges, says beside it {"bytes", "version"} of the file.
  arrow::Result<std::optional<Message>> Next(const std::shared_ptr<arrow::Schema>& schema,
                                             const arrow::StopToken& stop);

 private:
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(const arrow::StopToken& stop);

  std::shared_ptr<base::ByteSource> source_;
  std::vector<base::ByteRange> ranges_;
  size_t range_ = 0;
  int64_t done_ = 0;  // of it
  bool begun_ = false;
};

}  // namespace skyhook::daemon
