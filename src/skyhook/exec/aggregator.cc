#include "skyhook/exec/aggregator.h"

#include <cstring>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels.h"
#include "skyhook/exec/partial.h"
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
  }
  return {};
}

std::shared_ptr<arrow::DataType> ProjectedType(const plan::Pipeline& pipeline, int column) {
  if (column < 0) return nullptr;
  return pipeline.projection[static_cast<size_t>(column)].expression->type();
}

// A byte a row: whether the filter is true there and the argument not NULL. Null when all count.
Result<std::shared_ptr<arrow::Buffer>> CountingRows(const Column* argument, const Column* filter,
                                                    int64_t rows) {
  if (filter == nullptr && (argument == nullptr || argument->valid() == nullptr)) return nullptr;
  if (filter == nullptr && !argument->is_constant()) return argument->valid_buffer();
  ARROW_ASSIGN_OR_RAISE(auto counts, AllocateValues<uint8_t>(rows));
  uint8_t* to = counts->mutable_data();
  for (int64_t i = 0; i < rows; ++i) {
    const bool wanted =
        filter == nullptr ||
        (filter->IsValid(i) && filter->values<uint8_t>()[filter->is_constant() ? 0 : i] != 0);
    to[i] = static_cast<uint8_t>(wanted && (argument == nullptr || argument->IsValid(i)));
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
    states.push_back(AddState(kind, measure.argument, measure.filter,
                              ProjectedType(pipeline, measure.argument)));
  }
  measure_states_.push_back(std::move(states));
  return Status::OK();
}

size_t Aggregator::AddState(StateKind kind, int argument, int filter,
                            std::shared_ptr<arrow::DataType> type) {
  for (size_t i = 0; i < states_.size(); ++i) {
    const State& state = states_[i];
    if (state.kind == kind && state.argument == argument && state.filter == filter) return i;
  }
  states_.push_back({kind, argument, filter, std::move(type), nullptr});
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

int64_t Aggregator::num_groups() const { return keys_.empty() ? 1 : table_.size(); }

int64_t Aggregator::bytes_held() const {
  int64_t bytes = table_.bytes_held();
  for (const State& state : states_) bytes += state.accumulator->bytes_held();
  return bytes;
}

Status Aggregator::Consume(const std::vector<Column>& projected, int64_t rows) {
  const uint32_t* groups = nullptr;
  if (!keys_.empty()) {
    std::vector<Column> keys;
    for (int key : keys_) keys.push_back(projected[static_cast<size_t>(key)]);
    groups_.resize(static_cast<size_t>(rows));
    ARROW_RETURN_NOT_OK(table_.Assign(keys, rows, groups_.data()));
    groups = groups_.data();
  }
  for (State& state : states_) {
    state.accumulator->Resize(num_groups());
    ARROW_RETURN_NOT_OK(UpdateState(&state, projected, groups, rows));
  }
  return Status::OK();
}

Status Aggregator::UpdateState(State* state, const std::vector<Column>& projected,
                               const uint32_t* groups, int64_t rows) {
  Column argument;
  Column filter;
  const Column* argument_ptr = nullptr;
  const Column* filter_ptr = nullptr;
  if (state->argument >= 0) {
    argument = projected[static_cast<size_t>(state->argument)];
    // Distinct values can be told apart by dictionary code; everything else wants the values.
    if (argument.kind() == Column::Kind::kDictionary && state->kind != StateKind::kDistinct &&
        state->kind != StateKind::kCount) {
      ARROW_ASSIGN_OR_RAISE(argument, argument.Flatten());
    }
    argument_ptr = &argument;
  }
  if (state->filter >= 0) {
    ARROW_ASSIGN_OR_RAISE(filter, projected[static_cast<size_t>(state->filter)].Flatten());
    filter_ptr = &filter;
  }
  ARROW_ASSIGN_OR_RAISE(auto counts, CountingRows(argument_ptr, filter_ptr, rows));
  const GroupedRows grouped{rows, groups, counts == nullptr ? nullptr : counts->data()};
  return state->accumulator->Update(argument_ptr, grouped);
}

Status Aggregator::Merge(const arrow::RecordBatch& partial) {
  if (partial.num_columns() != partial_schema_->num_fields()) {
    return base::Invalid("partial state has {} columns, not the {} of its plan",
                         partial.num_columns(), partial_schema_->num_fields());
  }
  const int64_t rows = partial.num_rows();
  const uint32_t* groups = nullptr;
  if (!keys_.empty()) {
    std::vector<Column> keys;
    for (size_t k = 0; k < keys_.size(); ++k) {
      ARROW_ASSIGN_OR_RAISE(Column key, Column::FromArray(partial.column(static_cast<int>(k))));
      keys.push_back(std::move(key));
    }
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
      ARROW_RETURN_NOT_OK(state.accumulator->Merge(arrays, {rows, groups, nullptr}));
    }
  }
  return Status::OK();
}

Result<arrow::ArrayVector> Aggregator::KeyArrays(Groups groups) const {
  arrow::ArrayVector arrays;
  if (keys_.empty()) return arrays;
  ARROW_ASSIGN_OR_RAISE(auto keys, table_.Keys(groups));
  for (const Column& key : keys) {
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
  const State& first = states_[measure_states_[measure][0]];
  ARROW_ASSIGN_OR_RAISE(auto value, first.accumulator->Final(groups));
  if (aggregate_.measures[measure].function != AggregateFunction::kAvg) return value;
  const State& counted = states_[measure_states_[measure][1]];
  ARROW_ASSIGN_OR_RAISE(auto count_array, counted.accumulator->Final(groups));
  ARROW_ASSIGN_OR_RAISE(const Column sums, Column::FromArray(value));
  ARROW_ASSIGN_OR_RAISE(const Column counts, Column::FromArray(count_array));
  const auto rows = static_cast<int64_t>(groups.size());
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<double>(rows));
  const bool floats = plan::IsFloat(*value->type());
  const int scale = floats ? 0 : plan::ShapeOf(*value->type()).scale;
  const auto unit = static_cast<long double>(PowerOfTen(scale));
  for (int64_t i = 0; i < rows; ++i) {
    const auto count = static_cast<long double>(counts.values<int64_t>()[i]);
    const long double sum = floats ? static_cast<long double>(sums.values<double>()[i])
                                   : static_cast<long double>(sums.values<Int128>()[i]);
    MutableValues<double>(out)[i] = count == 0 ? 0.0 : static_cast<double>(sum / (count * unit));
  }
  return Column::Flat(arrow::float64(), rows, std::move(out), sums.valid_buffer()).ToArray();
}

Result<std::shared_ptr<arrow::RecordBatch>> Aggregator::Final(Groups groups) const {
  ARROW_ASSIGN_OR_RAISE(auto arrays, KeyArrays(groups));
  for (size_t measure = 0; measure < aggregate_.measures.size(); ++measure) {
    ARROW_ASSIGN_OR_RAISE(auto array, FinalMeasure(measure, groups));
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(result_schema_, static_cast<int64_t>(groups.size()),
                                  std::move(arrays));
}

}  // namespace skyhook::exec
