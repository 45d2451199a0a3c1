#include "skyhook/sql/result_collector.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "duckdb/execution/operator/helper/physical_result_collector.hpp"
#include "duckdb/execution/physical_plan_generator.hpp"
#include "duckdb/main/client_context.hpp"
#include "duckdb/main/materialized_query_result.hpp"
#include "duckdb/main/prepared_statement_data.hpp"
#include "skyhook/sql/carried_columns.h"
#include "skyhook/sql/chunk_bytes.h"

namespace skyhook::sql {
namespace {

using duckdb::idx_t;

struct GlobalState : public duckdb::GlobalSinkState {
  duckdb::ClientProperties properties;
};

struct LocalState : public duckdb::LocalSinkState {
  HeldBuffers held;  ///< by the chunk that was put last, of `batch`
  idx_t batch = 0;
};

/// Carried columns as they are, other rows as a copy. Chunks of one row group hold the same pages:
/// only the first of them weighs these.
ResultChunk ChunkOf(duckdb::DataChunk& chunk, HeldBuffers* held) {
  ResultChunk out;
  out.carried = CarriedBy(chunk);
  if (!out.carried.empty()) {
    out.bytes = std::max(ShownBytes(out.carried), HeldBytes(out.carried, held));
    return out;
  }
  out.rows = duckdb::make_uniq<duckdb::DataChunk>();
  out.rows->Initialize(duckdb::Allocator::DefaultAllocator(), chunk.GetTypes(), chunk.size());
  chunk.Copy(*out.rows);
  out.row_bytes = RowBytes(*out.rows);
  out.bytes = std::accumulate(out.row_bytes.begin(), out.row_bytes.end(), int64_t{0});
  return out;
}

enum class Order {
  kAny,      // many threads put chunks
  kOfPlan,   // one thread does
  kByBatch,  // many threads do, and say which batch
};

Order OrderOf(duckdb::ClientContext& context, duckdb::PhysicalOperator& root) {
  if (!duckdb::PhysicalPlanGenerator::PreserveInsertionOrder(context, root)) return Order::kAny;
  return duckdb::PhysicalPlanGenerator::UseBatchIndex(context, root) ? Order::kByBatch
                                                                     : Order::kOfPlan;
}

class ResultCollector : public duckdb::PhysicalResultCollector {
 public:
  ResultCollector(duckdb::ClientContext& context, duckdb::PreparedStatementData& data,
                  std::shared_ptr<ResultQueue> queue)
      : PhysicalResultCollector(*data.physical_plan, data),
        queue_(std::move(queue)),
        order_(OrderOf(context, data.physical_plan->Root())) {}

  bool IsStreaming() const override { return true; }
  bool ParallelSink() const override { return order_ != Order::kOfPlan; }
  bool SinkOrderDependent() const override { return order_ != Order::kByBatch; }
  duckdb::OperatorPartitionInfo RequiredPartitionInfo() const override {
    return duckdb::OperatorPartitionInfo(order_ == Order::kByBatch);
  }

  duckdb::unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(
      duckdb::ClientContext& context) const override {
    auto state = duckdb::make_uniq<GlobalState>();
    state->properties = context.GetClientProperties();
    return state;
  }

  duckdb::unique_ptr<duckdb::LocalSinkState> GetLocalSinkState(
      duckdb::ExecutionContext&) const override {
    return duckdb::make_uniq<LocalState>();
  }

  duckdb::SinkResultType Sink(duckdb::ExecutionContext&, duckdb::DataChunk& chunk,
                              duckdb::OperatorSinkInput& input) const override {
    if (queue_->closed()) return duckdb::SinkResultType::FINISHED;
    Advance(input.local_state);
    const idx_t batch =
        order_ == Order::kByBatch ? input.local_state.partition_info.batch_index.GetIndex() : 0;
    if (!queue_->Admit(batch, input.interrupt_state)) return duckdb::SinkResultType::BLOCKED;
    auto& local = input.local_state.Cast<LocalState>();
    // Others may be where buffers of an earlier batch were.
    if (std::exchange(local.batch, batch) != batch) local.held.clear();
    queue_->Put(batch, ChunkOf(chunk, &local.held));
    return duckdb::SinkResultType::NEED_MORE_INPUT;
  }

  duckdb::SinkNextBatchType NextBatch(duckdb::ExecutionContext&,
                                      duckdb::OperatorSinkNextBatchInput& input) const override {
    Advance(input.local_state);
    return duckdb::SinkNextBatchType::READY;
  }

  duckdb::SinkCombineResultType Combine(duckdb::ExecutionContext&,
                                        duckdb::OperatorSinkCombineInput& input) const override {
    Advance(input.local_state);
    return duckdb::SinkCombineResultType::FINISHED;
  }

  duckdb::SinkFinalizeType Finalize(duckdb::Pipeline&, duckdb::Event&, duckdb::ClientContext&,
                                    duckdb::OperatorSinkFinalizeInput&) const override {
    queue_->Finish();
    return duckdb::SinkFinalizeType::READY;
  }

  // Without rows: the queue has had them all.
  duckdb::unique_ptr<duckdb::QueryResult> GetResult(duckdb::GlobalSinkState& state) const override {
    return duckdb::make_uniq<duckdb::MaterializedQueryResult>(
        statement_type, properties, names,
        duckdb::make_uniq<duckdb::ColumnDataCollection>(duckdb::Allocator::DefaultAllocator(),
                                                        types),
        state.Cast<GlobalState>().properties);
  }

 private:
  void Advance(const duckdb::LocalSinkState& local) const {
    if (order_ != Order::kByBatch) return;
    queue_->AdvanceTo(local.partition_info.min_batch_index.GetIndex());
  }

  const std::shared_ptr<ResultQueue> queue_;
  const Order order_;
};

}  // namespace

duckdb::get_result_collector_t CollectInto(std::shared_ptr<ResultQueue> queue) {
  return [queue = std::move(queue)](
             duckdb::ClientContext& context,
             duckdb::PreparedStatementData& data) -> duckdb::unique_ptr<duckdb::PhysicalOperator> {
    LetScanCarry(context, data);
    return duckdb::make_uniq<ResultCollector>(context, data, queue);
  };
}

}  // namespace skyhook::sql
