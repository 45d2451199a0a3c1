// What must not change an answer: how the rows are split and in which order they are asked for,
// what limits a call, how much of a plan is pushed. And what a predicate must do: split a table.
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>

#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/exec/order/top_k_merger.h"
#include "skyhook/exec/predicate_cache.h"
#include "skyhook/exec/run.h"
#include "skyhook/exec/run_over.h"
#include "skyhook/plan/types.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/random_batches.h"
#include "skyhook/testing/random_pipeline.h"
#include "skyhook/testing/result_rows.h"
#include "skyhook/testing/sanitized.h"

namespace skyhook::exec {
namespace {

using plan::Function;
using plan::Pipeline;
using plan::RowRanges;
using plan::StoppedBy;
using testing::KernelRun;
using testing::Require;
using testing::ResultRow;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;
using FragmentPtr = std::shared_ptr<format::Fragment>;
using Answer = arrow::Result<std::vector<ResultRow>>;

constexpr char kRowColumn[] = "row";

int NumCases() {
  const char* set = std::getenv("SKYHOOK_METAMORPHIC");
  return set != nullptr ? std::atoi(set) : testing::kSanitized ? 150 : 400;
}

/// A random pipeline, and a fragment with random rows for it.
class Subject {
 public:
  explicit Subject(uint32_t seed) : random_(seed), pipeline_(testing::RandomPipeline(seed)) {
    const int fields = pipeline_.input->num_fields();
    const auto row = arrow::field(kRowColumn, arrow::int64(), false);
    pipeline_.input = Require(pipeline_.input->AddField(fields, row));
    pipeline_.projection.push_back({kRowColumn, plan::InputColumn(fields, arrow::int64())});
    if (pipeline_.aggregate.has_value()) {
      const int number = static_cast<int>(pipeline_.projection.size()) - 1;
      using F = plan::AggregateFunction;
      for (const auto function : {F::kFirst, F::kLast}) {
        const std::string name = fmt::format("row {}", static_cast<int>(function));
        pipeline_.aggregate->measures.push_back({function, number, -1, name});
      }
    }
    // Few rows pass three predicates: often there are fewer.
    const auto kept = static_cast<size_t>(Below(3));
    if (kept < pipeline_.filter.size()) pipeline_.filter.resize(kept);
    batch_ = MakeBatch();
    format_ = Below(3);
    fragment_ = FragmentOf(batch_);
  }

  const Pipeline& pipeline() const { return pipeline_; }
  const FragmentPtr& fragment() const { return fragment_; }
  /// The same rows as up to four fragments, in order; some may be empty.
  std::vector<FragmentPtr> Fragments() {
    std::vector<FragmentPtr> out;
    for (int64_t left = Below(4), begin = 0; left >= 0; --left) {
      const int64_t rest = batch_->num_rows() - begin;
      const int64_t rows = left == 0 ? rest : Below(rest + 1);
      out.push_back(FragmentOf(batch_->Slice(begin, rows)));
      begin += rows;
    }
    return out;
  }
  std::mt19937* random() { return &random_; }
  /// What calls over the fragment remember; null: nothing.
  const std::shared_ptr<PredicateCache>& predicates() const { return predicates_; }
  void Remember(std::shared_ptr<PredicateCache> predicates) { predicates_ = std::move(predicates); }
  int64_t Below(int64_t bound) {
    return std::uniform_int_distribution<int64_t>(0, bound - 1)(random_);
  }

 private:
  BatchPtr MakeBatch() {
    const testing::RandomValues values{.nulls = 0.2, .extremes = Below(4) == 0 ? 0.1 : 0};
    const int64_t rows = Below(8) == 0 ? Below(3) : 100 + Below(400);
    const BatchPtr batch = testing::RandomBatch(pipeline_.input, rows, values, &random_);
    arrow::Int64Builder numbers;
    for (int64_t row = 0; row < rows; ++row) Require(numbers.Append(row));
    const int last = batch->num_columns() - 1;
    return Require(batch->SetColumn(last, pipeline_.input->field(last), Require(numbers.Finish())));
  }

