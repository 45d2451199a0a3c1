#include "skyhook/testing/result_rows.h"

#include <arrow/scalar.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "skyhook/testing/matchers.h"

namespace skyhook::testing {
namespace {

std::optional<Key> Normal(std::optional<Key> key) {
  if (!key.has_value()) return key;
  if (double* value = std::get_if<double>(&*key); value != nullptr && *value == 0) *value = 0;
  return key;
}

Keys TextsOf(const arrow::Array& array) {
  Keys keys;
  for (int64_t row = 0; row < array.length(); ++row) {
    const auto scalar = Require(array.GetScalar(row));
    keys.push_back(scalar->is_valid ? std::optional<Key>(scalar->ToString()) : std::nullopt);
  }
  return keys;
}

std::string TextOf(const std::optional<Key>& key) {
  if (!key.has_value()) return "NULL";
  if (const double* value = std::get_if<double>(&*key)) return fmt::format("{:.17g}", *value);
  if (const auto* text = std::get_if<std::string>(&*key)) return '"' + *text + '"';
  return std::get<arrow::Decimal256>(*key).ToIntegerString();
}

bool Same(const std::optional<Key>& a, const std::optional<Key>& b, double tolerance) {
  if (!a.has_value() || !b.has_value()) return a.has_value() == b.has_value();
  if (a->index() != b->index()) return false;
  if (Order(*a, *b) == 0) return true;
  const double* x = std::get_if<double>(&*a);
  return x != nullptr && std::abs(*x - std::get<double>(*b)) <= tolerance;
}

}  // namespace

std::vector<ResultRow> ResultRows(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) {
  std::vector<ResultRow> rows;
  for (const auto& batch : batches) {
    const size_t first = rows.size();
    rows.resize(first + static_cast<size_t>(batch->num_rows()));
    for (const auto& column : batch->columns()) {
      auto keys = KeysOf(*column);
      if (!keys.has_value()) keys = TextsOf(*column);
      for (size_t i = 0; i < keys->size(); ++i) {
        rows[first + i].push_back(Normal(std::move((*keys)[i])));
      }
    }
  }
  return rows;
}

bool RowBefore(const ResultRow& a, const ResultRow& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (!a[i].has_value() || !b[i].has_value()) {
      if (a[i].has_value() != b[i].has_value()) return !a[i].has_value();
      continue;
    }
    const int order = Order(*a[i], *b[i]);
    if (order != 0) return order < 0;
  }
  return false;
}

std::string Difference(const std::vector<ResultRow>& found, const std::vector<ResultRow>& expected,
                       const std::vector<double>& tolerances) {
  if (found.size() != expected.size()) {
    return fmt::format("{} rows where {} are expected", found.size(), expected.size());
  }
  for (size_t row = 0; row < found.size(); ++row) {
    if (found[row].size() != expected[row].size()) return "another number of columns";
    for (size_t column = 0; column < found[row].size(); ++column) {
      const double tolerance = column < tolerances.size() ? tolerances[column] : 0;
      if (Same(found[row][column], expected[row][column], tolerance)) continue;
      return fmt::format("row {}, column {}: {} where {} is expected (tolerance {})", row, column,
                         TextOf(found[row][column]), TextOf(expected[row][column]), tolerance);
    }
  }
  return "";
}

}  // namespace skyhook::testing
