#include "skyhook/exec/aggregate/accumulator.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/plan/statistics.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/decimal.h"
#include "skyhook/vector/text.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using plan::IsFloat;
using BufferPtr = std::shared_ptr<arrow::Buffer>;
using Groups = std::span<const int32_t>;

namespace {

template <typename T>
int64_t BytesOf(const std::vector<T>& values) {
  return static_cast<int64_t>(values.capacity() * sizeof(T));
}

// The rows of partial state that hold something, as rows to count.
Result<GroupedRows> WithValues(const vector::Column& state, GroupedRows rows) {
  rows.counts = state.valid();
  return rows;
}

// Whether it is a decimal of more than 18 digits, whose sums may leave 128 bits.
bool IsOfManyDigits(const arrow::DataType& type) {
  return type.id() == arrow::Type::DECIMAL128 || type.id() == arrow::Type::DECIMAL256;
}

// Of integers and decimals.
std::shared_ptr<arrow::DataType> SumType(const arrow::DataType& argument) {
  const int scale = plan::IsDecimal(argument) ? plan::ShapeOf(argument).scale : 0;
  return plan::IsWideDecimal(argument) ? arrow::decimal256(76, scale)
                                       : arrow::decimal128(38, scale);
}

// Rows of few groups go through several lanes of sums, so that one row of a group does not wait for
// the sum of the row before.
constexpr size_t kLanes = 4;
constexpr size_t kFewGroups = 32;
constexpr int64_t kLaneRows = int64_t{1} << 16;  // at most, of one update

/// Whether `rows` are worth lanes: all count, and are of few groups.
bool TakesLanes(const GroupedRows& rows, size_t groups) {
  return rows.groups != nullptr && rows.counts == nullptr && groups <= kFewGroups &&
         rows.rows > static_cast<int64_t>(4 * kFewGroups) && rows.rows <= kLaneRows;
}

/// add(lane, group, row) for all rows.
template <typename Add>
void VisitInLanes(const GroupedRows& rows, Add&& add) {
  int64_t i = 0;
  for (; i + static_cast<int64_t>(kLanes) <= rows.rows; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const int64_t row = i + static_cast<int64_t>(lane);
      add(lane, rows.groups[row], row);
    }
  }
  for (; i < rows.rows; ++i) add(0, rows.groups[i], i);
}

using Lanes = std::array<std::array<int64_t, kFewGroups>, kLanes>;

template <typename Sum>
void AddLanes(const Lanes& lanes, std::vector<Sum>* sums) {
  for (const auto& lane : lanes) {
    for (size_t group = 0; group < sums->size(); ++group) (*sums)[group] += lane[group];
  }
}

class CountAccumulator : public Accumulator {
 public:
  void Resize(int64_t groups) override { counts_.resize(static_cast<size_t>(groups), 0); }

  Status Update(std::span<const vector::Column>, const GroupedRows& rows) override {
    if (rows.groups == nullptr && rows.counts == nullptr) {
      counts_[0] += rows.rows;
      return Status::OK();
    }
    if (!TakesLanes(rows, counts_.size())) {
      VisitCounting(rows, [this](int64_t, uint32_t group) { ++counts_[group]; });
      return Status::OK();
    }
    Lanes lanes{};
    VisitInLanes(rows, [&](size_t lane, uint32_t group, int64_t) { ++lanes[lane][group]; });
    AddLanes(lanes, &counts_);
    return Status::OK();
  }

  Status Merge(const arrow::ArrayVector& state, const GroupedRows& rows) override {
    ARROW_ASSIGN_OR_RAISE(const vector::Column column, vector::Column::FromArray(state[0]));
    const int64_t* counts = column.values<int64_t>();
    for (int64_t i = 0; i < rows.rows; ++i) {
      ARROW_RETURN_NOT_OK(AddCount(counts[i], &counts_[rows.group(i)]));
    }
    return Status::OK();
  }

  Result<arrow::ArrayVector> Partial(Groups groups) const override {
    ARROW_ASSIGN_OR_RAISE(auto counts, Final(groups));
    return arrow::ArrayVector{counts};
  }

  Result<std::shared_ptr<arrow::Array>> Final(Groups groups) const override {
    return ArrayOfGroups(arrow::int64(), counts_, nullptr, groups);
  }

  int64_t bytes_held() const override { return BytesOf(counts_); }

 private:
  std::vector<int64_t> counts_;
};

