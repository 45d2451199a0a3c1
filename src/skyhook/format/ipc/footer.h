// The footer of an Arrow IPC file: where its record batches lie and how many rows they have.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "skyhook/base/byte_range.h"
#include "skyhook/format/byte_reader.h"
#include "skyhook/format/random_access_file.h"

namespace skyhook::format {

struct IpcBatch {
  base::ByteRange metadata;
  int64_t body_bytes = 0;
  int64_t num_rows = 0;
};

struct IpcFooter {
  KnownBytes known;  ///< from the footer to the end of the file
  std::vector<IpcBatch> batches;
};

/// Reads the footer of a file that ends with `tail`, and then the metadata of all dictionary and
/// record batches, whose lengths are checked.
arrow::Result<IpcFooter> ReadIpcFooter(const ByteReader& reader,
                                       const std::shared_ptr<arrow::Buffer>& tail,
                                       int64_t max_bytes);

/// The same of a stream: `known` is what FooterOfIpcStream gives.
arrow::Result<IpcFooter> ReadIpcFooterBehind(const ByteReader& reader,
                                             std::shared_ptr<arrow::Buffer> known);

}  // namespace skyhook::format
