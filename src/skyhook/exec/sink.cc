#include "skyhook/exec/sink.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

#include "skyhook/exec/aggregate/aggregator.h"
#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/exec/order/sort_key.h"
#include "skyhook/exec/order/top_k.h"
#include "skyhook/vector/batches.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

namespace {

// Pieces of fewer rows than this are joined before they leave.
constexpr int64_t kJoinBelowRows = 2048;

class RowSink : public Sink {
 public:
  RowSink(const plan::Pipeline& pipeline, Program* program, const base::Limits& limits,
          std::vector<bool> dictionaries)
      : projection_(ProjectionOf(pipeline, program)),
        dictionaries_(std::move(dictionaries)),
        batch_rows_(limits.batch_rows),
        batch_bytes_(vector::BatchBytes(limits)) {
    if (pipeline.limit.has_value()) left_ = pipeline.limit->limit;
  }

  std::vector<int> nodes() const override { return projection_.nodes; }
  bool is_full() const override { return left_ == 0; }

  Status Consume(Chunk* chunk, Frame* frame, Batches* out, int64_t* answered_until) override {
    std::unique_ptr<Frame> shorter;
    if (chunk->rows() > left_) {
      std::vector<int32_t> first(static_cast<size_t>(left_));
      std::iota(first.begin(), first.end(), 0);
      chunk->Narrow(first);
      shorter = std::make_unique<Frame>(frame->Renewed(chunk->rows()));
      frame = shorter.get();
    }
    ARROW_ASSIGN_OR_RAISE(auto batch, ProjectBatch(projection_.schema, projection_.nodes, frame,
                                                   chunk->selection().has_value(), dictionaries_));
    left_ -= batch->num_rows();
    if (left_ == 0) *answered_until = chunk->RowAt(chunk->rows() - 1) + 1;
    return Append(std::move(batch), out);
  }

  Result<bool> Flush(Batches* out) override {
    ARROW_RETURN_NOT_OK(Join(out));
    return true;
  }

 private:
  Status Append(BatchPtr batch, Batches* out) {
    const int64_t bytes = vector::BytesOf(*batch);
    if (batch->num_rows() <= batch_rows_ && bytes <= batch_bytes_) {
      return AppendPiece(std::move(batch), bytes, out);
    }
    for (BatchPtr& piece : vector::Cut(batch, batch_rows_, batch_bytes_)) {
      const int64_t piece_bytes = vector::BytesOf(*piece);
      ARROW_RETURN_NOT_OK(AppendPiece(std::move(piece), piece_bytes, out));
    }
    return Status::OK();
  }

  Status AppendPiece(BatchPtr piece, int64_t bytes, Batches* out) {
    if (pending_rows_ + piece->num_rows() > batch_rows_ || pending_bytes_ + bytes > batch_bytes_ ||
        piece->num_rows() >= kJoinBelowRows) {
      ARROW_RETURN_NOT_OK(Join(out));
    }
    if (piece->num_rows() == 0) return Status::OK();
    const bool is_like_others = dictionaries_.empty() || pending_.empty() ||
                                pending_.back()->schema()->Equals(*piece->schema());
    if (!is_like_others) ARROW_RETURN_NOT_OK(Join(out));
    pending_rows_ += piece->num_rows();
    pending_bytes_ += bytes;
    pending_.push_back(std::move(piece));
    const bool enough = pending_rows_ >= kJoinBelowRows || pending_rows_ >= batch_rows_ ||
                        pending_bytes_ >= batch_bytes_;
    return enough ? Join(out) : Status::OK();
  }

  Status Join(Batches* out) {
    if (pending_.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto joined, vector::JoinBatches(pending_));
    pending_.clear();
    pending_rows_ = 0;
    pending_bytes_ = 0;
    out->push_back(std::move(joined));
    return Status::OK();
  }

  Projection projection_;
  std::vector<bool> dictionaries_;
  int64_t batch_rows_;
  int64_t batch_bytes_;
  int64_t left_ = base::Limits::kUnlimited;
  std::vector<BatchPtr> pending_;
  int64_t pending_rows_ = 0;
  int64_t pending_bytes_ = 0;
};

class AggregateSink : public Sink {
 public:
  /// `summarised` is the pipeline where statistics may tell its state; else null.
  AggregateSink(std::optional<plan::Pipeline> summarised, std::vector<int> nodes,
                std::shared_ptr<Aggregator> aggregator, const base::Limits& limits,
                plan::Cost* cost)
      : summarised_(std::move(summarised)),
        nodes_(std::move(nodes)),
        aggregator_(std::move(aggregator)),
        limits_(limits),
        cost_(cost) {}

  std::vector<int> nodes() const override { return nodes_; }

