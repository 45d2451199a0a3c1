#include "skyhook/sql/scan_run.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "duckdb/common/vector_operations/vector_operations.hpp"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/parallel/task_scheduler.hpp"
#include "skyhook/base/exceptions.h"
#include "skyhook/client/scan.h"
#include "skyhook/plan/types.h"
#include "skyhook/sql/carried_columns.h"
#include "skyhook/sql/query_state.h"
#include "skyhook/sql/scan_filters.h"
#include "skyhook/sql/scan_function.h"
#include "skyhook/sql/scan_plan.h"
#include "skyhook/sql/vectors.h"

namespace skyhook::sql {
namespace {

using duckdb::idx_t;

// Fewer rows are written into vectors as fast.
constexpr int64_t kLeastCarriedRows = 256;

struct GlobalState : public duckdb::GlobalTableFunctionState {
  std::shared_ptr<QueryState> query;
  std::shared_ptr<ScanAccount> account;
  std::shared_ptr<client::Scan> scan;
  std::shared_ptr<arrow::Schema> schema;      // of the batches
  duckdb::vector<duckdb::LogicalType> types;  // of the batch columns in use, the first ones
  std::vector<int> outputs;                   // by output column, the batch column; -1: any value
  duckdb::unique_ptr<duckdb::Expression> residual;  // over the batch columns; may be null
  idx_t threads = 1;
  std::vector<int> text_columns;  // of the batch: those whose values may be long
  int64_t chunk_bytes = 0;        // of text in a chunk, unless one row has more
  bool may_carry = false;         // batches of no more bytes than a chunk