  FragmentPtr FragmentOf(const BatchPtr& batch) {
    const auto table = Require(arrow::Table::FromRecordBatches({batch}));
    const int64_t group_rows = 1 + Below(200);
    if (format_ == 0) {
      if (auto parquet = AsParquet(*table, group_rows)) return parquet;
    }
    if (format_ < 2) return AsIpc(*table, group_rows);
    std::vector<BatchPtr> pieces;
    for (int64_t at = 0; at < batch->num_rows(); at += group_rows) {
      pieces.push_back(batch->Slice(at, group_rows));
    }
    return Require(format::FragmentFromBatches(batch->schema(), pieces, "batches"));
  }

  /// Null where Parquet does not keep a type of the table.
  FragmentPtr AsParquet(const arrow::Table& table, int64_t group_rows) {
    testing::ParquetLayout layout;
    layout.row_group_rows = group_rows;
    layout.page_rows = 1 + Below(100);
    layout.dictionary = Below(2) == 0;
    layout.page_index = Below(2) == 0;
    if (Below(2) == 0) {
      for (const auto& field : table.fields()) {
        if (arrow::is_integer(field->type()->id())) layout.bloom_filters.push_back(field->name());
      }
    }
    try {
      format::ReadOptions options;
      options.shortcuts = static_cast<format::Shortcuts>(Below(3));
      auto fragment = testing::OpenParquet(table, layout, options);
      for (int i = 0; i < table.num_columns(); ++i) {
        if (!fragment->schema()->field(i)->type()->Equals(*table.field(i)->type())) return nullptr;
      }
      return fragment;
    } catch (const std::runtime_error&) {
      return nullptr;  // a type that Arrow's writer does not take
    }
  }

  static FragmentPtr AsIpc(const arrow::Table& table, int64_t batch_rows) {
    auto sink = Require(arrow::io::BufferOutputStream::Create());
    auto writer = Require(arrow::ipc::MakeFileWriter(sink, table.schema()));
    Require(writer->WriteTable(table, batch_rows));
    Require(writer->Close());
    plan::Cost cost;
    return Require(format::OpenFragment(
        base::MakeBufferSource(Require(sink->Finish()), "test.arrow"), {}, &cost));
  }

