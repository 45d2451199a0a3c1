#include "skyhook/format/ipc_fragment.h"

#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>

#include <algorithm>

#include "skyhook/base/guarded_pool.h"
#include "skyhook/base/status.h"
#include "skyhook/format/array_row_group_reader.h"
#include "skyhook/format/byte_reader.h"
#include "skyhook/format/ipc_footer.h"
#include "skyhook/format/ipc_stream.h"
#include "skyhook/format/plain_fragment.h"
#include "skyhook/format/random_access_file.h"

namespace skyhook::format {
namespace {

using FileReaderPtr = std::shared_ptr<arrow::ipc::RecordBatchFileReader>;

/// Arrow's reader over the file, limited to `columns` (none: all of them).
arrow::Result<FileReaderPtr> OpenFileReader(const ByteReader& reader, const KnownBytes& footer,
                                            const std::vector<int>& columns,
                                            arrow::MemoryPool* pool,
                                            const std::shared_ptr<arrow::Status>& failure) {
  arrow::ipc::IpcReadOptions options;
  options.memory_pool = pool;
  options.use_threads = false;
  options.included_fields = columns;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  return arrow::ipc::RecordBatchFileReader::Open(MakeRandomAccessFile(reader, failure, footer),
                                                 options);
}

/// `field` with integers in the place of times, also within structs and lists.
std::shared_ptr<arrow::Field> TimesAsIntegers(const std::shared_ptr<arrow::Field>& field) {
  const auto& type = *field->type();
  switch (type.id()) {
    case arrow::Type::TIME32:
      return field->WithType(arrow::int32());
    case arrow::Type::TIME64:
      return field->WithType(arrow::int64());
    case arrow::Type::LIST:
      return field->WithType(arrow::list(TimesAsIntegers(type.field(0))));
    case arrow::Type::LARGE_LIST:
      return field->WithType(arrow::large_list(TimesAsIntegers(type.field(0))));
    case arrow::Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& child : type.fields()) fields.push_back(TimesAsIntegers(child));
      return field->WithType(arrow::struct_(std::move(fields)));
    }
    default:
      return field;
  }
}

std::shared_ptr<arrow::ArrayData> WithType(const arrow::ArrayData& data,
                                           const std::shared_ptr<arrow::DataType>& type) {
  auto out = data.Copy();
  out->type = type;
  for (size_t i = 0; i < out->child_data.size() && !type->Equals(*data.type); ++i) {
    out->child_data[i] = WithType(*out->child_data[i], type->field(static_cast<int>(i))->type());
  }
  return out;
}

/// Checks each value: what follows trusts offsets, indices, text and digits. Of times, any number
/// passes, as it does in Parquet files: 24:00:00 is a time in SQL and not to Arrow.
arrow::Status CheckValues(const arrow::RecordBatch& batch) {
  for (int i = 0; i < batch.num_columns(); ++i) {
    const auto& field = batch.schema()->field(i);
    const auto type = TimesAsIntegers(field)->type();
    const arrow::Status valid =
        arrow::MakeArray(WithType(*batch.column_data(i), type))->ValidateFull();
    if (!valid.ok()) return base::AddContext(valid, fmt::format("column '{}'", field->name()));
  }
  return arrow::Status::OK();
}

class IpcBatchReader : public ArrayRowGroupReader {
 public:
  IpcBatchReader(std::string where, const Fragment& fragment, plan::RowRange rows, int batch,
                 ByteReader reader, KnownBytes footer, const ReadOptions& options)
      : ArrayRowGroupReader(std::move(where), *fragment.schema(), fragment.nested_fields(), rows,
                            options.pool),
        batch_(batch),
        reader_(std::move(reader)),
        footer_(std::move(footer)),
        pool_(base::GuardedPool(options.pool, options.max_page_bytes)) {}

 protected:
  arrow::Result<arrow::ArrayVector> Load(const std::vector<int>& columns) override {
    ARROW_RETURN_NOT_OK(reader_.stop().Poll());
    const auto failure = std::make_shared<arrow::Status>();
    auto batch = ReadBatch(columns, failure);
    if (!batch.ok()) return ReaderFailure(batch.status(), *failure);
    return (*batch)->columns();
  }

