#include "skyhook/table/fragment_rows.h"

#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>
#include <arrow/util/compression.h>

#include <optional>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::table {

using arrow::field;
using arrow::Result;
using arrow::Status;

namespace {

using Statistics = std::optional<plan::ColumnStatistics>;

// Bounds of text longer than this say little for what they take.
constexpr int64_t kMostBoundBytes = 256;

// The type that bounds of a column have; null where it can have none.
std::shared_ptr<arrow::DataType> BoundType(const arrow::Field& column) {
  auto type = plan::EngineType(column.type());
  return plan::IsComputable(*type) ? type : arrow::null();
}

std::shared_ptr<arrow::DataType> StatisticsType(const arrow::Field& column) {
  const auto bound = BoundType(column);
  return arrow::struct_({field("min", bound), field("max", bound),
                         field("null_count", arrow::int64()),
                         field("may_have_nan", arrow::boolean())});
}

std::shared_ptr<arrow::Schema> ManifestSchema(const arrow::Schema& table) {
  arrow::FieldVector statistics;
  for (const auto& column : table.fields()) {
    statistics.push_back(field(column->name(), StatisticsType(*column)));
  }
  return arrow::schema({field("object", arrow::utf8(), false),
                        field("bytes", arrow::int64(), false), field("rows", arrow::int64(), false),
                        field("row_group_rows", arrow::list(arrow::int64()), false),
                        field("crc32c", arrow::uint32(), false),
                        field("sources", arrow::list(arrow::utf8()), false),
                        field("reencoded", arrow::boolean(), false),
                        field("column_bytes", arrow::list(arrow::int64()), false),
                        field("statistics", arrow::struct_(statistics), false)});
}

bool IsLong(const arrow::Scalar& bound) {
  const auto* text = dynamic_cast<const arrow::BaseBinaryScalar*>(&bound);
  return text != nullptr && text->value != nullptr && text->value->size() > kMostBoundBytes;
}

// Files may hold values that Arrow calls invalid for their type, such as the time 24:00:00.
bool IsInvalid(const arrow::Scalar& bound) {
  const auto array = arrow::MakeArrayFromScalar(bound, 1);
  return !array.ok() || !(*array)->ValidateFull().ok();
}

Status AppendBound(const std::shared_ptr<arrow::Scalar>& bound, arrow::ArrayBuilder* builder) {
  if (bound == nullptr || !bound->is_valid || IsLong(*bound) ||
      !bound->type->Equals(*builder->type()) || IsInvalid(*bound)) {
    return builder->AppendNull();
  }
  return builder->AppendScalar(*bound);
}

Status AppendStatistics(const Statistics& statistics, arrow::StructBuilder* builder) {
  if (!statistics.has_value()) return builder->AppendNull();
  ARROW_RETURN_NOT_OK(builder->Append());
  ARROW_RETURN_NOT_OK(AppendBound(statistics->min, builder->field_builder(0)));
  ARROW_RETURN_NOT_OK(AppendBound(statistics->max, builder->field_builder(1)));
  auto* nulls = static_cast<arrow::Int64Builder*>(builder->field_builder(2));
  ARROW_RETURN_NOT_OK(statistics->null_count.has_value() ? nulls->Append(*statistics->null_count)
                                                         : nulls->AppendNull());
  return static_cast<arrow::BooleanBuilder*>(builder->field_builder(3))
      ->Append(statistics->may_have_nan);
}

Status AppendFragment(const StoredFragment& fragment, arrow::RecordBatchBuilder* builder) {
  ARROW_RETURN_NOT_OK(builder->GetFieldAs<arrow::StringBuilder>(0)->Append(fragment.object));
  ARROW_RETURN_NOT_OK(builder->GetFieldAs<arrow::Int64Builder>(1)->Append(fragment.bytes));
  ARROW_RETURN_NOT_OK(builder->GetFieldAs<arrow::Int64Builder>(2)->Append(fragment.rows));
  auto* groups = builder->GetFieldAs<arrow::ListBuilder>(3);
  ARROW_RETURN_NOT_OK(groups->Append());
  ARROW_RETURN_NOT_OK(static_cast<arrow::Int64Builder*>(groups->value_builder())
                          ->AppendValues(fragment.row_group_rows));
  ARROW_RETURN_NOT_OK(builder->GetFieldAs<arrow::UInt32Builder>(4)->Append(fragment.crc32c));
  auto* sources = builder->GetFieldAs<arrow::ListBuilder>(5);
  ARROW_RETURN_NOT_OK(sources->Append());
  ARROW_RETURN_NOT_OK(
      static_cast<arrow::StringBuilder*>(sources->value_builder())->AppendValues(fragment.sources));
  ARROW_RETURN_NOT_OK(builder->GetFieldAs<arrow::BooleanBuilder>(6)->Append(fragment.reencoded));
  auto* column_bytes = builder->GetFieldAs<arrow::ListBuilder>(7);
  ARROW_RETURN_NOT_OK(column_bytes->Append());
  ARROW_RETURN_NOT_OK(static_cast<arrow::Int64Builder*>(column_bytes->value_builder())
                          ->AppendValues(fragment.column_bytes));
  auto* statistics = builder->GetFieldAs<arrow::StructBuilder>(8);
  ARROW_RETURN_NOT_OK(statistics->Append());
  for (int i = 0; i < statistics->num_children(); ++i) {
    const auto at = static_cast<size_t>(i);
    ARROW_RETURN_NOT_OK(
        AppendStatistics(at < fragment.statistics.size() ? fragment.statistics[at] : std::nullopt,
                         static_cast<arrow::StructBuilder*>(statistics->field_builder(i))));
  }
  return Status::OK();
}

// A bound of a column in every row; null where it is unknown or invalid.
using Bounds = std::shared_ptr<arrow::Array>;

// The columns of a batch, checked.
struct Rows {
  int64_t count = 0;
  const arrow::StringArray* object;
  const arrow::Int64Array* bytes;
  const arrow::Int64Array* rows;
  const arrow::ListArray* row_group_rows;
  const arrow::UInt32Array* crc32c;
  const arrow::ListArray* sources;
  const arrow::BooleanArray* reencoded;
  const arrow::ListArray* column_bytes;
  const arrow::StructArray* statistics;
  std::vector<std::pair<Bounds, Bounds>> bounds;  // by column of the table
};

// Bounds are only hints: what is invalid of them takes nothing else along.
Bounds ValidOrNull(const std::shared_ptr<arrow::Array>& bounds) {
  const bool usable = bounds->type_id() != arrow::Type::NA && bounds->ValidateFull().ok();
  return usable ? bounds : nullptr;
}

Result<Rows> RowsOf(const arrow::RecordBatch& batch) {
  ARROW_RETURN_NOT_OK(batch.Validate());
  for (int i = 0; i < batch.num_columns() - 1; ++i) {
    ARROW_RETURN_NOT_OK(batch.column(i)->ValidateFull());
    if (batch.column(i)->null_count() != 0) {
      return base::CorruptData("a NULL in '{}'", batch.column_name(i));
    }
  }
  Rows rows;
  rows.count = batch.num_rows();
  rows.object = static_cast<const arrow::StringArray*>(batch.column(0).get());
  rows.bytes = static_cast<const arrow::Int64Array*>(batch.column(1).get());
  rows.rows = static_cast<const arrow::Int64Array*>(batch.column(2).get());
  rows.row_group_rows = static_cast<const arrow::ListArray*>(batch.column(3).get());
  rows.crc32c = static_cast<const arrow::UInt32Array*>(batch.column(4).get());
  rows.sources = static_cast<const arrow::ListArray*>(batch.column(5).get());
  rows.reencoded = static_cast<const arrow::BooleanArray*>(batch.column(6).get());
  rows.column_bytes = static_cast<const arrow::ListArray*>(batch.column(7).get());
  rows.statistics = static_cast<const arrow::StructArray*>(batch.column(8).get());
  for (const auto& column : rows.statistics->fields()) {
    const auto& fields = static_cast<const arrow::StructArray&>(*column).fields();
    rows.bounds.emplace_back(ValidOrNull(fields[0]), ValidOrNull(fields[1]));
  }
  return rows;
}

Status ReadBound(const Bounds& bounds, int64_t row, std::shared_ptr<arrow::Scalar>* out) {
  if (bounds == nullptr || bounds->IsNull(row)) return Status::OK();
  return bounds->GetScalar(row).Value(out);
}

Result<Statistics> StatisticsAt(const Rows& batch, int column, int64_t row) {
  const auto& all = static_cast<const arrow::StructArray&>(*batch.statistics->field(column));
  if (all.IsNull(row)) return std::nullopt;
  plan::ColumnStatistics statistics;
  statistics.num_rows = batch.rows->Value(row);
  const auto& [min, max] = batch.bounds[static_cast<size_t>(column)];
  ARROW_RETURN_NOT_OK(ReadBound(min, row, &statistics.min));
  ARROW_RETURN_NOT_OK(ReadBound(max, row, &statistics.max));
  const auto& nulls = static_cast<const arrow::Int64Array&>(*all.field(2));
  if (nulls.IsValid(row)) statistics.null_count = nulls.Value(row);
  if (statistics.null_count < 0 || statistics.null_count > statistics.num_rows) {
    statistics.null_count.reset();
  }
  const auto& nan = static_cast<const arrow::BooleanArray&>(*all.field(3));
  statistics.may_have_nan = nan.IsNull(row) || nan.Value(row);
  return statistics;
}

// The numbers of a list, none of which is negative or too large to be added up.
Result<std::vector<int64_t>> NumbersAt(const arrow::ListArray& lists, int64_t row,
                                       const char* what) {
  const auto& values = static_cast<const arrow::Int64Array&>(*lists.values());
  std::vector<int64_t> numbers;
  for (int64_t i = lists.value_offset(row); i < lists.value_offset(row + 1); ++i) {
    numbers.push_back(values.Value(i));
    if (values.IsNull(i) || numbers.back() < 0 || numbers.back() > kMostCounted) {
      return base::CorruptData("{} of {}", what, values.IsNull(i) ? 0 : numbers.back());
    }
  }
  return numbers;
}

Result<std::vector<std::string>> SourcesAt(const Rows& batch, int64_t row) {
  const auto& names = static_cast<const arrow::StringArray&>(*batch.sources->values());
  std::vector<std::string> sources;
  for (int64_t i = batch.sources->value_offset(row); i < batch.sources->value_offset(row + 1);
       ++i) {
    sources.push_back(names.GetString(i));
    if (!IsSourceName(sources.back())) {
      return base::CorruptData("'{}' is no name of a file's description", Shown(sources.back()));
    }
  }
  return sources;
}

Result<StoredFragment> FragmentAt(const Rows& batch, int64_t row) {
  StoredFragment fragment;
  fragment.object = batch.object->GetString(row);
  if (!IsDataName(fragment.object)) {
    return base::CorruptData("'{}' is no name of a data object", Shown(fragment.object));
  }
  fragment.bytes = batch.bytes->Value(row);
  fragment.rows = batch.rows->Value(row);
  ARROW_ASSIGN_OR_RAISE(fragment.row_group_rows,
                        NumbersAt(*batch.row_group_rows, row, "row groups"));
  int64_t rows = 0;
  for (const int64_t more : fragment.row_group_rows) {
    if (__builtin_add_overflow(rows, more, &rows)) return base::CorruptData("too many rows");
  }
  if (rows != fragment.rows || rows > kMostCounted || fragment.bytes < 0 ||
      fragment.bytes > kMostCounted) {
    return base::CorruptData("'{}' has {} bytes and {} rows, its row groups {}", fragment.object,
                             fragment.bytes, fragment.rows, rows);
  }
  fragment.crc32c = batch.crc32c->Value(row);
  ARROW_ASSIGN_OR_RAISE(fragment.sources, SourcesAt(batch, row));
  fragment.reencoded = batch.reencoded->Value(row);
  ARROW_ASSIGN_OR_RAISE(fragment.column_bytes, NumbersAt(*batch.column_bytes, row, "columns"));
  for (int i = 0; i < batch.statistics->num_fields(); ++i) {
    ARROW_ASSIGN_OR_RAISE(fragment.statistics.emplace_back(), StatisticsAt(batch, i, row));
  }
  return fragment;
}

}  // namespace

