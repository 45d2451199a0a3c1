// How the answers of many units become the one result of an aggregate, a top-k or a limit.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>

#include "skyhook/client/scan.h"
#include "skyhook/client/units.h"
#include "skyhook/exec/aggregate/aggregator.h"
#include "skyhook/plan/pipeline.h"
#include "skyhook/plan/runtime_filter.h"

namespace skyhook::client {

/// Consume, MakeGroups, Take, IsNeeded, IsFull and filter may be called by several threads at once,
/// for different units; Finish once, after all units; Next by one thread, after Finish.
class Reduction {
 public:
  virtual ~Reduction() = default;

  /// Takes batch number `sequence` of a unit.
  virtual arrow::Status Consume(const Unit& unit, int64_t sequence,
                                std::shared_ptr<arrow::RecordBatch> batch) = 0;
  /// Groups that the units of one thread may be given (site::Request::groups); null: none.
  virtual arrow::Result<std::shared_ptr<exec::Aggregator>> MakeGroups() {
    return std::shared_ptr<exec::Aggregator>();
  }
  /// Takes what units have left there.
  virtual arrow::Status Take(std::shared_ptr<exec::Aggregator> groups) {
    return arrow::Status::OK();
  }
  /// False when no further row of `unit` can be part of the result.
  virtual bool IsNeeded(const Unit& unit) { return true; }
  /// True when no row of a unit that comes after all those seen can be part of the result.
  virtual bool IsFull() { return false; }
  /// A filter that further calls should be given, or null.
  virtual std::shared_ptr<const plan::RuntimeFilter> filter() const { return nullptr; }

  /// Whether the rows that were needed are not all there, because the first threshold was wrong:
  /// forgets it and all rows then, and needs all units once more. Before Finish, by one thread,
  /// when all units were consumed.
  virtual bool StartsOver() { return false; }
  virtual arrow::Status Finish() = 0;
  /// The next batch of the result, null at the end.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
  virtual int64_t spilled_bytes() const { return 0; }
};

/// For a pipeline with an aggregate, a top-k or a limit. `first_threshold` (may be null) is what
/// the rows of a top-k are believed to pass.
arrow::Result<std::unique_ptr<Reduction>> MakeReduction(const plan::Pipeline& pipeline,
                                                        const ScanOptions& options,
                                                        plan::ExpressionPtr first_threshold);

}  // namespace skyhook::client
