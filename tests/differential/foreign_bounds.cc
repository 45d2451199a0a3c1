#include "tests/differential/foreign_bounds.h"

#include <arrow/io/memory.h>
#include <fmt/format.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>
#include <parquet/statistics.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>

#include "skyhook/format/parquet/rewrite/thrift_struct.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::differential {
namespace {

using format::ThriftStruct;
using testing::Require;
using Type = parquet::Type;
using Bound = std::optional<std::string>;

// Fields of parquet.thrift.
constexpr int32_t kFileRowGroups = 4, kFileColumnOrders = 7, kRowGroupColumns = 1;
constexpr int32_t kFileSchema = 2, kElementLogicalType = 10;
constexpr int32_t kChunkMetadata = 3, kChunkIndexOffset = 6, kChunkIndexLength = 7;
constexpr int32_t kMetadataStatistics = 12;

// What a Statistics of parquet.thrift holds.
struct Statistics {
  Bound old_max, old_min;
  std::optional<int64_t> nulls;
  Bound max, min;
  std::optional<bool> exact;
};

// Fields of a struct of Thrift's compact protocol, in ascending order of their ids.
class StructWriter {
 public:
  void Binary(int id, const Bound& value) {
    if (!value.has_value()) return;
    Header(id, 8);
    Varint(value->size());
    bytes_ += *value;
  }
  void Int(int id, int type, const std::optional<int64_t>& value) {
    if (!value.has_value()) return;
    Header(id, type);
    Varint((static_cast<uint64_t>(*value) << 1) ^ static_cast<uint64_t>(*value >> 63));
  }
  void Bool(int id, const std::optional<bool>& value) {
    if (value.has_value()) Header(id, *value ? 1 : 2);
  }
  void Bools(int id, const std::vector<bool>& values) {
    ListOf(id, /*type=*/1, values.size());
    for (const bool value : values) bytes_ += static_cast<char>(value ? 1 : 2);
  }
  void Binaries(int id, const std::vector<std::string>& values) {
    ListOf(id, /*type=*/8, values.size());
    for (const std::string& value : values) {
      Varint(value.size());
      bytes_ += value;
    }
  }
  std::string Finish() { return bytes_ + '\0'; }

