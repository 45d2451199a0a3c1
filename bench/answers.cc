#include "bench/answers.h"

#include <chrono>
#include <cmath>

#include "skyhook/base/status.h"

namespace skyhook::bench {
namespace {

using Clock = std::chrono::steady_clock;

bool Near(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) == std::isnan(b);
  return a == b || std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

arrow::Status CheckColumn(const arrow::Array& actual, const arrow::Array& expected,
                          const std::string& name) {
  if (actual.Equals(expected)) return arrow::Status::OK();
  for (int64_t row = 0; row < actual.length(); ++row) {
    ARROW_ASSIGN_OR_RAISE(const auto a, actual.GetScalar(row));
    ARROW_ASSIGN_OR_RAISE(const auto b, expected.GetScalar(row));
    if (a->Equals(*b)) continue;
    if (a->type->id() == arrow::Type::DOUBLE && a->is_valid && b->is_valid &&
        Near(static_cast<const arrow::DoubleScalar&>(*a).value,
             static_cast<const arrow::DoubleScalar&>(*b).value)) {
      continue;
    }
    return base::Invalid("row {}, column {}: {} instead of {}", row, name, a->ToString(),
                         b->ToString());
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Table>> Ask(sql::Connection* connection,
                                                 const std::string& query) {
  ARROW_ASSIGN_OR_RAISE(auto stream, connection->Query(query));
  return stream->ToTable();
}

arrow::Result<double> Time(sql::Connection* connection, const std::string& query) {
  const auto begin = Clock::now();
  ARROW_ASSIGN_OR_RAISE(auto stream, connection->Query(query));
  std::shared_ptr<arrow::RecordBatch> batch;
  do {
    ARROW_RETURN_NOT_OK(stream->ReadNext(&batch));
  } while (batch != nullptr);
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

arrow::Status CheckEqual(const arrow::Table& actual, const arrow::Table& expected) {
  if (actual.schema()->ToString() != expected.schema()->ToString()) {
    return base::Invalid("columns {} instead of {}", actual.schema()->ToString(),
                         expected.schema()->ToString());
  }
  if (actual.num_rows() != expected.num_rows()) {
    return base::Invalid("{} rows instead of {}", actual.num_rows(), expected.num_rows());
  }
  if (actual.Equals(expected)) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto a, actual.CombineChunksToBatch());
  ARROW_ASSIGN_OR_RAISE(const auto b, expected.CombineChunksToBatch());
  for (int i = 0; i < a->num_columns(); ++i) {
    ARROW_RETURN_NOT_OK(CheckColumn(*a->column(i), *b->column(i), a->schema()->field(i)->name()));
  }
  return arrow::Status::OK();
}

}  // namespace skyhook::bench
