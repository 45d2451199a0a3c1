#include "skyhook/exec/run.h"

#include <arrow/compute/initialize.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <span>

#include "skyhook/base/status.h"
#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/exec/chunk.h"
#include "skyhook/exec/input_binding.h"
#include "skyhook/exec/program.h"
#include "skyhook/exec/row_group_scan.h"
#include "skyhook/exec/sink.h"
#include "skyhook/vector/batches.h"
#include "skyhook/vector/text.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using plan::StoppedBy;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

namespace {

class KernelExecution : public Execution {
 public:
  KernelExecution(const plan::Pipeline& pipeline, std::shared_ptr<format::Fragment> fragment,
                  RunRequest request)
      : pipeline_(pipeline), fragment_(std::move(fragment)), request_(std::move(request)) {}

  Status Prepare() {
    ARROW_RETURN_NOT_OK(plan::Validate(pipeline_));
    ARROW_RETURN_NOT_OK(CheckLimits());
    ARROW_ASSIGN_OR_RAISE(binding_, InputBinding::Make(pipeline_, fragment_.get()));
    ARROW_ASSIGN_OR_RAISE(pipeline_, binding_->Bind(std::move(pipeline_)));
    if (request_.slice.rows.end() > fragment_->num_rows()) {
      return base::Invalid("{}: rows {} were asked for, the fragment has {}", fragment_->name(),
                           request_.slice.rows.ToString(), fragment_->num_rows());
    }
    program_.ShareCalls(request_.prepared_calls != nullptr ? request_.prepared_calls
                                                           : std::make_shared<PreparedCalls>());
    program_.NameErrors(fragment_->name(), pipeline_.input);
    program_.BoundTexts(vector::TextLimit(request_.limits.memory_bytes));
    if (pipeline_.aggregate.has_value()) {
      ARROW_ASSIGN_OR_RAISE(
          sink_, MakeAggregateSink(pipeline_, &program_, request_.limits, &outcome_.cost));
    } else if (pipeline_.top_k.has_value()) {
      const auto fetch = [this](std::span<const int64_t> rows, int64_t bytes) {
        return Fetch(rows, bytes);
      };
      sink_ = MakeTopKSink(pipeline_, &program_, request_.limits, fetch, &outcome_.cost);
    } else {
      sink_ = MakeRowSink(pipeline_, &program_, request_.limits);
    }
    std::set<int> columns;
    for (int node : sink_->nodes()) {
      columns.insert(program_.node(node).columns.begin(), program_.node(node).columns.end());
    }
    output_columns_.assign(columns.begin(), columns.end());
    outcome_.applied = {true, true, true};
    outcome_.version = fragment_->version();
    outcome_.cost.rows_in = request_.slice.rows.num_rows();
    return Status::OK();
  }

  Result<BatchPtr> Next() override {
    const int64_t cpu_begin = base::ThreadCpuNanos();
    auto batch = Pull();
    outcome_.cost.cpu_ns += base::ThreadCpuNanos() - cpu_begin;
    if (!batch.ok()) {
      Fail(batch.status());
    } else if (*batch != nullptr) {
      outcome_.cost.rows_out += (*batch)->num_rows();
    }
    return batch;
  }

  const plan::Outcome& outcome() const override { return outcome_; }

  void Resume(RunRequest request) override {
    request_ = std::move(request);
    outcome_.cost = {};
    outcome_.cost.rows_in = request_.slice.rows.num_rows();
    ending_.reset();
    finished_ = false;
    rows_before_ = Answered().num_rows();
    // What remains of a row group that nothing is read of is planned again.
    if (scan_ == nullptr && position_ < row_group_end_) --row_group_;
  }

 private:
  Result<BatchPtr> Pull() {
    ARROW_RETURN_NOT_OK(failure_);
    while (ready_.empty() && !finished_) ARROW_RETURN_NOT_OK(Step());
    if (ready_.empty()) return nullptr;
    BatchPtr batch = std::move(ready_.front());
    ready_.pop_front();
    outcome_.cost.bytes_out += vector::BytesOf(*batch);
    return batch;
  }

  bool may_resume() const { return request_.slice.goes_on(); }

  Status CheckLimits() const {
    const base::Limits& limits = request_.limits;
    if (limits.batch_rows > 0 && limits.memory_bytes >= 0) return Status::OK();
    return base::Invalid(
        "limits of a call: batch_rows {} must be positive, memory_bytes {} must "
        "not be negative",
        limits.batch_rows, limits.memory_bytes);
  }