// Sums of values of at most 64 bits in 128 bits, which fewer than 2^64 of them cannot leave.
class ExactSumAccumulator : public Accumulator {
 public:
  explicit ExactSumAccumulator(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {}

  void Resize(int64_t groups) override {
    sums_.resize(static_cast<size_t>(groups), 0);
    seen_.resize(static_cast<size_t>(groups), 0);
  }

  Status Update(std::span<const vector::Column> arguments, const GroupedRows& rows) override {
    const vector::Column* argument = arguments.data();
    return vector::VisitPhysical(*argument->type(), [&](auto value) {
      using T = decltype(value);
      if constexpr (std::is_integral_v<T> && sizeof(T) <= 8) {
        return Add(argument->values<T>(), argument->is_constant(), rows);
      } else {
        return base::UnsupportedPlan("no exact sum of {}", argument->type()->ToString());
      }
    });
  }

  Status Merge(const arrow::ArrayVector& state, const GroupedRows& rows) override {
    ARROW_ASSIGN_OR_RAISE(const vector::Column column, vector::Column::FromArray(state[0]));
    ARROW_ASSIGN_OR_RAISE(const GroupedRows with_values, WithValues(column, rows));
    const vector::Int128* sums = column.values<vector::Int128>();
    for (int64_t i = 0; i < with_values.rows; ++i) {
      if (!with_values.count(i)) continue;
      const uint32_t group = with_values.group(i);
      if (__builtin_add_overflow(sums_[group], sums[i], &sums_[group])) {
        return base::CorruptData("a sum of integers that leaves 128 bits");
      }
      seen_[group] = 1;
    }
    return Status::OK();
  }

  Result<arrow::ArrayVector> Partial(Groups groups) const override {
    ARROW_ASSIGN_OR_RAISE(auto sums, ArrayOfGroups(type_, sums_, &seen_, groups));
    return arrow::ArrayVector{sums};
  }

  Result<std::shared_ptr<arrow::Array>> Final(Groups groups) const override {
    const vector::Int128 bound = vector::PowerOfTen(38);
    for (int32_t group : groups) {
      const vector::Int128 sum = sums_[static_cast<size_t>(group)];
      if (sum >= bound || sum <= -bound) {
        return base::Invalid("sum: the result has more than the 38 digits of {}",
                             type_->ToString());
      }
    }
    return ArrayOfGroups(type_, sums_, &seen_, groups);
  }

  int64_t bytes_held() const override { return BytesOf(sums_) + BytesOf(seen_); }

 private:
  template <typename T>
  Status Add(const T* values, bool constant, const GroupedRows& rows) {
    if (rows.groups == nullptr && rows.counts == nullptr && !constant) {
      vector::Int128 sum = 0;
      for (int64_t i = 0; i < rows.rows; ++i) sum += values[i];
      sums_[0] += sum;
      seen_[0] |= static_cast<uint8_t>(rows.rows > 0);
      return Status::OK();
    }
    if (!constant && TakesLanes(rows, sums_.size()) && AreShort(values, rows.rows)) {
      AddInLanes(values, rows);
      return Status::OK();
    }
    VisitCounting(rows, [&](int64_t i, uint32_t group) {
      sums_[group] += values[constant ? 0 : i];
      seen_[group] = 1;
    });
    return Status::OK();
  }

  /// Whether kLaneRows of the values cannot leave 64 bits.
  template <typename T>
  static bool AreShort(const T* values, int64_t count) {
    if constexpr (sizeof(T) <= 4) return true;
    uint64_t bits = 0;
    for (int64_t i = 0; i < count; ++i) {
      const auto value = static_cast<uint64_t>(values[i]);
      bits |= std::is_signed_v<T> && values[i] < 0 ? ~value : value;
    }
    return bits < (uint64_t{1} << 46);
  }

  template <typename T>
  void AddInLanes(const T* values, const GroupedRows& rows) {
    Lanes lanes{};
    VisitInLanes(rows, [&](size_t lane, uint32_t group, int64_t row) {
      lanes[lane][group] += static_cast<int64_t>(values[row]);
      seen_[group] = 1;
    });
    AddLanes(lanes, &sums_);
  }

  std::shared_ptr<arrow::DataType> type_;
  std::vector<vector::Int128> sums_;
  std::vector<uint8_t> seen_;
};

// Sums of floats as an unevaluated sum of two doubles, so that how rows were split over calls does
// not show. The error-free addition is Knuth's TwoSum.
class FloatSumAccumulator : public Accumulator {
 public:
  void Resize(int64_t groups) override {
    high_.resize(static_cast<size_t>(groups), 0.0);
    low_.resize(static_cast<size_t>(groups), 0.0);
    seen_.resize(static_cast<size_t>(groups), 0);
  }

  Status Update(std::span<const vector::Column> arguments, const GroupedRows& rows) override {
    const vector::Column* argument = arguments.data();
    if (argument->type()->id() == arrow::Type::FLOAT) {
      return AddAll(argument->values<float>(), argument->is_constant(), rows);
    }
    return AddAll(argument->values<double>(), argument->is_constant(), rows);
  }