  std::mt19937 random_;
  Pipeline pipeline_;
  BatchPtr batch_;
  int64_t format_;  // of all fragments, for files of another name the items of lists differently
  FragmentPtr fragment_;
  std::shared_ptr<PredicateCache> predicates_;
};

arrow::Result<KernelRun> RunCall(const Pipeline& pipeline, const FragmentPtr& fragment,
                                 RunRequest request) {
  ARROW_ASSIGN_OR_RAISE(KernelRun run, testing::TryKernel(pipeline, fragment, std::move(request)));
  for (const auto& batch : run.batches) ARROW_RETURN_NOT_OK(batch->ValidateFull());
  return run;
}

/// Where the row's number stands in results of pipelines without an aggregate.
size_t RowNumberColumn(const Pipeline& pipeline) { return pipeline.projection.size() - 1; }

/// What calls for some rows of a fragment returned.
struct Returned {
  int64_t first_row = 0;  // of the fragment, among all rows
  std::vector<BatchPtr> batches;
};

/// What calls in row order returned, finished as a client does.
Answer Finished(const Pipeline& pipeline, const std::vector<Returned>& calls) {
  std::vector<BatchPtr> batches;
  if (pipeline.top_k.has_value()) {
    ARROW_ASSIGN_OR_RAISE(auto merger, TopKMerger::Make(pipeline, int64_t{1} << 30));
    int64_t sequence = 0;
    for (const auto& call : calls) {
      for (const auto& batch : call.batches) {
        ARROW_RETURN_NOT_OK(merger->Consume(batch, call.first_row, sequence++));
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto best, merger->Finish());
    return testing::ResultRows({best});
  }
  if (!pipeline.aggregate.has_value()) {
    for (const auto& call : calls) {
      batches.insert(batches.end(), call.batches.begin(), call.batches.end());
    }
    auto rows = testing::ResultRows(batches);
    const size_t number = RowNumberColumn(pipeline);
    std::sort(rows.begin(), rows.end(), [&](const ResultRow& a, const ResultRow& b) {
      return testing::Order(*a[number], *b[number]) < 0;
    });
    if (pipeline.limit.has_value()) {
      rows.resize(std::min(rows.size(), static_cast<size_t>(pipeline.limit->limit)));
    }
    return rows;
  }
  ARROW_ASSIGN_OR_RAISE(auto merger, PartialMerger::Make(pipeline, {}));
  for (const auto& call : calls) {
    for (const auto& batch : call.batches) {
      ARROW_RETURN_NOT_OK(merger->Consume(*batch, call.first_row));
    }
  }
  ARROW_ASSIGN_OR_RAISE(batches, testing::Finish(merger.get()));
  auto rows = testing::ResultRows(batches);
  std::sort(rows.begin(), rows.end(), testing::RowBefore);
  return rows;
}

/// One call for everything.
Answer Whole(const Pipeline& pipeline, const FragmentPtr& fragment) {
  ARROW_ASSIGN_OR_RAISE(KernelRun call, RunCall(pipeline, fragment, testing::AllRowsOf(*fragment)));
  return Finished(pipeline, {{0, call.batches}});
}

base::Limits RandomLimits(Subject* subject) {
  const auto one_of = [&](std::vector<int64_t> choices) {
    return choices[static_cast<size_t>(subject->Below(static_cast<int64_t>(choices.size())))];
  };
  base::Limits limits;
  limits.batch_rows = one_of({1, 7, 100, 64 * 1024});
  limits.reply_bytes = one_of({1, 500, base::Limits::kUnlimited});
  limits.rows_in = one_of({1, 60, base::Limits::kUnlimited});
  limits.memory_bytes = one_of({1, 4096, 64 * 1024 * 1024});
  if (subject->Below(6) == 0) limits.deadline = std::chrono::steady_clock::now();
  return limits;
}

/// Cuts rows into up to six pieces: contiguous and in order for a top-k (whose ties take the
/// smallest row), of any shape else.
std::vector<RowRanges> RandomPieces(Subject* subject, int64_t rows) {
  const bool contiguous = subject->pipeline().top_k.has_value();
  std::vector<std::vector<plan::RowRange>> pieces(static_cast<size_t>(1 + subject->Below(6)));
  const auto count = static_cast<int64_t>(pieces.size());
  for (int64_t begin = 0; begin < rows;) {
    const int64_t end = std::min(rows, begin + 1 + subject->Below(rows / 2 + 1));
    const int64_t piece = contiguous ? begin * count / rows : subject->Below(count);
    pieces[static_cast<size_t>(piece)].push_back({begin, end});
    begin = end;
  }
  std::vector<RowRanges> out;
  for (auto& piece : pieces) out.emplace_back(std::move(piece));
  return out;
}

/// Asks for a piece again and again, with limits of every kind, until nothing of it is left.
arrow::Status RunPiece(Subject* subject, const FragmentPtr& fragment, RowRanges rows,
                       std::vector<BatchPtr>* out) {
  while (!rows.empty()) {
    RunRequest request;
    request.slice.rows = rows;
    request.limits = RandomLimits(subject);
    request.predicates = subject->predicates();
    const bool over = request.limits.deadline.has_value();
    ARROW_ASSIGN_OR_RAISE(KernelRun call, RunCall(subject->pipeline(), fragment, request));
    const plan::Outcome& outcome = call.outcome;
    EXPECT_EQ(outcome.answered.Union(outcome.remaining.rows), rows);
    EXPECT_TRUE(outcome.answered.Intersect(outcome.remaining.rows).empty());
    EXPECT_TRUE(outcome.answered.empty() || outcome.remaining.rows.empty() ||
                outcome.answered.end() <= outcome.remaining.rows.ranges().front().begin);
    out->insert(out->end(), call.batches.begin(), call.batches.end());
    if (outcome.stopped_by == StoppedBy::kRowLimit) return arrow::Status::OK();
    if (outcome.remaining.rows == rows && !over) {
      return arrow::Status::UnknownError("a call ended without any answer: ",
                                         plan::StoppedByName(outcome.stopped_by));
    }
    rows = outcome.remaining.rows;
  }
  return arrow::Status::OK();
}

/// Collects what a call gives until it ends.
arrow::Status Drain(Execution* execution, std::vector<BatchPtr>* out) {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, execution->Next());
    if (batch == nullptr) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    out->push_back(std::move(batch));
  }
}

/// The same, and checks its outcome against the rows it was given.
arrow::Status Drain(Execution* execution, const RowRanges& rows, std::vector<BatchPtr>* out) {
  ARROW_RETURN_NOT_OK(Drain(execution, out));
  const plan::Outcome& outcome = execution->outcome();
  EXPECT_EQ(outcome.answered.Union(outcome.remaining.rows), rows);
  EXPECT_TRUE(outcome.answered.Intersect(outcome.remaining.rows).empty());
  EXPECT_EQ(outcome.cost.rows_in, rows.num_rows());
  EXPECT_LE(outcome.remaining.rows_kept, outcome.remaining.rows.num_rows());
  return arrow::Status::OK();
}

/// The same by calls that are resumed, whose deadlines have mostly passed; some are forgotten, and
/// others begin in their place.
arrow::Status RunPieceResumed(Subject* subject, const FragmentPtr& fragment, RowRanges rows,
                              std::vector<BatchPtr>* out) {
  std::unique_ptr<Execution> execution;
  for (int forgotten = 0; !rows.empty();) {
    RunRequest request;
    request.slice.rows = rows;
    request.limits = RandomLimits(subject);
    request.limits.rows_in = base::Limits::kUnlimited;
    request.predicates = subject->predicates();
    if (subject->Below(4) > 0) request.limits.deadline = std::chrono::steady_clock::now();
    request.slice.scan = 1;
    int64_t kept = 0;
    if (execution != nullptr && (forgotten == 3 || subject->Below(4) > 0)) {
      kept = execution->outcome().remaining.rows_kept;
      execution->Resume(std::move(request));
    } else {
      forgotten += execution != nullptr ? 1 : 0;
      ARROW_ASSIGN_OR_RAISE(execution, Run(subject->pipeline(), fragment, std::move(request)));
    }
    ARROW_RETURN_NOT_OK(Drain(execution.get(), rows, out));
    const plan::Outcome& outcome = execution->outcome();
    if (outcome.stopped_by == StoppedBy::kRowLimit) return arrow::Status::OK();
    if (outcome.remaining.rows == rows && outcome.remaining.rows_kept <= kept) {
      return arrow::Status::UnknownError("a call got nowhere");
    }
    EXPECT_EQ(outcome.remaining.goes_on(), !outcome.remaining.rows.empty());
    rows = outcome.remaining.rows;
  }
  return arrow::Status::OK();
}

struct Piece {
  FragmentPtr fragment;
  RowRanges rows;
  Returned returned;
};

Answer InPiecesOf(Subject* subject, const std::vector<FragmentPtr>& fragments,
                  decltype(&RunPiece) run = RunPiece) {
  std::vector<Piece> pieces;
  int64_t first_row = 0;
  for (const auto& fragment : fragments) {
    for (RowRanges& rows : RandomPieces(subject, fragment->num_rows())) {
      pieces.push_back({fragment, std::move(rows), {first_row, {}}});
    }
    first_row += fragment->num_rows();
  }
  std::vector<size_t> order(pieces.size());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), *subject->random());
  for (size_t at : order) {
    Piece& piece = pieces[at];
    ARROW_RETURN_NOT_OK(run(subject, piece.fragment, piece.rows, &piece.returned.batches));
  }
  std::vector<Returned> calls;
  for (Piece& piece : pieces) calls.push_back(std::move(piece.returned));
  return Finished(subject->pipeline(), calls);
}

