#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <mutex>
#include <numeric>
#include <span>

#include "skyhook/base/status.h"
#include "skyhook/exec/aggregate/aggregator.h"
#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/exec/aggregate/spill.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

namespace {

// So many groups stay in the processor's caches: one table is as fast as several.
constexpr int64_t kWholeGroups = 32 * 1024;
// Rows merged between two looks at the limit and the stop token.
constexpr int64_t kPieceRows = 16 * 1024;
// What a batch of groups holds, about, however few they are.
constexpr int64_t kBatchBytes = int64_t{8} << 20;
// Beyond this depth groups that still meet in one share are many values of one group, or keys that
// somebody chose to meet there: they are merged in memory as far as it goes.
constexpr int kMaxDepth = 8;

// The groups whose hashes have the same bits.
struct Share {
  std::mutex mutex;
  std::unique_ptr<Aggregator> groups;
  std::unique_ptr<SpillFile> file;  // once some were spilled
};

// Merges in one table while there are few groups, then in one for each share, so that threads
// seldom meet and no table takes long to grow. Memory that is full is emptied into a file a share.
class HashMerger : public PartialMerger {
 public:
  HashMerger(const plan::Pipeline& pipeline, MergeOptions options, int depth,
             std::shared_ptr<Aggregator> whole)
      : pipeline_(pipeline),
        options_(std::move(options)),
        depth_(depth),
        whole_(std::move(whole)) {}

  static Result<std::unique_ptr<HashMerger>> MakeAt(const plan::Pipeline& pipeline,
                                                    MergeOptions options, int depth) {
    ARROW_ASSIGN_OR_RAISE(auto aggregator, Aggregator::Make(pipeline));
    return std::make_unique<HashMerger>(pipeline, std::move(options), depth, std::move(aggregator));
  }

  Status Consume(const arrow::RecordBatch& partial, int64_t first_row) override {
    for (int64_t begin = 0; begin < partial.num_rows(); begin += kPieceRows) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      ARROW_RETURN_NOT_OK(ConsumePiece(*partial.Slice(begin, kPieceRows), first_row));
    }
    return Status::OK();
  }

