#include "skyhook/format/parquet/page_table.h"

#include <algorithm>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/page_header.h"

namespace skyhook::format {
namespace {

/// Pieces are at least this long: one request's worth on any disk.
constexpr int64_t kLeastPiece = 64 * 1024;

}  // namespace

PageTable PageTable::FromIndex(const ColumnChunk& chunk, std::vector<PageLocation> locations) {
  PageTable table(chunk);
  if (!locations.empty()) {
    const int64_t first = locations.front().bytes.offset;
    table.dictionary_ = {chunk.bytes.offset, first - chunk.bytes.offset};
  }
  table.pages_ = std::move(locations);
  return table;
}

PageTable PageTable::ForWalk(const ColumnChunk& chunk) { return PageTable(chunk); }

size_t PageTable::Find(int64_t row) const {
  auto after = std::upper_bound(
      pages_.begin(), pages_.end(), row,
      [](int64_t wanted, const PageLocation& page) { return wanted < page.rows.end; });
  return static_cast<size_t>(after - pages_.begin());
}

std::optional<base::ByteRange> PageTable::NextPiece(int64_t row, int64_t max_bytes) const {
  const int64_t known = known_rows();
  if (complete() || known >= row) return std::nullopt;
  const int64_t left = chunk_.bytes.end() - walked_to_;
  // As many bytes as the rows should take, and an eighth more.
  const double share =
      static_cast<double>(row - known) / static_cast<double>(chunk_.num_rows - known);
  const auto estimate = static_cast<int64_t>(static_cast<double>(left) * share * 1.125);
  const int64_t length = std::min(std::max(estimate, kLeastPiece), max_bytes);
  return base::ByteRange{walked_to_, std::min(std::max(length, least_piece_), left)};
}

arrow::Result<std::vector<PageTable::Walked>> PageTable::Walk(
    const base::ByteRange& range, const std::shared_ptr<arrow::Buffer>& piece) {
  std::vector<Walked> out;
  int64_t position = 0;
  while (!complete()) {
    const int64_t left = piece->size() - position;
    ARROW_ASSIGN_OR_RAISE(std::optional<PageHeader> header,
                          ParsePageHeader({piece->data() + position, static_cast<size_t>(left)}));
    if (!header.has_value() || header->total_size() > left) {
      least_piece_ = header.has_value() ? header->total_size() : 2 * left + kLeastPiece;
      break;
    }
    const base::ByteRange bytes{range.offset + position, header->total_size()};
    if (header->kind == PageHeader::Kind::kDictionary && dictionary_.length == 0) {
      dictionary_ = bytes;
    }
    if (header->is_data() && header->num_values > 0) {
      const int64_t begin = known_rows();
      if (header->num_values > chunk_.num_rows - begin) {
        return base::CorruptData("pages with more than the {} rows of the row group",
                                 chunk_.num_rows);
      }
      pages_.push_back({{begin, begin + header->num_values}, bytes});
      out.push_back({pages_.size() - 1, arrow::SliceBuffer(piece, position, bytes.length)});
    }
    position += bytes.length;
  }
  walked_to_ = range.offset + position;
  if (!complete() && range.end() == chunk_.bytes.end()) {
    return base::CorruptData("column chunk ends after {} of {} rows", known_rows(),
                             chunk_.num_rows);
  }
  return out;
}

}  // namespace skyhook::format
