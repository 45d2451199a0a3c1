// Sums of decimals of more than 18 digits.
#include "skyhook/base/status.h"
#include "skyhook/exec/aggregate/accumulator.h"
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/decimal.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using Groups = std::span<const int32_t>;

namespace {

// Adds modulo the width of T; whether the sum left it.
bool AddsWithOverflow(vector::Int128* sum, vector::Int128 value) {
  return __builtin_add_overflow(*sum, value, sum);
}
bool AddsWithOverflow(vector::Int256* sum, const vector::Int256& value) {
  const bool negative = sum->IsNegative();
  *sum += value;
  return negative == value.IsNegative() && sum->IsNegative() != negative;
}

// Two values of 38 digits may leave 128 bits (six of 76 digits 256) and others bring the sum back:
// so that neither the order of rows nor how they were split shows, a sum is kept modulo the width
// of T with the number of times that it wrapped around.
template <typename T>
class DecimalSumAccumulator : public Accumulator {
 public:
  /// `type` has as many digits as T holds.
  DecimalSumAccumulator(std::shared_ptr<arrow::DataType> type, T bound)
      : type_(std::move(type)), bound_(bound) {}

  void Resize(int64_t groups) override {
    sums_.resize(static_cast<size_t>(groups));
    wraps_.resize(static_cast<size_t>(groups), 0);
    seen_.resize(static_cast<size_t>(groups), 0);
  }

  Status Update(std::span<const vector::Column> arguments, const GroupedRows& rows) override {
    const T* values = arguments[0].values<T>();
    const bool constant = arguments[0].is_constant();
    VisitCounting(rows, [&](int64_t i, uint32_t group) { Add(group, values[constant ? 0 : i]); });
    return Status::OK();
  }

  Status Merge(const arrow::ArrayVector& state, const GroupedRows& rows) override {
    ARROW_ASSIGN_OR_RAISE(const vector::Column sums, vector::Column::FromArray(state[0]));
    ARROW_ASSIGN_OR_RAISE(const vector::Column wraps, vector::Column::FromArray(state[1]));
    for (int64_t i = 0; i < rows.rows; ++i) {
      if (!sums.IsValid(i)) continue;
      const int64_t more = wraps.values<int64_t>()[i];
      int64_t& kept = wraps_[rows.group(i)];
      if (__builtin_add_overflow(kept, more, &kept) || kept > kMostWraps || kept < -kMostWraps) {
        return base::CorruptData("a sum that wrapped around {} times", more);
      }
      Add(rows.group(i), sums.values<T>()[i]);
    }
    return Status::OK();
  }

  Result<arrow::ArrayVector> Partial(Groups groups) const override {
    ARROW_ASSIGN_OR_RAISE(auto sums, ArrayOfGroups(type_, sums_, &seen_, groups));
    ARROW_ASSIGN_OR_RAISE(auto wraps, ArrayOfGroups(arrow::int64(), wraps_, &seen_, groups));
    return arrow::ArrayVector{sums, wraps};
  }

  Result<std::shared_ptr<arrow::Array>> Final(Groups groups) const override {
    for (int32_t group : groups) {
      const auto at = static_cast<size_t>(group);
      if (wraps_[at] == 0 && sums_[at] < bound_ && sums_[at] > -bound_) continue;
      return base::Invalid("sum: the result has more than the {} digits of {}",
                           plan::ShapeOf(*type_).precision, type_->ToString());
    }
    return ArrayOfGroups(type_, sums_, &seen_, groups);
  }

  int64_t bytes_held() const override {
    return static_cast<int64_t>(sums_.capacity() * sizeof(T) + wraps_.capacity() * sizeof(int64_t) +
                                seen_.capacity());
  }

 private:
  // More than rows make it, and so far from the end of 64 bits that Add does not get there.
  static constexpr int64_t kMostWraps = int64_t{1} << 62;

  void Add(uint32_t group, const T& value) {
    const bool down = value < T{};
    if (AddsWithOverflow(&sums_[group], value)) wraps_[group] += down ? -1 : 1;
    seen_[group] = 1;
  }

  std::shared_ptr<arrow::DataType> type_;
  T bound_;
  std::vector<T> sums_;
  std::vector<int64_t> wraps_;
  std::vector<uint8_t> seen_;
};

}  // namespace

std::unique_ptr<Accumulator> MakeDecimalSumAccumulator(std::shared_ptr<arrow::DataType> type) {
  if (plan::IsWideDecimal(*type)) {
    return std::make_unique<DecimalSumAccumulator<vector::Int256>>(std::move(type),
                                                                   vector::WidePowerOfTen(76));
  }
  return std::make_unique<DecimalSumAccumulator<vector::Int128>>(std::move(type),
                                                                 vector::PowerOfTen(38));
}

}  // namespace skyhook::exec
