#include "skyhook/exec/aggregate/aggregator.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "skyhook/base/status.h"
#include "skyhook/exec/aggregate/finish.h"
#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/plan/types.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using plan::AggregateFunction;
using Groups = std::span<const int32_t>;

namespace {

std::vector<StateKind> KindsOf(AggregateFunction function) {
  switch (function) {
    case AggregateFunction::kCountAll:
    case AggregateFunction::kCount:
      return {StateKind::kCount};
    case AggregateFunction::kSum:
      return {StateKind::kSum};
    case AggregateFunction::kMin:
      return {StateKind::kMinimum};
    case AggregateFunction::kMax:
      return {StateKind::kMaximum};
    case AggregateFunction::kAvg:
      return {StateKind::kSum, StateKind::kCount};
    case AggregateFunction::kCountDistinct:
      return {StateKind::kDistinct};
    case AggregateFunction::kBoolAnd:
      return {StateKind::kMinimum};
    case AggregateFunction::kBoolOr:
      return {StateKind::kMaximum};
    case AggregateFunction::kBitAnd:
      return {StateKind::kBitAnd};
    case AggregateFunction::kBitOr:
      return {StateKind::kBitOr};
    case AggregateFunction::kBitXor:
      return {StateKind::kBitXor};
    case AggregateFunction::kVarianceSample:
    case AggregateFunction::kVariancePopulation:
    case AggregateFunction::kStdDevSample:
    case AggregateFunction::kStdDevPopulation:
      return {StateKind::kMoments};
    case AggregateFunction::kCovarianceSample:
    case AggregateFunction::kCovariancePopulation:
    case AggregateFunction::kCorrelation:
      return {StateKind::kComoments};
    case AggregateFunction::kApproxCountDistinct:
      return {StateKind::kDistinctSketch};
    case AggregateFunction::kFirst:
      return {StateKind::kFirst};
    case AggregateFunction::kLast:
      return {StateKind::kLast};
    case AggregateFunction::kAnyValue:
      return {StateKind::kFirstValid};
    case AggregateFunction::kApproxQuantile:
      return {StateKind::kQuantileSketch};
  }
  return {};
}

std::shared_ptr<arrow::DataType> ProjectedType(const plan::Pipeline& pipeline, int column) {
  if (column < 0) return nullptr;
  return pipeline.projection[static_cast<size_t>(column)].expression->type();
}

// A byte a row: whether the filter is true there and no argument NULL. Null when all count.
Result<std::shared_ptr<arrow::Buffer>> CountingRows(std::span<const vector::Column> arguments,
                                                    const vector::Column* filter, int64_t rows) {
  const bool nulls =
      std::any_of(arguments.begin(), arguments.end(),
                  [](const vector::Column& column) { return column.valid() != nullptr; });
  if (filter == nullptr && !nulls) return nullptr;
  if (filter == nullptr && arguments.size() == 1 && !arguments[0].is_constant()) {
    return arguments[0].valid_buffer();
  }
  ARROW_ASSIGN_OR_RAISE(auto counts, vector::AllocateValues<uint8_t>(rows));
  uint8_t* to = counts->mutable_data();
  for (int64_t i = 0; i < rows; ++i) {
    const bool wanted =
        filter == nullptr ||
        (filter->IsValid(i) && filter->values<uint8_t>()[filter->is_constant() ? 0 : i] != 0);
    to[i] = static_cast<uint8_t>(
        wanted && std::all_of(arguments.begin(), arguments.end(),
                              [i](const vector::Column& column) { return column.IsValid(i); }));
  }
  return std::shared_ptr<arrow::Buffer>(std::move(counts));
}

}  // namespace

std::shared_ptr<arrow::Schema> PartialSchema(const plan::Pipeline& pipeline) {
  const auto projected = pipeline.ProjectedSchema();
  arrow::FieldVector fields;
  for (int key : pipeline.aggregate->keys) fields.push_back(projected->field(key));
  for (const plan::Measure& measure : pipeline.aggregate->measures) {
    for (StateKind kind : KindsOf(measure.function)) {
      for (const auto& type : StateTypes(kind, ProjectedType(pipeline, measure.argument))) {
        fields.push_back(arrow::field(measure.name, type));
      }
    }
  }
  return arrow::schema(std::move(fields));
}

