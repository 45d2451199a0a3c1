// The files that a table was put from, so that they can be given back byte for byte.
//
// Stored as an Arrow IPC file whose rows are the file's bytes in order: each a piece of a data
// object, or bytes that no object holds (the footer, mostly), in the row itself.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/base/byte_range.h"
#include "skyhook/objects/object_store.h"

namespace skyhook::table {

struct SourcePiece {
  std::string object;  ///< within the table; empty: `bytes` are the piece
  base::ByteRange range;
  std::shared_ptr<arrow::Buffer> bytes;

  int64_t size() const { return object.empty() ? bytes->size() : range.length; }
};

struct SourceFile {
  std::string name;  ///< without its directories
  int64_t bytes = 0;
  uint32_t crc32c = 0;
  std::vector<SourcePiece>
      pieces;  ///< none: it cannot be given back, and what is known is its name
};

arrow::Result<std::shared_ptr<arrow::Buffer>> EncodeSourceFile(const SourceFile& file);
/// kCorruptData, naming `name`, for bytes that are none.
arrow::Result<SourceFile> DecodeSourceFile(const std::shared_ptr<arrow::Buffer>& bytes,
                                           const std::string& name);
arrow::Result<SourceFile> ReadSourceFile(objects::ObjectStore* store, const std::string& table,
                                         const std::string& object);

/// Hands the file's bytes to `write`, a few MiB at a time. Fails with kCorruptData when they are
/// not what was put.
arrow::Status WriteSourceFile(objects::ObjectStore* store, const std::string& table,
                              const SourceFile& file,
                              const std::function<arrow::Status(const arrow::Buffer&)>& write);

}  // namespace skyhook::table
