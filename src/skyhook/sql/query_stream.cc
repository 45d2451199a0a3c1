#include "skyhook/sql/query_stream.h"

#include <arrow/c/bridge.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "duckdb/common/arrow/arrow_appender.hpp"
#include "duckdb/common/arrow/arrow_converter.hpp"
#include "duckdb/common/type_visitor.hpp"
#include "duckdb/function/table/arrow/arrow_duck_schema.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "skyhook/base/exceptions.h"
#include "skyhook/base/status.h"
#include "skyhook/sql/carried_columns.h"
#include "skyhook/sql/errors.h"
#include "skyhook/sql/plan_capture.h"
#include "skyhook/sql/result_chunks.h"
#include "skyhook/sql/watchdog.h"

namespace skyhook::sql {
namespace {

using arrow::Status;
using Clock = std::chrono::steady_clock;

double Milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// A batch ends with the chunk of DuckDB's that brings it to so many rows, and before the row that
// would bring it over so many bytes. Of little memory only a share is spent on batches: who writes
// them out holds them again as text.
struct BatchLimits {
  explicit BatchLimits(int64_t memory_bytes)
      : rows(std::clamp<int64_t>(memory_bytes / (16 * 1024), STANDARD_VECTOR_SIZE, 64 * 1024)),
        bytes(std::clamp<int64_t>(memory_bytes / 32, 1 << 20, 64 << 20)),
        row_bytes(std::max<int64_t>(memory_bytes / 4, 1 << 20)),
        waiting_bytes(std::clamp<int64_t>(memory_bytes / 64, 1 << 20, 128 << 20)) {}

  int64_t rows;
  int64_t bytes;
  int64_t row_bytes;      ///< more in one row is an error
  int64_t waiting_bytes;  ///< of rows that no batch holds yet
};

// DuckDB would hand these on as something else: -1 for a large UHUGEINT, a time without its zone,
// the bytes that hold the bits.
Status CheckTypes(const duckdb::BaseQueryResult& result) {
  using duckdb::LogicalTypeId;
  for (size_t i = 0; i < result.types.size(); ++i) {
    for (const auto id : {LogicalTypeId::UHUGEINT, LogicalTypeId::TIME_TZ, LogicalTypeId::BIT}) {
      if (!duckdb::TypeVisitor::Contains(result.types[i], id)) continue;
      return base::Invalid("column '{}' is {}, for which Arrow has no type: cast it to VARCHAR",
                           result.names[i], result.types[i].ToString());
    }
  }
  return Status::OK();
}

std::optional<Explanation> ExplanationBy(const duckdb::SQLStatement& statement) {
  if (statement.type != duckdb::StatementType::EXPLAIN_STATEMENT) return std::nullopt;
  const auto& explain = statement.Cast<duckdb::ExplainStatement>();
  const bool ran = explain.explain_type == duckdb::ExplainType::EXPLAIN_ANALYZE;
  switch (explain.explain_format) {
    case duckdb::ExplainFormat::DEFAULT:
    case duckdb::ExplainFormat::TEXT:
      return Explanation{ran, false};
    case duckdb::ExplainFormat::JSON:
      return Explanation{ran, true};
    default:
      return std::nullopt;
  }
}

class DuckDbStream : public QueryStream {
 public:
  DuckDbStream(std::shared_ptr<OpenedConnection> connection, std::shared_ptr<QueryState> query,
               const QueryOptions& options, int64_t memory_bytes)
      : opened_(std::move(connection)),
        connection_(&opened_->duckdb()),
        query_(std::move(query)),
        limits_(memory_bytes),
        memory_bytes_(memory_bytes),
        measure_(options.measure),
        watchdog_(std::make_unique<Watchdog>(opened_->database().session().timer().get(),
                                             connection_, query_, options)) {}

  ~DuckDbStream() override { End(); }