 private:
  /// The batch with the fields `columns` (ascending), checked value by value: what follows trusts
  /// offsets and indices.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> ReadBatch(
      const std::vector<int>& columns, const std::shared_ptr<arrow::Status>& failure) const {
    ARROW_ASSIGN_OR_RAISE(FileReaderPtr file,
                          OpenFileReader(reader_, footer_, columns, pool_, failure));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, file->ReadRecordBatch(batch_));
    ARROW_RETURN_NOT_OK(batch->Validate());
    ARROW_RETURN_NOT_OK(CheckValues(*batch));
    return batch;
  }

  int batch_;
  ByteReader reader_;
  KnownBytes footer_;
  arrow::MemoryPool* pool_;
};

std::vector<int64_t> RowsOf(const std::vector<IpcBatch>& batches) {
  std::vector<int64_t> rows;
  for (const IpcBatch& batch : batches) rows.push_back(batch.num_rows);
  return rows;
}

class IpcFragment : public PlainFragment {
 public:
  IpcFragment(std::shared_ptr<base::ByteSource> source, std::shared_ptr<arrow::Schema> declared,
              IpcFooter footer, const ReadOptions& options)
      : PlainFragment(source->name(), source->version(), std::move(declared),
                      RowsOf(footer.batches)),
        source_(std::move(source)),
        footer_(std::move(footer)),
        options_(options) {}

  /// The metadata does not say it by column: an even share of the batch.
  int64_t row_group_bytes(int row_group, const std::vector<int>& columns) const override {
    const int64_t fields = std::max(schema()->num_fields(), 1);
    return footer_.batches[static_cast<size_t>(row_group)].body_bytes *
           static_cast<int64_t>(columns.size()) / fields;
  }

  arrow::Result<std::unique_ptr<RowGroupReader>> Open(int row_group,
                                                      const ReadContext& context) override {
    ARROW_RETURN_NOT_OK(CheckRowGroup(row_group));
    return std::make_unique<IpcBatchReader>(
        Where(row_group), *this, row_group_rows(row_group), row_group,
        ByteReader(source_, options_.coalesce, context), footer_.known, options_);
  }

 private:
  std::shared_ptr<base::ByteSource> source_;
  IpcFooter footer_;
  ReadOptions options_;
};

arrow::Result<std::shared_ptr<Fragment>> MakeFragment(std::shared_ptr<base::ByteSource> source,
                                                      const ByteReader& reader, IpcFooter footer,
                                                      const ReadOptions& options) {
  const auto failure = std::make_shared<arrow::Status>();
  auto file = OpenFileReader(reader, footer.known, {}, options.pool, failure);
  if (!file.ok()) return ReaderFailure(file.status(), *failure);
  if ((*file)->num_record_batches() != static_cast<int>(footer.batches.size())) {
    return base::CorruptData("{} record batches where the footer has {}",
                             (*file)->num_record_batches(), footer.batches.size());
  }
  return std::make_shared<IpcFragment>(std::move(source), (*file)->schema(), std::move(footer),
                                       options);
}

}  // namespace

arrow::Result<std::shared_ptr<Fragment>> OpenIpc(std::shared_ptr<base::ByteSource> source,
                                                 const std::shared_ptr<arrow::Buffer>& tail,
                                                 const ReadOptions& options,
                                                 const ReadContext& context) {
  const ByteReader reader(source, options.coalesce, context);
  ARROW_ASSIGN_OR_RAISE(IpcFooter footer, ReadIpcFooter(reader, tail, options.max_page_bytes));
  return MakeFragment(std::move(source), reader, std::move(footer), options);
}

arrow::Result<std::shared_ptr<Fragment>> OpenIpcStream(std::shared_ptr<base::ByteSource> source,
                                                       const ReadOptions& options,
                                                       const ReadContext& context) {
  const ByteReader reader(source, options.coalesce, context);
  ARROW_ASSIGN_OR_RAISE(auto known, FooterOfIpcStream(reader, options.max_page_bytes));
  ARROW_ASSIGN_OR_RAISE(IpcFooter footer, ReadIpcFooterBehind(reader, std::move(known)));
  return MakeFragment(std::move(source), reader, std::move(footer), options);
}

}  // namespace skyhook::format
