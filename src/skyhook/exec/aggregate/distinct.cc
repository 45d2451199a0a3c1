// Exact numbers of distinct values: the distinct pairs of group and value.
#include <arrow/array/array_nested.h>

#include <numeric>
#include <utility>

#include "skyhook/exec/aggregate/accumulator.h"
#include "skyhook/exec/aggregate/group_table.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using Groups = std::span<const int32_t>;

namespace {

template <typename T>
int64_t BytesOf(const std::vector<T>& values) {
  return static_cast<int64_t>(values.capacity() * sizeof(T));
}

// The pairs of each group, by group.
struct PairIndex {
  std::vector<int64_t> ends;     // of groups, among the members
  std::vector<int32_t> members;  // pairs

  Groups Of(int32_t group) const {
    const auto at = static_cast<size_t>(group);
    const int64_t begin = at == 0 ? 0 : ends[at - 1];
    return Groups(members).subspan(static_cast<size_t>(begin),
                                   static_cast<size_t>(ends[at] - begin));
  }
};

class DistinctAccumulator : public Accumulator {
 public:
  explicit DistinctAccumulator(std::shared_ptr<arrow::DataType> type)
      : type_(std::move(type)), pairs_({arrow::uint32(), type_}), values_({type_}) {}

  void Resize(int64_t groups) override { counts_.resize(static_cast<size_t>(groups), 0); }

  Status Update(std::span<const vector::Column> arguments, const GroupedRows& rows) override {
    const vector::Column* argument = arguments.data();
    vector::Column values = *argument;
    std::vector<int32_t> counting;
    if (rows.counts != nullptr) {
      for (int64_t i = 0; i < rows.rows; ++i) {
        if (rows.counts[i] != 0) counting.push_back(static_cast<int32_t>(i));
      }
      ARROW_ASSIGN_OR_RAISE(values, argument->Gather(counting));
    }
    const int64_t count =
        rows.counts == nullptr ? rows.rows : static_cast<int64_t>(counting.size());
    if (rows.groups == nullptr) return AddValues(values);
    numbers_.resize(static_cast<size_t>(count));
    ARROW_ASSIGN_OR_RAISE(auto groups, vector::AllocateValues<uint32_t>(count));
    for (int64_t i = 0; i < count; ++i) {
      const int64_t row = rows.counts == nullptr ? i : counting[static_cast<size_t>(i)];
      vector::MutableValues<uint32_t>(groups)[i] = rows.groups[row];
    }
    return AddPairs(vector::Column::Flat(arrow::uint32(), count, std::move(groups), nullptr),
                    values);
  }

  Status Merge(const arrow::ArrayVector& state, const GroupedRows& rows) override {
    const auto& lists = static_cast<const arrow::ListArray&>(*state[0]);
    const int64_t begin = lists.value_offset(0);
    const int64_t end = lists.value_offset(lists.length());
    if (begin == end) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const vector::Column values,
                          vector::Column::FromArray(lists.values()->Slice(begin, end - begin)));
    std::vector<uint32_t> groups;
    if (rows.groups != nullptr) {
      groups.reserve(static_cast<size_t>(end - begin));
      for (int64_t i = 0; i < rows.rows; ++i) {
        groups.insert(groups.end(), static_cast<size_t>(lists.value_length(i)), rows.group(i));
      }
    }
    const GroupedRows of_values{end - begin, rows.groups == nullptr ? nullptr : groups.data(),
                                nullptr};
    return Update(std::span(&values, 1), of_values);
  }

  Result<arrow::ArrayVector> Partial(Groups groups) const override {
    std::vector<int32_t> order;
    ARROW_ASSIGN_OR_RAISE(auto offsets,
                          vector::AllocateValues<int32_t>(static_cast<int64_t>(groups.size()) + 1));
    vector::MutableValues<int32_t>(offsets)[0] = 0;
    for (size_t i = 0; i < groups.size(); ++i) {
      AppendMembers(groups[i], &order);
      vector::MutableValues<int32_t>(offsets)[i + 1] = static_cast<int32_t>(order.size());
    }
    const bool grouped = pairs_.size() > 0;
    ARROW_ASSIGN_OR_RAISE(auto keys, (grouped ? pairs_ : values_).Keys(order));
    ARROW_ASSIGN_OR_RAISE(auto values, keys.back().ToArray());
    return arrow::ArrayVector{std::make_shared<arrow::ListArray>(
        arrow::list(type_), static_cast<int64_t>(groups.size()), std::move(offsets), values)};
  }

