#include "skyhook/format/parquet/row_group_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::format {
namespace {

plan::RowRanges Shifted(const plan::RowRanges& rows, int64_t by) {
  std::vector<plan::RowRange> out;
  for (const plan::RowRange& range : rows.ranges()) {
    out.push_back({range.begin - by, range.end - by});
  }
  return plan::RowRanges(std::move(out));
}

/// Compressed dictionaries of fewer bytes are not worth looking for one to decode them with.
constexpr int64_t kLeastBytesAhead = 16 * 1024;
/// A source that takes longer for a call is not asked for a dictionary sooner than for its pages.
constexpr int64_t kMostWaitNs = 500'000;
/// What is decoded ahead takes no more than this part of the memory, but for one dictionary.
constexpr int64_t kAheadShare = 8;
/// Nothing is gained from decoding a dictionary with one of less than this part of its bytes.
constexpr int64_t kAlike = 2;

}  // namespace

ParquetRowGroupReader::ParquetRowGroupReader(std::string where,
                                             std::shared_ptr<arrow::Schema> schema, int row_group,
                                             plan::RowRange rows, ByteReader reader,
                                             MakeColumn make_column)
    : where_(std::move(where)),
      schema_(std::move(schema)),
      row_group_(row_group),
      rows_(rows),
      reader_(std::move(reader)),
      make_column_(std::move(make_column)),
      columns_(static_cast<size_t>(schema_->num_fields())),
      flat_columns_(columns_.size()) {}

std::string ParquetRowGroupReader::Where(int column) const {
  return fmt::format("{}: column '{}'", where_, schema_->field(column)->name());
}

arrow::Result<ColumnReader*> ParquetRowGroupReader::Column(int column) {
  if (column < 0 || column >= schema_->num_fields()) {
    return base::Invalid("{}: column {} of {}", where_, column, schema_->num_fields());
  }
  auto& reader = columns_[static_cast<size_t>(column)];
  if (reader == nullptr) {
    auto made = make_column_(row_group_, column, &reader_);
    if (!made.ok()) return base::AddContext(made.status(), Where(column));
    reader = std::move(made).ValueUnsafe();
    flat_columns_[static_cast<size_t>(column)] = dynamic_cast<FlatColumnReader*>(reader.get());
  }
  return reader.get();
}

arrow::Status ParquetRowGroupReader::Prefetch(const std::vector<int>& columns,
                                              const plan::RowRanges& rows, bool late) {
  const plan::RowRanges relative = Shifted(rows.Intersect(rows_), rows_.begin);
  const std::set<int> distinct(columns.begin(), columns.end());
  for (int column : distinct) {
    ARROW_ASSIGN_OR_RAISE(ColumnReader * reader, Column(column));
    reader->Want(relative, late);
  }
  const std::vector<int> once(distinct.begin(), distinct.end());
  ARROW_RETURN_NOT_OK(Fetch(once));
  QueueDictionaries(once);
  while (!reader_.context().in_steps && LoadDictionaries()) {
  }
  return arrow::Status::OK();
}

void ParquetRowGroupReader::QueueDictionaries(const std::vector<int>& columns) {
  std::vector<std::pair<int64_t, FlatColumnReader*>> waiting;
  for (const int column : columns) {
    FlatColumnReader* flat = flat_columns_[static_cast<size_t>(column)];
    const int64_t bytes = flat == nullptr ? 0 : flat->waiting_dictionary_bytes();
    if (bytes > 0) waiting.emplace_back(bytes, flat);
  }
  // Two of one codec; those that are alike in size take least.
  std::sort(waiting.begin(), waiting.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second->compression(), a.first) >
           std::pair(b.second->compression(), b.first);
  });
  dictionaries_.clear();
  for (const auto& [bytes, flat] : waiting) dictionaries_.push_back(flat);
}

