#include "skyhook/format/batch_reader.h"

#include <utility>

#include "skyhook/format/array_row_group_reader.h"

namespace skyhook::format {
namespace {

class BatchReader : public ArrayRowGroupReader {
 public:
  BatchReader(std::string where, const arrow::Schema& schema, std::vector<plan::NestedField> nested,
              plan::RowRange rows, std::shared_ptr<arrow::RecordBatch> batch)
      : ArrayRowGroupReader(std::move(where), schema, std::move(nested), rows,
                            arrow::default_memory_pool()),
        batch_(std::move(batch)) {}

  int64_t bytes_held() const override { return 0; }

 protected:
  arrow::Result<arrow::ArrayVector> Load(const std::vector<int>& columns) override {
    arrow::ArrayVector out;
    for (int column : columns) out.push_back(batch_->column(column));
    return out;
  }

 private:
  std::shared_ptr<arrow::RecordBatch> batch_;
};

}  // namespace

std::unique_ptr<RowGroupReader> MakeBatchReader(std::string where, const arrow::Schema& schema,
                                                std::vector<plan::NestedField> nested,
                                                plan::RowRange rows,
                                                std::shared_ptr<arrow::RecordBatch> batch) {
  return std::make_unique<BatchReader>(std::move(where), schema, std::move(nested), rows,
                                       std::move(batch));
}

}  // namespace skyhook::format
