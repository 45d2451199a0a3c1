// Running state of aggregates, one value a group: updated from rows, merged from partial state.
#pragma once

#include <arrow/array.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "skyhook/plan/pipeline.h"
#include "skyhook/vector/column.h"

namespace skyhook::exec {

/// Where rows lie in their fragment: row i at begin + selection[i], or at begin + i when
/// `selection` is null.
struct RowPlaces {
  int64_t begin = 0;
  const int32_t* selection = nullptr;

  int64_t operator[](int64_t row) const {
    return begin + (selection == nullptr ? row : selection[row]);
  }
};

/// Rows of one update: row i belongs to group groups[i] (or to group 0 when `groups` is null) and
/// counts when `counts` is null or counts[i] is 1. Rows of state are in no place of their own;
/// the places that they hold count from places.begin.
struct GroupedRows {
  int64_t rows = 0;
  const uint32_t* groups = nullptr;
  const uint8_t* counts = nullptr;
  RowPlaces places = {};

  uint32_t group(int64_t row) const { return groups == nullptr ? 0 : groups[row]; }
  bool count(int64_t row) const { return counts == nullptr || counts[row] != 0; }
};

/// Calls visit(row, group) for each row that counts.
template <typename Visit>
void VisitCounting(const GroupedRows& rows, Visit&& visit) {
  const auto visit_all = [&](auto&& counts, auto&& group_of) {
    for (int64_t i = 0; i < rows.rows; ++i) {
      if (counts(i)) visit(i, group_of(i));
    }
  };
  const auto of_groups = [&](auto&& counts) {
    if (rows.groups == nullptr) {
      visit_all(counts, [](int64_t) { return uint32_t{0}; });
    } else {
      visit_all(counts, [groups = rows.groups](int64_t i) { return groups[i]; });
    }
  };
  if (rows.counts == nullptr) {
    of_groups([](int64_t) { return true; });
  } else {
    of_groups([counts = rows.counts](int64_t i) { return counts[i] != 0; });
  }
}

/// Adds a count of partial state to `count`; kCorruptData when it is none or leaves 64 bits, which
/// no rows make it.
arrow::Status AddCount(int64_t more, int64_t* count);

/// State of one kind over all groups. Not thread-safe.
class Accumulator {
 public:
  virtual ~Accumulator() = default;

  /// Makes room for groups [0, groups); new ones have seen no value.
  virtual void Resize(int64_t groups) = 0;
  /// Takes the values of the arguments (flat or constant; none for a count of rows). The rows'
  /// `counts` already leave out NULL values, but for kinds that CountsNull says.
  virtual arrow::Status Update(std::span<const vector::Column> arguments,
                               const GroupedRows& rows) = 0;
  /// Takes partial state of the same kind, in the columns that Partial gives.
  virtual arrow::Status Merge(const arrow::ArrayVector& state, const GroupedRows& rows) = 0;
  /// The partial state of the given groups.
  virtual arrow::Result<arrow::ArrayVector> Partial(std::span<const int32_t> groups) const = 0;
  /// The final value of the given groups.
  virtual arrow::Result<std::shared_ptr<arrow::Array>> Final(
      std::span<const int32_t> groups) const = 0;
  virtual int64_t bytes_held() const = 0;
};

/// What an accumulator keeps. An average is a sum and a count.
enum class StateKind : uint8_t {
  kCount,
  kSum,
  kMinimum,
  kMaximum,
  kDistinct,
  kBitAnd,
  kBitOr,
  kBitXor,
  kMoments,
  kComoments,
  kDistinctSketch,
  kFirst,
  kLast,
  kFirstValid,
  kQuantileSketch,
};

/// Whether rows count whose argument is NULL.
inline bool CountsNull(StateKind kind) {
  return kind == StateKind::kFirst || kind == StateKind::kLast;
}

/// Whether the state hangs on where rows lie.
inline bool WantsPlaces(StateKind kind) {
  return kind == StateKind::kFirst || kind == StateKind::kLast || kind == StateKind::kFirstValid;
}

/// `argument` is the type of the first argument, null for a count of rows.
arrow::Result<std::unique_ptr<Accumulator>> MakeAccumulator(
    StateKind kind, const std::shared_ptr<arrow::DataType>& argument);

/// The types of the columns that Partial gives.
std::vector<std::shared_ptr<arrow::DataType>> StateTypes(
    StateKind kind, const std::shared_ptr<arrow::DataType>& argument);

/// The distinct values of a column of type `argument`.
std::unique_ptr<Accumulator> MakeDistinctAccumulator(std::shared_ptr<arrow::DataType> argument);
/// Sums of decimals of more than 18 digits; `type` is that of a sum.
std::unique_ptr<Accumulator> MakeDecimalSumAccumulator(std::shared_ptr<arrow::DataType> type);
/// Count, mean and sum of squared deviations (Welford; merged as Chan, Golub and LeVeque do).
std::unique_ptr<Accumulator> MakeMomentsAccumulator();
/// The same of two columns, with the sum of the products of their deviations.
std::unique_ptr<Accumulator> MakeComomentsAccumulator();
/// An estimate of the number of distinct values.
std::unique_ptr<Accumulator> MakeSketchAccumulator();
/// The value of the row in the first place or the last one: `kind` is one of kFirst, kLast,
/// kFirstValid.
std::unique_ptr<Accumulator> MakePlacedAccumulator(
    StateKind kind, const std::shared_ptr<arrow::DataType>& argument);
/// A sketch of the numbers' distribution; its final value is its state (FinishQuantiles).
std::unique_ptr<Accumulator> MakeQuantileAccumulator();
/// Bits of integers combined: `kind` is one of kBitAnd, kBitOr, kBitXor.
arrow::Result<std::unique_ptr<Accumulator>> MakeBitsAccumulator(
    StateKind kind, const std::shared_ptr<arrow::DataType>& argument);

/// Values of some groups as an array of `type`; NULL where `seen` (may be null) is 0.
template <typename T>
arrow::Result<std::shared_ptr<arrow::Array>> ArrayOfGroups(
    const std::shared_ptr<arrow::DataType>& type, const std::vector<T>& values,
    const std::vector<uint8_t>* seen, std::span<const int32_t> groups) {
  const auto count = static_cast<int64_t>(groups.size());
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(count));
  std::shared_ptr<arrow::Buffer> valid;
  if (seen != nullptr) {
    ARROW_ASSIGN_OR_RAISE(valid, vector::AllocateValues<uint8_t>(count));
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto group = static_cast<size_t>(groups[i]);
    vector::MutableValues<T>(out)[i] = values[group];
    if (seen != nullptr) valid->mutable_data()[i] = (*seen)[group];
  }
  return vector::Column::Flat(type, count, std::move(out), std::move(valid)).ToArray();
}

}  // namespace skyhook::exec
