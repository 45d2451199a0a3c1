#include "skyhook/exec/run.h"

#include <arrow/compute/initialize.h>

#include <chrono>
#include <optional>
#include <set>
#include <span>

#include "skyhook/base/status.h"
#include "skyhook/exec/aggregate/aggregator.h"
#include "skyhook/exec/batch_source.h"
#include "skyhook/exec/fragment_source.h"
#include "skyhook/exec/prepared_calls.h"
#include "skyhook/exec/program.h"
#include "skyhook/exec/run_over.h"
#include "skyhook/exec/sink.h"
#include "skyhook/vector/batches.h"
#include "skyhook/vector/text.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using plan::StoppedBy;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

namespace {

/// The driver: takes the rows of a source to a sink within the limits, and keeps the account.
class KernelExecution : public Execution {
 public:
  /// `pipeline` counts the columns of the source.
  KernelExecution(plan::Pipeline pipeline, std::unique_ptr<RowSource> source, RunRequest request)
      : pipeline_(std::move(pipeline)), source_(std::move(source)), request_(std::move(request)) {}

  Status Prepare() {
    program_.ShareCalls(request_.prepared_calls != nullptr ? request_.prepared_calls
                                                           : std::make_shared<PreparedCalls>());
    program_.NameErrors(source_->name(), pipeline_.input);
    program_.BoundTexts(vector::TextLimit(request_.limits.memory_bytes));
    leaves_groups_ = pipeline_.aggregate.has_value() && request_.groups != nullptr;
    ARROW_RETURN_NOT_OK(MakeSink());
    std::set<int> columns;
    for (int node : sink_->nodes()) {
      columns.insert(program_.node(node).columns.begin(), program_.node(node).columns.end());
    }
    output_columns_.assign(columns.begin(), columns.end());
    outcome_.applied = {true, true, true};
    outcome_.version = source_->version();
    outcome_.cost.rows_in = source_->rows().num_rows();
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
    source_->Resume(request_.slice.rows);
    outcome_.cost = {};
    outcome_.cost.rows_in = request_.slice.rows.num_rows();
    ending_.reset();
    finished_ = false;
    rows_before_ = Answered().num_rows();
  }

 private:
  Status MakeSink() {
    if (pipeline_.aggregate.has_value()) {
      return MakeAggregateSink(pipeline_, &program_, request_.limits, request_.groups,
                               &outcome_.cost)
          .Value(&sink_);
    }
    if (!pipeline_.top_k.has_value()) {
      sink_ = MakeRowSink(pipeline_, &program_, request_.limits, request_.dictionaries);
      return Status::OK();
    }
    const auto fetch = [this](std::span<const int64_t> rows, int64_t bytes) {
      const Projection projection = ProjectionOf(pipeline_, &program_);
      return source_->Fetch(projection, Want({}), rows, bytes);
    };
    sink_ =
        MakeTopKSink(pipeline_, &program_, request_.limits, fetch, source_->kept(), &outcome_.cost);
    return Status::OK();
  }

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

  // One unit of work: a chunk, a piece of what the sink holds, or the step to the next piece of the
  // source.
  Status Step() {
    ARROW_RETURN_NOT_OK(request_.stop.Poll());
    if (ending_.has_value() || sink_->must_flush()) return FlushSink();
    if (sink_->is_full()) return Finish(StoppedBy::kRowLimit);
    const StoppedBy limit = ReachedLimit();
    if (limit != StoppedBy::kNothing) return Finish(limit);
    return source_->in_piece() ? TakeChunk() : NextPiece();
  }

  Status TakeChunk() {
    int64_t position = position_;
    auto next = source_->Next(&position);
    if (GaveUp(next.status())) return Finish(StoppedBy::kDeadline);
    ARROW_ASSIGN_OR_RAISE(const auto chunk, std::move(next));
    if (chunk != nullptr) {
      Frame frame = source_->FrameOf(chunk.get());
      ARROW_RETURN_NOT_OK(sink_->Consume(chunk.get(), &frame, &ready_, &position));
    }
    position_ = position;
    return Status::OK();
  }

