// The rows of a fragment: row groups that can be skipped, pages that are read late, rows that can
// be read again.
#pragma once

#include <memory>
#include <set>
#include <span>
#include <string>

#include "skyhook/exec/row_source.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::exec {

class FragmentSource : public RowSource {
 public:
  /// `rows` of `fragment`, for `pipeline`, whose input fields are looked up by name.
  static arrow::Result<std::unique_ptr<RowSource>> Make(const plan::Pipeline& pipeline,
                                                        std::shared_ptr<format::Fragment> fragment,
                                                        plan::RowRanges rows);

  std::string version() const override { return fragment_->version(); }
  arrow::Result<bool> Begin(Wanted wanted, int64_t* position) override;
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Fetch(const Projection& projection,
                                                           const Wanted& wanted,
                                                           std::span<const int64_t> rows,
                                                           int64_t bytes) override;

 private:
  FragmentSource(InputBinding input, std::shared_ptr<format::Fragment> fragment,
                 plan::RowRanges rows)
      : RowSource(fragment->name(), std::move(input), std::move(rows)),
        fragment_(std::move(fragment)) {}

  arrow::Status Open(Wanted wanted, const plan::RowRanges& rows, int64_t* position);
  /// Of a row of some fields, decoded, on average.
  int64_t RowBytes(int row_group, const std::vector<int>& fields) const;
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> FetchOf(int row_group,
                                                             const Projection& projection,
                                                             const Wanted& wanted,
                                                             const std::vector<int>& fields,
                                                             std::span<const int64_t> rows);

  std::shared_ptr<format::Fragment> fragment_;
  int row_group_ = 0;  // the next one
};

}  // namespace skyhook::exec
