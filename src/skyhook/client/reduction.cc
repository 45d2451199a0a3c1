#include "skyhook/client/reduction.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/exec/order/top_k_merger.h"
#include "skyhook/vector/batches.h"

namespace skyhook::client {
namespace {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

class AggregateReduction : public Reduction {
 public:
  AggregateReduction(const plan::Pipeline& pipeline, std::unique_ptr<exec::PartialMerger> merger)
      : pipeline_(pipeline), merger_(std::move(merger)) {}

  arrow::Status Consume(const Unit& unit, int64_t sequence, BatchPtr batch) override {
    return merger_->Consume(*batch, unit.first_row);
  }
  arrow::Result<std::shared_ptr<exec::Aggregator>> MakeGroups() override {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<exec::Aggregator> groups,
                          exec::Aggregator::Make(pipeline_));
    // Each unit counts the places of its rows by itself.
    return groups->wants_places() ? nullptr : groups;
  }
  arrow::Status Take(std::shared_ptr<exec::Aggregator> groups) override {
    return merger_->Take(std::move(groups));
  }
  arrow::Status Finish() override { return merger_->Finish(); }
  arrow::Result<BatchPtr> Next() override { return merger_->Next(); }
  int64_t spilled_bytes() const override { return merger_->spilled_bytes(); }

 private:
  const plan::Pipeline pipeline_;
  const std::unique_ptr<exec::PartialMerger> merger_;
};

class TopKReduction : public Reduction {
 public:
  TopKReduction(std::unique_ptr<exec::TopKMerger> merger, plan::ExpressionPtr first_threshold)
      : merger_(std::move(merger)), threshold_(NewFilter()), guesses_(first_threshold != nullptr) {
    threshold_->Set(std::move(first_threshold));
  }

  arrow::Status Consume(const Unit& unit, int64_t sequence, BatchPtr batch) override {
    std::lock_guard<std::mutex> lock(mutex_);
    ARROW_RETURN_NOT_OK(
        merger_->Consume(std::move(batch), unit.fragment, unit.rows.begin + sequence));
    if (merger_->full()) threshold_->Set(merger_->Threshold());
    return arrow::Status::OK();
  }

  std::shared_ptr<const plan::RuntimeFilter> filter() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return threshold_;
  }

  bool StartsOver() override {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!std::exchange(guesses_, false) || merger_->full()) return false;
    merger_->Clear();
    threshold_ = NewFilter();
    return true;
  }

  arrow::Status Finish() override { return merger_->Finish().Value(&result_); }
  arrow::Result<BatchPtr> Next() override { return std::exchange(result_, nullptr); }

 private:
  static std::shared_ptr<plan::SettableRuntimeFilter> NewFilter() {
    return std::make_shared<plan::SettableRuntimeFilter>("top-k threshold");
  }

  mutable std::mutex mutex_;
  std::unique_ptr<exec::TopKMerger> merger_;
  std::shared_ptr<plan::SettableRuntimeFilter> threshold_;
  bool guesses_;  ///< rows were left out that no others are known to come before
  BatchPtr result_;
};

/// Holds the first rows seen so far, in the order of units: never more than `limit` and a batch.
/// Those that take more than `memory_bytes` are kLimitExceeded.
class LimitReduction : public Reduction {
 public:
  LimitReduction(int64_t limit, int64_t memory_bytes)
      : limit_(limit), memory_bytes_(memory_bytes), left_(limit) {}

  arrow::Status Consume(const Unit& unit, int64_t sequence, BatchPtr batch) override {
    std::lock_guard<std::mutex> lock(mutex_);
    Rows& rows = units_[unit.index()];
    rows.count += batch->num_rows();
    rows_ += batch->num_rows();
    const int64_t bytes = vector::BytesOf(*batch);
    rows.bytes += bytes;
    bytes_ += bytes;
    rows.batches.push_back(std::move(batch));
    for (auto last = --units_.end(); rows_ - last->second.count >= limit_; last = --units_.end()) {
      rows_ -= last->second.count;
      bytes_ -= last->second.bytes;
      units_.erase(last);
    }
    if (bytes_ <= memory_bytes_) return arrow::Status::OK();
    return base::LimitExceeded(
        "the first {} rows: {} of them take {} bytes, where memory for {} is left", limit_, rows_,
        bytes_, memory_bytes_);
  }

  bool IsNeeded(const Unit& unit) override {
    std::lock_guard<std::mutex> lock(mutex_);
    return rows_ < limit_ || (!units_.empty() && unit.index() < units_.rbegin()->first);
  }

  bool IsFull() override {
    std::lock_guard<std::mutex> lock(mutex_);
    return rows_ >= limit_;
  }

  arrow::Status Finish() override {
    for (auto& [index, rows] : units_) {
      for (BatchPtr& batch : rows.batches) result_.push_back(std::move(batch));
    }
    units_.clear();
    return arrow::Status::OK();
  }

  arrow::Result<BatchPtr> Next() override {
    if (left_ == 0 || next_ == result_.size()) return nullptr;
    BatchPtr batch = std::move(result_[next_++]);
    if (batch->num_rows() > left_) batch = batch->Slice(0, left_);
    left_ -= batch->num_rows();
    return batch;
  }

 private:
  struct Rows {
    std::vector<BatchPtr> batches;
    int64_t count = 0;
    int64_t bytes = 0;
  };

  std::mutex mutex_;
  const int64_t limit_;
  const int64_t memory_bytes_;
  std::map<int64_t, Rows> units_;
  int64_t rows_ = 0;   ///< of all units_
  int64_t bytes_ = 0;  ///< of all units_
  std::vector<BatchPtr> result_;
  size_t next_ = 0;
  int64_t left_;  ///< rows that Next may give; IsFull may still be asked then
};

}  // namespace

arrow::Result<std::unique_ptr<Reduction>> MakeReduction(const plan::Pipeline& pipeline,
                                                        const ScanOptions& options,
                                                        plan::ExpressionPtr first_threshold) {
  if (pipeline.aggregate.has_value()) {
    exec::MergeOptions merge{options.memory_bytes / 3, options.spill_directory, options.batch_rows,
                             options.stop, options.max_streams == 1};
    ARROW_ASSIGN_OR_RAISE(auto merger, exec::PartialMerger::Make(pipeline, std::move(merge)));
    return std::make_unique<AggregateReduction>(pipeline, std::move(merger));
  }
  if (pipeline.top_k.has_value()) {
    ARROW_ASSIGN_OR_RAISE(auto merger, exec::TopKMerger::Make(pipeline, options.memory_bytes / 3));
    return std::make_unique<TopKReduction>(std::move(merger), std::move(first_threshold));
  }
  return std::make_unique<LimitReduction>(pipeline.limit->limit, options.memory_bytes / 3);
}

}  // namespace skyhook::client
