#include "skyhook/store/manifest.h"

#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>
#include <arrow/util/base64.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>

#include <charconv>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::store {

using arrow::field;
using arrow::Result;
using arrow::Status;

namespace {

using Statistics = std::optional<plan::ColumnStatistics>;

// Bounds of text longer than this say little for what they take.
constexpr int64_t kMostBoundBytes = 256;

constexpr char kVersionKey[] = "skyhook.manifest";
constexpr char kSequenceKey[] = "skyhook.sequence";
constexpr char kCommitKey[] = "skyhook.commit";
constexpr char kParentKey[] = "skyhook.parent";
constexpr char kOperationKey[] = "skyhook.operation";
constexpr char kCreatedKey[] = "skyhook.created_ns";
constexpr char kSchemaKey[] = "skyhook.schema";

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

Status AppendBound(const std::shared_ptr<arrow::Scalar>& bound, arrow::ArrayBuilder* builder) {
  if (bound == nullptr || !bound->is_valid || IsLong(*bound) ||
      !bound->type->Equals(*builder->type())) {
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

Status AppendFragment(const Fragment& fragment, arrow::RecordBatchBuilder* builder) {
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

Result<std::shared_ptr<const arrow::KeyValueMetadata>> MetadataOf(const Snapshot& snapshot) {
  ARROW_ASSIGN_OR_RAISE(const auto schema, arrow::ipc::SerializeSchema(*snapshot.schema));
  return arrow::key_value_metadata(
      {{kVersionKey, std::to_string(kManifestVersion)},
       {kSequenceKey, std::to_string(snapshot.sequence)},
       {kCommitKey, snapshot.commit},
       {kParentKey, snapshot.parent},
       {kOperationKey, snapshot.operation},
       {kCreatedKey, std::to_string(snapshot.created_ns)},
       {kSchemaKey, arrow::util::base64_encode(std::string_view(*schema))}});
}

Result<int64_t> NumberOf(const arrow::KeyValueMetadata& metadata, const char* key) {
  ARROW_ASSIGN_OR_RAISE(const std::string text, metadata.Get(key));
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return base::CorruptData("'{}' is no number: {}", key, text);
}

Status ReadMetadata(const arrow::KeyValueMetadata& metadata, Snapshot* snapshot) {
  ARROW_ASSIGN_OR_RAISE(const int64_t version, NumberOf(metadata, kVersionKey));
  if (version != kManifestVersion) {
    return base::UnsupportedPlan("a manifest of version {}, and this release reads {}", version,
                                 kManifestVersion);
  }
  ARROW_ASSIGN_OR_RAISE(snapshot->sequence, NumberOf(metadata, kSequenceKey));
  ARROW_ASSIGN_OR_RAISE(snapshot->commit, metadata.Get(kCommitKey));
  ARROW_ASSIGN_OR_RAISE(snapshot->parent, metadata.Get(kParentKey));
  ARROW_ASSIGN_OR_RAISE(snapshot->operation, metadata.Get(kOperationKey));
  ARROW_ASSIGN_OR_RAISE(snapshot->created_ns, NumberOf(metadata, kCreatedKey));
  ARROW_ASSIGN_OR_RAISE(const std::string encoded, metadata.Get(kSchemaKey));
  ARROW_ASSIGN_OR_RAISE(std::string decoded, arrow::util::base64_decode(encoded));
  const auto schema = arrow::Buffer::FromString(std::move(decoded));
  arrow::io::BufferReader reader(schema);
  arrow::ipc::DictionaryMemo memo;
  return arrow::ipc::ReadSchema(&reader, &memo).Value(&snapshot->schema);
}

Result<Statistics> StatisticsAt(const arrow::StructArray& column, int64_t row, int64_t rows) {
  if (column.IsNull(row)) return std::nullopt;
  plan::ColumnStatistics statistics;
  statistics.num_rows = rows;
  for (const auto& [child, bound] : {std::pair(0, &statistics.min), {1, &statistics.max}}) {
    if (column.field(child)->IsNull(row) || column.field(child)->type_id() == arrow::Type::NA) {
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(*bound, column.field(child)->GetScalar(row));
  }
  if (column.field(2)->IsValid(row)) {
    statistics.null_count = static_cast<const arrow::Int64Array&>(*column.field(2)).Value(row);
  }
  const auto& nan = static_cast<const arrow::BooleanArray&>(*column.field(3));
  statistics.may_have_nan = nan.IsNull(row) || nan.Value(row);
  return statistics;
}

Result<Fragment> FragmentAt(const arrow::RecordBatch& batch, int64_t row) {
  Fragment fragment;
  fragment.object = static_cast<const arrow::StringArray&>(*batch.column(0)).GetString(row);
  fragment.bytes = static_cast<const arrow::Int64Array&>(*batch.column(1)).Value(row);
  fragment.rows = static_cast<const arrow::Int64Array&>(*batch.column(2)).Value(row);
  const auto& groups = static_cast<const arrow::ListArray&>(*batch.column(3));
  const auto& group_rows = static_cast<const arrow::Int64Array&>(*groups.values());
  int64_t rows = 0;
  for (int64_t i = groups.value_offset(row); i < groups.value_offset(row + 1); ++i) {
    fragment.row_group_rows.push_back(group_rows.Value(i));
    rows += group_rows.Value(i);
    if (group_rows.Value(i) < 0) return base::CorruptData("a row group of {} rows", rows);
  }
  if (rows != fragment.rows || fragment.bytes < 0) {
    return base::CorruptData("'{}' has {} rows, its row groups {}", fragment.object, fragment.rows,
                             rows);
  }
  fragment.crc32c = static_cast<const arrow::UInt32Array&>(*batch.column(4)).Value(row);
  const auto& sources = static_cast<const arrow::ListArray&>(*batch.column(5));
  for (int64_t i = sources.value_offset(row); i < sources.value_offset(row + 1); ++i) {
    fragment.sources.push_back(
        static_cast<const arrow::StringArray&>(*sources.values()).GetString(i));
  }
  fragment.reencoded = static_cast<const arrow::BooleanArray&>(*batch.column(6)).Value(row);
  const auto& column_bytes = static_cast<const arrow::ListArray&>(*batch.column(7));
  for (int64_t i = column_bytes.value_offset(row); i < column_bytes.value_offset(row + 1); ++i) {
    fragment.column_bytes.push_back(
        static_cast<const arrow::Int64Array&>(*column_bytes.values()).Value(i));
  }
  const auto& statistics = static_cast<const arrow::StructArray&>(*batch.column(8));
  for (const auto& column : statistics.fields()) {
    ARROW_ASSIGN_OR_RAISE(
        fragment.statistics.emplace_back(),
        StatisticsAt(static_cast<const arrow::StructArray&>(*column), row, fragment.rows));
  }
  return fragment;
}

Result<Snapshot> Decode(const std::shared_ptr<arrow::Buffer>& bytes) {
  arrow::io::BufferReader file(bytes);
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchFileReader::Open(&file));
  Snapshot snapshot;
  if (reader->schema()->metadata() == nullptr) return base::CorruptData("it has no metadata");
  ARROW_RETURN_NOT_OK(ReadMetadata(*reader->schema()->metadata(), &snapshot));
  if (!reader->schema()->Equals(*ManifestSchema(*snapshot.schema), /*check_metadata=*/false)) {
    return base::CorruptData("its columns are {}", reader->schema()->ToString());
  }
  for (int i = 0; i < reader->num_record_batches(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, reader->ReadRecordBatch(i));
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      ARROW_ASSIGN_OR_RAISE(snapshot.fragments.emplace_back(), FragmentAt(*batch, row));
    }
  }
  return snapshot;
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> EncodeManifest(const Snapshot& snapshot) {
  ARROW_ASSIGN_OR_RAISE(const auto metadata, MetadataOf(snapshot));
  const auto schema = ManifestSchema(*snapshot.schema)->WithMetadata(metadata);
  ARROW_ASSIGN_OR_RAISE(const auto builder,
                        arrow::RecordBatchBuilder::Make(schema, arrow::default_memory_pool()));
  for (const Fragment& fragment : snapshot.fragments) {
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

Result<Snapshot> DecodeManifest(const std::shared_ptr<arrow::Buffer>& bytes,
                                const std::string& name) {
  auto snapshot = Decode(bytes);
  if (snapshot.ok() || base::Is(snapshot.status(), base::Code::kUnsupportedPlan)) return snapshot;
  return base::CorruptData("'{}' is no manifest of a table: {}", name, snapshot.status().message());
}

}  // namespace skyhook::store