  Status Merge(const arrow::ArrayVector& state, const GroupedRows& rows) override {
    ARROW_ASSIGN_OR_RAISE(const vector::Column high, vector::Column::FromArray(state[0]));
    ARROW_ASSIGN_OR_RAISE(const vector::Column low, vector::Column::FromArray(state[1]));
    ARROW_ASSIGN_OR_RAISE(const GroupedRows with_values, WithValues(high, rows));
    ARROW_RETURN_NOT_OK(AddAll(high.values<double>(), false, with_values));
    return AddAll(low.values<double>(), false, with_values);
  }

  Result<arrow::ArrayVector> Partial(Groups groups) const override {
    std::vector<double> corrections;
    corrections.reserve(groups.size());
    for (const int32_t group : groups) {
      const auto at = static_cast<size_t>(group);
      corrections.push_back(std::isfinite(high_[at]) ? low_[at] : 0.0);
    }
    ARROW_ASSIGN_OR_RAISE(auto high, ArrayOfGroups(arrow::float64(), high_, &seen_, groups));
    ARROW_ASSIGN_OR_RAISE(auto low, Numbers(corrections, groups));
    return arrow::ArrayVector{high, low};
  }

  Result<std::shared_ptr<arrow::Array>> Final(Groups groups) const override {
    std::vector<double> sums;
    sums.reserve(groups.size());
    for (const int32_t group : groups) sums.push_back(Sum(static_cast<size_t>(group)));
    return Numbers(sums, groups);
  }

  int64_t bytes_held() const override { return BytesOf(high_) + BytesOf(low_) + BytesOf(seen_); }

 private:
  // One value for each of `groups`; NULL where a group has seen none.
  Result<std::shared_ptr<arrow::Array>> Numbers(const std::vector<double>& values,
                                                Groups groups) const {
    const auto count = static_cast<int64_t>(groups.size());
    ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<double>(count));
    ARROW_ASSIGN_OR_RAISE(auto valid, vector::AllocateValues<uint8_t>(count));
    for (size_t i = 0; i < groups.size(); ++i) {
      vector::MutableValues<double>(out)[i] = values[i];
      valid->mutable_data()[i] = seen_[static_cast<size_t>(groups[i])];
    }
    return vector::Column::Flat(arrow::float64(), count, std::move(out), std::move(valid))
        .ToArray();
  }

  // The correction means nothing once the sum is infinite or NaN.
  double Sum(size_t group) const {
    return std::isfinite(high_[group]) ? high_[group] + low_[group] : high_[group];
  }

  void Add(uint32_t group, double value) {
    const double a = high_[group];
    const double sum = a + value;
    const double b = sum - a;
    low_[group] += (a - (sum - b)) + (value - b);
    high_[group] = sum;
    seen_[group] = 1;
  }

  template <typename T>
  Status AddAll(const T* values, bool constant, const GroupedRows& rows) {
    VisitCounting(rows, [&](int64_t i, uint32_t group) {
      Add(group, static_cast<double>(values[constant ? 0 : i]));
    });
    return Status::OK();
  }

  std::vector<double> high_;
  std::vector<double> low_;
  std::vector<uint8_t> seen_;
};

// Whether `a` comes before `b` in SQL's order, where NaN is greatest.
template <typename T>
bool Before(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) return a < b || (std::isnan(b) && !std::isnan(a));
  return a < b;
}

// The smallest or largest value; T is the physical type, Stored what is kept of it.
template <typename T, typename Stored>
class ExtremeAccumulator : public Accumulator {
 public:
  ExtremeAccumulator(std::shared_ptr<arrow::DataType> type, bool minimum)
      : type_(std::move(type)), minimum_(minimum) {}

  void Resize(int64_t groups) override {
    values_.resize(static_cast<size_t>(groups));
    seen_.resize(static_cast<size_t>(groups), 0);
  }

  Status Update(std::span<const vector::Column> arguments, const GroupedRows& rows) override {
    const vector::Column* argument = arguments.data();
    VisitCounting(rows, [&](int64_t i, uint32_t group) { Take(group, At(*argument, i)); });
    return Status::OK();
  }

  Status Merge(const arrow::ArrayVector& state, const GroupedRows& rows) override {
    ARROW_ASSIGN_OR_RAISE(const vector::Column column, vector::Column::FromArray(state[0]));
    ARROW_ASSIGN_OR_RAISE(const GroupedRows with_values, WithValues(column, rows));
    return Update(std::span(&column, 1), with_values);
  }

  Result<arrow::ArrayVector> Partial(Groups groups) const override {
    ARROW_ASSIGN_OR_RAISE(auto values, Final(groups));
    return arrow::ArrayVector{values};
  }

