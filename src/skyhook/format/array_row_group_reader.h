// Reads row groups whose columns come as whole arrays: record batches, in memory or in a file.
#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "skyhook/format/fragment.h"

namespace skyhook::format {

class ArrayRowGroupReader : public RowGroupReader {
 public:
  /// `where` names file and row group in messages; `schema` has the engine types, `nested` the
  /// fields within its structs.
  ArrayRowGroupReader(std::string where, const arrow::Schema& schema,
                      std::vector<plan::NestedField> nested, plan::RowRange rows,
                      arrow::MemoryPool* pool);

  arrow::Status Prefetch(const std::vector<int>& columns, const plan::RowRanges& rows,
                         bool late) override;
  arrow::Result<std::shared_ptr<arrow::Array>> Read(
      int column, int64_t begin, int64_t length,
      std::optional<std::span<const int32_t>> selection) override;
  int64_t bytes_held() const override;

 protected:
  /// The whole columns of the schema, in any layout, in the order of `columns`, which ascends
  /// strictly.
  virtual arrow::Result<arrow::ArrayVector> Load(const std::vector<int>& columns) = 0;

 private:
  arrow::Status LoadMissing(const std::vector<int>& columns);
  arrow::Result<std::shared_ptr<arrow::Array>> ToColumn(
      int column, const std::shared_ptr<arrow::Array>& loaded);
  const plan::NestedField* Nested(int column) const;

  std::string where_;
  std::vector<plan::NestedField> nested_;
  std::shared_ptr<arrow::Schema> columns_schema_;
  plan::RowRange rows_;
  arrow::MemoryPool* pool_;
  arrow::ArrayVector columns_;  ///< null where not loaded
};

}  // namespace skyhook::format