Status Totals::Add(int64_t more_rows, int64_t more_bytes) {
  rows += more_rows;
  bytes += more_bytes;
  if (IsCount(rows) && IsCount(bytes)) return Status::OK();
  return base::CorruptData("its objects have {} rows and {} bytes", rows, bytes);
}

Result<std::shared_ptr<arrow::Buffer>> EncodeFragments(
    const std::vector<StoredFragment>& fragments, const arrow::Schema& table,
    const std::shared_ptr<const arrow::KeyValueMetadata>& metadata) {
  const auto schema = ManifestSchema(table)->WithMetadata(metadata);
  ARROW_ASSIGN_OR_RAISE(const auto builder,
                        arrow::RecordBatchBuilder::Make(schema, arrow::default_memory_pool()));
  for (const StoredFragment& fragment : fragments) {
    ARROW_RETURN_NOT_OK(AppendFragment(fragment, builder.get()));
  }
  ARROW_ASSIGN_OR_RAISE(const auto batch, builder->Flush());
  ARROW_ASSIGN_OR_RAISE(const auto sink, arrow::io::BufferOutputStream::Create());
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  ARROW_ASSIGN_OR_RAISE(options.codec, arrow::util::Codec::Create(arrow::Compression::ZSTD));
  options.use_threads = false;
  ARROW_ASSIGN_OR_RAISE(const auto writer, arrow::ipc::MakeFileWriter(sink, schema, options));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  ARROW_RETURN_NOT_OK(writer->Close());
  return sink->Finish();
}

Result<std::vector<StoredFragment>> DecodeFragments(arrow::ipc::RecordBatchFileReader* file,
                                                    const arrow::Schema& table, Totals* totals) {
  if (!file->schema()->Equals(*ManifestSchema(table), /*check_metadata=*/false)) {
    return base::CorruptData("its columns are {}", file->schema()->ToString());
  }
  std::vector<StoredFragment> fragments;
  for (int i = 0; i < file->num_record_batches(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, file->ReadRecordBatch(i));
    ARROW_ASSIGN_OR_RAISE(const Rows checked, RowsOf(*batch));
    for (int64_t row = 0; row < checked.count; ++row) {
      ARROW_ASSIGN_OR_RAISE(fragments.emplace_back(), FragmentAt(checked, row));
      ARROW_RETURN_NOT_OK(totals->Add(fragments.back().rows, fragments.back().bytes));
    }
  }
  return fragments;
}

}  // namespace skyhook::table
