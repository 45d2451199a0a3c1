#include "skyhook/format/ipc/footer.h"

#include <cstring>
#include <span>

#include "skyhook/base/status.h"
#include "skyhook/format/ipc/flat_table.h"

namespace skyhook::format {
namespace {

/// The length of the footer (little-endian) and "ARROW1".
constexpr int64_t kTrailerBytes = 10;
/// Footer.dictionaries and .recordBatches, vectors of Block: offset (8 bytes), metadata length (4),
/// 4 of padding, body length (8). See Arrow's format/File.fbs.
constexpr int kDictionariesField = 2;
constexpr int kRecordBatchesField = 3;
constexpr size_t kBlockBytes = 24;
/// Fields of Message, the header types that are looked for, and RecordBatch.length. See Arrow's
/// format/Message.fbs.
constexpr int kHeaderTypeField = 1;
constexpr int kHeaderField = 2;
constexpr int kBodyLengthField = 3;
constexpr uint8_t kDictionaryHeader = 2;
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

arrow::Result<std::vector<IpcBatch>> BlocksOf(const FlatTable& footer, int field,
                                              int64_t file_size) {
  ARROW_ASSIGN_OR_RAISE(const auto blocks, footer.Structs(field, kBlockBytes));
  std::vector<IpcBatch> out;
  for (size_t at = 0; at < blocks.size(); at += kBlockBytes) {
    ARROW_ASSIGN_OR_RAISE(const IpcBatch batch, BatchOf(blocks.data() + at, file_size));
    out.push_back(batch);
  }
  return out;
}

/// The header of a message, which must have the type and not more body than its block.
arrow::Result<FlatTable> HeaderOf(std::span<const uint8_t> message, uint8_t type,
                                  const IpcBatch& block) {
  const bool continued = Load<uint32_t>(message.data()) == kContinuation;
  const size_t prefix = continued ? 8 : 4;
  if (message.size() < prefix) return base::CorruptData("message without metadata");
  ARROW_ASSIGN_OR_RAISE(const FlatTable table, FlatTable::Root(message.subspan(prefix)));
  ARROW_ASSIGN_OR_RAISE(const auto found, table.Scalar<uint8_t>(kHeaderTypeField, 0));
  ARROW_ASSIGN_OR_RAISE(const auto header, table.Table(kHeaderField));
  if (found != type || !header.has_value()) {
    return base::CorruptData("a message of type {} where type {} is expected", found, type);
  }
  // Arrow allocates what the message says.
  ARROW_ASSIGN_OR_RAISE(const auto body, table.Scalar<int64_t>(kBodyLengthField, 0));
  if (body < 0 || body > block.body_bytes) {
    return base::CorruptData("message with {} bytes in a block of {}", body, block.body_bytes);
  }
  return *header;
}

/// Checks the messages of blocks; returns their headers, which refer to `buffers`.
arrow::Result<std::vector<FlatTable>> ReadHeaders(const ByteReader& reader,
                                                  const std::vector<IpcBatch>& blocks, uint8_t type,
                                                  base::Buffers* buffers) {
  std::vector<base::ByteRange> ranges;
  for (const IpcBatch& block : blocks) ranges.push_back(block.metadata);
  ARROW_ASSIGN_OR_RAISE(*buffers, reader.Read(ranges));
  std::vector<FlatTable> out;
  for (size_t i = 0; i < blocks.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const FlatTable header,
                          HeaderOf(SpanOf(*(*buffers)[i]), type, blocks[i]));
    out.push_back(header);
  }
  return out;
}

arrow::Status CountRows(const ByteReader& reader, std::vector<IpcBatch>* batches) {
  base::Buffers buffers;
  ARROW_ASSIGN_OR_RAISE(const auto headers,
                        ReadHeaders(reader, *batches, kRecordBatchHeader, &buffers));
  int64_t total = 0;
  for (size_t i = 0; i < batches->size(); ++i) {
    int64_t& rows = (*batches)[i].num_rows;
    ARROW_ASSIGN_OR_RAISE(rows, headers[i].Scalar<int64_t>(kLengthField, 0));
    if (rows < 0 || __builtin_add_overflow(total, rows, &total)) {
      return base::CorruptData("record batch {} with {} rows", i, rows);
    }
  }
  return arrow::Status::OK();
}

arrow::Status ReadBlocks(const ByteReader& reader, std::span<const uint8_t> bytes,
                         IpcFooter* footer) {
  const int64_t file_size = reader.source().size();
  ARROW_ASSIGN_OR_RAISE(const FlatTable table, FlatTable::Root(bytes));
  ARROW_ASSIGN_OR_RAISE(const auto dictionaries, BlocksOf(table, kDictionariesField, file_size));
  base::Buffers buffers;
  ARROW_RETURN_NOT_OK(ReadHeaders(reader, dictionaries, kDictionaryHeader, &buffers).status());
  ARROW_ASSIGN_OR_RAISE(footer->batches, BlocksOf(table, kRecordBatchesField, file_size));
  return CountRows(reader, &footer->batches);
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
  ARROW_RETURN_NOT_OK(ReadBlocks(reader, table, &footer));
  return footer;
}

arrow::Result<IpcFooter> ReadIpcFooterBehind(const ByteReader& reader,
                                             std::shared_ptr<arrow::Buffer> known) {
  IpcFooter footer;
  footer.known = {{reader.source().size(), known->size()}, known};
  const auto table = SpanOf(*known).first(static_cast<size_t>(known->size() - kTrailerBytes));
  ARROW_RETURN_NOT_OK(ReadBlocks(reader, table, &footer));
  return footer;
}

}  // namespace skyhook::format