  bool may_take_statistics() const override { return summarised_.has_value(); }

  Result<bool> TakeStatistics(int64_t rows, const StatisticsOfColumn& statistics) override {
    ARROW_ASSIGN_OR_RAISE(const auto state, StateOfStatistics(*summarised_, rows, statistics));
    if (state == nullptr) return false;
    ARROW_RETURN_NOT_OK(aggregator_->Merge(*state, /*first_row=*/0));
    return true;
  }

  Status Consume(Chunk* chunk, Frame* frame, Batches* out, int64_t*) override {
    std::vector<vector::Column> projected;
    for (int node : nodes_) {
      ARROW_ASSIGN_OR_RAISE(const vector::Column* column, frame->Value(node));
      projected.push_back(*column);
    }
    RowPlaces places{chunk->begin()};
    if (aggregator_->wants_places() && chunk->selection().has_value()) {
      places.selection = chunk->selection()->data();
    }
    ARROW_RETURN_NOT_OK(aggregator_->Consume(projected, frame->rows(), places));
    // What is held becomes a reply, and a chunk's groups may go beyond the bound.
    must_flush_ =
        aggregator_->bytes_held() > std::min(limits_.memory_bytes, limits_.reply_bytes / 2);
    cost_->partial_flushes += must_flush_ ? 1 : 0;
    return Status::OK();
  }

  bool must_flush() const override { return must_flush_; }
  bool reduces() const override { return true; }

  Result<bool> Flush(Batches* out) override {
    if (flushed_ == 0) order_ = aggregator_->GroupsByShare(0);
    const int64_t most =
        std::min(limits_.batch_rows, aggregator_->GroupsWithin(vector::BatchBytes(limits_)));
    const auto left = std::span<const int32_t>(order_).subspan(flushed_);
    const auto some = left.first(std::min(left.size(), static_cast<size_t>(most)));
    if (!some.empty()) {
      ARROW_ASSIGN_OR_RAISE(auto batch, aggregator_->Partial(some));
      out->push_back(std::move(batch));
    }
    flushed_ += some.size();
    if (flushed_ < order_.size()) return false;
    must_flush_ = false;
    flushed_ = 0;
    ARROW_RETURN_NOT_OK(aggregator_->Clear());
    return true;
  }

 private:
  const std::optional<plan::Pipeline> summarised_;
  std::vector<int> nodes_;
  std::shared_ptr<Aggregator> aggregator_;
  base::Limits limits_;
  plan::Cost* cost_;
  bool must_flush_ = false;
  std::vector<int32_t> order_;  // groups, while they are flushed
  size_t flushed_ = 0;          // of order_
};

class TopKSink : public Sink {
 public:
  TopKSink(const plan::Pipeline& pipeline, Program* program, const base::Limits& limits,
           FetchRows fetch, KeptRows* kept, plan::Cost* cost)
      : keys_(pipeline.top_k->keys),
        best_(pipeline.top_k->limit),
        limits_(limits),
        fetch_(std::move(fetch)),
        kept_(kept),
        cost_(cost) {
    for (const plan::SortKey& key : keys_) {
      nodes_.push_back(
          program->Add(pipeline.projection[static_cast<size_t>(key.column)].expression));
    }
    first_key_ = pipeline.projection[static_cast<size_t>(keys_[0].column)].expression;
    if (kept_ != nullptr) {
      kept_nodes_ = ProjectionOf(pipeline, program).nodes;
      kept_columns_ = Projection{nullptr, kept_nodes_}.Columns(*program);
    }
  }

  std::vector<int> nodes() const override { return kept_ != nullptr ? kept_nodes_ : nodes_; }
  bool is_full() const override { return best_.limit() == 0; }

  Status Consume(Chunk* chunk, Frame* frame, Batches*, int64_t*) override {
    ARROW_ASSIGN_OR_RAISE(const vector::Column* first, frame->Value(nodes_[0]));
    ARROW_ASSIGN_OR_RAISE(const auto rows, Contenders(*first, frame->rows()));
    std::vector<vector::Column> columns;
    for (int node : nodes_) {
      ARROW_ASSIGN_OR_RAISE(const vector::Column* column, frame->Value(node));
      ARROW_ASSIGN_OR_RAISE(vector::Column some, column->Gather(rows));
      columns.push_back(std::move(some));
    }
    ARROW_ASSIGN_OR_RAISE(auto encoded,
                          EncodeSortKeys(columns, keys_, static_cast<int64_t>(rows.size())));
    for (size_t i = 0; i < rows.size(); ++i) {
      const int64_t row = chunk->RowAt(rows[i]);
      best_.Add({std::move(encoded[i]), {row, 0, 0}, row});
    }
    if (best_.unseen() > best_.limit() / 2) ARROW_RETURN_NOT_OK(Tighten());
    if (kept_ != nullptr) ARROW_RETURN_NOT_OK(Keep(chunk, rows));
    must_flush_ = bytes_held() > limits_.memory_bytes;
    cost_->partial_flushes += must_flush_ ? 1 : 0;
    return Status::OK();
  }