  // One unit of work: a chunk, a piece of what the sink holds, or the step to the next row group.
  Status Step() {
    ARROW_RETURN_NOT_OK(request_.stop.Poll());
    if (ending_.has_value() || sink_->must_flush()) return FlushSink();
    const StoppedBy limit = ReachedLimit();
    if (limit != StoppedBy::kNothing) return Finish(limit);
    if (scan_ == nullptr) return NextRowGroup();
    int64_t examined_until = position_;
    auto next = scan_->Next(&examined_until);
    if (GaveUp(next.status())) return Finish(StoppedBy::kDeadline);
    ARROW_ASSIGN_OR_RAISE(auto chunk, std::move(next));
    if (chunk == nullptr) {
      if (!scan_->is_done()) return Status::OK();
      position_ = row_group_end_;
      scan_ = nullptr;
      return Status::OK();
    }
    Frame frame = scan_->FrameOf(chunk.get());
    ARROW_ASSIGN_OR_RAISE(const bool more,
                          sink_->Consume(chunk.get(), &frame, &ready_, &examined_until));
    position_ = examined_until;
    return more ? Status::OK() : Finish(StoppedBy::kRowLimit);
  }

  StoppedBy ReachedLimit() const {
    const base::Limits& limits = request_.limits;
    const int64_t rows = Answered().num_rows();
    const bool may_stop = rows > rows_before_ || !may_resume();
    if (may_stop && limits.deadline.has_value() &&
        std::chrono::steady_clock::now() >= *limits.deadline) {
      return StoppedBy::kDeadline;
    }
    if (outcome_.cost.bytes_out >= limits.reply_bytes) return StoppedBy::kReplyBytes;
    if (rows >= limits.rows_in && limits.rows_in != base::Limits::kUnlimited) {
      return StoppedBy::kRowsIn;
    }
    return StoppedBy::kNothing;
  }

  format::ReadContext Context() {
    format::ReadContext context(&outcome_.cost, request_.stop);
    context.memory_bytes = ReadBytes(request_.limits.memory_bytes);
    // Of one that is resumed, readers outlive the deadline.
    if (!may_resume()) context.deadline = request_.limits.deadline;
    return context;
  }

  // A read that did not return in time: what came before it is answered.
  bool GaveUp(const Status& status) const {
    return base::Is(status, base::Code::kLimitExceeded) && ReachedLimit() == StoppedBy::kDeadline;
  }

  plan::RowRanges Answered() const { return request_.slice.rows.Intersect({0, position_}); }

  // Starts the next row group with rows asked for, or finishes.
  Status NextRowGroup() {
    for (; row_group_ < fragment_->num_row_groups(); ++row_group_) {
      const plan::RowRange all = fragment_->row_group_rows(row_group_);
      const plan::RowRanges rows =
          request_.slice.rows.Intersect({std::max(all.begin, position_), all.end});
      if (rows.empty()) continue;
      row_group_end_ = all.end;
      ++outcome_.cost.row_groups;
      const Status opened = OpenRowGroup(row_group_++, rows);
      if (GaveUp(opened)) return Finish(StoppedBy::kDeadline);
      return base::AddContext(opened, fragment_->name());
    }
    return Finish(StoppedBy::kNothing);
  }

  Status OpenRowGroup(int row_group, const plan::RowRanges& rows) {
    ARROW_ASSIGN_OR_RAISE(RowGroupPlan plan,
                          PlanRowGroup(fragment_.get(), row_group, rows, CurrentConjuncts(),
                                       binding_->columns(), program_.calls(), Context()));
    if (plan.rows.empty()) {
      position_ = row_group_end_;
      return Status::OK();
    }
    if (plan.conjuncts.empty() && output_columns_.empty()) return CountRows(plan.rows);
    RowGroupScan::Inputs inputs;
    inputs.conjuncts = std::move(plan.conjuncts);
    ARROW_ASSIGN_OR_RAISE(inputs.reader, fragment_->Open(row_group, Context()));
    inputs.rows = std::move(plan.rows);
    inputs.program = program_;
    inputs.output_columns = output_columns_;
    inputs.fields = &binding_->columns();
    inputs.cost = &outcome_.cost;
    inputs.context = Context();
    inputs.memory_bytes = request_.limits.memory_bytes;
    inputs.row_bytes = RowBytes(row_group, ColumnsOf(inputs));
    return RowGroupScan::Make(std::move(inputs)).Value(&scan_);
  }

