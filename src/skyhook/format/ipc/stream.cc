#include "skyhook/format/ipc/stream.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/format/ipc/flat_table.h"

namespace skyhook::format {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

/// Arrow's format/Message.fbs and File.fbs.
constexpr int kVersionField = 0;
constexpr int kHeaderTypeField = 1;
constexpr int kHeaderField = 2;
constexpr int kBodyLengthField = 3;
constexpr int kDictionaryIdField = 0;
constexpr int kDictionaryDeltaField = 2;
constexpr uint8_t kSchemaHeader = 1;
constexpr uint8_t kDictionaryHeader = 2;
constexpr uint8_t kRecordBatchHeader = 3;
/// Stands before the length of a message; Arrow before 0.15 wrote the length alone.
constexpr uint32_t kContinuation = 0xffffffff;
/// Read at once; the metadata of most messages is shorter.
constexpr int64_t kStepBytes = 4096;

uint32_t LoadLength(const uint8_t* bytes) {
  uint32_t value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

/// Where a message lies: the offset of its prefix, the bytes to its body, the bytes of that.
struct Block {
  int64_t offset = 0;
  int64_t metadata_bytes = 0;
  int64_t body_bytes = 0;
};

struct Message {
  Block block;
  int64_t prefix_bytes = 0;
  BufferPtr metadata;  ///< without the prefix; null: the end of the stream
};

arrow::Status CutShort(int64_t offset, int64_t size) {
  return base::CorruptData(
      "the Arrow stream is cut short: a message at {} ends beyond its {} bytes", offset, size);
}

arrow::Result<Message> ReadMessage(const ByteReader& reader, int64_t offset, int64_t max_bytes) {
  const int64_t left = reader.source().size() - offset;
  if (left < 4) return CutShort(offset, reader.source().size());
  ARROW_ASSIGN_OR_RAISE(const BufferPtr begin,
                        reader.ReadOne({offset, std::min(left, kStepBytes)}));
  Message message;
  uint32_t length = LoadLength(begin->data());
  message.prefix_bytes = 4;
  if (length == kContinuation) {
    if (begin->size() < 8) return CutShort(offset, reader.source().size());
    length = LoadLength(begin->data() + 4);
    message.prefix_bytes = 8;
  }
  if (length == 0) return message;
  if (length > max_bytes || length > std::numeric_limits<int32_t>::max() - 8) {
    return base::CorruptData("a message of the Arrow stream has {} bytes of metadata", length);
  }
  message.block = {offset, message.prefix_bytes + int64_t{length}, 0};
  if (message.block.metadata_bytes > left) return CutShort(offset, reader.source().size());
  if (message.block.metadata_bytes <= begin->size()) {
    message.metadata = arrow::SliceBuffer(begin, message.prefix_bytes, length);
  } else {
    ARROW_ASSIGN_OR_RAISE(message.metadata,
                          reader.ReadOne({offset + message.prefix_bytes, int64_t{length}}));
  }
  return message;
}

std::span<const uint8_t> SpanOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

/// The messages of a stream by kind, in their order.
struct Index {
  BufferPtr schema;            ///< metadata of the message with the schema
  size_t schema_position = 0;  ///< of the schema's table in it
  int16_t version = 0;
  std::vector<Block> dictionaries;
  std::set<int64_t> dictionary_ids;
  std::vector<Block> batches;
};

/// A file has one dictionary for all of a column's batches, which may be added to.
arrow::Status AddDictionary(const FlatTable& message, Index* index) {
  ARROW_ASSIGN_OR_RAISE(const auto header, message.Table(kHeaderField));
  if (!header.has_value()) return base::CorruptData("a dictionary of the Arrow stream is missing");
  ARROW_ASSIGN_OR_RAISE(const auto id, header->Scalar<int64_t>(kDictionaryIdField, 0));
  ARROW_ASSIGN_OR_RAISE(const auto adds, header->Scalar<uint8_t>(kDictionaryDeltaField, 0));
  if (index->dictionary_ids.insert(id).second || adds != 0) return arrow::Status::OK();
  return arrow::Status::NotImplemented(
      "an Arrow stream that replaces a dictionary between its batches is not read: write it as an "
      "Arrow file, or with one dictionary for all batches");
}

/// Returns where the message ends.
arrow::Result<int64_t> AddMessage(Message message, int64_t size, Index* index) {
  ARROW_ASSIGN_OR_RAISE(const FlatTable table, FlatTable::Root(SpanOf(*message.metadata)));
  ARROW_ASSIGN_OR_RAISE(const auto type, table.Scalar<uint8_t>(kHeaderTypeField, 0));
  ARROW_ASSIGN_OR_RAISE(message.block.body_bytes, table.Scalar<int64_t>(kBodyLengthField, 0));
  const Block& block = message.block;
  if (block.body_bytes < 0 || block.body_bytes > size - block.offset - block.metadata_bytes) {
    return CutShort(block.offset, size);
  }
  if (index->schema == nullptr && type == kSchemaHeader) {
    ARROW_ASSIGN_OR_RAISE(const auto schema, table.Table(kHeaderField));
    if (!schema.has_value()) return base::CorruptData("the Arrow stream's schema is missing");
    ARROW_ASSIGN_OR_RAISE(index->version, table.Scalar<int16_t>(kVersionField, 0));
    index->schema = message.metadata;
    index->schema_position = schema->position();
  } else if (index->schema != nullptr && type == kDictionaryHeader) {
    ARROW_RETURN_NOT_OK(AddDictionary(table, index));
    index->dictionaries.push_back(block);
  } else if (index->schema != nullptr && type == kRecordBatchHeader) {
    index->batches.push_back(block);
  } else {
    return base::CorruptData("a message of type {} at {} of the Arrow stream", type, block.offset);
  }
  return block.offset + block.metadata_bytes + block.body_bytes;
}

arrow::Result<Index> ReadIndex(const ByteReader& reader, int64_t max_bytes) {
  const int64_t size = reader.source().size();
  Index index;
  for (int64_t offset = 0; offset < size;) {
    ARROW_ASSIGN_OR_RAISE(Message message, ReadMessage(reader, offset, max_bytes));
    if (message.metadata == nullptr) break;
    ARROW_ASSIGN_OR_RAISE(offset, AddMessage(std::move(message), size, &index));
  }
  if (index.schema == nullptr) return base::CorruptData("an Arrow stream without a schema");
  return index;
}

template <typename T>
void Append(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// A vector of Block, each 24 bytes: offset, length of the metadata, padding, length of the body.
void AppendBlocks(const std::vector<Block>& blocks, std::string* out) {
  Append(static_cast<uint32_t>(blocks.size()), out);
  for (const Block& block : blocks) {
    Append(block.offset, out);
    Append(static_cast<int32_t>(block.metadata_bytes), out);
    Append(int32_t{0}, out);
    Append(block.body_bytes, out);
  }
}

/// The Footer table as FlatBuffers lays tables out; the schema's message stands within it as it is.
std::string EncodeFooter(const Index& index) {
  constexpr uint32_t kVtable = 4;
  constexpr uint32_t kTable = 16;
  constexpr uint32_t kFirstVector = 36;  // its elements are aligned to 8 bytes
  const auto dictionaries = static_cast<uint32_t>(24 * index.dictionaries.size());
  const auto batches = static_cast<uint32_t>(24 * index.batches.size());
  const uint32_t second_vector = kFirstVector + 4 + dictionaries + 4;
  const uint32_t message = second_vector + 4 + batches;
  std::string out;
  Append(kTable, &out);
  // The vtable: its size, the table's, and where in the table version, schema, dictionaries and
  // record batches are.
  for (const uint16_t entry : {12, 20, 16, 4, 8, 12}) Append(entry, &out);
  Append(static_cast<int32_t>(kTable - kVtable), &out);
  Append(static_cast<uint32_t>(message + index.schema_position - (kTable + 4)), &out);
  Append(kFirstVector - (kTable + 8), &out);
  Append(second_vector - (kTable + 12), &out);
  Append(index.version, &out);
  Append(int16_t{0}, &out);
  AppendBlocks(index.dictionaries, &out);
  Append(uint32_t{0}, &out);
  AppendBlocks(index.batches, &out);
  out.append(std::string_view(*index.schema));
  return out;
}

}  // namespace

bool BeginsAsIpcStream(std::string_view begin) {
  if (begin.size() < 8) return false;
  const auto* bytes = reinterpret_cast<const uint8_t*>(begin.data());
  const bool continued = LoadLength(bytes) == kContinuation;
  const uint32_t length = continued ? LoadLength(bytes + 4) : 0;
  return continued && length > 0 && length % 8 == 0;
}

arrow::Result<BufferPtr> FooterOfIpcStream(const ByteReader& reader, int64_t max_bytes) {
  ARROW_ASSIGN_OR_RAISE(const Index index, ReadIndex(reader, max_bytes));
  constexpr size_t kMostBlocks = std::numeric_limits<int32_t>::max() / 64;
  if (index.batches.size() + index.dictionaries.size() > kMostBlocks) {
    return base::CorruptData("an Arrow stream of {} batches", index.batches.size());
  }
  std::string footer = EncodeFooter(index);
  const auto length = static_cast<int32_t>(footer.size());
  Append(length, &footer);
  footer += "ARROW1";
  return arrow::Buffer::FromString(std::move(footer));
}

}  // namespace skyhook::format