bool ParquetRowGroupReader::LoadDictionaries() {
  int64_t bytes = 0;
  const auto next = [&]() -> FlatColumnReader* {
    for (; !dictionaries_.empty(); dictionaries_.pop_front()) {
      bytes = dictionaries_.front()->waiting_dictionary_bytes();
      if (bytes > 0) return dictionaries_.front();
    }
    return nullptr;
  };
  FlatColumnReader* const one = next();
  if (one == nullptr) return false;
  dictionaries_.pop_front();
  const int64_t bytes_of_one = bytes;
  FlatColumnReader* other = nullptr;
  if (!reader_.context().in_steps || bytes <= kMostPairedInSteps) other = next();
  if (other != nullptr && other->compression() != one->compression()) other = nullptr;
  const bool alike = other != nullptr && bytes >= bytes_of_one / kAlike;
  if (!alike && bytes_of_one >= kLeastBytesAhead && LoadWithNext(one)) return true;
  if (other != nullptr) dictionaries_.pop_front();
  one->LoadDictionaryWith(other);
  return true;
}

bool ParquetRowGroupReader::LoadWithNext(FlatColumnReader* one) {
  const auto& ahead = reader_.context().ahead;
  if (one->compression() != arrow::Compression::SNAPPY) return false;
  const plan::Cost& cost = *reader_.cost();
  const bool waits = cost.read_ns > cost.read_calls * kMostWaitNs;
  if (ahead == nullptr || !ahead->next().has_value() || waits) return false;
  if (ahead->bytes() > reader_.context().memory_bytes / kAheadShare) return false;
  const auto column = static_cast<int>(std::find(flat_columns_.begin(), flat_columns_.end(), one) -
                                       flat_columns_.begin());
  // What is wrong with the next row group is said when that is read.
  const auto made = make_column_(*ahead->next(), column, &reader_);
  auto* const other = made.ok() ? dynamic_cast<FlatColumnReader*>(made->get()) : nullptr;
  if (other == nullptr || other->compression() != one->compression()) return false;
  if (!other->FetchDictionary().ValueOr(false)) return false;
  one->LoadDictionaryWith(other);
  if (other->decoded_dictionary() != nullptr) ahead->Put(column, other->decoded_dictionary());
  return true;
}

arrow::Result<bool> ParquetRowGroupReader::Prepare(
    const std::vector<int>& columns, int64_t begin, int64_t length,
    std::optional<std::span<const int32_t>> selection) {
  ARROW_RETURN_NOT_OK(CheckRows(begin, length));
  const plan::RowRange rows{begin - rows_.begin, begin - rows_.begin + length};
  if (!reader_.context().in_steps) {
    // Pages of which all values are read are decoded soonest right after they were opened, from the
    // processor's caches.
    if (selection.has_value()) ARROW_RETURN_NOT_OK(OpenAcross(columns, rows, selection));
    return false;
  }
  if (LoadDictionaries()) return true;
  for (; prepared_ < columns.size(); ++prepared_) {
    const int column = columns[prepared_];
    ARROW_RETURN_NOT_OK(Column(column).status());
    FlatColumnReader* flat = flat_columns_[static_cast<size_t>(column)];
    if (flat == nullptr) continue;
    const auto opened = flat->OpenNext(rows, selection);
    if (!opened.ok()) return base::AddContext(opened.status(), Where(column));
    if (*opened) return true;
  }
  prepared_ = 0;
  return false;
}

