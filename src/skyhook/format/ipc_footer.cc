#include "skyhook/format/ipc_footer.h"

#include <cstring>
#include <span>

#include "skyhook/base/status.h"
#include "skyhook/format/flat_table.h"

namespace skyhook::format {
namespace {

/// The length of the footer (little-endian) and "ARROW1".
constexpr int64_t kTrailerBytes = 10;
/// Footer.recordBatches, a vector of Block: offset (8 bytes), metadata length (4), 4 of padding,
/// body length (8). See Arrow's format/File.fbs.
constexpr int kRecordBatchesField = 3;
constexpr size_t kBlockBytes = 24;
/// Message.header_type and .header, and RecordBatch.length. See Arrow's format/Message.fbs.
constexpr int kHeaderTypeField = 1;
constexpr int kHeaderField = 2;
constexpr uint8_t kRecordBatchHeader = 3;
constexpr int kLengthField = 0;
/// Marks a message whose length follows; Arrow before 0.15 wrote the length alone.
constexpr uint32_t kContinuation = 0xffffffff;

std::span<const uint8_t> SpanOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

template <typename T>
T Load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

arrow::Result<IpcBatch> BatchOf(const uint8_t* block, int64_t file_size) {
  const base::ByteRange metadata{Load<int64_t>(block), Load<int32_t>(block + 8)};
  const auto body = Load<int64_t>(block + 16);
  if (metadata.offset < 0 || metadata.length < 4 || body < 0 || metadata.offset > file_size ||
      metadata.length > file_size - metadata.offset || body > file_size - metadata.end()) {
    return base::CorruptData("record batch at {} with {} and {} bytes in a file of {}",
                             metadata.offset, metadata.length, body, file_size);
  }
  return IpcBatch{metadata, body, 0};
}

arrow::Result<std::vector<IpcBatch>> BatchesOf(std::span<const uint8_t> footer, int64_t file_size) {
  ARROW_ASSIGN_OR_RAISE(const FlatTable table, FlatTable::Root(footer));
  ARROW_ASSIGN_OR_RAISE(const auto blocks, table.Structs(kRecordBatchesField, kBlockBytes));
  std::vector<IpcBatch> out;
  for (size_t at = 0; at < blocks.size(); at += kBlockBytes) {
    ARROW_ASSIGN_OR_RAISE(const IpcBatch batch, BatchOf(blocks.data() + at, file_size));
    out.push_back(batch);
  }
  return out;
}

arrow::Result<int64_t> RowsOf(std::span<const uint8_t> message) {
  const bool continued = Load<uint32_t>(message.data()) == kContinuation;
  const size_t prefix = continued ? 8 : 4;
  if (message.size() < prefix) return base::CorruptData("record batch without metadata");
  ARROW_ASSIGN_OR_RAISE(const FlatTable table, FlatTable::Root(message.subspan(prefix)));
  ARROW_ASSIGN_OR_RAISE(const uint8_t type, table.Scalar<uint8_t>(kHeaderTypeField, 0));
  ARROW_ASSIGN_OR_RAISE(const auto batch, table.Table(kHeaderField));
  if (type != kRecordBatchHeader || !batch.has_value()) {
    return base::CorruptData("a message of type {} where a record batch is expected", type);
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, batch->Scalar<int64_t>(kLengthField, 0));
  if (rows < 0) return base::CorruptData("record batch with {} rows", rows);
  return rows;
}

arrow::Status CountRows(const ByteReader& reader, std::vector<IpcBatch>* batches) {
  std::vector<base::ByteRange> ranges;
  for (const IpcBatch& batch : *batches) ranges.push_back(batch.metadata);
  ARROW_ASSIGN_OR_RAISE(const base::Buffers buffers, reader.Read(ranges));
  int64_t total = 0;
  for (size_t i = 0; i < batches->size(); ++i) {
    ARROW_ASSIGN_OR_RAISE((*batches)[i].num_rows, RowsOf(SpanOf(*buffers[i])));
    if (__builtin_add_overflow(total, (*batches)[i].num_rows, &total)) {
      return base::CorruptData("record batch {} with {} rows", i, (*batches)[i].num_rows);
    }
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<IpcFooter> ReadIpcFooter(const ByteReader& reader,
                                       const std::shared_ptr<arrow::Buffer>& tail,
                                       int64_t max_bytes) {
  const int64_t file_size = reader.source().size();
  const int64_t length = Load<int32_t>(tail->data() + tail->size() - kTrailerBytes);
  if (length <= 0 || length > file_size - kTrailerBytes || length > max_bytes) {
    return base::CorruptData("footer of {} bytes in a file of {}", length, file_size);
  }
  IpcFooter footer;
  const base::ByteRange range{file_size - kTrailerBytes - length, length + kTrailerBytes};
  footer.known.range = range;
  if (range.length <= tail->size()) {
    // A copy, so that the tail does not stay alive for the footer's sake.
    ARROW_ASSIGN_OR_RAISE(footer.known.bytes,
                          tail->CopySlice(tail->size() - range.length, range.length));
  } else {
    ARROW_ASSIGN_OR_RAISE(footer.known.bytes, reader.ReadOne(range));
  }
  const auto table = SpanOf(*footer.known.bytes).first(static_cast<size_t>(length));
  ARROW_ASSIGN_OR_RAISE(footer.batches, BatchesOf(table, file_size));
  ARROW_RETURN_NOT_OK(CountRows(reader, &footer.batches));
  return footer;
}

}  // namespace skyhook::format