Result<std::unique_ptr<Aggregator>> Aggregator::Make(const plan::Pipeline& pipeline) {
  std::vector<std::shared_ptr<arrow::DataType>> key_types;
  for (int key : pipeline.aggregate->keys) key_types.push_back(ProjectedType(pipeline, key));
  std::unique_ptr<Aggregator> out(new Aggregator(std::move(key_types)));
  out->aggregate_ = *pipeline.aggregate;
  out->keys_ = pipeline.aggregate->keys;
  out->partial_schema_ = PartialSchema(pipeline);
  out->result_schema_ = pipeline.ResultSchema();
  for (const plan::Measure& measure : pipeline.aggregate->measures) {
    ARROW_RETURN_NOT_OK(out->AddMeasure(pipeline, measure));
  }
  ARROW_RETURN_NOT_OK(out->Clear());
  return out;
}

Status Aggregator::AddMeasure(const plan::Pipeline& pipeline, const plan::Measure& measure) {
  std::vector<size_t> states;
  for (StateKind kind : KindsOf(measure.function)) {
    State state{kind, {}, measure.filter, ProjectedType(pipeline, measure.argument), nullptr};
    for (int argument : {measure.argument, measure.second}) {
      if (argument >= 0) state.arguments.push_back(argument);
    }
    states.push_back(AddState(std::move(state)));
  }
  measure_states_.push_back(std::move(states));
  return Status::OK();
}

size_t Aggregator::AddState(State wanted) {
  for (size_t i = 0; i < states_.size(); ++i) {
    const State& state = states_[i];
    if (state.kind == wanted.kind && state.arguments == wanted.arguments &&
        state.filter == wanted.filter) {
      return i;
    }
  }
  states_.push_back(std::move(wanted));
  return states_.size() - 1;
}

Status Aggregator::Clear() {
  table_.Clear();
  for (State& state : states_) {
    ARROW_ASSIGN_OR_RAISE(state.accumulator, MakeAccumulator(state.kind, state.type));
    state.accumulator->Resize(num_groups());
  }
  return Status::OK();
}

Status Aggregator::CheckTakes(const plan::Pipeline& pipeline) const {
  if (!wants_places() && pipeline.aggregate->keys == aggregate_.keys &&
      pipeline.aggregate->measures == aggregate_.measures &&
      PartialSchema(pipeline)->Equals(*partial_schema_)) {
    return Status::OK();
  }
  return base::Invalid("groups of {} were given to a call for {}", partial_schema_->ToString(),
                       pipeline.ToString());
}

bool Aggregator::wants_places() const {
  return std::any_of(states_.begin(), states_.end(),
                     [](const State& state) { return WantsPlaces(state.kind); });
}

int64_t Aggregator::num_groups() const { return keys_.empty() ? 1 : table_.size(); }

int64_t Aggregator::bytes_held() const {
  int64_t bytes = keys_.empty() ? 0 : table_.bytes_held();
  for (const State& state : states_) bytes += state.accumulator->bytes_held();
  return bytes;
}

int64_t Aggregator::GroupsWithin(int64_t bytes) const {
  const int64_t each = bytes_held() / std::max<int64_t>(num_groups(), 1);
  return std::max<int64_t>(bytes / std::max<int64_t>(each, 1), 1);
}

Status Aggregator::Consume(const std::vector<vector::Column>& projected, int64_t rows,
                           const RowPlaces& places) {
  const uint32_t* groups = nullptr;
  if (!keys_.empty()) {
    std::vector<vector::Column> keys;
    for (int key : keys_) keys.push_back(projected[static_cast<size_t>(key)]);
    groups_.resize(static_cast<size_t>(rows));
    ARROW_RETURN_NOT_OK(table_.Assign(keys, rows, groups_.data()));
    groups = groups_.data();
  }
  for (State& state : states_) {
    state.accumulator->Resize(num_groups());
    ARROW_RETURN_NOT_OK(UpdateState(&state, projected, {rows, groups, nullptr, places}));
  }
  return Status::OK();
}

