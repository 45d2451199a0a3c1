// Batches that pass by: rows that nobody has counted, that come once, and of which nothing can be
// skipped.
#pragma once

#include <arrow/record_batch.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "skyhook/exec/row_source.h"
#include "skyhook/plan/nested_fields.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::exec {

class BatchSource : public RowSource {
 public:
  /// All rows of `batches`, which messages call `name`. One is asked for when those before it have
  /// been dealt with.
  static arrow::Result<std::unique_ptr<RowSource>> Make(
      const plan::Pipeline& pipeline, std::shared_ptr<arrow::RecordBatchReader> batches,
      std::string name);

  arrow::Result<bool> Begin(Wanted wanted, int64_t* position) override;
  KeptRows* kept() override { return &kept_; }
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Fetch(const Projection& projection,
                                                           const Wanted& wanted,
                                                           std::span<const int64_t> rows,
                                                           int64_t bytes) override {
    return kept_.Fetch(projection, *wanted.program, rows, bytes);
  }

 private:
  BatchSource(std::string name, InputBinding input, std::shared_ptr<arrow::Schema> schema,
              std::vector<plan::NestedField> nested,
              std::shared_ptr<arrow::RecordBatchReader> batches)
      : RowSource(std::move(name), std::move(input), {}),
        schema_(std::move(schema)),
        nested_(std::move(nested)),
        batches_(std::move(batches)) {}

  /// The next one that has rows; null: there is none.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> NextBatch(const Wanted& wanted);
  /// Of a row of what is read, on average.
  int64_t RowBytes(const arrow::RecordBatch& batch, const Wanted& wanted) const;

  std::shared_ptr<arrow::Schema> schema_;  // in engine types
  std::vector<plan::NestedField> nested_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;
  KeptRows kept_;
};

}  // namespace skyhook::exec
