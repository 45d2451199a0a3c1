#include "skyhook/format/parquet/flat_column_reader.h"

#include <arrow/array/util.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/vector/gather.h"

namespace skyhook::format {
namespace {

using ArrayDataPtr = std::shared_ptr<arrow::ArrayData>;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

/// Rows of a page that are expected to be wanted, so that at least one very likely is.
constexpr int64_t kLikelyRows = 4;

/// Of fewer rows than one in so many, values are picked one by one: codes, which are soonest
/// unpacked by vectors, and texts, of which all lengths have to be walked through in any case.
constexpr int64_t kPickedShareOfCodes = 32;
constexpr int64_t kPickedShareOfTexts = 2;

/// A page is opened in part where at least one in so many of its rows is behind those that are
/// wanted.
constexpr int64_t kLeastShareBehind = 8;

/// How far the page that is opened ahead of need may be.
constexpr size_t kMostPagesBetween = 8;

/// A page is opened ahead of need if it takes no more than this part of the memory that is left.
constexpr int64_t kPairedShare = 8;

int64_t BytesOf(const arrow::ArrayData& data) {
  int64_t bytes = 0;
  for (const BufferPtr& buffer : data.buffers) bytes += buffer == nullptr ? 0 : buffer->size();
  return bytes;
}

int64_t BytesOf(const EncodedPage& page) {
  return page.values->size() + (page.validity == nullptr ? 0 : page.validity->size());
}

/// Of a page in front; none where it is damaged.
std::optional<PageHeader> HeaderOf(const arrow::Buffer& page) {
  auto header = ParsePageHeader({page.data(), static_cast<size_t>(page.size())});
  return header.ok() ? *header : std::nullopt;
}

arrow::Result<PageOpener> OpenerOf(const ColumnChunk& chunk, const ReadOptions& options,
                                   std::shared_ptr<ZstdDecompressor> zstd,
                                   const ReadContext& context) {
  PageOpener::Options out;
  out.compression = chunk.compression;
  out.max_page_bytes = options.max_page_bytes;
  out.memory_bytes = context.memory_bytes;
  out.v2_always_compressed = chunk.v2_always_compressed;
  out.pool = options.pool;
  out.zstd = std::move(zstd);
  return PageOpener::Make(out);
}

}  // namespace

arrow::Result<std::unique_ptr<FlatColumnReader>> FlatColumnReader::Make(
    const FlatColumn& column, const ColumnChunk& chunk,
    const std::shared_ptr<const std::vector<PageLocation>>& pages, const ReadOptions& options,
    std::shared_ptr<ZstdDecompressor> zstd, ArrayDataPtr dictionary, const ByteReader* reader) {
  PageTable table =
      pages != nullptr ? PageTable::FromIndex(chunk, *pages) : PageTable::ForWalk(chunk);
  ARROW_ASSIGN_OR_RAISE(PageOpener opener,
                        OpenerOf(chunk, options, std::move(zstd), reader->context()));
  return std::unique_ptr<FlatColumnReader>(new FlatColumnReader(
      column, chunk, std::move(table), std::move(opener), options, std::move(dictionary), reader));
}

FlatColumnReader::FlatColumnReader(const FlatColumn& column, const ColumnChunk& chunk,
                                   PageTable table, PageOpener opener, const ReadOptions& options,
                                   ArrayDataPtr dictionary, const ByteReader* reader)
    : column_(column),
      chunk_(chunk),
      table_(std::move(table)),
      opener_(std::move(opener)),
      decoder_(column, options.max_page_bytes, options.pool),
      pool_(options.pool),
      shortcuts_(options.shortcuts),
      reader_(reader),
      states_(table_.pages().size()),
      dictionary_(std::move(dictionary)) {
  if (dictionary_ != nullptr) bytes_held_ += BytesOf(*dictionary_);
}

FlatColumnReader::~FlatColumnReader() {
  if (!is_wanted_) return;
  const auto known = static_cast<int64_t>(table_.pages().size());
  const int64_t counted = std::max(known, chunk_.num_data_pages.value_or(0));
  const int64_t pages = table_.complete() ? known : counted;
  reader_->cost()->pages_skipped += pages - pages_read_;
  if (late_) reader_->cost()->pages_skipped_late += pages - pages_read_;
}

void FlatColumnReader::Want(const plan::RowRanges& rows, bool late) {
  wanted_ = rows;
  is_wanted_ = true;
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
      const PageState& state = states_[page];
      if (asked || page < first_live_ || state.fetched || state.is_opened()) continue;
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
    if (dictionary_ == nullptr && dictionary.length > 0 && dictionary.offset >= piece_->offset &&
        dictionary.end() <= piece_->end()) {
      dictionary_page_ =
          arrow::SliceBuffer(buffers[0], dictionary.offset - piece_->offset, dictionary.length);
    }
    for (PageTable::Walked& page : walked) {
      const plan::RowRange& rows = table_.pages()[page.page].rows;
      const bool later = rows.end > wanted_.end();
      if (later || wanted_.Overlaps(rows)) Keep(page.page, std::move(page.bytes));
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
  if (state->opened.has_value()) bytes_held_ -= BytesOf(*state->opened);
  if (state->compressed != nullptr) bytes_held_ -= state->compressed->size();
  if (state->decoded != nullptr) bytes_held_ -= BytesOf(*state->decoded);
  for (const PageTest& test : state->tests) bytes_held_ -= test.bits->size();
  *state = {};
}

arrow::Status FlatColumnReader::MoveTo(int64_t row) {
  if (table_.Find(row) < first_live_) {
    return base::Invalid("row {} is read after the pages behind it", row);
  }
  while (first_live_ < states_.size() && table_.pages()[first_live_].rows.end <= row) {
    Release(&states_[first_live_++]);
  }
  return arrow::Status::OK();
}

arrow::Status FlatColumnReader::Fetch(const plan::RowRanges& rows) {
  wanted_ = rows;
  is_wanted_ = true;
  for (;;) {
    const std::vector<base::ByteRange> missing = Missing();
    if (missing.empty()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(base::Buffers buffers, reader_->Read(missing));
    ARROW_RETURN_NOT_OK(Accept(buffers));
  }
}

arrow::Status FlatColumnReader::LoadDictionary() {
  if (dictionary_ != nullptr || dictionary_page_ == nullptr) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const Page page, opener_.Open({dictionary_page_}));
  return TakeDictionary(page);
}

arrow::Result<std::shared_ptr<arrow::Array>> FlatColumnReader::Dictionary() {
  const base::ByteRange range{chunk_.bytes.offset, chunk_.first_data_page - chunk_.bytes.offset};
  if (!chunk_.all_dictionary || range.length <= 0 || range.length > chunk_.bytes.length) {
    return nullptr;
  }
  if (dictionary_ == nullptr) {
    BufferPtr bytes = dictionary_page_;
    if (bytes == nullptr) {
      ARROW_ASSIGN_OR_RAISE(bytes, reader_->ReadOne(range));
    }
    ARROW_ASSIGN_OR_RAISE(const Page page, opener_.Open({bytes}));
    if (page.header.kind != PageHeader::Kind::kDictionary) return nullptr;
    ARROW_RETURN_NOT_OK(TakeDictionary(page));
  }
  return arrow::MakeArray(dictionary_);
}

arrow::Status FlatColumnReader::TakeDictionary(const Page& page) {
  if (page.header.kind != PageHeader::Kind::kDictionary) {
    return base::CorruptData("no dictionary page in front of the data pages");
  }
  ARROW_ASSIGN_OR_RAISE(dictionary_, decoder_.DecodeDictionary(page));
  dictionary_page_ = nullptr;
  bytes_held_ += BytesOf(*dictionary_);
  return arrow::Status::OK();
}

int64_t FlatColumnReader::waiting_dictionary_bytes() const {
  if (dictionary_ != nullptr || dictionary_page_ == nullptr) return 0;
  for (const PageState& state : states_) {
    if (state.fetched == nullptr) continue;
    const auto header = HeaderOf(*state.fetched);
    const bool needs = header.has_value() && IsDictionaryEncoding(header->encoding);
    return needs ? dictionary_page_->size() : 0;
  }
  return 0;
}

void FlatColumnReader::LoadDictionaryWith(FlatColumnReader* other) {
  if (other == nullptr) {
    static_cast<void>(LoadDictionary().ok());
    return;
  }
  const auto both = opener_.OpenBoth({dictionary_page_}, {other->dictionary_page_});
  if (!both.ok()) return;
  static_cast<void>(TakeDictionary((*both)[0]).ok());
  static_cast<void>(other->TakeDictionary((*both)[1]).ok());
}

arrow::Result<bool> FlatColumnReader::FetchDictionary() {
  if (dictionary_ != nullptr || table_.dictionary().length == 0) return false;
  if (table_.dictionary().length > MostAhead()) return false;
  ARROW_ASSIGN_OR_RAISE(BufferPtr page, reader_->ReadOne(table_.dictionary()));
  const auto header = HeaderOf(*page);
  if (!header.has_value() || header->uncompressed_size > MostAhead()) return false;
  dictionary_page_ = std::move(page);
  return true;
}

arrow::Status FlatColumnReader::OpenPage(size_t index, bool with_next) {
  if (states_[index].is_opened()) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(reader_->stop().Poll());
  if (states_[index].fetched == nullptr) {
    ARROW_RETURN_NOT_OK(Fetch(plan::RowRanges{table_.pages()[index].rows}));
  }
  const std::optional<size_t> next = with_next ? PairFor(index) : std::nullopt;
  if (next.has_value()) {
    const auto both = opener_.OpenBoth(ToOpen(index), ToOpen(*next));
    // Who reads the next page learns what is wrong with it, then.
    if (both.ok() && TakeOpened(*next, (*both)[1]).ok()) {
      ARROW_RETURN_NOT_OK(TakeOpened(index, (*both)[0]));
      return CheckMemory();
    }
  }
  ARROW_ASSIGN_OR_RAISE(const Page page, opener_.Open(ToOpen(index)));
  ARROW_RETURN_NOT_OK(TakeOpened(index, page));
  return CheckMemory();
}

std::optional<size_t> FlatColumnReader::PairFor(size_t index) const {
  const size_t end = std::min(states_.size(), index + 1 + kMostPagesBetween);
  for (size_t page = index + 1; page < end; ++page) {
    if (IsWorthPairing(page)) return page;
  }
  return std::nullopt;
}

bool FlatColumnReader::IsWorthPairing(size_t page) const {
  if (states_[page].fetched == nullptr || !wanted_.Overlaps(table_.pages()[page].rows)) {
    return false;
  }
  const auto header = HeaderOf(*states_[page].fetched);
  return header.has_value() && int64_t{header->uncompressed_size} <= MostAhead();
}

int64_t FlatColumnReader::MostAhead() const {
  const ReadContext& context = reader_->context();
  return std::min((context.memory_bytes - bytes_held_) / kPairedShare,
                  context.in_steps ? kMostPairedInSteps : context.memory_bytes);
}

arrow::Status FlatColumnReader::TakeOpened(size_t index, const Page& page) {
  const PageLocation& location = table_.pages()[index];
  if (!page.header.is_data() || page.header.num_values != location.rows.size()) {
    return base::CorruptData("page at {} does not hold the {} rows that the offset index promises",
                             location.bytes.offset, location.rows.size());
  }
  ARROW_RETURN_NOT_OK(SetOpened(index, page));
  ++pages_read_;
  ++reader_->cost()->pages_read;
  return arrow::Status::OK();
}

arrow::Status FlatColumnReader::SetOpened(size_t index, const Page& page) {
  PageState& state = states_[index];
  ARROW_ASSIGN_OR_RAISE(EncodedPage opened, decoder_.DecodeLevels(page));
  const int64_t rows = state.opened_rows;
  BufferPtr compressed = page.is_whole() ? nullptr : state.fetched;
  Release(&state);
  bytes_held_ += BytesOf(opened) + (compressed == nullptr ? 0 : compressed->size());
  state.opened = std::move(opened);
  state.compressed = std::move(compressed);
  state.opened_rows = rows;
  return arrow::Status::OK();
}

int64_t FlatColumnReader::NeededRows(size_t index) const {
  const plan::RowRange& page = table_.pages()[index].rows;
  // Steps are short: what is opened in one is not opened anew by who reads it.
  const bool may_open_parts = late_ && parts_pay_ && shortcuts_ != Shortcuts::kNever &&
                              !reader_->context().in_steps &&
                              states_[index].fetched->size() <= MostAhead();
  const plan::RowRanges wanted = may_open_parts ? wanted_.Intersect(page) : plan::RowRanges();
  if (wanted.empty()) return page.size();
  const int64_t needed = wanted.end() - page.begin;
  if (shortcuts_ == Shortcuts::kAlways) return needed;
  const bool few = wanted.num_rows() < page.size() / kPickedShareOfTexts;
  return few && needed <= page.size() - page.size() / kLeastShareBehind ? needed : page.size();
}

StoredPage FlatColumnReader::ToOpen(size_t index) {
  PageState& state = states_[index];
  StoredPage page{state.fetched};
  state.opened_rows = NeededRows(index);
  if (state.opened_rows < table_.pages()[index].rows.size()) {
    page.need = decoder_.NeedOf(state.opened_rows);
  }
  return page;
}

arrow::Status FlatColumnReader::OpenRest(size_t index, int64_t rows) {
  PageState& state = states_[index];
  if (state.compressed == nullptr || rows <= state.opened_rows) return arrow::Status::OK();
  // The part is let go before there is the whole.
  BufferPtr compressed = state.compressed;
  const bool was_picked = state.was_picked;
  Release(&state);
  Keep(index, std::move(compressed));
  ARROW_ASSIGN_OR_RAISE(const Page page, opener_.Open({state.fetched}));
  ARROW_RETURN_NOT_OK(SetOpened(index, page));
  state.was_picked = was_picked;
  return CheckMemory();
}

/// Of an opened page.
arrow::Status FlatColumnReader::DecodePage(size_t index) {
  PageState& state = states_[index];
  if (state.decoded != nullptr) return arrow::Status::OK();
  if (state.compressed != nullptr) {
    // What was opened of it was not enough, and may not be of the next ones.
    parts_pay_ = shortcuts_ == Shortcuts::kAlways;
    ARROW_RETURN_NOT_OK(OpenRest(index, table_.pages()[index].rows.size()));
  }
  if (state.opened->is_dictionary()) ARROW_RETURN_NOT_OK(LoadDictionary());
  ARROW_ASSIGN_OR_RAISE(state.decoded, decoder_.Decode(*state.opened, dictionary_));
  bytes_held_ += BytesOf(*state.decoded) - BytesOf(*state.opened);
  state.opened.reset();
  return CheckMemory();
}

arrow::Status FlatColumnReader::CheckMemory() const {
  const int64_t allowed = reader_->context().memory_bytes;
  if (bytes_held_ <= allowed) return arrow::Status::OK();
  return base::LimitExceeded("{} bytes of pages are held at once, where memory for {} is left",
                             bytes_held_, allowed);
}

arrow::Result<const FlatColumnReader::DictionaryTest*> FlatColumnReader::TestDictionary(
    ValueFilter* filter) {
  for (const DictionaryTest& known : dictionary_tests_) {
    if (known.filter == filter) return &known;
  }
  ARROW_RETURN_NOT_OK(LoadDictionary());
  if (dictionary_ == nullptr) {
    return base::CorruptData("dictionary-encoded page in a chunk without a dictionary page");
  }
  ARROW_ASSIGN_OR_RAISE(const BufferPtr passes, filter->Test(arrow::MakeArray(dictionary_)));
  ARROW_ASSIGN_OR_RAISE(const auto null, arrow::MakeArrayOfNull(column_.type, 1, pool_));
  ARROW_ASSIGN_OR_RAISE(const BufferPtr null_passes, filter->Test(null));
  bytes_held_ += arrow::bit_util::BytesForBits(dictionary_->length);
  dictionary_tests_.push_back({filter, CodeSet::FromBits(passes->data(), dictionary_->length),
                               arrow::bit_util::GetBit(null_passes->data(), 0)});
  return &dictionary_tests_.back();
}

arrow::Result<const FlatColumnReader::PageTest*> FlatColumnReader::TestPage(size_t index,
                                                                            ValueFilter* filter) {
  PageState& state = states_[index];
  for (const PageTest& known : state.tests) {
    if (known.filter == filter) return &known;
  }
  if (!state.opened.has_value() || shortcuts_ == Shortcuts::kNever) return nullptr;
  PageTest test{filter, nullptr, true};
  if (state.opened->is_dictionary()) {
    ARROW_ASSIGN_OR_RAISE(const DictionaryTest* codes, TestDictionary(filter));
    ARROW_ASSIGN_OR_RAISE(test.bits,
                          decoder_.Test(*state.opened, codes->codes, codes->null_passes));
    ++reader_->cost()->pages_tested;
  } else if (filter->required() != nullptr && search_pays_) {
    ARROW_ASSIGN_OR_RAISE(test.bits, decoder_.Find(*state.opened, *filter->required()));
    if (test.bits == nullptr) return nullptr;
    ++reader_->cost()->pages_searched;
    test.is_exact = filter->is_required_enough();
    // Where most values hold the text, each is found as soon by looking at that value alone.
    const int64_t rows = state.opened->num_values;
    search_pays_ = shortcuts_ == Shortcuts::kAlways ||
                   arrow::internal::CountSetBits(test.bits->data(), 0, rows) <= rows / 2;
  } else {
    return nullptr;
  }
  bytes_held_ += test.bits->size();
  state.tests.push_back(std::move(test));
  return &state.tests.back();
}

template <typename Visit>
arrow::Status FlatColumnReader::VisitParts(plan::RowRange rows, Visit&& visit) {
  for (size_t page = table_.Find(rows.begin);
       page < states_.size() && table_.pages()[page].rows.begin < rows.end; ++page) {
    const plan::RowRange& held = table_.pages()[page].rows;
    ARROW_RETURN_NOT_OK(visit(
        page, plan::RowRange{std::max(rows.begin, held.begin), std::min(rows.end, held.end)}));
  }
  return arrow::Status::OK();
}

arrow::Status FlatColumnReader::FilterPart(size_t index, plan::RowRange rows, int64_t at,
                                           ValueFilter* filter, uint8_t* bits) {
  const int64_t set = arrow::internal::CountSetBits(bits, at, rows.size());
  if (set == 0) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(OpenPage(index, /*with_next=*/set == rows.size()));
  ARROW_RETURN_NOT_OK(OpenRest(index, table_.pages()[index].rows.size()));
  const int64_t first = rows.begin - table_.pages()[index].rows.begin;
  ARROW_ASSIGN_OR_RAISE(const PageTest* test, TestPage(index, filter));
  if (test != nullptr) {
    AndBits(test->bits->data(), first, rows.size(), at, bits);
    const bool none = arrow::internal::CountSetBits(bits, at, rows.size()) == 0;
    if (test->is_exact || none) return arrow::Status::OK();
  }
  ARROW_RETURN_NOT_OK(DecodePage(index));
  const arrow::ArrayData& page = *states_[index].decoded;
  const auto read =
      [&](const Selection& selection) -> arrow::Result<std::shared_ptr<arrow::Array>> {
    if (!selection.has_value()) return arrow::MakeArray(page.Slice(first, rows.size()));
    ARROW_ASSIGN_OR_RAISE(ArrayDataPtr some, vector::Take(page, *selection, -first, pool_));
    return arrow::MakeArray(some);
  };
  return FilterValues(at, rows.size(), read, filter, bits);
}

arrow::Status FlatColumnReader::Filter(int64_t begin, int64_t length, ValueFilter* filter,
                                       uint8_t* bits) {
  const plan::RowRange rows{begin, begin + length};
  ARROW_RETURN_NOT_OK(MoveTo(begin));
  if (table_.known_rows() < rows.end) ARROW_RETURN_NOT_OK(Fetch(plan::RowRanges{rows}));
  return VisitParts(rows, [&](size_t page, plan::RowRange part) {
    return FilterPart(page, part, part.begin - begin, filter, bits);
  });
}

arrow::Result<ArrayDataPtr> FlatColumnReader::PickRows(size_t index,
                                                       std::span<const int32_t> positions,
                                                       int64_t shift) {
  PageState& state = states_[index];
  ARROW_RETURN_NOT_OK(OpenRest(index, positions.back() - shift + 1));
  if (state.opened->is_dictionary()) ARROW_RETURN_NOT_OK(LoadDictionary());
  ARROW_ASSIGN_OR_RAISE(ArrayDataPtr values,
                        decoder_.Pick(*state.opened, dictionary_, positions, shift, &state.picked));
  if (values != nullptr && !std::exchange(state.was_picked, true)) {
    ++reader_->cost()->pages_picked;
  }
  return values;
}

bool FlatColumnReader::IsWorthPicking(size_t index, int64_t selected, int64_t rows) const {
  const std::optional<EncodedPage>& opened = states_[index].opened;
  if (!opened.has_value() || shortcuts_ == Shortcuts::kNever) return false;
  if (shortcuts_ == Shortcuts::kAlways) return selected < rows;
  return selected < rows / (opened->is_dictionary() ? kPickedShareOfCodes : kPickedShareOfTexts);
}

FlatColumnReader::PagePart FlatColumnReader::PartOf(size_t index, plan::RowRange rows,
                                                    int64_t begin,
                                                    const Selection& selection) const {
  PagePart part;
  if (selection.has_value()) {
    part.selected = Clip(*selection, rows.begin - begin, rows.end - begin);
  }
  const auto count = static_cast<int64_t>(part.selected.size());
  part.is_all = !selection.has_value() || count == rows.size();
  // The next page is as likely to be read as this part of this one says.
  const int64_t expected =
      part.is_all ? rows.size() : count * table_.pages()[index].rows.size() / rows.size();
  // What is read late was announced for the rows that are left.
  part.with_next = late_ || expected >= kLikelyRows;
  return part;
}

arrow::Result<ArrayDataPtr> FlatColumnReader::ReadPart(size_t index, plan::RowRange rows,
                                                       int64_t begin, const Selection& selection) {
  const PagePart part = PartOf(index, rows, begin, selection);
  if (part.is_empty()) return nullptr;
  const int64_t first = table_.pages()[index].rows.begin;
  ARROW_RETURN_NOT_OK(OpenPage(index, part.with_next));
  if (!part.is_all &&
      IsWorthPicking(index, static_cast<int64_t>(part.selected.size()), rows.size())) {
    ARROW_ASSIGN_OR_RAISE(ArrayDataPtr picked, PickRows(index, part.selected, first - begin));
    if (picked != nullptr) return picked;
  }
  ARROW_RETURN_NOT_OK(DecodePage(index));
  const arrow::ArrayData& page = *states_[index].decoded;
  if (part.is_all) return page.Slice(rows.begin - first, rows.size());
  return vector::Take(page, part.selected, first - begin, pool_);
}

std::optional<std::pair<size_t, FlatColumnReader::PagePart>> FlatColumnReader::NextToOpen(
    plan::RowRange rows, const Selection& selection) const {
  for (size_t page = std::max(table_.Find(rows.begin), first_live_);
       page < states_.size() && table_.pages()[page].rows.begin < rows.end; ++page) {
    if (states_[page].fetched == nullptr) continue;
    const plan::RowRange& held = table_.pages()[page].rows;
    const PagePart part =
        PartOf(page, {std::max(rows.begin, held.begin), std::min(rows.end, held.end)}, rows.begin,
               selection);
    if (!part.is_empty()) return std::pair(page, part);
  }
  return std::nullopt;
}

arrow::Result<bool> FlatColumnReader::OpenNext(plan::RowRange rows, const Selection& selection) {
  const auto next = NextToOpen(rows, selection);
  if (!next.has_value()) return false;
  ARROW_RETURN_NOT_OK(OpenPage(next->first, next->second.with_next));
  return true;
}

std::optional<size_t> FlatColumnReader::LonePage(plan::RowRange rows,
                                                 const Selection& selection) const {
  const auto next = NextToOpen(rows, selection);
  if (!next.has_value()) return std::nullopt;
  const bool alone = !next->second.with_next || !PairFor(next->first).has_value();
  return alone ? std::optional(next->first) : std::nullopt;
}

void FlatColumnReader::OpenPageWith(size_t page, FlatColumnReader* other, size_t page_of_other) {
  const auto both = opener_.OpenBoth(ToOpen(page), other->ToOpen(page_of_other));
  if (!both.ok()) return;
  static_cast<void>(TakeOpened(page, (*both)[0]).ok());
  static_cast<void>(other->TakeOpened(page_of_other, (*both)[1]).ok());
}

arrow::Result<std::vector<ArrayDataPtr>> FlatColumnReader::ReadParts(plan::RowRange rows,
                                                                     const Selection& selection) {
  std::vector<ArrayDataPtr> parts;
  ARROW_RETURN_NOT_OK(VisitParts(rows, [&](size_t page, plan::RowRange part) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(ArrayDataPtr data, ReadPart(page, part, rows.begin, selection));
    if (data != nullptr) parts.push_back(std::move(data));
    return arrow::Status::OK();
  }));
  return parts;
}

arrow::Result<std::shared_ptr<arrow::Array>> FlatColumnReader::Read(int64_t begin, int64_t length,
                                                                    const Selection& selection) {
  const plan::RowRange rows{begin, begin + length};
  ARROW_RETURN_NOT_OK(MoveTo(begin));
  if (length == 0 || (selection.has_value() && selection->empty())) {
    return arrow::MakeEmptyArray(column_.type, pool_);
  }
  if (table_.known_rows() < rows.end) ARROW_RETURN_NOT_OK(Fetch(plan::RowRanges{rows}));
  ARROW_ASSIGN_OR_RAISE(std::vector<ArrayDataPtr> parts, ReadParts(rows, selection));
  ARROW_ASSIGN_OR_RAISE(ArrayDataPtr joined, vector::Join(parts, pool_));
  return arrow::MakeArray(joined);
}

}  // namespace skyhook::format
