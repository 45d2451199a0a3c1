// Runs the kernel over small files in memory, for tests.
#pragma once

#include <arrow/record_batch.h>

#include <memory>
#include <string>
#include <vector>

#include "skyhook/exec/aggregate/partial.h"
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
                                                     const ParquetLayout& layout = {},
                                                     const format::ReadOptions& options = {}) {
  plan::Cost cost;
  return Require(format::OpenFragment(
      base::MakeBufferSource(ParquetBytes(table, layout), "test.parquet"), options, &cost));
}

inline exec::RunRequest AllRowsOf(const format::Fragment& fragment) {
  exec::RunRequest request;
  request.slice.rows = plan::RowRanges::All(fragment.num_rows());
  return request;
}

/// Runs to the end, or to an error.
inline arrow::Result<KernelRun> TryKernel(const plan::Pipeline& pipeline,
                                          const std::shared_ptr<format::Fragment>& fragment,
                                          exec::RunRequest request) {
  KernelRun out;
  ARROW_ASSIGN_OR_RAISE(auto execution, exec::Run(pipeline, fragment, std::move(request)));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, execution->Next());
    if (batch == nullptr) break;
    out.batches.push_back(std::move(batch));
  }
  out.outcome = execution->outcome();
  return out;
}

/// Runs to the end; fails the test (by exception) when the call fails.
inline KernelRun RunKernel(const plan::Pipeline& pipeline,
                           const std::shared_ptr<format::Fragment>& fragment,
                           exec::RunRequest request) {
  return Require(TryKernel(pipeline, fragment, std::move(request)));
}

inline KernelRun RunKernel(const plan::Pipeline& pipeline,
                           const std::shared_ptr<format::Fragment>& fragment) {
  return RunKernel(pipeline, fragment, AllRowsOf(*fragment));
}

/// The rows that a pipeline without an aggregate gives over a table, or its error.
inline arrow::Result<std::vector<std::string>> RunOver(const plan::Pipeline& pipeline,
                                                       const arrow::Table& table) {
  const auto fragment = OpenParquet(table);
  ARROW_ASSIGN_OR_RAISE(const auto run, TryKernel(pipeline, fragment, AllRowsOf(*fragment)));
  return run.rows();
}

/// What a merger gives once it has consumed all that it will.
inline arrow::Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> Finish(
    exec::PartialMerger* merger) {
  ARROW_RETURN_NOT_OK(merger->Finish());
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, merger->Next());
    if (batch == nullptr) return batches;
    batches.push_back(std::move(batch));
  }
}

/// The final batches of an aggregate: its partial ones, merged and finished.
inline arrow::Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> Merged(
    const plan::Pipeline& pipeline,
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& partials,
    exec::MergeOptions options = {}) {
  ARROW_ASSIGN_OR_RAISE(auto merger, exec::PartialMerger::Make(pipeline, std::move(options)));
  for (const auto& partial : partials) ARROW_RETURN_NOT_OK(merger->Consume(*partial, 0));
  return Finish(merger.get());
}

inline std::vector<std::string> FinalRows(
    const plan::Pipeline& pipeline,
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& partials,
    exec::MergeOptions options = {}) {
  return RowsOf(Require(Merged(pipeline, partials, std::move(options))));
}

}  // namespace skyhook::testing
