#include "skyhook/format/plain_fragment.h"

#include <fmt/format.h>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::format {

PlainFragment::PlainFragment(std::string name, std::string version,
                             std::shared_ptr<arrow::Schema> declared,
                             const std::vector<int64_t>& row_group_rows)
    : name_(std::move(name)),
      version_(std::move(version)),
      declared_(std::move(declared)),
      engine_(plan::EngineSchema(*declared_)),
      nested_(plan::NestedFieldsOf(*engine_)),
      row_starts_{0} {
  for (int64_t rows : row_group_rows) row_starts_.push_back(row_starts_.back() + rows);
}

plan::RowRange PlainFragment::row_group_rows(int row_group) const {
  const auto index = static_cast<size_t>(row_group);
  return {row_starts_[index], row_starts_[index + 1]};
}

arrow::Result<std::optional<plan::ColumnStatistics>> PlainFragment::Statistics(int, int) {
  return std::optional<plan::ColumnStatistics>();
}

arrow::Result<std::vector<PageStatistics>> PlainFragment::Pages(int, int, const ReadContext&) {
  return std::vector<PageStatistics>();
}

arrow::Result<bool> PlainFragment::MayContainAny(int, int, plan::ScalarSpan, const ReadContext&) {
  return true;
}

arrow::Status PlainFragment::CheckRowGroup(int row_group) const {
  if (row_group >= 0 && row_group < num_row_groups()) return arrow::Status::OK();
  return base::Invalid("{}: row group {} of {}", name_, row_group, num_row_groups());
}

int PlainFragment::TopLevel(int column) const {
  const int nested = column - engine_->num_fields();
  return nested < 0 ? column : nested_[static_cast<size_t>(nested)].column;
}

std::string PlainFragment::Where(int row_group) const {
  return fmt::format("{}: row group {}", name_, row_group);
}

}  // namespace skyhook::format