  Status NextPiece() {
    const auto begun = source_->Begin(Want(CurrentConjuncts()), &position_);
    if (GaveUp(begun.status())) return Finish(StoppedBy::kDeadline);
    ARROW_RETURN_NOT_OK(begun);
    return *begun ? Status::OK() : Finish(StoppedBy::kNothing);
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

  Wanted Want(std::vector<Conjunct> conjuncts) {
    Wanted wanted{&program_, std::move(conjuncts), output_columns_, Context(),
                  request_.limits.memory_bytes};
    if (sink_->may_take_statistics()) {
      wanted.summarise = [this](int64_t rows, const StatisticsOfColumn& statistics) {
        return sink_->TakeStatistics(rows, statistics);
      };
    }
    return wanted;
  }

  format::ReadContext Context() {
    format::ReadContext context(&outcome_.cost, request_.stop);
    context.core = request_.core;
    context.memory_bytes = ReadBytes(request_.limits.memory_bytes);
    context.in_steps = may_resume();
    // Of one that is resumed, readers outlive the deadline.
    if (!may_resume()) context.deadline = request_.limits.deadline;
    return context;
  }

  // A read that did not return in time: what came before it is answered. Those of a call that may
  // be resumed have no deadline, so that what they fail with is no deadline either.
  bool GaveUp(const Status& status) const {
    return !may_resume() && base::Is(status, base::Code::kLimitExceeded) &&
           ReachedLimit() == StoppedBy::kDeadline;
  }

  plan::RowRanges Answered() const { return source_->rows().Intersect({0, position_}); }

  std::vector<Conjunct> CurrentConjuncts() {
    std::vector<Conjunct> out;
    for (const auto& conjunct : pipeline_.filter) out.push_back({conjunct, false});
    for (const auto& filter : request_.runtime_filters) {
      const auto snapshot = filter->Snapshot();
      if (snapshot == nullptr) continue;
      for (const auto& conjunct : plan::Conjuncts(snapshot)) {
        // One that this source does not understand may be ignored.
        if (auto bound = source_->input()->Bind(conjunct); bound.ok())
          out.push_back({*bound, true});
      }
    }
    const auto threshold = sink_->Threshold();
    if (threshold != nullptr) out.push_back({threshold, true});
    return out;
  }

  // Ends the call once the sink has given what it holds, or at once where that is kept.
  Status Finish(StoppedBy reason) {
    if (!IsKeptAfter(reason)) source_->Close();
    if (leaves_groups_) {
      End(reason, Answered());
    } else if (IsKeptAfter(reason) && sink_->reduces()) {
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
    outcome_.answered = reason == StoppedBy::kNothing ? source_->rows() : std::move(answered);
    plan::Slice& remaining = outcome_.remaining;
    remaining = {0, source_->rows().Subtract(outcome_.answered)};
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
    source_->Close();
    outcome_.stopped_by = status.IsCancelled() ? StoppedBy::kCancelled : StoppedBy::kNothing;
    outcome_.answered = {};
    outcome_.remaining = {0, source_->rows()};
  }

  plan::Pipeline pipeline_;
  std::unique_ptr<RowSource> source_;
  RunRequest request_;
  Program program_;
  std::vector<int> output_columns_;
  plan::Outcome outcome_;
  std::unique_ptr<Sink> sink_;
  bool leaves_groups_ = false;  // what the sink holds at the end stays in RunRequest::groups
  int64_t position_ = 0;        // all rows asked for before it are dealt with
  int64_t rows_before_ = 0;     // of those asked for, dealt with before the call was resumed
  Batches ready_;
  std::optional<StoppedBy> ending_;  // why no further rows are read
  bool finished_ = false;
  Status failure_;
};

Status CheckLimits(const base::Limits& limits) {
  if (limits.batch_rows > 0 && limits.memory_bytes >= 0) return Status::OK();
  return base::Invalid(
      "limits of a call: batch_rows {} must be positive, memory_bytes {} must "
      "not be negative",
      limits.batch_rows, limits.memory_bytes);
}

/// What is checked before a source is looked at.
Status Check(const plan::Pipeline& pipeline, const RunRequest& request) {
  static const Status initialized = arrow::compute::Initialize();
  ARROW_RETURN_NOT_OK(initialized);
  ARROW_RETURN_NOT_OK(plan::Validate(pipeline));
  return CheckLimits(request.limits);
}

Result<std::unique_ptr<Execution>> Start(const plan::Pipeline& pipeline,
                                         std::unique_ptr<RowSource> source, RunRequest request) {
  ARROW_ASSIGN_OR_RAISE(plan::Pipeline bound, source->input()->Bind(pipeline));
  auto execution =
      std::make_unique<KernelExecution>(std::move(bound), std::move(source), std::move(request));
  ARROW_RETURN_NOT_OK(execution->Prepare());
  return execution;
}

}  // namespace

Result<std::unique_ptr<Execution>> Run(const plan::Pipeline& pipeline,
                                       std::shared_ptr<format::Fragment> fragment,
                                       RunRequest request) {
  ARROW_RETURN_NOT_OK(Check(pipeline, request));
  ARROW_ASSIGN_OR_RAISE(auto source, FragmentSource::Make(pipeline, std::move(fragment),
                                                          request.slice.rows, request.predicates));
  return Start(pipeline, std::move(source), std::move(request));
}

Result<std::unique_ptr<Execution>> RunOver(const plan::Pipeline& pipeline,
                                           std::shared_ptr<arrow::RecordBatchReader> batches,
                                           std::string name, RunRequest request) {
  ARROW_RETURN_NOT_OK(Check(pipeline, request));
  if (request.slice != plan::Slice()) {
    return base::Invalid("{}: a slice was asked for of batches that pass by", name);
  }
  ARROW_ASSIGN_OR_RAISE(auto source,
                        BatchSource::Make(pipeline, std::move(batches), std::move(name)));
  return Start(pipeline, std::move(source), std::move(request));
}

}  // namespace skyhook::exec
