// Sums of decimals of more than 38 digits.
#include "skyhook/base/status.h"
#include "skyhook/exec/accumulator.h"
#include "skyhook/plan/types.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using Groups = std::span<const int32_t>;

namespace {

// Six values of 76 digits may leave 256 bits and others bring the sum back: so that neither the
// order of rows nor how they were split shows, a sum is kept modulo 2^256 with the number of times
// that it wrapped around.
class WideSumAccumulator : public Accumulator {
 public:
  explicit WideSumAccumulator(int scale) : type_(arrow::decimal256(76, scale)) {}

  void Resize(int64_t groups) override {
    sums_.resize(static_cast<size_t>(groups));
    wraps_.resize(static_cast<size_t>(groups), 0);
    seen_.resize(static_cast<size_t>(groups), 0);
  }

  Status Update(std::span<const Column> arguments, const GroupedRows& rows) override {
    const Int256* values = arguments[0].values<Int256>();
    const bool constant = arguments[0].is_constant();
    for (int64_t i = 0; i < rows.rows; ++i) {
      if (rows.count(i)) Add(rows.group(i), values[constant ? 0 : i]);
    }
    return Status::OK();
  }

  Status Merge(const arrow::ArrayVector& state, const GroupedRows& rows) override {
    ARROW_ASSIGN_OR_RAISE(const Column sums, Column::FromArray(state[0]));
    ARROW_ASSIGN_OR_RAISE(const Column wraps, Column::FromArray(state[1]));
    for (int64_t i = 0; i < rows.rows; ++i) {
      if (!sums.IsValid(i)) continue;
      int64_t& kept = wraps_[rows.group(i)];
      if (__builtin_add_overflow(kept, wraps.values<int64_t>()[i], &kept)) {
        return base::CorruptData("a sum that wrapped around {} times", wraps.values<int64_t>()[i]);
      }
      Add(rows.group(i), sums.values<Int256>()[i]);
    }
    return Status::OK();
  }

  Result<arrow::ArrayVector> Partial(Groups groups) const override {
    ARROW_ASSIGN_OR_RAISE(auto sums, ArrayOfGroups(type_, sums_, &seen_, groups));
    ARROW_ASSIGN_OR_RAISE(auto wraps, ArrayOfGroups(arrow::int64(), wraps_, &seen_, groups));
    return arrow::ArrayVector{sums, wraps};
  }

  Result<std::shared_ptr<arrow::Array>> Final(Groups groups) const override {
    const Int256 most = Int256::GetMaxValue(76);
    for (int32_t group : groups) {
      const auto at = static_cast<size_t>(group);
      if (wraps_[at] == 0 && sums_[at] <= most && sums_[at] >= -most) continue;
      return base::Invalid("sum: the result has more than the 76 digits of {}", type_->ToString());
    }
    return ArrayOfGroups(type_, sums_, &seen_, groups);
  }

  int64_t bytes_held() const override {
    return static_cast<int64_t>(sums_.capacity() * sizeof(Int256) +
                                wraps_.capacity() * sizeof(int64_t) + seen_.capacity());
  }

 private:
  void Add(uint32_t group, const Int256& value) {
    Int256& sum = sums_[group];
    const bool negative = sum.IsNegative();
    sum += value;
    if (negative == value.IsNegative() && sum.IsNegative() != negative) {
      wraps_[group] += negative ? -1 : 1;
    }
    seen_[group] = 1;
  }

  std::shared_ptr<arrow::DataType> type_;
  std::vector<Int256> sums_;
  std::vector<int64_t> wraps_;
  std::vector<uint8_t> seen_;
};

}  // namespace

std::unique_ptr<Accumulator> MakeWideSumAccumulator(const std::shared_ptr<arrow::DataType>& type) {
  return std::make_unique<WideSumAccumulator>(plan::ShapeOf(*type).scale);
}

}  // namespace skyhook::exec
