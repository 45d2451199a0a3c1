#include "skyhook/exec/order/top_k_merger.h"

#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <map>
#include <span>

#include "skyhook/base/status.h"
#include "skyhook/exec/order/sort_key.h"
#include "skyhook/exec/order/top_k.h"
#include "skyhook/vector/batches.h"
#include "skyhook/vector/column.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

namespace {

class BestMerger : public TopKMerger {
 public:
  BestMerger(const plan::Pipeline& pipeline, int64_t memory_bytes)
      : keys_(pipeline.top_k->keys),
        schema_(pipeline.ProjectedSchema()),
        memory_bytes_(memory_bytes),
        best_(pipeline.top_k->limit),
        first_key_(pipeline.projection[static_cast<size_t>(keys_[0].column)].expression) {}

  Status Consume(BatchPtr rows, int64_t fragment, int64_t sequence) override {
    std::vector<vector::Column> columns;
    for (const plan::SortKey& key : keys_) {
      ARROW_ASSIGN_OR_RAISE(vector::Column column,
                            vector::Column::FromArray(rows->column(key.column)));
      columns.push_back(std::move(column));
    }
    ARROW_ASSIGN_OR_RAISE(auto encoded, EncodeSortKeys(columns, keys_, rows->num_rows()));
    const auto batch = static_cast<int64_t>(batches_.size());
    for (int64_t row = 0; row < rows->num_rows(); ++row) {
      best_.Add({std::move(encoded[static_cast<size_t>(row)]),
                 {fragment, sequence, row},
                 batch * kBatchStride + row});
    }
    held_rows_ += rows->num_rows();
    held_bytes_ += arrow::util::TotalBufferSize(*rows);
    batches_.push_back(std::move(rows));
    const bool too_many = held_rows_ / 2 - kSlackRows / 2 > best_.limit();
    if (!too_many && bytes_held() <= memory_bytes_) return Status::OK();
    ARROW_RETURN_NOT_OK(Compact(best_.rows()));
    return CheckMemory();
  }

  bool full() const override { return best_.full(); }

  void Clear() override {
    best_ = BestRows(best_.limit());
    batches_.clear();
    held_rows_ = held_bytes_ = 0;
  }

  Result<BatchPtr> Finish() override {
    const std::vector<Candidate> best = best_.TakeSorted();
    ARROW_RETURN_NOT_OK(Compact(best));
    if (batches_.empty()) return arrow::RecordBatch::MakeEmpty(schema_);
    return batches_[0];
  }

  plan::ExpressionPtr Threshold() const override {
    if (!best_.full() || plan::CanFail(*first_key_)) return nullptr;
    const auto bound = DecodeFirstKey(best_.worst().key, keys_[0], first_key_->type());
    if (!bound.ok()) return nullptr;
    return NotAfter(first_key_, keys_[0], *bound).ValueOr(nullptr);
  }

 private:
  // A candidate's source is its batch times this plus its row.
  static constexpr int64_t kBatchStride = int64_t{1} << 32;
  // Rows held beyond twice the limit before the batches they came in are let go.
  static constexpr int64_t kSlackRows = 4096;

  int64_t bytes_held() const { return held_bytes_ + best_.bytes_held(); }

  // Called when nothing is held but the best rows. They may take half of the memory: the other half
  // takes in what comes next, so that rows are not moved again for each batch.
  Status CheckMemory() const {
    if (bytes_held() <= memory_bytes_ / 2) return Status::OK();
    const std::string which =
        best_.full() ? fmt::format("the first {} rows of a sort", best_.limit()) : "rows of a sort";
    return base::LimitExceeded("{}: {} of them take {} bytes, where memory for {} is left", which,
                               best_.rows().size(), bytes_held(), memory_bytes_ / 2);
  }

  // Keeps only the rows of `best`, as one batch in their order.
  Status Compact(const std::vector<Candidate>& best) {
    if (best.empty()) {
      batches_.clear();
      held_rows_ = held_bytes_ = 0;
      return Status::OK();
    }
    std::map<int64_t, std::vector<int32_t>> by_batch;
    for (const Candidate& row : best) {
      by_batch[row.source / kBatchStride].push_back(
          static_cast<int32_t>(row.source % kBatchStride));
    }
    std::vector<BatchPtr> pieces;
    std::map<int64_t, int32_t> next;  // where the next row of a batch lies among the pieces
    int32_t offset = 0;
    for (const auto& [batch, places] : by_batch) {
      ARROW_ASSIGN_OR_RAISE(auto piece, Take(*batches_[static_cast<size_t>(batch)], places));
      pieces.push_back(std::move(piece));
      next[batch] = offset;
      offset += static_cast<int32_t>(places.size());
    }
    std::vector<int32_t> order;
    for (const Candidate& row : best) order.push_back(next[row.source / kBatchStride]++);
    ARROW_ASSIGN_OR_RAISE(auto joined, vector::JoinBatches(pieces));
    ARROW_ASSIGN_OR_RAISE(auto sorted, Take(*joined, order));
    batches_ = {sorted};
    held_rows_ = sorted->num_rows();
    held_bytes_ = arrow::util::TotalBufferSize(*sorted);
    best_.Renumber();
    return Status::OK();
  }

  Result<BatchPtr> Take(const arrow::RecordBatch& batch, std::span<const int32_t> rows) const {
    arrow::ArrayVector columns;
    for (const auto& array : batch.columns()) {
      ARROW_ASSIGN_OR_RAISE(vector::Column column, vector::Column::FromArray(array));
      ARROW_ASSIGN_OR_RAISE(column, column.Gather(rows));
      ARROW_ASSIGN_OR_RAISE(column, column.Compact());
      ARROW_ASSIGN_OR_RAISE(auto taken, column.ToArray());
      columns.push_back(std::move(taken));
    }
    return arrow::RecordBatch::Make(batch.schema(), static_cast<int64_t>(rows.size()), columns);
  }

  std::vector<plan::SortKey> keys_;
  std::shared_ptr<arrow::Schema> schema_;
  int64_t memory_bytes_;
  BestRows best_;
  plan::ExpressionPtr first_key_;
  std::vector<BatchPtr> batches_;
  int64_t held_rows_ = 0;
  int64_t held_bytes_ = 0;  // by batches_
};

}  // namespace

Result<std::unique_ptr<TopKMerger>> TopKMerger::Make(const plan::Pipeline& pipeline,
                                                     int64_t memory_bytes) {
  return std::make_unique<BestMerger>(pipeline, memory_bytes);
}

}  // namespace skyhook::exec
