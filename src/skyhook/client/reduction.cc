#include "skyhook/client/reduction.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "skyhook/exec/partial.h"

namespace skyhook::client {
namespace {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

class AggregateReduction : public Reduction {
 public:
  explicit AggregateReduction(std::unique_ptr<exec::PartialMerger> merger)
      : merger_(std::move(merger)) {}

  arrow::Status Consume(const Unit& unit, int64_t sequence, BatchPtr batch) override {
    return merger_->Consume(*batch);
  }
  arrow::Status Finish() override { return merger_->Finish(); }
  arrow::Result<BatchPtr> Next() override { return merger_->Next(); }
  int64_t spilled_bytes() const override { return merger_->spilled_bytes(); }

 private:
  std::unique_ptr<exec::PartialMerger> merger_;
};

class TopKReduction : public Reduction {
 public:
  explicit TopKReduction(std::unique_ptr<exec::TopKMerger> merger)
      : merger_(std::move(merger)),
        threshold_(std::make_shared<plan::SettableRuntimeFilter>("top-k threshold")) {}

  arrow::Status Consume(const Unit& unit, int64_t sequence, BatchPtr batch) override {
    std::lock_guard<std::mutex> lock(mutex_);
    ARROW_RETURN_NOT_OK(
        merger_->Consume(std::move(batch), unit.fragment, unit.rows.begin + sequence));
    threshold_->Set(merger_->Threshold());
    return arrow::Status::OK();
  }

  std::shared_ptr<const plan::RuntimeFilter> filter() const override { return threshold_; }
  arrow::Status Finish() override { return merger_->Finish().Value(&result_); }
  arrow::Result<BatchPtr> Next() override { return std::exchange(result_, nullptr); }

 private:
  std::mutex mutex_;
  std::unique_ptr<exec::TopKMerger> merger_;
  std::shared_ptr<plan::SettableRuntimeFilter> threshold_;
  BatchPtr result_;
};

class LimitReduction : public Reduction {
 public:
  explicit LimitReduction(int64_t limit) : limit_(limit) {}

  arrow::Status Consume(const Unit& unit, int64_t sequence, BatchPtr batch) override {
    std::lock_guard<std::mutex> lock(mutex_);
    Rows& rows = units_[unit.index];
    rows.count += batch->num_rows();
    rows.batches.push_back(std::move(batch));
    return arrow::Status::OK();
  }

  void UnitDone(const Unit& unit) override {
    std::lock_guard<std::mutex> lock(mutex_);
    units_[unit.index].done = true;
    for (auto next = units_.find(leading_); next != units_.end() && next->second.done;
         next = units_.find(++leading_)) {
      leading_rows_ += next->second.count;
    }
  }

  bool IsFull() override {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto next = units_.find(leading_);
    return leading_rows_ + (next == units_.end() ? 0 : next->second.count) >= limit_;
  }

  arrow::Status Finish() override { return arrow::Status::OK(); }

  arrow::Result<BatchPtr> Next() override {
    while (limit_ > 0 && !units_.empty()) {
      std::vector<BatchPtr>& batches = units_.begin()->second.batches;
      if (next_ == batches.size()) {
        units_.erase(units_.begin());
        next_ = 0;
        continue;
      }
      BatchPtr batch = std::move(batches[next_++]);
      if (batch->num_rows() > limit_) batch = batch->Slice(0, limit_);
      limit_ -= batch->num_rows();
      return batch;
    }
    return nullptr;
  }

 private:
  struct Rows {
    std::vector<BatchPtr> batches;
    int64_t count = 0;
    bool done = false;
  };

  std::mutex mutex_;
  int64_t limit_;
  std::map<int64_t, Rows> units_;
  int64_t leading_ = 0;       ///< units before this one are done
  int64_t leading_rows_ = 0;  ///< rows of those
  size_t next_ = 0;
};

}  // namespace

arrow::Result<std::unique_ptr<Reduction>> MakeReduction(const plan::Pipeline& pipeline,
                                                        const ScanOptions& options) {
  if (pipeline.aggregate.has_value()) {
    exec::MergeOptions merge{options.memory_bytes / 2, options.spill_directory, options.batch_rows};
    ARROW_ASSIGN_OR_RAISE(auto merger, exec::PartialMerger::Make(pipeline, std::move(merge)));
    return std::make_unique<AggregateReduction>(std::move(merger));
  }
  if (pipeline.top_k.has_value()) {
    ARROW_ASSIGN_OR_RAISE(auto merger, exec::TopKMerger::Make(pipeline));
    return std::make_unique<TopKReduction>(std::move(merger));
  }
  return std::make_unique<LimitReduction>(pipeline.limit->limit);
}

}  // namespace skyhook::client