  Result<std::shared_ptr<arrow::Array>> Final(Groups groups) const override {
    if constexpr (std::is_same_v<Stored, std::string>) {
      vector::TextBuilder builder;
      for (int32_t group : groups) {
        const auto at = static_cast<size_t>(group);
        ARROW_RETURN_NOT_OK(seen_[at] != 0 ? builder.Append(values_[at]) : builder.AppendNull());
      }
      ARROW_ASSIGN_OR_RAISE(vector::Column column, builder.Finish(type_));
      return column.ToArray();
    } else {
      return ArrayOfGroups(type_, values_, &seen_, groups);
    }
  }

  int64_t bytes_held() const override { return BytesOf(values_) + BytesOf(seen_) + text_bytes_; }

 private:
  static auto At(const vector::Column& column, int64_t row) {
    if constexpr (std::is_same_v<Stored, std::string>) {
      return column.TextAt(row);
    } else {
      return column.values<T>()[column.is_constant() ? 0 : row];
    }
  }

  template <typename Value>
  void Take(uint32_t group, const Value& value) {
    Stored& kept = values_[group];
    if (seen_[group] != 0) {
      const Value current(kept);
      if (minimum_ ? !Before(value, current) : !Before(current, value)) return;
    }
    if constexpr (std::is_same_v<Stored, std::string>) {
      text_bytes_ += static_cast<int64_t>(value.size()) - static_cast<int64_t>(kept.size());
    }
    kept = Stored(value);
    seen_[group] = 1;
  }

  std::shared_ptr<arrow::DataType> type_;
  bool minimum_;
  std::vector<Stored> values_;
  std::vector<uint8_t> seen_;
  int64_t text_bytes_ = 0;
};

}  // namespace

Status AddCount(int64_t more, int64_t* count) {
  const int64_t before = *count;
  if (more >= 0 && !__builtin_add_overflow(before, more, count)) return Status::OK();
  return base::CorruptData("a partial state counts {} rows, after {}", more, before);
}

Result<std::unique_ptr<Accumulator>> MakeAccumulator(
    StateKind kind, const std::shared_ptr<arrow::DataType>& argument) {
  switch (kind) {
    case StateKind::kCount:
      return std::make_unique<CountAccumulator>();
    case StateKind::kDistinct:
      return MakeDistinctAccumulator(argument);
    case StateKind::kSum:
      if (IsFloat(*argument)) return std::make_unique<FloatSumAccumulator>();
      if (IsOfManyDigits(*argument)) return MakeDecimalSumAccumulator(SumType(*argument));
      return std::make_unique<ExactSumAccumulator>(SumType(*argument));
    case StateKind::kMoments:
      return MakeMomentsAccumulator();
    case StateKind::kComoments:
      return MakeComomentsAccumulator();
    case StateKind::kDistinctSketch:
      return MakeSketchAccumulator();
    case StateKind::kQuantileSketch:
      return MakeQuantileAccumulator();
    case StateKind::kBitAnd:
    case StateKind::kBitOr:
    case StateKind::kBitXor:
      return MakeBitsAccumulator(kind, argument);
    case StateKind::kFirst:
    case StateKind::kLast:
    case StateKind::kFirstValid:
      return MakePlacedAccumulator(kind, argument);
    default:
      break;
  }
  const bool minimum = kind == StateKind::kMinimum;
  return vector::VisitPhysical(*argument, [&](auto value) -> std::unique_ptr<Accumulator> {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, vector::TextView>) {
      return std::make_unique<ExtremeAccumulator<T, std::string>>(argument, minimum);
    } else {
      return std::make_unique<ExtremeAccumulator<T, T>>(argument, minimum);
    }
  });
}

std::vector<std::shared_ptr<arrow::DataType>> StateTypes(
    StateKind kind, const std::shared_ptr<arrow::DataType>& argument) {
  switch (kind) {
    case StateKind::kCount:
      return {arrow::int64()};
    case StateKind::kSum:
      if (IsFloat(*argument)) return {arrow::float64(), arrow::float64()};
      if (IsOfManyDigits(*argument)) return {SumType(*argument), arrow::int64()};
      return {SumType(*argument)};
    case StateKind::kDistinct:
      return {arrow::list(argument)};
    case StateKind::kFirst:
    case StateKind::kLast:
    case StateKind::kFirstValid:
      return {argument, arrow::int64()};
    case StateKind::kDistinctSketch:
    case StateKind::kQuantileSketch:
      return {arrow::binary()};
    case StateKind::kMoments:
      return {arrow::int64(), arrow::float64(), arrow::float64()};
    case StateKind::kComoments:
      return {arrow::int64(),   arrow::float64(), arrow::float64(),
              arrow::float64(), arrow::float64(), arrow::float64()};
    default:
      return {argument};
  }
}

}  // namespace skyhook::exec
