#include "skyhook/format/ipc/batches.h"

#include <arrow/array/util.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::format {
namespace {

using FileReaderPtr = std::shared_ptr<arrow::ipc::RecordBatchFileReader>;

arrow::Result<FileReaderPtr> OpenReader(const std::shared_ptr<SourceFile>& file,
                                        const std::vector<int>& columns, arrow::MemoryPool* pool) {
  arrow::ipc::IpcReadOptions options;
  options.memory_pool = pool;
  options.use_threads = false;
  options.included_fields = columns;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  return arrow::ipc::RecordBatchFileReader::Open(file, options);
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
  ARROW_RETURN_NOT_OK(batch.Validate());
  for (int i = 0; i < batch.num_columns(); ++i) {
    const auto& field = batch.schema()->field(i);
    const auto type = TimesAsIntegers(field)->type();
    const arrow::Status valid =
        arrow::MakeArray(WithType(*batch.column_data(i), type))->ValidateFull();
    if (!valid.ok()) return base::AddContext(valid, fmt::format("column '{}'", field->name()));
  }
  return arrow::Status::OK();
}

int64_t DictionaryBytes(const arrow::ArrayData& data) {
  int64_t bytes = data.dictionary == nullptr ? 0 : arrow::util::TotalBufferSize(*data.dictionary);
  for (const auto& child : data.child_data) bytes += DictionaryBytes(*child);
  return bytes;
}

}  // namespace

struct IpcBatches::Kept {
  std::vector<int> columns;
  std::shared_ptr<SourceFile> file;
  FileReaderPtr reader;
  base::Reservation dictionaries;

  explicit Kept(std::shared_ptr<base::MemoryBudget> budget) : dictionaries(std::move(budget)) {}
};

IpcBatches::IpcBatches(KnownBytes footer, std::shared_ptr<base::MemoryBudget> budget)
    : footer_(std::move(footer)), budget_(std::move(budget)) {}
IpcBatches::~IpcBatches() = default;

arrow::Result<FileReaderPtr> IpcBatches::Describe(const ByteReader& bytes,
                                                  arrow::MemoryPool* pool) const {
  const auto failure = std::make_shared<arrow::Status>();
  auto reader = OpenReader(MakeRandomAccessFile(bytes, failure, footer_), {}, pool);
  return reader.ok() ? reader : ReaderFailure(reader.status(), *failure);
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> IpcBatches::Read(int batch,
                                                                    const std::vector<int>& columns,
                                                                    const ByteReader& bytes,
                                                                    arrow::MemoryPool* pool) {
  const auto failure = std::make_shared<arrow::Status>();
  const auto read = [&]() -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
    auto kept = Take(columns);
    if (kept != nullptr) {
      kept->file->ReadBy(bytes, failure);
    } else {
      kept = std::make_unique<Kept>(budget_);
      kept->columns = columns;
      kept->file = MakeRandomAccessFile(bytes, failure, footer_);
      ARROW_ASSIGN_OR_RAISE(kept->reader, OpenReader(kept->file, columns, pool));
    }
    ARROW_ASSIGN_OR_RAISE(auto rows, kept->reader->ReadRecordBatch(batch));
    ARROW_RETURN_NOT_OK(CheckValues(*rows));
    Keep(std::move(kept), *rows);
    return rows;
  };
  auto rows = read();
  return rows.ok() ? rows : ReaderFailure(rows.status(), *failure);
}

std::unique_ptr<IpcBatches::Kept> IpcBatches::Take(const std::vector<int>& columns) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(kept_.begin(), kept_.end(),
                                  [&](const auto& one) { return one->columns == columns; });
  if (found == kept_.end()) return nullptr;
  auto kept = std::move(*found);
  kept_.erase(found);
  return kept;
}

// Nothing is gained by keeping a reader that has no dictionaries.
void IpcBatches::Keep(std::unique_ptr<Kept> reader, const arrow::RecordBatch& batch) {
  int64_t bytes = 0;
  for (const auto& column : batch.column_data()) bytes += DictionaryBytes(*column);
  reader->dictionaries.Reset();
  if (bytes == 0 || !reader->dictionaries.Add(bytes)) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  kept_.push_back(std::move(reader));
}

}  // namespace skyhook::format