  Status Start(duckdb::unique_ptr<duckdb::SQLStatement> statement) {
    type_ = statement->type;
    explains_ = ExplanationBy(*statement);
    measure_ |= explains_.has_value() && explains_->ran;
    try {
      Measure(measure_);
      const auto begin = Clock::now();
      chunks_ =
          std::make_unique<ResultChunks>(connection_, std::move(statement), limits_.waiting_bytes);
      phases_.planning = Milliseconds(Clock::now() - begin);
      if (chunks_->error().HasError()) return Fail(chunks_->error());
      ARROW_RETURN_NOT_OK(ReadSchema());
      if (!has_rows_) chunks_->Complete();
      return LoadChunk().status();
    } catch (const std::exception& error) {
      return Fail(duckdb::ErrorData(error));
    }
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  const PlanNode& plan() const override {
    return measured_.has_value() ? *measured_ : query_->plan();
  }
  Phases phases() const override {
    Phases phases = phases_;
    for (const auto& account : query_->accounts()) {
      const plan::Cost cost = account->cost();
      phases.waiting += static_cast<double>(cost.wait_ns) / 1e6;
      phases.reading += static_cast<double>(cost.read_ns) / 1e6;
      phases.decoding += static_cast<double>(cost.cpu_ns) / 1e6;
    }
    return phases;
  }
  bool has_rows() const override { return has_rows_; }
  bool creates() const override { return type_ == duckdb::StatementType::CREATE_STATEMENT; }
  std::optional<Explanation> explains() const override { return explains_; }
  Status stopped() const override { return watchdog_ != nullptr ? watchdog_->verdict() : failure_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (!failure_.ok()) return failure_;
    if (chunks_ == nullptr) return Status::OK();
    if (handed_on_.has_value()) phases_.sending += Milliseconds(Clock::now() - *handed_on_);
    try {
      ARROW_RETURN_NOT_OK(Fetch(batch));
    } catch (const std::exception& error) {
      return Fail(duckdb::ErrorData(error));
    }
    handed_on_ = Clock::now();
    return Status::OK();
  }

  Status Close() override {
    End();
    return Status::OK();
  }

 private:
  Status ReadSchema() {
    const auto& shape = chunks_->shape();
    has_rows_ = shape.properties.return_type == duckdb::StatementReturnType::QUERY_RESULT;
    ARROW_RETURN_NOT_OK(CheckTypes(shape));
    properties_ = connection_->context->GetClientProperties();
    types_ = shape.types;
    ArrowSchema schema;
    duckdb::ArrowConverter::ToArrowSchema(&schema, types_, shape.names, properties_);
    ARROW_ASSIGN_OR_RAISE(schema_, arrow::ImportSchema(&schema));
    extensions_ = duckdb::ArrowTypeExtensionData::GetExtensionTypes(*connection_->context, types_);
    return Status::OK();
  }

  Status Fetch(std::shared_ptr<arrow::RecordBatch>* batch) {
    ARROW_ASSIGN_OR_RAISE(const bool there, LoadChunk());
    if (!there) {
      if (measure_) TakeMeasures();
      End();
      return Status::OK();
    }
    return chunk_->carried.empty() ? FetchRows(batch) : FetchCarried(batch);
  }

  // As many carried chunks as fit.
  Status FetchCarried(std::shared_ptr<arrow::RecordBatch>* batch) {
    std::vector<CarriedColumns> pieces;
    int64_t rows = 0;
    int64_t bytes = 0;
    while (rows < limits_.rows) {
      ARROW_ASSIGN_OR_RAISE(const bool there, LoadChunk());
      if (!there || chunk_->carried.empty()) break;
      if (rows > 0 && bytes + chunk_->bytes > limits_.bytes) break;
      rows += chunk_->carried[0].array->length();
      bytes += chunk_->bytes;
      pieces.push_back(std::move(chunk_->carried));
      chunk_.reset();
    }
    return Show(pieces, schema_).Value(batch);
  }

  Status FetchRows(std::shared_ptr<arrow::RecordBatch>* batch) {
    duckdb::ArrowAppender appender(types_, STANDARD_VECTOR_SIZE, properties_, extensions_);
    int64_t rows = 0;
    int64_t bytes = 0;
    while (rows < limits_.rows) {
      ARROW_ASSIGN_OR_RAISE(const bool there, LoadChunk());
      if (!there || !chunk_->carried.empty()) break;
      ARROW_ASSIGN_OR_RAISE(const size_t end, RowsThatFit(rows > 0, &bytes));
      if (end == next_row_) break;
      appender.Append(*chunk_->rows, next_row_, end, chunk_->rows->size());
      rows += static_cast<int64_t>(end - std::exchange(next_row_, end));
    }
    ArrowArray array = appender.Finalize();
    return arrow::ImportRecordBatch(&array, schema_).Value(batch);
  }

  // Makes sure that there is a chunk with rows that no batch holds yet; false at the end.
  arrow::Result<bool> LoadChunk() {
    if (chunk_.has_value() && HasRows(*chunk_)) return true;
    if (!IsCurrent()) return Fail(Status::Cancelled("another statement ended this one"));
    if (const Status stop = stopped(); !stop.ok()) return Fail(stop);
    next_row_ = 0;
    chunk_ = chunks_->Next();
    if (chunks_->error().HasError()) return Fail(chunks_->error());
    return chunk_.has_value();
  }

  // That no batch holds yet.
  bool HasRows(const ResultChunk& chunk) const {
    return !chunk.carried.empty() || next_row_ < chunk.rows->size();
  }

  // Where the rows of the chunk end that a batch of `*bytes` can take; counts them in.
  arrow::Result<size_t> RowsThatFit(bool has_rows, int64_t* bytes) {
    size_t end = next_row_;
    for (; end < chunk_->row_bytes.size(); ++end) {
      const int64_t row = chunk_->row_bytes[end];
      if (row > limits_.row_bytes) return Fail(TooWide(row));
      if (*bytes + row > limits_.bytes && (has_rows || end > next_row_)) break;
      *bytes += row;
    }
    return end;
  }

  Status TooWide(int64_t row_bytes) const {
    return base::LimitExceeded(
        "a row of the result holds {} bytes, and rows may hold {}, a quarter of the memory limit "
        "of {} bytes (--memory)",
        row_bytes, limits_.row_bytes, memory_bytes_);
  }

  // Whoever stopped the query knows best why it failed.
  Status Fail(const duckdb::ErrorData& error) { return Fail(ErrorOf(*query_, error)); }
  Status Fail(const Status& error) {
    failure_ = stopped();
    if (failure_.ok()) failure_ = error;
    End();
    return failure_;
  }

  // DuckDB's profiler, without what it would print.
  void Measure(bool on) {
    auto& config = connection_->context->config;
    config.enable_profiler = on;
    config.emit_profiler_output = false;
  }

  void TakeMeasures() {
    const auto root = connection_->GetProfilingTree();  // of the collector of the result
    if (root == nullptr || root->children.empty()) return;
    measured_ = CaptureRun(*root->children.front(), query_->accounts());
  }

  // Whether no other statement of the connection has been begun.
  bool IsCurrent() const { return ConnectionState::Get(*connection_->context).query() == query_; }

  // Stops what still runs, and lets the scans' costs reach their accounts.
  void End() {
    query_->RequestStop();
    if (chunks_ != nullptr && !IsCurrent()) chunks_->Abandon();
    if (measure_ && IsCurrent()) Measure(false);
    chunk_.reset();
    chunks_.reset();
    watchdog_.reset();
  }

  const std::shared_ptr<OpenedConnection> opened_;
  duckdb::Connection* const connection_;
  std::shared_ptr<QueryState> query_;
  const BatchLimits limits_;
  const int64_t memory_bytes_;
  bool measure_;  // whether each operator is measured
  std::unique_ptr<Watchdog> watchdog_;
  std::shared_ptr<arrow::Schema> schema_;
  duckdb::vector<duckdb::LogicalType> types_;
  duckdb::ClientProperties properties_;
  duckdb::unordered_map<duckdb::idx_t, const duckdb::shared_ptr<duckdb::ArrowTypeExtensionData>>
      extensions_;
  std::unique_ptr<ResultChunks> chunks_;
  std::optional<ResultChunk> chunk_;  // the one that batches are made of now
  size_t next_row_ = 0;               // its first row that no batch holds yet
  duckdb::StatementType type_ = duckdb::StatementType::INVALID_STATEMENT;
  std::optional<Explanation> explains_;
  bool has_rows_ = false;
  std::optional<PlanNode> measured_;
  Phases phases_;                               // without those of the scans
  std::optional<Clock::time_point> handed_on_;  // when the last batch was
  Status failure_;
};

}  // namespace

arrow::Result<std::unique_ptr<QueryStream>> StartQuery(
    std::shared_ptr<OpenedConnection> connection, std::shared_ptr<QueryState> query,
    duckdb::unique_ptr<duckdb::SQLStatement> statement, const QueryOptions& options,
    int64_t memory_bytes) {
  // There may be no thread to watch over it.
  return base::CatchExceptions([&]() -> arrow::Result<std::unique_ptr<QueryStream>> {
    auto stream = std::make_unique<DuckDbStream>(std::move(connection), std::move(query), options,
                                                 memory_bytes);
    ARROW_RETURN_NOT_OK(stream->Start(std::move(statement)));
    return stream;
  });
}

Status ErrorOf(const QueryState& query, const duckdb::ErrorData& error) {
  const Status scan_error = query.error();
  return scan_error.ok() ? ToStatus(error) : scan_error;
}

}  // namespace skyhook::sql
