// Groups and their running aggregates: fed with rows, or with partial state, read as either.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "skyhook/exec/aggregate/accumulator.h"
#include "skyhook/exec/aggregate/group_table.h"
#include "skyhook/plan/pipeline.h"
#include "skyhook/vector/column.h"

namespace skyhook::exec {

/// Groups are parted by five bits of their hashes, the uppermost first: those of one share go to
/// one table, or to one file.
inline constexpr int kShareBits = 5;
inline constexpr size_t kShares = size_t{1} << kShareBits;
/// The share of a group at `depth`, that is after `depth` times as many bits.
inline size_t ShareOf(uint64_t hash, int depth) {
  return (hash >> (64 - kShareBits * (depth + 1))) % kShares;
}

/// The aggregate of one pipeline. Measures share state: sum(x), avg(x) and count(x) keep one sum
/// and one count. Not thread-safe.
class Aggregator {
 public:
  static arrow::Result<std::unique_ptr<Aggregator>> Make(const plan::Pipeline& pipeline);

  /// Fails unless rows of `pipeline` can be added: its aggregate is the one this was made for.
  arrow::Status CheckTakes(const plan::Pipeline& pipeline) const;
  /// Whether it matters where rows lie.
  bool wants_places() const;
  /// Takes rows of the projected columns, which lie at `places` of the fragment.
  arrow::Status Consume(const std::vector<vector::Column>& projected, int64_t rows,
                        const RowPlaces& places);
  /// Takes a partial batch (PartialSchema), whose places count from `first_row`.
  arrow::Status Merge(const arrow::RecordBatch& partial, int64_t first_row);

  /// Without keys 1, also before any row; else the groups seen.
  int64_t num_groups() const;
  int64_t bytes_held() const;
  /// How many groups take about `bytes` bytes, on average; at least one.
  int64_t GroupsWithin(int64_t bytes) const;

  /// The given groups as partial state, or as final rows.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Partial(std::span<const int32_t> groups) const;
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Final(std::span<const int32_t> groups) const;
  /// All groups, by share at `depth`.
  std::vector<int32_t> GroupsByShare(int depth) const;
  /// The shares at `depth` of the groups of a partial batch, row by row. Thread-safe.
  arrow::Result<std::vector<uint8_t>> SharesOf(const arrow::RecordBatch& partial, int depth) const;

  /// Forgets all groups and frees their memory.
  arrow::Status Clear();

 private:
  // State that measures share: kind, arguments and filter say which.
  struct State {
    StateKind kind;
    std::vector<int> arguments;
    int filter;
    std::shared_ptr<arrow::DataType> type;  ///< of the first argument
    std::unique_ptr<Accumulator> accumulator;
  };

  explicit Aggregator(std::vector<std::shared_ptr<arrow::DataType>> key_types)
      : table_(std::move(key_types)) {}

  arrow::Status AddMeasure(const plan::Pipeline& pipeline, const plan::Measure& measure);
  size_t AddState(State wanted);
  /// `rows` without its counts.
  arrow::Status UpdateState(State* state, const std::vector<vector::Column>& projected,
                            GroupedRows rows);
  /// The first columns of a partial batch.
  arrow::Result<std::vector<vector::Column>> KeysOf(const arrow::RecordBatch& partial) const;
  arrow::Result<arrow::ArrayVector> KeyArrays(std::span<const int32_t> groups) const;
  arrow::Result<std::shared_ptr<arrow::Array>> FinalMeasure(size_t measure,
                                                            std::span<const int32_t> groups) const;

  plan::Aggregate aggregate_;
  std::vector<int> keys_;
  std::shared_ptr<arrow::Schema> partial_schema_;
  std::shared_ptr<arrow::Schema> result_schema_;
  GroupTable table_;
  std::vector<State> states_;
  std::vector<std::vector<size_t>> measure_states_;  // for each measure, its states in order
  std::vector<uint32_t> groups_;
};

}  // namespace skyhook::exec