  Result<std::shared_ptr<arrow::Array>> Final(Groups groups) const override {
    return ArrayOfGroups(arrow::int64(), counts_, nullptr, groups);
  }

  int64_t bytes_held() const override {
    return pairs_.bytes_held() + values_.bytes_held() + BytesOf(counts_) + BytesOf(pair_groups_) +
           BytesOf(numbers_) + BytesOf(seen_) + BytesOf(index_.ends) + BytesOf(index_.members);
  }

 private:
  Status AddValues(vector::Column values) {
    if (values.kind() == vector::Column::Kind::kDictionary && values.valid() == nullptr) {
      ARROW_ASSIGN_OR_RAISE(values, values.Gather(NewCodes(values)));
    }
    numbers_.resize(static_cast<size_t>(values.length()));
    ARROW_RETURN_NOT_OK(values_.Assign({values}, values.length(), numbers_.data()));
    counts_[0] = values_.size();
    return Status::OK();
  }

  // The first row of each dictionary code that no earlier row of this dictionary has.
  std::vector<int32_t> NewCodes(const vector::Column& values) {
    if (dictionary_ != values.dictionary()) {
      dictionary_ = values.dictionary();
      seen_.assign(static_cast<size_t>(dictionary_->length()), false);
    }
    std::vector<int32_t> first;
    const int32_t* codes = values.values<int32_t>();
    for (int64_t i = 0; i < values.length(); ++i) {
      uint8_t& seen = seen_[static_cast<size_t>(codes[i])];
      if (seen == 0) first.push_back(static_cast<int32_t>(i));
      seen = 1;
    }
    return first;
  }

  Status AddPairs(const vector::Column& groups, const vector::Column& values) {
    const int64_t before = pairs_.size();
    ARROW_RETURN_NOT_OK(pairs_.Assign({groups, values}, groups.length(), numbers_.data()));
    if (pairs_.size() == before) return Status::OK();
    index_ = {};
    for (int64_t i = 0; i < groups.length(); ++i) {
      // New pairs are numbered in the order of their first rows.
      if (numbers_[static_cast<size_t>(i)] != pair_groups_.size()) continue;
      const uint32_t group = groups.values<uint32_t>()[i];
      pair_groups_.push_back(group);
      ++counts_[group];
    }
    return Status::OK();
  }

  void AppendMembers(int32_t group, std::vector<int32_t>* out) const {
    if (pairs_.size() == 0) {
      const auto begin = static_cast<int64_t>(out->size());
      out->resize(static_cast<size_t>(begin + values_.size()));
      std::iota(out->begin() + begin, out->end(), 0);
      return;
    }
    if (index_.members.size() != pair_groups_.size()) MakeIndex();
    const Groups members = index_.Of(group);
    out->insert(out->end(), members.begin(), members.end());
  }

  void MakeIndex() const {
    index_.ends.assign(counts_.size(), 0);
    std::partial_sum(counts_.begin(), counts_.end() - 1, index_.ends.begin() + 1);  // the begins
    index_.members.resize(pair_groups_.size());
    for (size_t pair = 0; pair < pair_groups_.size(); ++pair) {
      index_.members[static_cast<size_t>(index_.ends[pair_groups_[pair]]++)] =
          static_cast<int32_t>(pair);
    }
  }

  std::shared_ptr<arrow::DataType> type_;
  GroupTable pairs_;                                  // (group, value), when there are groups
  GroupTable values_;                                 // (value), when there is one group only
  std::vector<int64_t> counts_ = {0};                 // of distinct values, by group
  std::vector<uint32_t> pair_groups_;                 // by pair
  std::vector<uint32_t> numbers_;                     // of the rows of an update
  std::shared_ptr<const vector::Column> dictionary_;  // of the rows added last
  std::vector<uint8_t> seen_;                         // by code of dictionary_, of one group only
  mutable PairIndex index_;  // made when state is asked for; empty: of older pairs
};

}  // namespace

std::unique_ptr<Accumulator> MakeDistinctAccumulator(std::shared_ptr<arrow::DataType> argument) {
  return std::make_unique<DistinctAccumulator>(std::move(argument));
}

}  // namespace skyhook::exec