  // The first table becomes ours as it is, where nobody else waits to have his merged.
  Status Take(std::shared_ptr<Aggregator> groups) override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      const bool few = options_.alone || groups->num_groups() <= kWholeGroups;
      if (is_empty_ && few && groups->bytes_held() <= options_.memory_bytes) {
        is_empty_ = false;
        whole_ = std::move(groups);
        return Status::OK();
      }
    }
    ARROW_RETURN_NOT_OK(VisitPieces(*groups, depth_, [this](const arrow::RecordBatch& piece) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      return ConsumePiece(piece, /*first_row=*/0);
    }));
    return groups->Clear();
  }

  Status Finish() override { return spilled_bytes_ > 0 ? Spill() : Status::OK(); }

  Result<BatchPtr> Next() override {
    if (!is_split_) return NextOf(whole_.get());
    while (next_share_ < kShares) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      ARROW_ASSIGN_OR_RAISE(auto batch, NextOfShare(&shares_[next_share_]));
      if (batch != nullptr) return batch;
      ++next_share_;
    }
    return nullptr;
  }

  int64_t spilled_bytes() const override { return spilled_bytes_; }

 private:
  Status ConsumePiece(const arrow::RecordBatch& piece, int64_t first_row) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      is_empty_ = false;
      if (!is_split_) {
        ARROW_RETURN_NOT_OK(whole_->Merge(piece, first_row));
        return MustSplit() ? Split() : CheckMemory();
      }
    }
    ARROW_RETURN_NOT_OK(MergeIntoShares(piece, first_row));
    return bytes_held_ > options_.memory_bytes ? Spill() : Status::OK();
  }

  bool MustSplit() const {
    return whole_->num_groups() > 1 && depth_ < kMaxDepth &&
           (whole_->num_groups() > kWholeGroups || whole_->bytes_held() > options_.memory_bytes);
  }

  // Of groups that cannot be split any further.
  Status CheckMemory() const {
    const int64_t held = whole_->bytes_held();
    if (held <= options_.memory_bytes) return Status::OK();
    return base::LimitExceeded(
        "{}: merging {} of its groups takes {} bytes, where memory for {} is left{}", TextOf(),
        whole_->num_groups(), held, options_.memory_bytes,
        HoldsDistinct() ? ": the distinct values of a group are held at once" : "");
  }

  // The aggregate as a person would name it.
  std::string TextOf() const {
    std::string text = "an aggregate of";
    for (const plan::Measure& measure : pipeline_.aggregate->measures) {
      text +=
          fmt::format(" {}", measure.name.empty() ? plan::AggregateFunctionName(measure.function)
                                                  : measure.name);
    }
    return text;
  }

  bool HoldsDistinct() const {
    const auto& measures = pipeline_.aggregate->measures;
    return std::any_of(measures.begin(), measures.end(), [](const plan::Measure& measure) {
      return measure.function == plan::AggregateFunction::kCountDistinct;
    });
  }

  Status Split() {
    for (Share& share : shares_) {
      ARROW_ASSIGN_OR_RAISE(share.groups, Aggregator::Make(pipeline_));
    }
    ARROW_RETURN_NOT_OK(VisitPieces(*whole_, depth_, [this](const arrow::RecordBatch& piece) {
      return MergeIntoShares(piece, /*first_row=*/0);
    }));
    is_split_ = true;
    return whole_->Clear();
  }

  // visit(partial batch) for all groups of a table, by share at `depth`.
  template <typename Visit>
  static Status VisitPieces(const Aggregator& groups, int depth, Visit&& visit) {
    const std::vector<int32_t> order = groups.GroupsByShare(depth);
    const int64_t rows = PieceRows(groups);
    for (size_t begin = 0; begin < order.size(); begin += static_cast<size_t>(rows)) {
      ARROW_ASSIGN_OR_RAISE(auto piece, groups.Partial(PieceOf(order, begin, rows)));
      ARROW_RETURN_NOT_OK(visit(*piece));
    }
    return Status::OK();
  }

  static int64_t PieceRows(const Aggregator& groups) {
    return std::min(kPieceRows, groups.GroupsWithin(kBatchBytes));
  }

  static std::span<const int32_t> PieceOf(const std::vector<int32_t>& order, size_t begin,
                                          int64_t rows) {
    return std::span(order).subspan(begin).first(
        std::min(order.size() - begin, static_cast<size_t>(rows)));
  }

  // Merges each run of rows of one share.
  Status MergeIntoShares(const arrow::RecordBatch& piece, int64_t first_row) {
    ARROW_ASSIGN_OR_RAISE(const auto shares, whole_->SharesOf(piece, depth_));
    for (auto run = shares.begin(); run != shares.end();) {
      const auto end =
          std::find_if(run, shares.end(), [&](uint8_t share) { return share != *run; });
      Share& share = shares_[*run];
      std::lock_guard<std::mutex> lock(share.mutex);
      const int64_t before = share.groups->bytes_held();
      ARROW_RETURN_NOT_OK(
          share.groups->Merge(*piece.Slice(run - shares.begin(), end - run), first_row));
      bytes_held_ += share.groups->bytes_held() - before;
      run = end;
    }
    return Status::OK();
  }

  // Empties every share into its file.
  Status Spill() {
    for (Share& share : shares_) {
      ARROW_RETURN_NOT_OK(options_.stop.Poll());
      std::lock_guard<std::mutex> lock(share.mutex);
      ARROW_RETURN_NOT_OK(SpillShare(&share));
    }
    return Status::OK();
  }

  Status SpillShare(Share* share) {
    if (share->groups->num_groups() == 0) return Status::OK();
    if (share->file == nullptr) {
      ARROW_ASSIGN_OR_RAISE(share->file,
                            SpillFile::Make(options_.spill_directory, PartialSchema(pipeline_)));
    }
    const int64_t held = share->groups->bytes_held();
    const int64_t written = share->file->size();
    ARROW_RETURN_NOT_OK(
        VisitPieces(*share->groups, depth_ + 1,
                    [&](const arrow::RecordBatch& piece) { return share->file->Write(piece); }));
    spilled_bytes_ += share->file->size() - written;
    ARROW_RETURN_NOT_OK(share->groups->Clear());
    bytes_held_ += share->groups->bytes_held() - held;
    return Status::OK();
  }

  Result<BatchPtr> NextOfShare(Share* share) {
    if (share->file == nullptr) return NextOf(share->groups.get());
    if (reread_ == nullptr) ARROW_RETURN_NOT_OK(Reread(share));
    ARROW_ASSIGN_OR_RAISE(auto batch, reread_->Next());
    if (batch != nullptr) return batch;
    spilled_bytes_ += reread_->spilled_bytes();
    reread_ = nullptr;
    share->file = nullptr;
    return nullptr;
  }

  Status Reread(Share* share) {
    ARROW_ASSIGN_OR_RAISE(reread_, MakeAt(pipeline_, options_, depth_ + 1));
    ARROW_ASSIGN_OR_RAISE(auto reader, share->file->Read());
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (batch == nullptr) return reread_->Finish();
      ARROW_RETURN_NOT_OK(reread_->Consume(*batch, /*first_row=*/0));
    }
  }

  // The next final rows of a table; null after the last, and the table is emptied.
  Result<BatchPtr> NextOf(Aggregator* groups) {
    const int64_t left = groups->num_groups() - next_group_;
    if (left <= 0) {
      next_group_ = is_split_ ? 0 : std::numeric_limits<int64_t>::max();
      ARROW_RETURN_NOT_OK(groups->Clear());
      return nullptr;
    }
    const int64_t most = std::min(options_.batch_rows, groups->GroupsWithin(kBatchBytes));
    std::vector<int32_t> some(static_cast<size_t>(std::min(most, left)));
    std::iota(some.begin(), some.end(), static_cast<int32_t>(next_group_));
    next_group_ += static_cast<int64_t>(some.size());
    return groups->Final(some);
  }

  plan::Pipeline pipeline_;
  MergeOptions options_;
  int depth_;
  std::mutex mutex_;  // of whole_, is_empty_ and is_split_
  std::shared_ptr<Aggregator> whole_;
  bool is_empty_ = true;  // nothing was consumed
  bool is_split_ = false;
  std::array<Share, kShares> shares_;
  std::atomic<int64_t> bytes_held_ = 0;  // by all shares
  std::atomic<int64_t> spilled_bytes_ = 0;
  size_t next_share_ = 0;
  int64_t next_group_ = 0;              // of the share, or of whole_
  std::unique_ptr<HashMerger> reread_;  // what the share's file holds
};

}  // namespace

Result<std::unique_ptr<PartialMerger>> PartialMerger::Make(const plan::Pipeline& pipeline,
                                                           MergeOptions options) {
  if (options.batch_rows < 1) {
    return base::Invalid("batch_rows of a merger is {}, and must be positive", options.batch_rows);
  }
  return HashMerger::MakeAt(pipeline, std::move(options), 0);
}

}  // namespace skyhook::exec