Answer InPieces(Subject* subject) { return InPiecesOf(subject, {subject->fragment()}); }

Answer InResumedPieces(Subject* subject) {
  return InPiecesOf(subject, {subject->fragment()}, RunPieceResumed);
}

Answer InFragments(Subject* subject) { return InPiecesOf(subject, subject->Fragments()); }

/// In pieces twice, and what is known the second time was found the first time; or part of it,
/// where little can be remembered.
Answer Remembered(Subject* subject) {
  const int64_t most_bytes = subject->Below(3) == 0 ? 2000 : 1 << 20;
  const auto budget = std::make_shared<base::MemoryBudget>(most_bytes);
  subject->Remember(std::make_shared<PredicateCache>(budget, most_bytes));
  Answer answer = InPieces(subject);
  if (answer.ok()) answer = InResumedPieces(subject);
  if (answer.ok()) answer = InPieces(subject);
  EXPECT_LE(budget->taken(), most_bytes);
  subject->Remember(nullptr);
  return answer;
}

/// Returns every input column as it is.
Pipeline Identity(const std::shared_ptr<arrow::Schema>& input) {
  Pipeline pipeline;
  pipeline.input = input;
  for (int i = 0; i < input->num_fields(); ++i) {
    pipeline.projection.push_back(
        {input->field(i)->name(), plan::InputColumn(i, input->field(i)->type())});
  }
  return pipeline;
}

