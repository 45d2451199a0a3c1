#include <array>
#include <atomic>
#include <limits>
#include <mutex>
#include <numeric>

#include "skyhook/exec/aggregator.h"
#include "skyhook/exec/partial.h"
#include "skyhook/exec/spill.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

namespace {

constexpr int kPartitionBits = 5;
constexpr size_t kPartitions = size_t{1} << kPartitionBits;
// Five bits of the hash a level; beyond this depth a partition is merged in memory whatever it
// takes, for then its groups differ in fewer than 2^24 ways and something else is wrong.
constexpr int kMaxDepth = 8;

class HashMerger : public PartialMerger {
 public:
  HashMerger(const plan::Pipeline& pipeline, MergeOptions options, int depth,
             std::unique_ptr<Aggregator> aggregator)
      : pipeline_(pipeline),
        options_(std::move(options)),
        depth_(depth),
        aggregator_(std::move(aggregator)) {}

  static Result<std::unique_ptr<HashMerger>> MakeAt(const plan::Pipeline& pipeline,
                                                    MergeOptions options, int depth) {
    ARROW_ASSIGN_OR_RAISE(auto aggregator, Aggregator::Make(pipeline));
    return std::make_unique<HashMerger>(pipeline, std::move(options), depth, std::move(aggregator));
  }

  Status Consume(const arrow::RecordBatch& partial) override {
    std::lock_guard<std::mutex> lock(mutex_);
    // A large batch is taken in pieces, so that the limit is looked at often enough.
    constexpr int64_t kPieceRows = 16 * 1024;
    for (int64_t begin = 0; begin < partial.num_rows(); begin += kPieceRows) {
      ARROW_RETURN_NOT_OK(aggregator_->Merge(*partial.Slice(begin, kPieceRows)));
      if (MustSpill()) ARROW_RETURN_NOT_OK(Spill());
    }
    return Status::OK();
  }

  Status Finish() override {
    std::lock_guard<std::mutex> lock(mutex_);
    if (spilled_) ARROW_RETURN_NOT_OK(Spill());
    return Status::OK();
  }

  Result<BatchPtr> Next() override {
    if (!spilled_) return NextInMemory();
    while (true) {
      if (partition_ != nullptr) {
        ARROW_ASSIGN_OR_RAISE(auto batch, partition_->Next());
        if (batch != nullptr) return batch;
        spilled_bytes_ += partition_->spilled_bytes();
        partition_ = nullptr;
      }
      if (next_partition_ == kPartitions) return nullptr;
      ARROW_RETURN_NOT_OK(LoadPartition(next_partition_++));
    }
  }

  int64_t spilled_bytes() const override { return spilled_bytes_; }

 private:
  bool MustSpill() const {
    return aggregator_->bytes_held() > options_.memory_bytes && depth_ < kMaxDepth &&
           !pipeline_.aggregate->keys.empty();
  }

  // Writes every group to the partition that its hash says, and forgets them.
  Status Spill() {
    spilled_ = true;
    std::array<std::vector<int32_t>, kPartitions> members;
    for (int64_t group = 0; group < aggregator_->num_groups(); ++group) {
      const uint64_t bits = aggregator_->hash(group) >> (64 - kPartitionBits * (depth_ + 1));
      members[bits % kPartitions].push_back(static_cast<int32_t>(group));
    }
    for (size_t i = 0; i < kPartitions; ++i) {
      if (members[i].empty()) continue;
      if (files_[i] == nullptr) {
        ARROW_ASSIGN_OR_RAISE(files_[i],
                              SpillFile::Make(options_.spill_directory, PartialSchema(pipeline_)));
      }
      const int64_t before = files_[i]->size();
      ARROW_ASSIGN_OR_RAISE(auto batch, aggregator_->Partial(members[i]));
      ARROW_RETURN_NOT_OK(files_[i]->Write(*batch));
      spilled_bytes_ += files_[i]->size() - before;
    }
    return aggregator_->Clear();
  }

  Status LoadPartition(size_t index) {
    if (files_[index] == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(partition_, MakeAt(pipeline_, options_, depth_ + 1));
    ARROW_ASSIGN_OR_RAISE(auto reader, files_[index]->Read());
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (batch == nullptr) break;
      ARROW_RETURN_NOT_OK(partition_->Consume(*batch));
    }
    files_[index] = nullptr;
    return partition_->Finish();
  }

  Result<BatchPtr> NextInMemory() {
    const int64_t groups = aggregator_->num_groups();
    if (next_group_ >= groups) {
      ARROW_RETURN_NOT_OK(aggregator_->Clear());
      next_group_ = std::numeric_limits<int64_t>::max();
      return nullptr;
    }
    std::vector<int32_t> some(
        static_cast<size_t>(std::min(options_.batch_rows, groups - next_group_)));
    std::iota(some.begin(), some.end(), static_cast<int32_t>(next_group_));
    next_group_ += static_cast<int64_t>(some.size());
    return aggregator_->Final(some);
  }

  plan::Pipeline pipeline_;
  MergeOptions options_;
  int depth_;
  std::mutex mutex_;
  std::unique_ptr<Aggregator> aggregator_;
  bool spilled_ = false;
  std::atomic<int64_t> spilled_bytes_ = 0;
  std::array<std::unique_ptr<SpillFile>, kPartitions> files_;
  size_t next_partition_ = 0;
  std::unique_ptr<HashMerger> partition_;
  int64_t next_group_ = 0;
};

}  // namespace

Result<std::unique_ptr<PartialMerger>> PartialMerger::Make(const plan::Pipeline& pipeline,
                                                           MergeOptions options) {
  return HashMerger::MakeAt(pipeline, std::move(options), 0);
}

}  // namespace skyhook::exec
