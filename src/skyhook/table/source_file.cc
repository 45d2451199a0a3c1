#include "skyhook/table/source_file.h"

#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <utility>

#include "skyhook/base/crc32c.h"
#include "skyhook/base/exceptions.h"
#include "skyhook/base/status.h"
#include "skyhook/table/ipc_object.h"
#include "skyhook/table/snapshot.h"

namespace skyhook::table {

using arrow::field;
using arrow::Result;
using arrow::Status;

namespace {

constexpr int64_t kStepBytes = 4 << 20;
constexpr int64_t kMostFileBytes = int64_t{1} << 60;
constexpr int64_t kMostObjectBytes = int64_t{1} << 30;
constexpr char kNameKey[] = "skyhook.name";
constexpr char kBytesKey[] = "skyhook.bytes";
constexpr char kCrcKey[] = "skyhook.crc32c";

std::shared_ptr<arrow::Schema> PiecesSchema() {
  return arrow::schema(
      {field("object", arrow::utf8(), false), field("offset", arrow::int64(), false),
       field("length", arrow::int64(), false), field("bytes", arrow::large_binary(), false)});
}

Status AppendPiece(const SourcePiece& piece, arrow::RecordBatchBuilder* builder) {
  ARROW_RETURN_NOT_OK(builder->GetFieldAs<arrow::StringBuilder>(0)->Append(piece.object));
  ARROW_RETURN_NOT_OK(builder->GetFieldAs<arrow::Int64Builder>(1)->Append(piece.range.offset));
  ARROW_RETURN_NOT_OK(builder->GetFieldAs<arrow::Int64Builder>(2)->Append(piece.range.length));
  return builder->GetFieldAs<arrow::LargeBinaryBuilder>(3)->Append(
      piece.bytes == nullptr ? std::string_view() : std::string_view(*piece.bytes));
}

Result<SourcePiece> PieceAt(const arrow::RecordBatch& batch, int64_t row) {
  SourcePiece piece;
  piece.object = static_cast<const arrow::StringArray&>(*batch.column(0)).GetString(row);
  piece.range = {static_cast<const arrow::Int64Array&>(*batch.column(1)).Value(row),
                 static_cast<const arrow::Int64Array&>(*batch.column(2)).Value(row)};
  const auto& bytes = static_cast<const arrow::LargeBinaryArray&>(*batch.column(3));
  piece.bytes =
      arrow::SliceBuffer(bytes.value_data(), bytes.value_offset(row), bytes.value_length(row));
  if (!piece.object.empty() && !IsDataName(piece.object)) {
    return base::CorruptData("'{}' is no name of a data object", Shown(piece.object));
  }
  if (piece.range.offset < 0 || piece.range.length < 0 || piece.size() > kMostFileBytes) {
    return base::CorruptData("a piece of {} bytes at {}", piece.range.length, piece.range.offset);
  }
  return piece;
}

Result<SourceFile> Decode(const std::shared_ptr<arrow::Buffer>& bytes) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, OpenIpcObject(bytes));
  const auto metadata = reader->schema()->metadata();
  if (metadata == nullptr || !reader->schema()->Equals(*PiecesSchema(), false)) {
    return base::CorruptData("its columns are {}", reader->schema()->ToString());
  }
  SourceFile file;
  ARROW_ASSIGN_OR_RAISE(file.name, metadata->Get(kNameKey));
  if (!IsPlainFileName(file.name)) {
    return base::CorruptData("'{}' is no name that a file is given back under", Shown(file.name));
  }
  ARROW_ASSIGN_OR_RAISE(file.bytes, NumberOf<int64_t>(*metadata, kBytesKey));
  ARROW_ASSIGN_OR_RAISE(file.crc32c, NumberOf<uint32_t>(*metadata, kCrcKey));
  int64_t total = 0;
  for (int i = 0; i < reader->num_record_batches(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, reader->ReadRecordBatch(i));
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    for (int column = 0; column < batch->num_columns(); ++column) {
      if (batch->column(column)->null_count() == 0) continue;
      return base::CorruptData("a NULL in '{}'", batch->column_name(column));
    }
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      ARROW_ASSIGN_OR_RAISE(SourcePiece piece, PieceAt(*batch, row));
      total += piece.size();
      if (total > kMostFileBytes) return base::CorruptData("pieces of {} bytes", total);
      file.pieces.push_back(std::move(piece));
    }
  }
  if (!file.pieces.empty() && total != file.bytes) {
    return base::CorruptData("its pieces have {} bytes, the file {}", total, file.bytes);
  }
  return file;
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> EncodeSourceFile(const SourceFile& file) {
  const auto schema = PiecesSchema()->WithMetadata(
      arrow::key_value_metadata({{kNameKey, file.name},
                                 {kBytesKey, std::to_string(file.bytes)},
                                 {kCrcKey, std::to_string(file.crc32c)}}));
  ARROW_ASSIGN_OR_RAISE(const auto builder,
                        arrow::RecordBatchBuilder::Make(schema, arrow::default_memory_pool()));
  for (const SourcePiece& piece : file.pieces) {
    ARROW_RETURN_NOT_OK(AppendPiece(piece, builder.get()));
  }
  ARROW_ASSIGN_OR_RAISE(const auto batch, builder->Flush());
  ARROW_ASSIGN_OR_RAISE(const auto sink, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(const auto writer, arrow::ipc::MakeFileWriter(sink, schema));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*batch));
  ARROW_RETURN_NOT_OK(writer->Close());
  return sink->Finish();
}

