#include "skyhook/table/describe_fragment.h"

#include <utility>

#include "skyhook/base/crc32c.h"
#include "skyhook/base/status.h"
#include "skyhook/format/fragment.h"
#include "skyhook/format/parquet/rewrite/parts.h"

namespace skyhook::table {

using arrow::Result;
using arrow::Status;

namespace {

using Statistics = std::optional<plan::ColumnStatistics>;

// Widens `bound` to hold for `other` too; `sign` is 1 for the upper one.
void Widen(const std::shared_ptr<arrow::Scalar>& other, int sign,
           std::shared_ptr<arrow::Scalar>* bound) {
  if (*bound == nullptr || other == nullptr) {
    bound->reset();
  } else if (plan::CompareScalars(*other, **bound) * sign > 0) {
    *bound = other;
  }
}

// What holds for the rows of both. Rows that are all NULL have no bounds and widen none.
plan::ColumnStatistics Unite(const plan::ColumnStatistics& a, const plan::ColumnStatistics& b) {
  plan::ColumnStatistics both = a.all_null() ? b : a;
  both.num_rows = a.num_rows + b.num_rows;
  both.null_count.reset();
  if (a.null_count.has_value() && b.null_count.has_value()) {
    both.null_count = *a.null_count + *b.null_count;
  }
  both.may_have_nan = a.may_have_nan || b.may_have_nan;
  if (!a.all_null() && !b.all_null()) {
    Widen(b.min, -1, &both.min);
    Widen(b.max, 1, &both.max);
  }
  return both;
}

Result<Statistics> StatisticsOf(format::Fragment* fragment, int column) {
  Statistics all;
  for (int group = 0; group < fragment->num_row_groups(); ++group) {
    if (fragment->row_group_rows(group).size() == 0) continue;
    ARROW_ASSIGN_OR_RAISE(const Statistics one, fragment->Statistics(group, column));
    if (!one.has_value()) return std::nullopt;
    all = all.has_value() ? Unite(*all, *one) : one;
  }
  return all;
}

// Of a Parquet file whose schema cannot be read: what its footer says without it.
Result<DescribedFragment> DescribeUnreadable(const std::shared_ptr<arrow::Buffer>& bytes,
                                             const std::string& name, const Status& why) {
  auto parts = format::ParquetParts::Read(base::MakeBufferSource(bytes, name), {}, {});
  if (!parts.ok() || !(*parts)->obstacle().empty()) return why;
  DescribedFragment out;
  out.unreadable = why.message();
  out.schema = arrow::schema({});
  out.fragment.bytes = bytes->size();
  out.fragment.crc32c = base::Crc32c(std::string_view(*bytes));
  for (int group = 0; group < (*parts)->num_row_groups(); ++group) {
    out.fragment.row_group_rows.push_back((*parts)->row_group_rows(group));
    out.fragment.rows += out.fragment.row_group_rows.back();
  }
  return out;
}

}  // namespace

Result<DescribedFragment> DescribeFragment(const std::shared_ptr<arrow::Buffer>& bytes,
                                           const std::string& name) {
  auto opened = format::OpenFragment(base::MakeBufferSource(bytes, name), {}, {});
  if (!opened.ok()) return DescribeUnreadable(bytes, name, opened.status());
  const auto fragment = *std::move(opened);
  DescribedFragment out;
  out.schema = fragment->declared_schema();
  out.fragment.bytes = bytes->size();
  out.fragment.rows = fragment->num_rows();
  out.fragment.crc32c = base::Crc32c(std::string_view(*bytes));
  for (int group = 0; group < fragment->num_row_groups(); ++group) {
    out.fragment.row_group_rows.push_back(fragment->row_group_rows(group).size());
  }
  for (int column = 0; column < fragment->schema()->num_fields(); ++column) {
    int64_t stored = 0;
    for (int group = 0; group < fragment->num_row_groups(); ++group) {
      stored += fragment->row_group_bytes(group, {column});
    }
    out.fragment.column_bytes.push_back(stored);
    ARROW_ASSIGN_OR_RAISE(out.fragment.statistics.emplace_back(),
                          StatisticsOf(fragment.get(), column));
  }
  return out;
}

Result<std::shared_ptr<arrow::Schema>> SchemaOfFile(const std::shared_ptr<base::ByteSource>& file) {
  auto opened = format::OpenFragment(file, {}, {});
  if (opened.ok()) return (*opened)->declared_schema();
  auto parts = format::ParquetParts::Read(file, {}, {});
  if (!parts.ok() || !(*parts)->obstacle().empty()) return opened.status();
  return arrow::schema({});
}

Result<std::shared_ptr<arrow::Schema>> UniteSchemas(const arrow::Schema& table,
                                                    const arrow::Schema& added,
                                                    const std::string& name) {
  if (table.num_fields() != added.num_fields()) {
    return base::Invalid("'{}' has {} columns, the table {}", name, added.num_fields(),
                         table.num_fields());
  }
  arrow::FieldVector fields;
  for (int i = 0; i < table.num_fields(); ++i) {
    const arrow::Field& a = *table.field(i);
    const arrow::Field& b = *added.field(i);
    if (a.name() != b.name()) {
      return base::Invalid("column {} of '{}' is '{}', of the table '{}'", i + 1, name, b.name(),
                           a.name());
    }
    if (!a.type()->Equals(*b.type())) {
      return base::Invalid("column '{}' of '{}' is {}, of the table {}", a.name(), name,
                           b.type()->ToString(), a.type()->ToString());
    }
    fields.push_back(a.WithNullable(a.nullable() || b.nullable()));
  }
  return arrow::schema(std::move(fields));
}

}  // namespace skyhook::table