Status Aggregator::UpdateState(State* state, const std::vector<vector::Column>& projected,
                               GroupedRows rows) {
  std::vector<vector::Column> arguments;
  vector::Column filter;
  const vector::Column* filter_ptr = nullptr;
  for (int index : state->arguments) {
    vector::Column argument = projected[static_cast<size_t>(index)];
    // Distinct values can be told apart by dictionary code; everything else wants the values.
    if (argument.kind() == vector::Column::Kind::kDictionary &&
        state->kind != StateKind::kDistinct && state->kind != StateKind::kCount) {
      ARROW_ASSIGN_OR_RAISE(argument, argument.Flatten());
    }
    arguments.push_back(std::move(argument));
  }
  if (state->filter >= 0) {
    ARROW_ASSIGN_OR_RAISE(filter, projected[static_cast<size_t>(state->filter)].Flatten());
    filter_ptr = &filter;
  }
  const std::span<const vector::Column> counted = CountsNull(state->kind)
                                                      ? std::span<const vector::Column>()
                                                      : std::span<const vector::Column>(arguments);
  ARROW_ASSIGN_OR_RAISE(auto counts, CountingRows(counted, filter_ptr, rows.rows));
  if (counts != nullptr) rows.counts = counts->data();
  return state->accumulator->Update(arguments, rows);
}

Status Aggregator::Merge(const arrow::RecordBatch& partial, int64_t first_row) {
  if (partial.num_columns() != partial_schema_->num_fields()) {
    return base::Invalid("partial state has {} columns, not the {} of its plan",
                         partial.num_columns(), partial_schema_->num_fields());
  }
  for (int i = 0; i < partial.num_columns(); ++i) {
    if (partial.column(i)->type()->Equals(*partial_schema_->field(i)->type())) continue;
    return base::Invalid("partial state has {} where its plan has {}",
                         partial.schema()->field(i)->ToString(),
                         partial_schema_->field(i)->ToString());
  }
  const int64_t rows = partial.num_rows();
  const uint32_t* groups = nullptr;
  if (!keys_.empty()) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<vector::Column> keys, KeysOf(partial));
    groups_.resize(static_cast<size_t>(rows));
    ARROW_RETURN_NOT_OK(table_.Assign(keys, rows, groups_.data()));
    groups = groups_.data();
  }
  std::vector<bool> merged(states_.size(), false);
  auto column = static_cast<int>(keys_.size());
  for (const auto& states : measure_states_) {
    for (size_t index : states) {
      State& state = states_[index];
      arrow::ArrayVector arrays;
      for (size_t i = 0; i < StateTypes(state.kind, state.type).size(); ++i) {
        arrays.push_back(partial.column(column++));
      }
      if (merged[index]) continue;
      merged[index] = true;
      state.accumulator->Resize(num_groups());
      ARROW_RETURN_NOT_OK(state.accumulator->Merge(arrays, {rows, groups, nullptr, {first_row}}));
    }
  }
  return Status::OK();
}

std::vector<int32_t> Aggregator::GroupsByShare(int depth) const {
  std::vector<int32_t> groups(static_cast<size_t>(num_groups()));
  if (keys_.empty()) return groups;
  std::vector<uint8_t> shares(groups.size());
  std::array<size_t, kShares + 1> ends{};  // first the sizes, one place on
  for (size_t group = 0; group < groups.size(); ++group) {
    const size_t share = ShareOf(table_.HashOf(static_cast<int64_t>(group)), depth);
    shares[group] = static_cast<uint8_t>(share);
    ++ends[share + 1];
  }
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  for (size_t group = 0; group < groups.size(); ++group) {
    groups[ends[shares[group]]++] = static_cast<int32_t>(group);
  }
  return groups;
}

