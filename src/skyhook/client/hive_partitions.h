// Columns whose values are in the folder names: `year=2024/part-0.parquet`.
#pragma once

#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

namespace skyhook::client {

struct HivePartitions {
  /// The keys, in the order in which paths first name them, with the type of their values.
  arrow::FieldVector fields;
  /// By path, then by field: the value, null where the path has none or says
  /// `__HIVE_DEFAULT_PARTITION__`.
  std::vector<std::vector<std::shared_ptr<arrow::Scalar>>> values;
};

/// Reads the `key=value` folders of `paths`, percent-decoded. A key is int64 when all its values
/// are integers as they are usually written (no leading zeros, no plus sign: no two folders may
/// become one value), else date32 when all are dates (YYYY-MM-DD), else utf8.
arrow::Result<HivePartitions> ReadHivePartitions(const std::vector<std::string>& paths);

}  // namespace skyhook::client