/// `pushed` runs over the fragment, `rest` over what it returned.
Answer InTwoSteps(const Subject& subject, const Pipeline& pushed, const Pipeline& rest) {
  ARROW_ASSIGN_OR_RAISE(
      KernelRun call, RunCall(pushed, subject.fragment(), testing::AllRowsOf(*subject.fragment())));
  ARROW_ASSIGN_OR_RAISE(auto batches, format::FragmentFromBatches(pushed.ProjectedSchema(),
                                                                  call.batches, "returned"));
  return Whole(rest, batches);
}

Answer WithNothingPushed(const Subject& subject) {
  return InTwoSteps(subject, Identity(subject.pipeline().input), subject.pipeline());
}

Answer WithTheFilterPushed(const Subject& subject) {
  Pipeline pushed = Identity(subject.pipeline().input);
  pushed.filter = subject.pipeline().filter;
  Pipeline rest = subject.pipeline();
  rest.filter.clear();
  return InTwoSteps(subject, pushed, rest);
}

Answer WithAllButTheReductionPushed(const Subject& subject) {
  Pipeline pushed = subject.pipeline();
  pushed.aggregate.reset();
  pushed.top_k.reset();
  pushed.limit.reset();
  Pipeline rest = Identity(pushed.ProjectedSchema());
  rest.aggregate = subject.pipeline().aggregate;
  rest.top_k = subject.pipeline().top_k;
  rest.limit = subject.pipeline().limit;
  return InTwoSteps(subject, pushed, rest);
}