  // Input columns that a row group's conjuncts and the sink read.
  std::set<int> ColumnsOf(const RowGroupScan::Inputs& inputs) const {
    std::set<int> columns(output_columns_.begin(), output_columns_.end());
    for (const Conjunct& conjunct : inputs.conjuncts) {
      const std::set<int>& read = conjunct.predicate->columns();
      columns.insert(read.begin(), read.end());
    }
    return columns;
  }

  // Of a row of some input columns, decoded, on average.
  int64_t RowBytes(int row_group, const std::set<int>& columns) const {
    std::vector<int> fields;
    for (int column : columns) {
      fields.push_back(binding_->columns()[static_cast<size_t>(column)]);
    }
    return fragment_->row_group_decoded_bytes(row_group, fields) /
           std::max<int64_t>(fragment_->row_group_rows(row_group).size(), 1);
  }

  // Rows of which nothing has to be read.
  Status CountRows(const plan::RowRanges& rows) {
    static const std::vector<int> kNoFields;
    bool more = true;
    for (plan::RowRange range : rows.ranges()) {
      while (more && range.begin < range.end) {
        ARROW_RETURN_NOT_OK(request_.stop.Poll());
        if (const StoppedBy limit = ReachedLimit(); limit != StoppedBy::kNothing) {
          return Finish(limit);
        }
        constexpr int64_t kMostRows = int64_t{1} << 20;
        Chunk chunk({nullptr, &kNoFields, nullptr}, range.begin, std::min(range.size(), kMostRows));
        Frame frame(&program_, &chunk, chunk.rows(), nullptr);
        position_ = chunk.end();
        ARROW_ASSIGN_OR_RAISE(more, sink_->Consume(&chunk, &frame, &ready_, &position_));
        range.begin = chunk.end();
      }
    }
    if (!more) return Finish(StoppedBy::kRowLimit);
    position_ = row_group_end_;
    return Status::OK();
  }

  std::vector<Conjunct> CurrentConjuncts() {
    std::vector<Conjunct> out;
    for (const auto& conjunct : pipeline_.filter) out.push_back({conjunct, false});
    for (const auto& filter : request_.runtime_filters) {
      const auto snapshot = filter->Snapshot();
      if (snapshot == nullptr) continue;
      for (const auto& conjunct : plan::Conjuncts(snapshot)) {
        // One that this fragment does not understand may be ignored.
        if (auto bound = binding_->Bind(conjunct); bound.ok()) out.push_back({*bound, true});
      }
    }
    const auto threshold = sink_->Threshold();
    if (threshold != nullptr) out.push_back({threshold, true});
    return out;
  }

  // The projected columns of the first of some rows, which are known to pass the filter.
  Result<BatchPtr> Fetch(std::span<const int64_t> rows, int64_t bytes) {
    std::vector<int> nodes;
    std::set<int> columns;
    for (const plan::NamedExpression& column : pipeline_.projection) {
      nodes.push_back(program_.Add(column.expression));
      const auto& read = program_.node(nodes.back()).columns;
      columns.insert(read.begin(), read.end());
    }
    std::vector<int> fields;
    for (int column : columns) {
      fields.push_back(binding_->columns()[static_cast<size_t>(column)]);
    }
    std::vector<BatchPtr> pieces;
    auto next = rows.begin();
    for (int row_group = 0; row_group < fragment_->num_row_groups() && bytes > 0; ++row_group) {
      const plan::RowRange all = fragment_->row_group_rows(row_group);
      auto end = std::lower_bound(next, rows.end(), all.end);
      if (next == end) continue;
      ARROW_RETURN_NOT_OK(request_.stop.Poll());
      const int64_t row_bytes = std::max<int64_t>(RowBytes(row_group, columns), 1);
      end = next + std::min<int64_t>(end - next, bytes / row_bytes + 1);
      ARROW_ASSIGN_OR_RAISE(auto piece, FetchOf(row_group, std::span(next, end), nodes, fields));
      bytes -= (end - next) * row_bytes;
      pieces.push_back(std::move(piece));
      const bool cut = end != rows.end() && *end < all.end;
      next = end;
      if (cut) break;
    }
    return vector::JoinBatches(pieces);
  }

