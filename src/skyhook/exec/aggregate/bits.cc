// Bits of integers, combined.
#include <type_traits>

#include "skyhook/base/status.h"
#include "skyhook/exec/aggregate/accumulator.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using Groups = std::span<const int32_t>;

namespace {

template <typename T>
class BitsAccumulator : public Accumulator {
 public:
  BitsAccumulator(StateKind kind, std::shared_ptr<arrow::DataType> type)
      : kind_(kind), type_(std::move(type)) {}

  void Resize(int64_t groups) override {
    values_.resize(static_cast<size_t>(groups), 0);
    seen_.resize(static_cast<size_t>(groups), 0);
  }

  Status Update(std::span<const vector::Column> arguments, const GroupedRows& rows) override {
    const T* values = arguments[0].values<T>();
    const bool constant = arguments[0].is_constant();
    VisitCounting(rows, [&](int64_t i, uint32_t group) { Take(group, values[constant ? 0 : i]); });
    return Status::OK();
  }

  Status Merge(const arrow::ArrayVector& state, const GroupedRows& rows) override {
    ARROW_ASSIGN_OR_RAISE(const vector::Column column, vector::Column::FromArray(state[0]));
    GroupedRows with_values = rows;
    with_values.counts = column.valid();
    return Update(std::span(&column, 1), with_values);
  }

  Result<arrow::ArrayVector> Partial(Groups groups) const override {
    ARROW_ASSIGN_OR_RAISE(auto values, Final(groups));
    return arrow::ArrayVector{values};
  }

  Result<std::shared_ptr<arrow::Array>> Final(Groups groups) const override {
    return ArrayOfGroups(type_, values_, &seen_, groups);
  }

  int64_t bytes_held() const override {
    return static_cast<int64_t>(values_.capacity() * sizeof(T) + seen_.capacity());
  }

 private:
  void Take(uint32_t group, T value) {
    T& kept = values_[group];
    if (seen_[group] == 0) {
      kept = value;
    } else if (kind_ == StateKind::kBitAnd) {
      kept &= value;
    } else if (kind_ == StateKind::kBitOr) {
      kept |= value;
    } else {
      kept ^= value;
    }
    seen_[group] = 1;
  }

  const StateKind kind_;
  const std::shared_ptr<arrow::DataType> type_;
  std::vector<T> values_;
  std::vector<uint8_t> seen_;
};

}  // namespace

Result<std::unique_ptr<Accumulator>> MakeBitsAccumulator(
    StateKind kind, const std::shared_ptr<arrow::DataType>& argument) {
  return vector::VisitPhysical(*argument, [&](auto value) -> Result<std::unique_ptr<Accumulator>> {
    using T = decltype(value);
    if constexpr (std::is_integral_v<T>) {
      return std::make_unique<BitsAccumulator<T>>(kind, argument);
    } else {
      return base::UnsupportedPlan("bits of {}", argument->ToString());
    }
  });
}

}  // namespace skyhook::exec
