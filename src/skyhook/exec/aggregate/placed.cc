// Values of the first or last row of each group: kept with the row's place, they merge in any
// order.
#include <limits>
#include <string>
#include <type_traits>

#include "skyhook/base/status.h"
#include "skyhook/exec/aggregate/accumulator.h"
#include "skyhook/vector/text.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using Groups = std::span<const int32_t>;

namespace {

// T is the physical type, Stored what is kept of it.
template <typename T, typename Stored>
class PlacedAccumulator : public Accumulator {
 public:
  PlacedAccumulator(std::shared_ptr<arrow::DataType> type, bool last)
      : type_(std::move(type)), last_(last) {}

  void Resize(int64_t groups) override {
    values_.resize(static_cast<size_t>(groups));
    valid_.resize(static_cast<size_t>(groups), 0);
    places_.resize(static_cast<size_t>(groups), kNowhere);
  }

  Status Update(std::span<const vector::Column> arguments, const GroupedRows& rows) override {
    VisitCounting(rows,
                  [&](int64_t i, uint32_t group) { Take(group, arguments[0], i, rows.places[i]); });
    return Status::OK();
  }

  Status Merge(const arrow::ArrayVector& state, const GroupedRows& rows) override {
    ARROW_ASSIGN_OR_RAISE(const vector::Column values, vector::Column::FromArray(state[0]));
    ARROW_ASSIGN_OR_RAISE(const vector::Column places, vector::Column::FromArray(state[1]));
    for (int64_t i = 0; i < rows.rows; ++i) {
      if (!places.IsValid(i)) continue;
      const int64_t place = places.values<int64_t>()[i];
      if (place < 0 || place > std::numeric_limits<int64_t>::max() - rows.places.begin) {
        return base::CorruptData("a partial state holds a value of row {}", place);
      }
      Take(rows.group(i), values, i, rows.places.begin + place);
    }
    return Status::OK();
  }

  Result<arrow::ArrayVector> Partial(Groups groups) const override {
    ARROW_ASSIGN_OR_RAISE(auto values, Final(groups));
    std::vector<uint8_t> seen(places_.size());
    for (size_t i = 0; i < seen.size(); ++i) seen[i] = uint8_t{places_[i] != kNowhere};
    ARROW_ASSIGN_OR_RAISE(auto places, ArrayOfGroups(arrow::int64(), places_, &seen, groups));
    return arrow::ArrayVector{values, places};
  }

  Result<std::shared_ptr<arrow::Array>> Final(Groups groups) const override {
    if constexpr (std::is_same_v<Stored, std::string>) {
      vector::TextBuilder builder;
      for (int32_t group : groups) {
        const auto at = static_cast<size_t>(group);
        ARROW_RETURN_NOT_OK(valid_[at] != 0 ? builder.Append(values_[at]) : builder.AppendNull());
      }
      ARROW_ASSIGN_OR_RAISE(vector::Column column, builder.Finish(type_));
      return column.ToArray();
    } else {
      return ArrayOfGroups(type_, values_, &valid_, groups);
    }
  }

  int64_t bytes_held() const override {
    return static_cast<int64_t>(values_.capacity() * sizeof(Stored) + valid_.capacity() +
                                places_.capacity() * sizeof(int64_t)) +
           text_bytes_;
  }

 private:
  static constexpr int64_t kNowhere = std::numeric_limits<int64_t>::min();

  void Take(uint32_t group, const vector::Column& column, int64_t row, int64_t place) {
    int64_t& kept = places_[group];
    if (kept != kNowhere && (last_ ? place <= kept : place >= kept)) return;
    kept = place;
    const bool valid = column.IsValid(row);
    valid_[group] = uint8_t{valid};
    if constexpr (std::is_same_v<Stored, std::string>) {
      text_bytes_ -= static_cast<int64_t>(values_[group].size());
      values_[group] = valid ? column.TextAt(row) : std::string_view();
      text_bytes_ += static_cast<int64_t>(values_[group].size());
    } else {
      values_[group] = valid ? column.values<T>()[column.is_constant() ? 0 : row] : T{};
    }
  }

  std::shared_ptr<arrow::DataType> type_;
  bool last_;
  std::vector<Stored> values_;
  std::vector<uint8_t> valid_;
  std::vector<int64_t> places_;  // kNowhere before the first row
  int64_t text_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Accumulator> MakePlacedAccumulator(
    StateKind kind, const std::shared_ptr<arrow::DataType>& argument) {
  const bool last = kind == StateKind::kLast;
  return vector::VisitPhysical(*argument, [&](auto value) -> std::unique_ptr<Accumulator> {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, vector::TextView>) {
      return std::make_unique<PlacedAccumulator<T, std::string>>(argument, last);
    } else {
      return std::make_unique<PlacedAccumulator<T, T>>(argument, last);
    }
  });
}

}  // namespace skyhook::exec