Result<SourceFile> DecodeSourceFile(const std::shared_ptr<arrow::Buffer>& bytes,
                                    const std::string& name) {
  auto file = base::CatchExceptions([&] { return Decode(bytes); });
  if (file.ok()) return file;
  return base::CorruptData("'{}' describes no file: {}", name, file.status().message());
}

Result<SourceFile> ReadSourceFile(objects::ObjectStore* store, const std::string& table,
                                  const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const auto source, store->OpenObject(ObjectOf(table, object)));
  if (source->size() > kMostObjectBytes) {
    return base::CorruptData("'{}' has {} bytes", source->name(), source->size());
  }
  ARROW_ASSIGN_OR_RAISE(const auto bytes, source->ReadOne({0, source->size()}));
  return DecodeSourceFile(bytes, source->name());
}

Status WriteSourceFile(objects::ObjectStore* store, const std::string& table,
                       const SourceFile& file,
                       const std::function<Status(const arrow::Buffer&)>& write) {
  uint32_t crc32c = 0;
  const auto hand_on = [&](const arrow::Buffer& bytes) {
    crc32c = base::Crc32c(std::string_view(bytes), crc32c);
    return write(bytes);
  };
  std::string opened;
  std::shared_ptr<base::ByteSource> source;
  for (const SourcePiece& piece : file.pieces) {
    if (piece.object.empty()) {
      ARROW_RETURN_NOT_OK(hand_on(*piece.bytes));
      continue;
    }
    if (opened != piece.object) {
      ARROW_ASSIGN_OR_RAISE(source, store->OpenObject(ObjectOf(table, piece.object)));
      opened = piece.object;
    }
    for (int64_t done = 0; done < piece.range.length; done += kStepBytes) {
      const int64_t bytes = std::min(kStepBytes, piece.range.length - done);
      ARROW_ASSIGN_OR_RAISE(const auto read, source->ReadOne({piece.range.offset + done, bytes}));
      ARROW_RETURN_NOT_OK(hand_on(*read));
    }
  }
  if (crc32c == file.crc32c) return Status::OK();
  return base::CorruptData("'{}' as table '{}' keeps it has checksum {:08x}, and had {:08x}",
                           file.name, store->UriOf(table), crc32c, file.crc32c);
}

}  // namespace skyhook::table