/// The rows as batches that pass by, of any size, some of them empty.
Answer PassingBy(Subject* subject) {
  const Pipeline identity = Identity(subject->pipeline().input);
  ARROW_ASSIGN_OR_RAISE(const KernelRun rows, RunCall(identity, subject->fragment(),
                                                      testing::AllRowsOf(*subject->fragment())));
  std::vector<BatchPtr> pieces;
  for (const auto& batch : rows.batches) {
    for (int64_t at = 0; at < batch->num_rows(); at += pieces.back()->num_rows()) {
      pieces.push_back(batch->Slice(at, subject->Below(batch->num_rows() + 1)));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto batches,
                        arrow::RecordBatchReader::Make(pieces, identity.ProjectedSchema()));
  RunRequest request;
  request.limits.batch_rows = RandomLimits(subject).batch_rows;
  request.limits.memory_bytes = RandomLimits(subject).memory_bytes;
  ARROW_ASSIGN_OR_RAISE(auto execution,
                        RunOver(subject->pipeline(), batches, "batches", std::move(request)));
  std::vector<BatchPtr> out;
  ARROW_RETURN_NOT_OK(Drain(execution.get(), &out));
  return Finished(subject->pipeline(), {{0, out}});
}

bool CanFail(const Pipeline& pipeline) {
  for (const auto& conjunct : pipeline.filter) {
    if (plan::CanFail(*conjunct)) return true;
  }
  for (const auto& column : pipeline.projection) {
    if (plan::CanFail(*column.expression)) return true;
  }
  return false;
}

/// For floats of each result column: what rounding may change, 1e-9 of the sum of magnitudes (of
/// squares, for the moments) of all rows.
std::vector<double> Tolerances(const Subject& subject) {
  const Pipeline& pipeline = subject.pipeline();
  std::vector<double> out;
  if (!pipeline.aggregate.has_value()) return out;
  Pipeline rows = pipeline;
  rows.aggregate.reset();
  const auto values = testing::ResultRows(
      Require(RunCall(rows, subject.fragment(), testing::AllRowsOf(*subject.fragment()))).batches);
  const auto magnitude = [&](int column) {
    double sum = 1;
    for (const ResultRow& row : values) {
      const auto& value = row[static_cast<size_t>(column)];
      const double* number = value.has_value() ? std::get_if<double>(&*value) : nullptr;
      if (number != nullptr && std::isfinite(*number)) sum += std::abs(*number);
    }
    return sum;
  };
  out.resize(pipeline.aggregate->keys.size());
  for (const plan::Measure& measure : pipeline.aggregate->measures) {
    double sum = measure.argument < 0 ? 0 : magnitude(measure.argument);
    if (measure.function >= plan::AggregateFunction::kVarianceSample) sum *= sum;
    out.push_back(1e-9 * sum);
  }
  return out;
}

struct Comparison {
  const char* name;
  Answer answer;
};

class Metamorphic : public ::testing::Test {
 protected:
  /// Compares answers, or errors. A limit and a top-k may spare rows that would have failed, so
  /// that there errors need not come every time.
  static void ExpectSame(const Subject& subject, const Answer& expected,
                         const std::vector<Comparison>& comparisons) {
    const Pipeline& pipeline = subject.pipeline();
    const bool spares = (pipeline.limit || pipeline.top_k) && CanFail(pipeline);
    std::vector<double> tolerances;
    if (expected.ok()) tolerances = Tolerances(subject);
    for (const auto& [name, answer] : comparisons) {
      SCOPED_TRACE(name);
      if (expected.ok() && answer.ok()) {
        ASSERT_EQ(testing::Difference(*answer, *expected, tolerances), "");
      } else if (!spares) {
        ASSERT_EQ(answer.ok(), expected.ok())
            << answer.status().ToString() << "\nexpected: " << expected.status().ToString();
        ASSERT_EQ(answer.status().code(), expected.status().code())
            << answer.status().ToString() << "\nexpected: " << expected.status().ToString();
      }
    }
  }
};

TEST_F(Metamorphic, SplittingAndPushingChangeNothing) {
  int answers = 0;
  int with_rows = 0;
  for (int seed = 1; seed <= NumCases(); ++seed) {
    Subject subject(static_cast<uint32_t>(seed));
    SCOPED_TRACE(fmt::format("seed {}\n{}", seed, subject.pipeline().ToString()));
    const Answer expected = Whole(subject.pipeline(), subject.fragment());
    ExpectSame(subject, expected,
               {{"in pieces", InPieces(&subject)},
                {"in other pieces", InPieces(&subject)},
                {"in resumed pieces", InResumedPieces(&subject)},
                {"in fragments", InFragments(&subject)},
                {"remembered", Remembered(&subject)},
                {"passing by", PassingBy(&subject)},
                {"nothing pushed", WithNothingPushed(subject)},
                {"the filter pushed", WithTheFilterPushed(subject)},
                {"all but the reduction pushed", WithAllButTheReductionPushed(subject)}});
    if (HasFatalFailure()) return;
    answers += expected.ok() ? 1 : 0;
    with_rows += expected.ok() && !expected->empty() ? 1 : 0;
  }
  EXPECT_GT(answers, NumCases() / 2);
  EXPECT_GT(with_rows, NumCases() / 3);
}

/// The row numbers that a predicate keeps.
arrow::Result<std::vector<int64_t>> Kept(const Subject& subject,
                                         const plan::ExpressionPtr& predicate) {
  Pipeline pipeline = subject.pipeline();
  const int column = pipeline.input->num_fields() - 1;
  pipeline.filter = {predicate};
  pipeline.projection = {{kRowColumn, plan::InputColumn(column, arrow::int64())}};
  pipeline.aggregate.reset();
  pipeline.top_k.reset();
  pipeline.limit.reset();
  ARROW_ASSIGN_OR_RAISE(KernelRun call, RunCall(pipeline, subject.fragment(),
                                                testing::AllRowsOf(*subject.fragment())));
  std::vector<int64_t> rows;
  for (const auto& batch : call.batches) {
    const auto& numbers = static_cast<const arrow::Int64Array&>(*batch->column(0));
    rows.insert(rows.end(), numbers.raw_values(), numbers.raw_values() + numbers.length());
  }
  return rows;
}

TEST_F(Metamorphic, APredicateItsNegationAndItsNullTestSplitTheTable) {
  int split = 0;
  for (int seed = 1; seed <= NumCases(); ++seed) {
    Subject subject(static_cast<uint32_t>(seed));
    std::vector<plan::ExpressionPtr> predicates = subject.pipeline().filter;
    for (const auto& column : subject.pipeline().projection) {
      if (column.expression->type()->id() == arrow::Type::BOOL) {
        predicates.push_back(column.expression);
      }
    }
    for (const auto& predicate : predicates) {
      SCOPED_TRACE(
          fmt::format("seed {}: {}", seed, predicate->ToString(subject.pipeline().input.get())));
      const auto yes = Kept(subject, predicate);
      const auto no = Kept(subject, testing::Fn(Function::kNot, {predicate}));
      const auto null = Kept(subject, testing::Fn(Function::kIsNull, {predicate}));
      ASSERT_EQ(no.ok(), yes.ok()) << yes.status().ToString() << no.status().ToString();
      ASSERT_EQ(null.ok(), yes.ok()) << yes.status().ToString() << null.status().ToString();
      if (!yes.ok()) continue;
      std::vector<int64_t> all = *yes;
      all.insert(all.end(), no->begin(), no->end());
      all.insert(all.end(), null->begin(), null->end());
      std::sort(all.begin(), all.end());
      std::vector<int64_t> every(static_cast<size_t>(subject.fragment()->num_rows()));
      std::iota(every.begin(), every.end(), 0);
      ASSERT_EQ(all, every);
      split += !yes->empty() && !no->empty() ? 1 : 0;
    }
  }
  EXPECT_GT(split, NumCases() / 50);
}

}  // namespace
}  // namespace skyhook::exec
