#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>

#include "skyhook/base/status.h"
#include "skyhook/format/batch_reader.h"
#include "skyhook/format/fragment.h"
#include "skyhook/format/plain_fragment.h"

namespace skyhook::format {
namespace {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

std::vector<int64_t> RowsOf(const std::vector<BatchPtr>& batches) {
  std::vector<int64_t> rows;
  for (const BatchPtr& batch : batches) rows.push_back(batch->num_rows());
  return rows;
}

class BatchesFragment : public PlainFragment {
 public:
  BatchesFragment(std::shared_ptr<arrow::Schema> schema, std::vector<BatchPtr> batches,
                  std::string name)
      : PlainFragment(std::move(name), "memory", std::move(schema), RowsOf(batches)),
        batches_(std::move(batches)) {}

  int64_t row_group_bytes(int row_group, const std::vector<int>& columns) const override {
    int64_t bytes = 0;
    for (int column : columns) {
      bytes += arrow::util::TotalBufferSize(*Batch(row_group)->column_data(TopLevel(column)));
    }
    return bytes;
  }

  arrow::Result<std::unique_ptr<RowGroupReader>> Open(int row_group, const ReadContext&) override {
    ARROW_RETURN_NOT_OK(CheckRowGroup(row_group));
    return MakeBatchReader(Where(row_group), *schema(), nested_fields(), row_group_rows(row_group),
                           Batch(row_group));
  }

 private:
  const BatchPtr& Batch(int row_group) const { return batches_[static_cast<size_t>(row_group)]; }

  std::vector<BatchPtr> batches_;
};

}  // namespace

arrow::Result<std::shared_ptr<Fragment>> FragmentFromBatches(std::shared_ptr<arrow::Schema> schema,
                                                             std::vector<BatchPtr> batches,
                                                             std::string name) {
  for (const BatchPtr& batch : batches) {
    if (!batch->schema()->Equals(*schema, /*check_metadata=*/false)) {
      return base::Invalid("{}: a batch with schema {} where {} is expected", name,
                           batch->schema()->ToString(), schema->ToString());
    }
  }
  return std::make_shared<BatchesFragment>(std::move(schema), std::move(batches), std::move(name));
}

}  // namespace skyhook::format