Result<std::vector<uint8_t>> Aggregator::SharesOf(const arrow::RecordBatch& partial,
                                                  int depth) const {
  ARROW_ASSIGN_OR_RAISE(const std::vector<vector::Column> keys, KeysOf(partial));
  ARROW_ASSIGN_OR_RAISE(const auto hashes, GroupTable::HashesOf(keys, partial.num_rows()));
  std::vector<uint8_t> shares(hashes.size());
  for (size_t i = 0; i < hashes.size(); ++i) {
    shares[i] = static_cast<uint8_t>(ShareOf(hashes[i], depth));
  }
  return shares;
}

Result<std::vector<vector::Column>> Aggregator::KeysOf(const arrow::RecordBatch& partial) const {
  std::vector<vector::Column> keys;
  for (size_t k = 0; k < keys_.size(); ++k) {
    ARROW_ASSIGN_OR_RAISE(vector::Column key,
                          vector::Column::FromArray(partial.column(static_cast<int>(k))));
    keys.push_back(std::move(key));
  }
  return keys;
}

Result<arrow::ArrayVector> Aggregator::KeyArrays(Groups groups) const {
  arrow::ArrayVector arrays;
  if (keys_.empty()) return arrays;
  ARROW_ASSIGN_OR_RAISE(auto keys, table_.Keys(groups));
  for (const vector::Column& key : keys) {
    ARROW_ASSIGN_OR_RAISE(auto array, key.ToArray());
    arrays.push_back(std::move(array));
  }
  return arrays;
}

Result<std::shared_ptr<arrow::RecordBatch>> Aggregator::Partial(Groups groups) const {
  ARROW_ASSIGN_OR_RAISE(auto arrays, KeyArrays(groups));
  for (const auto& states : measure_states_) {
    for (size_t index : states) {
      ARROW_ASSIGN_OR_RAISE(auto columns, states_[index].accumulator->Partial(groups));
      arrays.insert(arrays.end(), columns.begin(), columns.end());
    }
  }
  return arrow::RecordBatch::Make(partial_schema_, static_cast<int64_t>(groups.size()),
                                  std::move(arrays));
}

Result<std::shared_ptr<arrow::Array>> Aggregator::FinalMeasure(size_t measure,
                                                               Groups groups) const {
  const AggregateFunction function = aggregate_.measures[measure].function;
  const Accumulator& first = *states_[measure_states_[measure][0]].accumulator;
  const StateKind kind = states_[measure_states_[measure][0]].kind;
  if (kind == StateKind::kMoments || kind == StateKind::kComoments) {
    ARROW_ASSIGN_OR_RAISE(const auto state, first.Partial(groups));
    return FinishMoments(function, state);
  }
  ARROW_ASSIGN_OR_RAISE(auto value, first.Final(groups));
  if (kind == StateKind::kQuantileSketch) {
    return FinishQuantiles(*value, aggregate_.measures[measure].fraction,
                           states_[measure_states_[measure][0]].type);
  }
  if (function != AggregateFunction::kAvg) return value;
  ARROW_ASSIGN_OR_RAISE(auto counts,
                        states_[measure_states_[measure][1]].accumulator->Final(groups));
  return FinishAverage(value, counts);
}

Result<std::shared_ptr<arrow::RecordBatch>> Aggregator::Final(Groups groups) const {
  ARROW_ASSIGN_OR_RAISE(auto arrays, KeyArrays(groups));
  for (size_t measure = 0; measure < aggregate_.measures.size(); ++measure) {
    ARROW_ASSIGN_OR_RAISE(auto array, FinalMeasure(measure, groups));
    ARROW_ASSIGN_OR_RAISE(array, ToMeasureType(array, aggregate_.measures[measure]));
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(result_schema_, static_cast<int64_t>(groups.size()),
                                  std::move(arrays));
}

}  // namespace skyhook::exec