 private:
  void Header(int id, int type) {
    bytes_ += static_cast<char>(((id - last_) << 4) | type);
    last_ = id;
  }
  void ListOf(int id, int type, size_t size) {
    Header(id, 9);
    bytes_ += static_cast<char>(0xF0 | type);
    Varint(size);
  }
  void Varint(uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_ += static_cast<char>(value | 128);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
  int last_ = 0;
};

std::string BytesOf(const Statistics& statistics) {
  StructWriter out;
  out.Binary(1, statistics.old_max);
  out.Binary(2, statistics.old_min);
  out.Int(3, 6, statistics.nulls);
  out.Binary(5, statistics.max);
  out.Binary(6, statistics.min);
  out.Bool(7, statistics.exact);
  out.Bool(8, statistics.exact);
  return out.Finish();
}

bool IsText(const parquet::ColumnDescriptor& column) {
  return column.physical_type() == Type::BYTE_ARRAY &&
         column.logical_type()->type() == parquet::LogicalType::Type::STRING;
}

template <typename T>
std::string Plain(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

// The first bytes of a text: below it, or equal.
std::string Cut(const std::string& text, Random* random) {
  return text.empty() ? text : text.substr(0, 1 + Below(random, static_cast<int>(text.size())));
}

// The first bytes of a text, the last of them one greater: above it.
Bound CutAbove(const std::string& text, Random* random) {
  std::string bound = Cut(text, random);
  while (!bound.empty() && static_cast<uint8_t>(bound.back()) == 255) bound.pop_back();
  if (bound.empty()) return std::nullopt;
  ++bound.back();
  return bound;
}

bool CutShort(const parquet::ColumnDescriptor& column, Random* random, Bound* min, Bound* max) {
  if (!IsText(column)) return false;
  if (min->has_value()) *min = Cut(**min, random);
  if (max->has_value()) *max = CutAbove(**max, random);
  return true;
}

bool MakeNan(const parquet::ColumnDescriptor& column, Random* random, Bound* min, Bound* max) {
  std::string nan;
  if (column.physical_type() == Type::FLOAT) nan = Plain(std::nanf(""));
  if (column.physical_type() == Type::DOUBLE) nan = Plain(std::nan(""));
  if (nan.empty()) return false;
  const int sides = Below(random, 3);
  if (sides != 0) *min = nan;
  if (sides != 1) *max = nan;
  return true;
}

// Zeros of the other sign.
bool FlipZeros(const parquet::ColumnDescriptor& column, Bound* min, Bound* max) {
  bool flipped = false;
  for (Bound* bound : {min, max}) {
    if (!bound->has_value()) continue;
    if (column.physical_type() == Type::FLOAT &&
        (**bound == Plain(0.0F) || **bound == Plain(-0.0F))) {
      *bound = Plain(**bound == Plain(0.0F) ? -0.0F : 0.0F);
      flipped = true;
    }
    if (column.physical_type() == Type::DOUBLE &&
        (**bound == Plain(0.0) || **bound == Plain(-0.0))) {
      *bound = Plain(**bound == Plain(0.0) ? -0.0 : 0.0);
      flipped = true;
    }
  }
  return flipped;
}

// Bounds that hold, of which no value of the type is one: text that is no UTF-8, a time after the
// day's end, a decimal beyond its precision; or that have another width than values.
bool MakeInvalid(const parquet::ColumnDescriptor& column, Bound* min, Bound* max) {
  using Logical = parquet::LogicalType::Type;
  const auto logical = column.logical_type()->type();
  if (IsText(column)) {
    *max = "\xFF\xFE";
    if (min->has_value()) *min = (*min)->substr(0, 1);
  } else if (logical == Logical::TIME && column.physical_type() == Type::INT64) {
    *max = Plain(int64_t{90'000'000'000'000});
  } else if (logical == Logical::DECIMAL && column.physical_type() == Type::INT64) {
    *max = Plain(std::numeric_limits<int64_t>::max());
  } else if (logical == Logical::DECIMAL && column.physical_type() == Type::INT32) {
    *max = Plain(std::numeric_limits<int32_t>::max());
  } else if (logical == Logical::DECIMAL) {
    *max = '\x7F' + std::string(static_cast<size_t>(column.type_length()) - 1, '\xFF');
  } else if (column.physical_type() == Type::INT32 || column.physical_type() == Type::INT64) {
    *min = "\x01";
    *max = std::string(3, '\x7F');
  } else {
    return false;
  }
  return true;
}

// As writers did before there were column orders: text and unsigned numbers were compared as signed
// ones, so that bounds do not hold and nobody may use them.
void MakeDeprecated(const parquet::ColumnDescriptor& column, Statistics* statistics) {
  const bool was_signed =
      column.sort_order() == parquet::SortOrder::SIGNED && column.physical_type() != Type::BOOLEAN;
  statistics->old_min = statistics->min;
  statistics->old_max = was_signed ? statistics->max : statistics->min;
  statistics->min = statistics->max = std::nullopt;
}

enum class Kind {
  kAsWritten,
  kMissing,
  kOnlyMin,
  kOnlyMax,
  kDeprecated,
  kCutShort,
  kUnmarkedCut,
  kNan,
  kInvalid,
  kZeros,
  kNoNullCount
};
constexpr const char* kNames[] = {"as written",         "missing",
                                  "only min",           "only max",
                                  "deprecated",         "cut short",
                                  "cut without a mark", "NaN",
                                  "not valid",          "zeros of the other sign",
                                  "no null count"};

constexpr const char* kInColumnIndex = "in a column index";
constexpr const char* kNoColumnOrders = "no column orders";

// Whether there was something to change.
bool Change(Kind kind, const parquet::ColumnDescriptor& column, Random* random,
            Statistics* statistics) {
  Bound* min = &statistics->min;
  Bound* max = &statistics->max;
  switch (kind) {
    case Kind::kAsWritten:
      return true;
    case Kind::kMissing:
      *statistics = {};
      return true;
    case Kind::kOnlyMin:
      return std::exchange(*max, std::nullopt).has_value();
    case Kind::kOnlyMax:
      return std::exchange(*min, std::nullopt).has_value();
    case Kind::kDeprecated:
      MakeDeprecated(column, statistics);
      return statistics->old_min.has_value();
    case Kind::kCutShort:
      statistics->exact = false;
      return CutShort(column, random, min, max);
    case Kind::kUnmarkedCut:
      return CutShort(column, random, min, max);
    case Kind::kNan:
      return MakeNan(column, random, min, max);
    case Kind::kInvalid:
      return MakeInvalid(column, min, max);
    case Kind::kZeros:
      return FlipZeros(column, min, max);
    case Kind::kNoNullCount:
      return std::exchange(statistics->nulls, std::nullopt).has_value();
  }
  return false;
}

// Kinds that a column index can have too: each of its pages has both bounds.
bool SuitsPages(Kind kind) {
  return kind == Kind::kCutShort || kind == Kind::kUnmarkedCut || kind == Kind::kNan ||
         kind == Kind::kInvalid || kind == Kind::kZeros || kind == Kind::kNoNullCount;
}

std::string IndexBytes(const parquet::ColumnIndex& index, Kind kind,
                       const parquet::ColumnDescriptor& column, Random* random) {
  std::vector<std::string> mins, maxs;
  for (size_t page = 0; page < index.null_pages().size(); ++page) {
    Statistics statistics;
    statistics.min = index.encoded_min_values()[page];
    statistics.max = index.encoded_max_values()[page];
    if (!index.null_pages()[page]) Change(kind, column, random, &statistics);
    mins.push_back(statistics.min.value_or(index.encoded_min_values()[page]));
    maxs.push_back(statistics.max.value_or("\xFF\xFF\xFF\xFF\xFF"));
  }
  StructWriter out;
  out.Bools(1, index.null_pages());
  out.Binaries(2, mins);
  out.Binaries(3, maxs);
  out.Int(4, 5, 0);  // UNORDERED; without null counts
  return out.Finish();
}

// The file with what `edit` makes of its footer, and of the bytes before it.
std::shared_ptr<arrow::Buffer> WithFooter(
    const arrow::Buffer& file, const std::function<void(ThriftStruct*, std::string*)>& edit) {
  const std::string bytes = file.ToString();
  uint32_t length = 0;
  std::memcpy(&length, bytes.data() + bytes.size() - 8, sizeof(length));
  const size_t footer_at = bytes.size() - 8 - length;
  std::string body = bytes.substr(0, footer_at);
  ThriftStruct footer = Require(ThriftStruct::Parse(bytes.substr(footer_at, length)));
  edit(&footer, &body);
  const std::string text = footer.Serialise();
  return arrow::Buffer::FromString(body + text + Plain(static_cast<uint32_t>(text.size())) +
                                   "PAR1");
}

class Rewriter {
 public:
  Rewriter(const std::shared_ptr<arrow::Buffer>& file, Random* random, std::set<std::string>* seen)
      : file_(file),
        reader_(parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(file))),
        random_(random),
        seen_(seen) {}

  std::shared_ptr<arrow::Buffer> Rewrite() {
    return WithFooter(*file_, [this](ThriftStruct* footer, std::string* body) {
      body_ = body;
      std::vector<std::string> groups;
      for (const std::string_view group : footer->Structs(kFileRowGroups)) {
        groups.push_back(
            RowGroup(Require(ThriftStruct::Parse(group)), static_cast<int>(groups.size())));
      }
      footer->SetStructs(kFileRowGroups, groups);
      if (Below(random_, 4) == 0) {
        footer->Remove(kFileColumnOrders);
        seen_->insert(kNoColumnOrders);
      }
    });
  }

 private:
  std::string RowGroup(ThriftStruct group, int number) {
    std::vector<std::string> chunks;
    for (const std::string_view chunk : group.Structs(kRowGroupColumns)) {
      chunks.push_back(
          Chunk(Require(ThriftStruct::Parse(chunk)), number, static_cast<int>(chunks.size())));
    }
    group.SetStructs(kRowGroupColumns, chunks);
    return group.Serialise();
  }

  std::string Chunk(ThriftStruct chunk, int group, int number) {
    const auto& column = *reader_->metadata()->schema()->Column(number);
    const auto metadata = reader_->metadata()->RowGroup(group)->ColumnChunk(number);
    const auto stored = metadata->encoded_statistics();
    auto kind = static_cast<Kind>(Below(random_, std::size(kNames)));
    if (stored == nullptr) return chunk.Serialise();
    Statistics statistics;
    if (stored->has_min) statistics.min = stored->min();
    if (stored->has_max) statistics.max = stored->max();
    if (stored->has_null_count) statistics.nulls = stored->null_count;
    // Few bounds are zero: every second of them gets the other sign.
    Bound min = statistics.min, max = statistics.max;
    if (FlipZeros(column, &min, &max) && Below(random_, 2) == 0) kind = Kind::kZeros;
    const bool had_bounds = stored->has_min && stored->has_max;
    if (!had_bounds && kind != Kind::kNoNullCount) return chunk.Serialise();
    if (Change(kind, column, random_, &statistics)) seen_->insert(kNames[static_cast<int>(kind)]);
    auto inner = Require(ThriftStruct::Parse(*chunk.Struct(kChunkMetadata)));
    inner.SetStruct(kMetadataStatistics, BytesOf(statistics));
    chunk.SetStruct(kChunkMetadata, inner.Serialise());
    if (SuitsPages(kind)) ChangeIndex(&chunk, column, kind, group, number);
    return chunk.Serialise();
  }

  void ChangeIndex(ThriftStruct* chunk, const parquet::ColumnDescriptor& column, Kind kind,
                   int group, int number) {
    const auto pages = reader_->GetPageIndexReader();
    const auto of_group = pages == nullptr ? nullptr : pages->RowGroup(group);
    const auto index = of_group == nullptr ? nullptr : of_group->GetColumnIndex(number);
    if (index == nullptr) return;
    const std::string bytes = IndexBytes(*index, kind, column, random_);
    chunk->SetInt64(kChunkIndexOffset, static_cast<int64_t>(body_->size()));
    chunk->SetInt32(kChunkIndexLength, static_cast<int32_t>(bytes.size()));
    *body_ += bytes;
    seen_->insert(kInColumnIndex);
  }

  std::shared_ptr<arrow::Buffer> file_;
  std::unique_ptr<parquet::ParquetFileReader> reader_;
  Random* random_;
  std::set<std::string>* seen_;
  std::string* body_ = nullptr;  ///< what stands before the footer
};

}  // namespace

std::set<std::string> ForeignBoundKinds() {
  std::set<std::string> kinds(std::begin(kNames), std::end(kNames));
  kinds.insert({kInColumnIndex, kNoColumnOrders});
  return kinds;
}

std::shared_ptr<arrow::Buffer> WithForeignBounds(const std::shared_ptr<arrow::Buffer>& file,
                                                 Random* random, std::set<std::string>* seen) {
  return Rewriter(file, random, seen).Rewrite();
}

std::shared_ptr<arrow::Buffer> WithUuidType(const std::shared_ptr<arrow::Buffer>& file,
                                            const std::string& name) {
  const auto reader =
      parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(file));
  const int column = reader->metadata()->schema()->ColumnIndex(name);
  return WithFooter(*file, [column](ThriftStruct* footer, std::string*) {
    std::vector<std::string> elements;
    for (const std::string_view element : footer->Structs(kFileSchema))
      elements.emplace_back(element);
    std::string& element = elements.at(static_cast<size_t>(column) + 1);  // behind the root
    auto changed = Require(ThriftStruct::Parse(element));
    changed.SetStruct(kElementLogicalType, std::string("\xEC\0\0", 3));
    element = changed.Serialise();
    footer->SetStructs(kFileSchema, elements);
  });
}

}  // namespace skyhook::differential
