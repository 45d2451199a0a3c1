#include "skyhook/format/parquet/flat_column_reader.h"

#include <arrow/array/util.h>

#include <algorithm>

#include "skyhook/base/status.h"
#include "skyhook/vector/gather.h"

namespace skyhook::format {
namespace {

using ArrayDataPtr = std::shared_ptr<arrow::ArrayData>;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

int64_t BytesOf(const arrow::ArrayData& data) {
  int64_t bytes = 0;
  for (const BufferPtr& buffer : data.buffers) bytes += buffer == nullptr ? 0 : buffer->size();
  return bytes;
}

/// The part of `selection` within [from, to).
std::span<const int32_t> Clip(std::span<const int32_t> selection, int64_t from, int64_t to) {
  const auto first = std::lower_bound(selection.begin(), selection.end(), from);
  const auto last = std::lower_bound(first, selection.end(), to);
  return {first, last};
}

}  // namespace

arrow::Result<PageOpener> OpenerOf(const ColumnChunk& chunk, const ReadOptions& options,
                                   const ReadContext& context) {
  PageOpener::Options out;
  out.compression = chunk.compression;
  out.max_page_bytes = options.max_page_bytes;
  out.memory_bytes = context.memory_bytes;
  out.v2_always_compressed = chunk.v2_always_compressed;
  out.pool = options.pool;
  return PageOpener::Make(out);
}

arrow::Result<std::unique_ptr<FlatColumnReader>> FlatColumnReader::Make(
    const FlatColumn& column, const ColumnChunk& chunk,
    const std::shared_ptr<const std::vector<PageLocation>>& pages, const ReadOptions& options,
    const ByteReader* reader) {
  PageTable table =
      pages != nullptr ? PageTable::FromIndex(chunk, *pages) : PageTable::ForWalk(chunk);
  ARROW_ASSIGN_OR_RAISE(PageOpener opener, OpenerOf(chunk, options, reader->context()));
  return std::unique_ptr<FlatColumnReader>(
      new FlatColumnReader(column, chunk, std::move(table), std::move(opener), options, reader));
}

FlatColumnReader::FlatColumnReader(const FlatColumn& column, const ColumnChunk& chunk,
                                   PageTable table, PageOpener opener, const ReadOptions& options,
                                   const ByteReader* reader)
    : column_(column),
      chunk_(chunk),
      table_(std::move(table)),
      opener_(std::move(opener)),
      decoder_(column, options.max_page_bytes, options.pool),
      pool_(options.pool),
      reader_(reader),
      states_(table_.pages().size()) {}

FlatColumnReader::~FlatColumnReader() {
  const auto known = static_cast<int64_t>(table_.pages().size());
  const int64_t counted = std::max(known, chunk_.num_data_pages.value_or(0));
  const int64_t pages = table_.complete() ? known : counted;
  reader_->cost()->pages_skipped += pages - pages_read_;
  if (late_) reader_->cost()->pages_skipped_late += pages - pages_read_;
}

void FlatColumnReader::Want(const plan::RowRanges& rows, bool late) {
  wanted_ = rows;
  late_ = late;
}

std::vector<base::ByteRange> FlatColumnReader::Missing() {
  pages_asked_.clear();
  dictionary_asked_ = false;
  piece_ = table_.NextPiece(wanted_.end(), reader_->coalesce().max_bytes);
  if (piece_.has_value()) return {*piece_};
  std::vector<base::ByteRange> out;
  for (const plan::RowRange& range : wanted_.ranges()) {
    for (size_t page = table_.Find(range.begin);
         page < states_.size() && table_.pages()[page].rows.begin < range.end; ++page) {
      const bool asked = !pages_asked_.empty() && pages_asked_.back() == page;
      if (asked || page < first_live_ || states_[page].fetched || states_[page].decoded) continue;
      pages_asked_.push_back(page);
      out.push_back(table_.pages()[page].bytes);
    }
  }
  dictionary_asked_ = !out.empty() && table_.dictionary().length > 0 &&
                      dictionary_page_ == nullptr && dictionary_ == nullptr;
  if (dictionary_asked_) out.push_back(table_.dictionary());
  return out;
}

arrow::Status FlatColumnReader::Accept(std::span<const BufferPtr> buffers) {
  if (piece_.has_value()) {
    ARROW_ASSIGN_OR_RAISE(auto walked, table_.Walk(*piece_, buffers[0]));
    states_.resize(table_.pages().size());
    const base::ByteRange& dictionary = table_.dictionary();
    if (dictionary.length > 0 && dictionary.offset >= piece_->offset &&
        dictionary.end() <= piece_->end()) {
      dictionary_page_ =
          arrow::SliceBuffer(buffers[0], dictionary.offset - piece_->offset, dictionary.length);
    }
    for (PageTable::Walked& page : walked) {
      const plan::RowRange& rows = table_.pages()[page.page].rows;
      const bool later = rows.end > wanted_.end();
      if (later || !wanted_.Intersect(rows).empty()) Keep(page.page, std::move(page.bytes));
    }
    return arrow::Status::OK();
  }
  for (size_t i = 0; i < pages_asked_.size(); ++i) Keep(pages_asked_[i], buffers[i]);
  if (dictionary_asked_) dictionary_page_ = buffers.back();
  return arrow::Status::OK();
}

void FlatColumnReader::Keep(size_t page, BufferPtr bytes) {
  bytes_held_ += bytes->size();
  states_[page].fetched = std::move(bytes);
}

void FlatColumnReader::Release(PageState* state) {
  if (state->fetched != nullptr) bytes_held_ -= state->fetched->size();
  if (state->decoded != nullptr) bytes_held_ -= BytesOf(*state->decoded);
  *state = {};
}

void FlatColumnReader::ReleaseBefore(int64_t row) {
  while (first_live_ < states_.size() && table_.pages()[first_live_].rows.end <= row) {
    Release(&states_[first_live_++]);
  }
}

arrow::Status FlatColumnReader::Fetch(const plan::RowRanges& rows) {
  wanted_ = rows;
  for (;;) {
    const std::vector<base::ByteRange> missing = Missing();
    if (missing.empty()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(base::Buffers buffers, reader_->Read(missing));
    ARROW_RETURN_NOT_OK(Accept(buffers));
  }
}

arrow::Status FlatColumnReader::LoadDictionary() {
  if (dictionary_ != nullptr || dictionary_page_ == nullptr) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(Page page, opener_.Open(dictionary_page_));
  if (page.header.kind != PageHeader::Kind::kDictionary) {
    return base::CorruptData("no dictionary page in front of the data pages");
  }
  ARROW_ASSIGN_OR_RAISE(dictionary_, decoder_.DecodeDictionary(page));
  dictionary_page_ = nullptr;
  bytes_held_ += BytesOf(*dictionary_);
  return arrow::Status::OK();
}

arrow::Status FlatColumnReader::DecodePage(size_t index) {
  ARROW_RETURN_NOT_OK(reader_->stop().Poll());
  const PageLocation& location = table_.pages()[index];
  if (states_[index].fetched == nullptr) {
    ARROW_RETURN_NOT_OK(Fetch(plan::RowRanges{location.rows}));
  }
  PageState& state = states_[index];
  ARROW_ASSIGN_OR_RAISE(Page page, opener_.Open(state.fetched));
  ++pages_read_;
  ++reader_->cost()->pages_read;
  if (!page.header.is_data() || page.header.num_values != location.rows.size()) {
    return base::CorruptData("page at {} does not hold the {} rows that the offset index promises",
                             location.bytes.offset, location.rows.size());
  }
  if (IsDictionaryEncoding(page.header.encoding)) ARROW_RETURN_NOT_OK(LoadDictionary());
  ARROW_ASSIGN_OR_RAISE(ArrayDataPtr decoded, decoder_.Decode(page, dictionary_));
  Release(&state);
  bytes_held_ += BytesOf(*decoded);
  state.decoded = std::move(decoded);
  const int64_t allowed = reader_->context().memory_bytes;
  if (bytes_held_ <= allowed) return arrow::Status::OK();
  return base::LimitExceeded("{} bytes of pages are held at once, where memory for {} is left",
                             bytes_held_, allowed);
}

arrow::Result<ArrayDataPtr> FlatColumnReader::ReadPart(size_t index, plan::RowRange rows,
                                                       int64_t begin, const Selection& selection) {
  const int64_t first = table_.pages()[index].rows.begin;
  std::span<const int32_t> selected;
  if (selection.has_value()) {
    selected = Clip(*selection, rows.begin - begin, rows.end - begin);
    if (selected.empty()) return nullptr;
  }
  if (states_[index].decoded == nullptr) ARROW_RETURN_NOT_OK(DecodePage(index));
  const arrow::ArrayData& page = *states_[index].decoded;
  const bool all = !selection.has_value() || static_cast<int64_t>(selected.size()) == rows.size();
  if (all) return page.Slice(rows.begin - first, rows.size());
  return vector::Take(page, selected, first - begin, pool_);
}

arrow::Result<std::vector<ArrayDataPtr>> FlatColumnReader::ReadParts(plan::RowRange rows,
                                                                     const Selection& selection) {
  std::vector<ArrayDataPtr> parts;
  for (size_t page = table_.Find(rows.begin);
       page < states_.size() && table_.pages()[page].rows.begin < rows.end; ++page) {
    const plan::RowRange& held = table_.pages()[page].rows;
    const plan::RowRange part{std::max(rows.begin, held.begin), std::min(rows.end, held.end)};
    ARROW_ASSIGN_OR_RAISE(ArrayDataPtr data, ReadPart(page, part, rows.begin, selection));
    if (data != nullptr) parts.push_back(std::move(data));
  }
  return parts;
}

arrow::Result<std::shared_ptr<arrow::Array>> FlatColumnReader::Read(int64_t begin, int64_t length,
                                                                    const Selection& selection) {
  const plan::RowRange rows{begin, begin + length};
  if (table_.Find(begin) < first_live_) {
    return base::Invalid("row {} is read after the pages behind it", begin);
  }
  ReleaseBefore(begin);
  if (length == 0 || (selection.has_value() && selection->empty())) {
    return arrow::MakeEmptyArray(column_.type, pool_);
  }
  if (table_.known_rows() < rows.end) ARROW_RETURN_NOT_OK(Fetch(plan::RowRanges{rows}));
  ARROW_ASSIGN_OR_RAISE(std::vector<ArrayDataPtr> parts, ReadParts(rows, selection));
  ARROW_ASSIGN_OR_RAISE(ArrayDataPtr joined, vector::Join(parts, pool_));
  return arrow::MakeArray(joined);
}

}  // namespace skyhook::format