  Result<BatchPtr> FetchOf(int row_group, std::span<const int64_t> rows,
                           const std::vector<int>& nodes, const std::vector<int>& fields) {
    const plan::RowRange all = fragment_->row_group_rows(row_group);
    std::vector<plan::RowRange> ranges;
    std::vector<int32_t> selection;
    for (int64_t row : rows) {
      ranges.push_back({row, row + 1});
      selection.push_back(static_cast<int32_t>(row - all.begin));
    }
    ARROW_ASSIGN_OR_RAISE(auto reader, fragment_->Open(row_group, Context()));
    ARROW_RETURN_NOT_OK(reader->Prefetch(fields, plan::RowRanges(std::move(ranges)), true));
    DictionaryColumns dictionaries;
    Chunk chunk({reader.get(), &binding_->columns(), &dictionaries}, all.begin, all.size());
    chunk.Narrow(selection);
    Frame frame(&program_, &chunk, chunk.rows(), nullptr);
    return ProjectBatch(pipeline_.ProjectedSchema(), nodes, &frame, true);
  }

  // Ends the call once the sink has given what it holds, or at once where that is kept.
  Status Finish(StoppedBy reason) {
    if (!IsKeptAfter(reason)) scan_ = nullptr;
    if (IsKeptAfter(reason) && sink_->reduces()) {
      End(reason, plan::RowRanges());
    } else {
      ending_ = reason;
    }
    return Status::OK();
  }

  bool IsKeptAfter(StoppedBy reason) const {
    return may_resume() && (reason == StoppedBy::kDeadline || reason == StoppedBy::kReplyBytes);
  }

  Status FlushSink() {
    ARROW_ASSIGN_OR_RAISE(const bool is_empty, sink_->Flush(&ready_));
    if (!is_empty) return Status::OK();
    if (ending_.has_value()) {
      End(*ending_, Answered());
    } else if (may_resume()) {
      // What was flushed for lack of memory stands for rows that cannot count as remaining later.
      End(StoppedBy::kReplyBytes, Answered());
    }
    return Status::OK();
  }

  void End(StoppedBy reason, plan::RowRanges answered) {
    finished_ = true;
    outcome_.stopped_by = reason;
    outcome_.answered = reason == StoppedBy::kNothing ? request_.slice.rows : std::move(answered);
    plan::Slice& remaining = outcome_.remaining;
    remaining = {0, request_.slice.rows.Subtract(outcome_.answered)};
    if (remaining.rows.empty() && reason != StoppedBy::kRowLimit) {
      outcome_.stopped_by = StoppedBy::kNothing;
    }
    if (!IsKeptAfter(outcome_.stopped_by)) return;
    remaining.scan = request_.slice.scan;
    remaining.rows_kept = remaining.rows.Intersect({0, position_}).num_rows();
  }

  void Fail(const Status& status) {
    failure_ = status;
    finished_ = true;
    ready_.clear();
    scan_ = nullptr;
    outcome_.stopped_by = status.IsCancelled() ? StoppedBy::kCancelled : StoppedBy::kNothing;
    outcome_.answered = {};
    outcome_.remaining = {0, request_.slice.rows};
  }

  plan::Pipeline pipeline_;
  std::shared_ptr<format::Fragment> fragment_;
  RunRequest request_;
  std::optional<InputBinding> binding_;
  Program program_;
  std::vector<int> output_columns_;
  plan::Outcome outcome_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<RowGroupScan> scan_;
  int row_group_ = 0;
  int64_t row_group_end_ = 0;
  int64_t position_ = 0;     // all rows asked for before it are dealt with
  int64_t rows_before_ = 0;  // of those asked for, dealt with before the call was resumed
  Batches ready_;
  std::optional<StoppedBy> ending_;  // why no further rows are read
  bool finished_ = false;
  Status failure_;
};

}  // namespace

Result<std::unique_ptr<Execution>> Run(const plan::Pipeline& pipeline,
                                       std::shared_ptr<format::Fragment> fragment,
                                       RunRequest request) {
  static const Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  auto execution =
      std::make_unique<KernelExecution>(pipeline, std::move(fragment), std::move(request));
  ARROW_RETURN_NOT_OK(execution->Prepare());
  return execution;
}

}  // namespace skyhook::exec
