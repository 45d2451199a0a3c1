// What a manifest says of a data object, read from the object itself.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <memory>
#include <string>

#include "skyhook/base/byte_source.h"
#include "skyhook/table/snapshot.h"

namespace skyhook::table {

struct DescribedFragment {
  StoredFragment fragment;                ///< without `object`, `sources` and `reencoded`
  std::shared_ptr<arrow::Schema> schema;  ///< as the file declares it
  /// Why the columns of a file whose footer is whole cannot be read; its schema then has none.
  std::string unreadable;
};

/// Reads the footer (as it is, where the schema in it is none that Arrow knows) and computes the
/// checksum of `bytes`, a whole file; `name` is for messages.
arrow::Result<DescribedFragment> DescribeFragment(const std::shared_ptr<arrow::Buffer>& bytes,
                                                  const std::string& name);

/// The schema that DescribeFragment would give of a file.
arrow::Result<std::shared_ptr<arrow::Schema>> SchemaOfFile(
    const std::shared_ptr<base::ByteSource>& file);

/// The schema of a table whose fragments have `table` and one more has `added`: a column may hold
/// NULL if it may in either. Fails, naming `name` and the column, unless both have the same columns
/// of the same types in the same order.
arrow::Result<std::shared_ptr<arrow::Schema>> UniteSchemas(const arrow::Schema& table,
                                                           const arrow::Schema& added,
                                                           const std::string& name);

}  // namespace skyhook::table