  bool must_flush() const override { return must_flush_; }

  // What can be read at once leaves in the order of the keys, else in pieces in that of the rows.
  Result<bool> Flush(Batches* out) override {
    if (left_.empty()) {
      const std::vector<Candidate> best = best_.TakeSorted();
      if (best.empty()) return true;
      for (const Candidate& candidate : best) left_.push_back(candidate.source);
      std::sort(left_.begin(), left_.end());
      ARROW_ASSIGN_OR_RAISE(auto batch, FetchPiece());
      if (left_.empty()) {
        ARROW_ASSIGN_OR_RAISE(batch, InOrderOf(best, *batch));
      }
      Emit(batch, out);
    } else {
      ARROW_ASSIGN_OR_RAISE(const auto batch, FetchPiece());
      Emit(batch, out);
    }
    must_flush_ = must_flush_ && !left_.empty();
    if (kept_ != nullptr && left_.empty()) kept_->Clear();
    return left_.empty();
  }

  bool reduces() const override { return true; }
  plan::ExpressionPtr Threshold() const override { return threshold_; }

 private:
  // The rows whose first key does not sort after the worst of the best.
  Result<std::vector<int32_t>> Contenders(const vector::Column& first, int64_t rows) {
    if (test_node_ < 0) {
      std::vector<int32_t> all(static_cast<size_t>(rows));
      std::iota(all.begin(), all.end(), 0);
      return all;
    }
    SingleSource source(&first);
    Frame frame(&test_, &source, rows, nullptr);
    return frame.TrueRows(test_node_);
  }

  int64_t bytes_held() const {
    return best_.bytes_held() + (kept_ != nullptr ? kept_->bytes_held() : 0);
  }

  // Keeps some rows of a chunk, and drops those that are no longer among the best when they are
  // many, or take too much.
  Status Keep(Chunk* chunk, const std::vector<int32_t>& rows) {
    ARROW_RETURN_NOT_OK(kept_->Add(chunk, kept_columns_, rows));
    const auto best = static_cast<int64_t>(best_.rows().size());
    if (kept_->num_rows() <= 2 * best + kChunkRows && bytes_held() <= limits_.memory_bytes) {
      return Status::OK();
    }
    std::vector<int64_t> retained;
    for (const Candidate& candidate : best_.rows()) retained.push_back(candidate.source);
    std::sort(retained.begin(), retained.end());
    return kept_->Retain(retained);
  }

  // The first of the rows that are left, which they then are no longer.
  Result<BatchPtr> FetchPiece() {
    const auto rows = std::span(left_).subspan(next_);
    const auto most = std::min(rows.size(), static_cast<size_t>(limits_.batch_rows));
    ARROW_ASSIGN_OR_RAISE(auto batch, fetch_(rows.first(most), vector::BatchBytes(limits_)));
    next_ += static_cast<size_t>(batch->num_rows());
    if (next_ == left_.size()) {
      left_.clear();
      next_ = 0;
    }
    return batch;
  }

  void Emit(const BatchPtr& batch, Batches* out) const {
    for (BatchPtr& part : vector::Cut(batch, limits_.batch_rows, vector::BatchBytes(limits_))) {
      out->push_back(std::move(part));
    }
  }

  // `batch` holds the candidates in the order of their rows.
  static Result<BatchPtr> InOrderOf(const std::vector<Candidate>& candidates,
                                    const arrow::RecordBatch& batch) {
    std::vector<int64_t> rows;
    for (const Candidate& candidate : candidates) rows.push_back(candidate.source);
    std::sort(rows.begin(), rows.end());
    std::vector<int32_t> order;
    for (const Candidate& candidate : candidates) {
      const auto at = std::lower_bound(rows.begin(), rows.end(), candidate.source);
      order.push_back(static_cast<int32_t>(at - rows.begin()));
    }
    arrow::ArrayVector columns;
    for (const auto& array : batch.columns()) {
      ARROW_ASSIGN_OR_RAISE(vector::Column column, vector::Column::FromArray(array));
      ARROW_ASSIGN_OR_RAISE(column, column.Gather(order));
      ARROW_ASSIGN_OR_RAISE(auto ordered, column.ToArray());
      columns.push_back(std::move(ordered));
    }
    return arrow::RecordBatch::Make(batch.schema(), batch.num_rows(), columns);
  }