  ~GlobalState() override {
    // An account may lack what there is no memory for.
    base::UnlessMemoryLacks([this] {
      if (account != nullptr && scan != nullptr) account->End(scan);
    });
  }
  idx_t MaxThreads() const override { return threads; }
};

struct LocalState : public duckdb::LocalTableFunctionState {
  std::unique_ptr<client::ScanStream> stream;
  std::shared_ptr<arrow::RecordBatch> batch;
  duckdb::buffer_ptr<duckdb::VectorBuffer> owner;
  int64_t offset = 0;
  bool is_written = false;  // `batch` is too large to be carried
  int64_t batch_index = 0;
  std::vector<std::unique_ptr<ColumnReader>> readers;
  // Only with a residual filter: all batch columns, and what selects among their rows.
  duckdb::DataChunk all;
  std::unique_ptr<duckdb::ExpressionExecutor> executor;
  duckdb::SelectionVector selected;
};

void CheckReadable(const ScanPlan& scan, int column) {
  if (scan.readable[static_cast<size_t>(column)]) return;
  const auto& field = *scan.schema->field(column);
  throw duckdb::NotImplementedException(
      "%s: column '%s' of type %s has no counterpart in SQL; leave it out of the query",
      scan.table->name, field.name(), field.type()->ToString());
}

// The columns DuckDB wants back, in its order, by column id.
std::vector<int> OutputColumns(const ScanPlan& scan, const duckdb::TableFunctionInitInput& input) {
  std::vector<int> columns;
  if (scan.plain) {
    for (int column = 0; column < scan.num_table_columns(); ++column) columns.push_back(column);
  } else if (input.projection_ids.empty()) {
    for (const auto& id : input.column_indexes) columns.push_back(TableColumn(scan, id));
  } else {
    for (idx_t id : input.projection_ids) {
      columns.push_back(TableColumn(scan, input.column_indexes[id]));
    }
  }
  return columns;
}

// Projects the columns wanted and remembers where each one is.
void AddOutputs(const ScanPlan& scan, const std::vector<int>& columns, PipelineBuilder* builder,
                GlobalState* state) {
  for (int column : columns) {
    if (column < 0 || scan.aggregate.has_value()) {
      state->outputs.push_back(column);
      continue;
    }
    CheckReadable(scan, column);
    state->outputs.push_back(builder->AddColumn(column));
  }
}

// What SET skyhook_placement says.
placement::Mode PlacementOf(duckdb::ClientContext& context, QueryState* query) {
  duckdb::Value value;
  context.TryGetCurrentSetting(kPlacementSetting, value);
  return ValueOrThrow(*query, placement::ParseMode(value.ToString()));
}

std::shared_ptr<client::Scan> StartScan(duckdb::ClientContext& context, const ScanPlan& scan,
                                        plan::Pipeline pipeline,
                                        plan::RuntimeFilters runtime_filters, GlobalState* state) {
  client::ScanOptions options;
  options.placement = PlacementOf(context, state->query.get());
  if (scan.account != nullptr) scan.account->placement = placement::ModeName(options.placement);
  options.max_streams = static_cast<int>(state->threads);
  options.memory_bytes = state->query->memory_of_scan();
  options.spill_directory = state->query->spill_directory();
  options.stop = state->query->stop_token();
  options.runtime_filters = std::move(runtime_filters);
  return ValueOrThrow(*state->query,
                      client::Scan::Make(scan.table, std::move(pipeline), std::move(options)));
}

// The SQL type of each batch column up to the last one that is used.
void ResolveTypes(const ScanPlan& scan, const duckdb::TableFunctionInitInput& input,
                  const PipelineBuilder& builder, GlobalState* state) {
  if (scan.aggregate.has_value()) {
    state->types = input.op->Cast<duckdb::PhysicalTableScan>().returned_types;
    return;
  }
  for (int column : builder.projected_columns()) {
    state->types.push_back(scan.types[static_cast<size_t>(column)]);
  }
}

std::unique_ptr<ColumnReader> ReaderOf(duckdb::ClientContext& context, const GlobalState& global,
                                       size_t column) {
  return MakeColumnReader(context, *global.schema->field(static_cast<int>(column)),
                          global.types[column]);
}

// Operators copy a chunk with its text, of which rows that share one value have it many times.
int64_t ChunkBytes(int64_t scan_memory_bytes) {
  return std::clamp<int64_t>(scan_memory_bytes / 16, 1 << 20, 16 << 20);
}

std::vector<int> TextColumns(const arrow::Schema& schema, size_t columns) {
  std::vector<int> out;
  for (int i = 0; i < static_cast<int>(columns); ++i) {
    if (plan::IsTextOrBytes(*schema.field(i)->type())) out.push_back(i);
  }
  return out;
}

// How many of the next `count` rows a chunk takes: at least one.
idx_t RowsOfChunk(const GlobalState& global, const LocalState& local, idx_t count) {
  int64_t bytes = 0;
  for (idx_t row = 0; row < count; ++row) {
    for (const int column : global.text_columns) {
      const auto& texts = static_cast<const arrow::BinaryViewArray&>(*local.batch->column(column));
      bytes += texts.raw_values()[local.offset + static_cast<int64_t>(row)].size();
    }
    if (bytes > global.chunk_bytes) return std::max<idx_t>(row, 1);
  }
  return count;
}

// Makes sure that there are rows to give; false at the end.
bool Advance(const GlobalState& global, LocalState* local) {
  while (local->batch == nullptr || local->offset >= local->batch->num_rows()) {
    local->owner = nullptr;
    local->batch = ValueOrThrow(*global.query, local->stream->Next());
    local->offset = 0;
    local->is_written = false;
    if (local->batch == nullptr) return false;
    local->owner = MakeOwner(local->batch);
    local->batch_index = std::max(local->batch_index, local->stream->batch_index());
  }
  return true;
}

void ReadColumn(LocalState* local, size_t column, idx_t count, duckdb::Vector* out) {
  local->readers[column]->Read(*local->batch->column(static_cast<int>(column)), local->offset,
                               count, local->owner, out);
}

// A field of a struct may be asked for with the cast that is above it.
void ReadOutput(duckdb::ClientContext& context, const GlobalState& global, LocalState* local,
                size_t column, idx_t count, duckdb::Vector* out) {
  if (out->GetType() == global.types[column]) return ReadColumn(local, column, count, out);
  duckdb::Vector stored(global.types[column], count);
  ReadColumn(local, column, count, &stored);
  duckdb::VectorOperations::Cast(context, stored, *out, count);
}

void ReadOutputs(duckdb::ClientContext& context, const GlobalState& global, LocalState* local,
                 idx_t count, duckdb::DataChunk* output) {
  for (size_t i = 0; i < global.outputs.size(); ++i) {
    if (global.outputs[i] < 0) {
      output->data[i].Reference(duckdb::Value(output->data[i].GetType()));
    } else {
      ReadOutput(context, global, local, static_cast<size_t>(global.outputs[i]), count,
                 &output->data[i]);
    }
  }
  output->SetCardinality(count);
}

// Gives what is left of the batch as it is; false where the chunk has to be written.
bool CarryBatch(const GlobalState& global, LocalState* local, duckdb::DataChunk* output) {
  const int64_t left = local->batch->num_rows() - local->offset;
  if (!global.may_carry || local->is_written || left < kLeastCarriedRows) return false;
  CarriedColumns columns = ColumnsOf(*local->batch, global.outputs, local->offset);
  local->is_written = ShownBytes(columns) > global.chunk_bytes;
  if (local->is_written) return false;
  Carry(std::move(columns), output);
  local->offset += left;
  return true;
}

// Reads every batch column and keeps the rows that pass; the number of them.
idx_t ReadSelected(duckdb::ClientContext& context, const GlobalState& global, LocalState* local,
                   idx_t count, duckdb::DataChunk* output) {
  local->all.Reset();
  for (size_t i = 0; i < global.types.size(); ++i) ReadColumn(local, i, count, &local->all.data[i]);
  local->all.SetCardinality(count);
  const idx_t kept = local->executor->SelectExpression(local->all, local->selected);
  if (kept == 0) return 0;
  for (size_t i = 0; i < global.outputs.size(); ++i) {
    if (global.outputs[i] < 0) {
      output->data[i].Reference(duckdb::Value(output->data[i].GetType()));
      continue;
    }
    duckdb::Vector some(local->all.data[static_cast<size_t>(global.outputs[i])], local->selected,
                        kept);
    if (output->data[i].GetType() == some.GetType()) {
      output->data[i].Reference(some);
    } else {
      duckdb::VectorOperations::Cast(context, some, output->data[i], kept);
    }
  }
  output->SetCardinality(kept);
  return kept;
}

}  // namespace

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> InitScan(
    duckdb::ClientContext& context, duckdb::TableFunctionInitInput& input) {
  const auto& scan = input.bind_data->Cast<ScanPlan>();
  auto state = duckdb::make_uniq<GlobalState>();
  state->query = ConnectionState::Get(context).query();
  state->account = scan.account;
  state->threads = static_cast<idx_t>(
      std::max(1, duckdb::TaskScheduler::GetScheduler(context).NumberOfThreads()));

  PipelineBuilder builder(scan);
  AddOutputs(scan, OutputColumns(scan, input), &builder, state.get());
  ScanFilters filters = ValueOrThrow(*state->query, CollectFilters(scan, input, &builder));
  state->residual = std::move(filters.residual);
  ResolveTypes(scan, input, builder, state.get());
  plan::Pipeline pipeline = ValueOrThrow(*state->query, builder.Finish());
  state->schema = pipeline.ResultSchema();
  state->text_columns = TextColumns(*state->schema, state->types.size());
  state->chunk_bytes = ChunkBytes(state->query->memory_of_scan());
  state->may_carry = scan.may_carry && state->residual == nullptr;
  state->scan =
      StartScan(context, scan, std::move(pipeline), std::move(filters.runtime), state.get());
  state->threads = static_cast<idx_t>(state->scan->num_streams());
  if (state->account != nullptr) state->account->Begin(state->scan, std::move(filters.texts));
  return state;
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> InitScanThread(
    duckdb::ExecutionContext& context, duckdb::TableFunctionInitInput&,
    duckdb::GlobalTableFunctionState* global_state) {
  auto& global = global_state->Cast<GlobalState>();
  auto local = duckdb::make_uniq<LocalState>();
  local->stream = ValueOrThrow(*global.query, global.scan->OpenStream());
  for (size_t i = 0; i < global.types.size(); ++i) {
    local->readers.push_back(ReaderOf(context.client, global, i));
  }
  if (global.residual != nullptr) {
    local->all.Initialize(context.client, global.types);
    local->executor =
        std::make_unique<duckdb::ExpressionExecutor>(context.client, *global.residual);
    local->selected.Initialize(STANDARD_VECTOR_SIZE);
  }
  return local;
}

void RunScan(duckdb::ClientContext& context, duckdb::TableFunctionInput& input,
             duckdb::DataChunk& output) {
  const auto& global = input.global_state->Cast<GlobalState>();
  auto& local = input.local_state->Cast<LocalState>();
  while (Advance(global, &local)) {
    if (context.IsInterrupted()) throw duckdb::InterruptException();
    if (CarryBatch(global, &local, &output)) return;
    const idx_t count =
        RowsOfChunk(global, local,
                    std::min<idx_t>(STANDARD_VECTOR_SIZE,
                                    static_cast<idx_t>(local.batch->num_rows() - local.offset)));
    idx_t given = count;
    if (global.residual == nullptr) {
      ReadOutputs(context, global, &local, count, &output);
    } else {
      given = ReadSelected(context, global, &local, count, &output);
    }
    local.offset += static_cast<int64_t>(count);
    if (given > 0) return;
  }
  output.SetCardinality(0);
}

double ScanProgress(duckdb::ClientContext&, const duckdb::FunctionData*,
                    const duckdb::GlobalTableFunctionState* global) {
  return global->Cast<GlobalState>().scan->progress() * 100.0;
}

duckdb::OperatorPartitionData ScanPartition(duckdb::ClientContext&,
                                            duckdb::TableFunctionGetPartitionInput& input) {
  if (input.partition_info.RequiresPartitionColumns()) {
    throw duckdb::InternalException("skyhook_scan has no partition columns to give");
  }
  const auto& local = input.local_state->Cast<LocalState>();
  return duckdb::OperatorPartitionData(static_cast<idx_t>(local.batch_index));
}

}  // namespace skyhook::sql
