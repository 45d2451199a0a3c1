// Runs the kernel over small files in memory, for tests.
#pragma once

#include <arrow/record_batch.h>

#include <memory>
#include <string>
#include <vector>

#include "skyhook/exec/partial.h"
#include "skyhook/exec/run.h"
#include "skyhook/format/fragment.h"
#include "skyhook/plan/pipeline.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::testing {

/// What one call returned, and its account.
struct KernelRun {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  plan::Outcome outcome;

  std::vector<std::string> rows() const { return RowsOf(batches); }
};

inline std::shared_ptr<format::Fragment> OpenParquet(const arrow::Table& table,
                                                     const ParquetLayout& layout = {}) {
  plan::Cost cost;
  return Require(format::OpenFragment(
      base::MakeBufferSource(ParquetBytes(table, layout), "test.parquet"), {}, &cost));
}

/// Runs to the end; fails the test (by exception) when the call fails.
inline KernelRun RunKernel(const plan::Pipeline& pipeline,
                           const std::shared_ptr<format::Fragment>& fragment,
                           exec::RunRequest request) {
  KernelRun out;
  auto execution = Require(exec::Run(pipeline, fragment, std::move(request)));
  while (auto batch = Require(execution->Next())) out.batches.push_back(std::move(batch));
  out.outcome = execution->outcome();
  return out;
}

inline KernelRun RunKernel(const plan::Pipeline& pipeline,
                           const std::shared_ptr<format::Fragment>& fragment) {
  exec::RunRequest request;
  request.rows = plan::RowRanges::All(fragment->num_rows());
  return RunKernel(pipeline, fragment, std::move(request));
}

/// The rows that a pipeline without an aggregate gives over a table, or its error.
inline arrow::Result<std::vector<std::string>> RunOver(const plan::Pipeline& pipeline,
                                                       const arrow::Table& table) {
  const auto fragment = OpenParquet(table);
  exec::RunRequest request;
  request.rows = plan::RowRanges::All(fragment->num_rows());
  ARROW_ASSIGN_OR_RAISE(auto execution, exec::Run(pipeline, fragment, std::move(request)));
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, execution->Next());
    if (batch == nullptr) return RowsOf(batches);
    batches.push_back(std::move(batch));
  }
}

/// The final rows of an aggregate: its partial batches, merged and finished.
inline std::vector<std::string> FinalRows(
    const plan::Pipeline& pipeline,
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& partials,
    exec::MergeOptions options = {}) {
  auto merger = Require(exec::PartialMerger::Make(pipeline, std::move(options)));
  for (const auto& partial : partials) Require(merger->Consume(*partial, 0));
  Require(merger->Finish());
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (auto batch = Require(merger->Next())) batches.push_back(std::move(batch));
  return RowsOf(batches);
}

}  // namespace skyhook::testing
