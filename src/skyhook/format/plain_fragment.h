// What fragments without statistics, bloom filters and dictionaries have in common.
#pragma once

#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "skyhook/format/fragment.h"

namespace skyhook::format {

/// Knows schemas and rows; derived classes read.
class PlainFragment : public Fragment {
 public:
  PlainFragment(std::string name, std::string version, std::shared_ptr<arrow::Schema> declared,
                const std::vector<int64_t>& row_group_rows);

  const std::string& name() const override { return name_; }
  const std::string& version() const override { return version_; }
  const std::shared_ptr<arrow::Schema>& declared_schema() const override { return declared_; }
  const std::shared_ptr<arrow::Schema>& schema() const override { return engine_; }
  const std::vector<plan::NestedField>& nested_fields() const override { return nested_; }
  int64_t num_rows() const override { return row_starts_.back(); }
  int num_row_groups() const override { return static_cast<int>(row_starts_.size()) - 1; }
  plan::RowRange row_group_rows(int row_group) const override;

  arrow::Result<std::optional<plan::ColumnStatistics>> Statistics(int row_group,
                                                                  int column) override;
  arrow::Result<std::vector<PageStatistics>> Pages(int row_group, int column,
                                                   const ReadContext& context) override;
  bool HasBloomFilter(int row_group, int column) const override { return false; }
  arrow::Result<bool> MayContainAny(int row_group, int column, plan::ScalarSpan values,
                                    const ReadContext& context) override;

 protected:
  /// Fails unless there is such a row group.
  arrow::Status CheckRowGroup(int row_group) const;
  /// Names a row group in messages.
  std::string Where(int row_group) const;
  /// The column of `schema()` that a column is or lies in.
  int TopLevel(int column) const;

 private:
  std::string name_;
  std::string version_;
  std::shared_ptr<arrow::Schema> declared_;
  std::shared_ptr<arrow::Schema> engine_;
  std::vector<plan::NestedField> nested_;
  std::vector<int64_t> row_starts_;
};

}  // namespace skyhook::format