  Status Tighten() {
    best_.MarkSeen();
    if (!best_.full()) return Status::OK();
    const auto& type = first_key_->type();
    ARROW_ASSIGN_OR_RAISE(auto bound, DecodeFirstKey(best_.worst().key, keys_[0], type));
    ARROW_ASSIGN_OR_RAISE(auto test, NotAfter(plan::InputColumn(0, type), keys_[0], bound));
    if (test == nullptr) return Status::OK();
    test_ = Program();
    test_node_ = test_.Add(test);
    if (plan::CanFail(*first_key_)) return Status::OK();
    return NotAfter(first_key_, keys_[0], bound).Value(&threshold_);
  }

  std::vector<plan::SortKey> keys_;
  std::vector<int> nodes_;
  plan::ExpressionPtr first_key_;
  BestRows best_;
  base::Limits limits_;
  FetchRows fetch_;
  KeptRows* kept_;  // null: rows can be read again
  std::vector<int> kept_nodes_;
  std::set<int> kept_columns_;  // that kept_nodes_ read
  plan::Cost* cost_;
  bool must_flush_ = false;
  std::vector<int64_t> left_;  // rows to be flushed, ascending
  size_t next_ = 0;            // of left_
  plan::ExpressionPtr threshold_;
  Program test_;  // the threshold over the first key alone
  int test_node_ = -1;
};

}  // namespace

namespace {

// Whether a column has a dictionary, of no more values than there are rows.
bool HasSmallDictionary(const vector::Column& column) {
  return column.kind() == vector::Column::Kind::kDictionary &&
         column.dictionary()->kind() == vector::Column::Kind::kFlat &&
         column.dictionary()->length() <= column.length();
}

}  // namespace

Result<BatchPtr> ProjectBatch(std::shared_ptr<arrow::Schema> schema, const std::vector<int>& nodes,
                              Frame* frame, bool sparse, const std::vector<bool>& dictionaries) {
  arrow::ArrayVector columns;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const int node = nodes[i];
    if (i < dictionaries.size() && dictionaries[i]) {
      ARROW_ASSIGN_OR_RAISE(const vector::Column* value, frame->Value(node));
      if (HasSmallDictionary(*value)) {
        ARROW_ASSIGN_OR_RAISE(auto array, value->ToDictionaryArray());
        const int at = static_cast<int>(i);
        ARROW_ASSIGN_OR_RAISE(schema,
                              schema->SetField(at, schema->field(at)->WithType(array->type())));
        columns.push_back(std::move(array));
        continue;
      }
    }
    ARROW_ASSIGN_OR_RAISE(vector::Column column, frame->PlainValue(node));
    ARROW_ASSIGN_OR_RAISE(column, column.Flatten());
    if (sparse) {
      ARROW_ASSIGN_OR_RAISE(column, column.Compact());
    }
    ARROW_ASSIGN_OR_RAISE(auto array, column.ToArray());
    columns.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(schema, frame->rows(), std::move(columns));
}

std::unique_ptr<Sink> MakeRowSink(const plan::Pipeline& pipeline, Program* program,
                                  const base::Limits& limits, std::vector<bool> dictionaries) {
  return std::make_unique<RowSink>(pipeline, program, limits, std::move(dictionaries));
}

Result<std::unique_ptr<Sink>> MakeAggregateSink(const plan::Pipeline& pipeline, Program* program,
                                                const base::Limits& limits,
                                                std::shared_ptr<Aggregator> groups,
                                                plan::Cost* cost) {
  if (groups == nullptr) {
    ARROW_ASSIGN_OR_RAISE(groups, Aggregator::Make(pipeline));
  } else {
    ARROW_RETURN_NOT_OK(groups->CheckTakes(pipeline));
  }
  return std::make_unique<AggregateSink>(
      MayComeOfStatistics(pipeline) ? std::optional(pipeline) : std::nullopt,
      ProjectionOf(pipeline, program).nodes, std::move(groups), limits, cost);
}

std::unique_ptr<Sink> MakeTopKSink(const plan::Pipeline& pipeline, Program* program,
                                   const base::Limits& limits, FetchRows fetch, KeptRows* kept,
                                   plan::Cost* cost) {
  return std::make_unique<TopKSink>(pipeline, program, limits, std::move(fetch), kept, cost);
}

Projection ProjectionOf(const plan::Pipeline& pipeline, Program* program) {
  Projection projection{pipeline.ProjectedSchema(), {}};
  for (const plan::NamedExpression& column : pipeline.projection) {
    projection.nodes.push_back(program->Add(column.expression));
  }
  return projection;
}

}  // namespace skyhook::exec