arrow::Status ParquetRowGroupReader::OpenAcross(const std::vector<int>& columns,
                                                plan::RowRange rows, const Selection& selection) {
  struct Lone {
    int64_t bytes;
    FlatColumnReader* column;
    size_t page;
  };
  std::vector<Lone> pages;
  for (const int column : std::set<int>(columns.begin(), columns.end())) {
    ARROW_RETURN_NOT_OK(Column(column).status());
    FlatColumnReader* flat = flat_columns_[static_cast<size_t>(column)];
    if (flat == nullptr || flat->compression() != arrow::Compression::SNAPPY) continue;
    const std::optional<size_t> page = flat->LonePage(rows, selection);
    if (page.has_value()) pages.push_back({flat->FetchedBytes(*page), flat, *page});
  }
  // Those that are alike in size take least.
  std::sort(pages.begin(), pages.end(),
            [](const Lone& a, const Lone& b) { return a.bytes > b.bytes; });
  for (size_t i = 0; i + 1 < pages.size(); i += 2) {
    pages[i].column->OpenPageWith(pages[i].page, pages[i + 1].column, pages[i + 1].page);
  }
  return arrow::Status::OK();
}

arrow::Status ParquetRowGroupReader::Fetch(const std::vector<int>& columns) {
  for (;;) {
    std::vector<base::ByteRange> ranges;
    std::vector<size_t> counts;
    for (int column : columns) {
      const auto missing = columns_[static_cast<size_t>(column)]->Missing();
      ranges.insert(ranges.end(), missing.begin(), missing.end());
      counts.push_back(missing.size());
    }
    if (ranges.empty()) return arrow::Status::OK();
    auto buffers = reader_.Read(ranges);
    if (!buffers.ok()) return base::AddContext(buffers.status(), where_);
    std::span<const std::shared_ptr<arrow::Buffer>> rest(*buffers);
    for (size_t i = 0; i < columns.size(); ++i) {
      if (counts[i] == 0) continue;
      const arrow::Status accepted =
          columns_[static_cast<size_t>(columns[i])]->Accept(rest.first(counts[i]));
      if (!accepted.ok()) return base::AddContext(accepted, Where(columns[i]));
      rest = rest.subspan(counts[i]);
    }
  }
}

arrow::Status ParquetRowGroupReader::CheckRows(int64_t begin, int64_t length) const {
  if (begin >= rows_.begin && length >= 0 && length <= rows_.end - begin) {
    return arrow::Status::OK();
  }
  return base::Invalid("{}: rows {}+{} of a row group with rows [{},{})", where_, begin, length,
                       rows_.begin, rows_.end);
}

arrow::Result<std::shared_ptr<arrow::Array>> ParquetRowGroupReader::Read(
    int column, int64_t begin, int64_t length, std::optional<std::span<const int32_t>> selection) {
  ARROW_RETURN_NOT_OK(CheckRows(begin, length));
  ARROW_ASSIGN_OR_RAISE(ColumnReader * reader, Column(column));
  auto array = reader->Read(begin - rows_.begin, length, selection);
  if (!array.ok()) return base::AddContext(array.status(), Where(column));
  return array;
}

arrow::Status ParquetRowGroupReader::Filter(int column, int64_t begin, int64_t length,
                                            ValueFilter* filter, uint8_t* bits) {
  ARROW_RETURN_NOT_OK(CheckRows(begin, length));
  ARROW_ASSIGN_OR_RAISE(ColumnReader * reader, Column(column));
  const auto filtered = reader->Filter(begin - rows_.begin, length, filter, bits);
  return filtered.ok() ? filtered : base::AddContext(filtered, Where(column));
}

arrow::Result<std::shared_ptr<arrow::Array>> ParquetRowGroupReader::Dictionary(int column) {
  ARROW_RETURN_NOT_OK(Column(column).status());
  FlatColumnReader* flat = flat_columns_[static_cast<size_t>(column)];
  if (flat == nullptr) return nullptr;
  auto values = flat->Dictionary();
  return values.ok() ? values : base::AddContext(values.status(), Where(column));
}

int64_t ParquetRowGroupReader::bytes_held() const {
  int64_t bytes = 0;
  for (const auto& column : columns_) bytes += column == nullptr ? 0 : column->bytes_held();
  if (const auto& ahead = reader_.context().ahead) bytes += ahead->bytes();
  return bytes;
}

}  // namespace skyhook::format
