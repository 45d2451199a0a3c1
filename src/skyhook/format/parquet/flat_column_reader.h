// Reads a flat Parquet column page by page: only pages with wanted rows are decompressed, and
// values are made of those only that are read.
#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "skyhook/format/byte_reader.h"
#include "skyhook/format/column_reader.h"
#include "skyhook/format/fragment.h"
#include "skyhook/format/parquet/column_chunk.h"
#include "skyhook/format/parquet/flat_column.h"
#include "skyhook/format/parquet/page.h"
#include "skyhook/format/parquet/page_decoder.h"
#include "skyhook/format/parquet/page_table.h"

namespace skyhook::format {

/// Pages of more bytes are opened alone where work is done in steps: two of them take more than one
/// step may, which lasts 2 ms. Two of a mebibyte, as most writers make them, take 1.5 ms, one takes
/// 1.1 ms.
inline constexpr int64_t kMostPairedInSteps = 1280 * 1024;

class FlatColumnReader : public ColumnReader {
 public:
  /// `pages` is null when there is no offset index. `reader` must outlive this and carry a cost.
  /// `zstd` is that of the row group. `dictionary` is that of the chunk where it is decoded
  /// already; else null.
  static arrow::Result<std::unique_ptr<FlatColumnReader>> Make(
      const FlatColumn& column, const ColumnChunk& chunk,
      const std::shared_ptr<const std::vector<PageLocation>>& pages, const ReadOptions& options,
      std::shared_ptr<ZstdDecompressor> zstd, std::shared_ptr<arrow::ArrayData> dictionary,
      const ByteReader* reader);
  /// Adds the pages that were skipped to the cost.
  ~FlatColumnReader() override;

  void Want(const plan::RowRanges& rows, bool late) override;
  std::vector<base::ByteRange> Missing() override;
  arrow::Status Accept(std::span<const std::shared_ptr<arrow::Buffer>> buffers) override;
  arrow::Result<std::shared_ptr<arrow::Array>> Read(int64_t begin, int64_t length,
                                                    const Selection& selection) override;
  /// Tests whole pages of dictionary codes, and looks for texts in whole pages; keeps what it has
  /// found.
  arrow::Status Filter(int64_t begin, int64_t length, ValueFilter* filter, uint8_t* bits) override;
  int64_t bytes_held() const override { return bytes_held_; }

  /// As RowGroupReader::Dictionary.
  arrow::Result<std::shared_ptr<arrow::Array>> Dictionary();
  /// Compressed bytes of the dictionary, where a page that was fetched needs it and it is not
  /// decoded; else 0.
  int64_t waiting_dictionary_bytes() const;
  arrow::Compression::type compression() const { return chunk_.compression; }
  /// Decodes a dictionary that waits, and that of another column (may be null) of the same
  /// compression, in less time than one after the other. What fails is tried again, and reported,
  /// when a page needs it.
  void LoadDictionaryWith(FlatColumnReader* other);
  /// Fetches the dictionary page alone, sooner than it is needed; false where its place is not
  /// known, or it would take too much memory for that.
  arrow::Result<bool> FetchDictionary();
  /// The dictionary, once it is decoded; else null.
  const std::shared_ptr<arrow::ArrayData>& decoded_dictionary() const { return dictionary_; }
  /// Opens the first page that a Read of these rows would open, and perhaps the next; false where
  /// all that were fetched are open.
  arrow::Result<bool> OpenNext(plan::RowRange rows, const Selection& selection);
  /// The page that OpenNext would open, where that would be the only one.
  std::optional<size_t> LonePage(plan::RowRange rows, const Selection& selection) const;
  /// Compressed bytes of a page that was fetched and is not open.
  int64_t FetchedBytes(size_t page) const { return states_[page].fetched->size(); }
  /// Opens such a page, and such a one of another column of the same compression, in less time than
  /// one after the other. What fails is tried again, and reported, when a page is read.
  void OpenPageWith(size_t page, FlatColumnReader* other, size_t page_of_other);

 private:
  /// A filter over the dictionary: the codes that pass.
  struct DictionaryTest {
    ValueFilter* filter;
    CodeSet codes;
    bool null_passes;
  };

  /// What a filter says of a page's rows.
  struct PageTest {
    ValueFilter* filter;
    std::shared_ptr<arrow::Buffer> bits;
    bool is_exact;  ///< rows whose bit is set pass; else they may
  };

  /// What is wanted of a page.
  struct PagePart {
    std::span<const int32_t> selected;  ///< rows, counted as the selection counts them
    bool is_all = false;                ///< all rows of the part, whatever `selected` is
    bool with_next = false;             ///< the next page is likely to be wanted, too

    bool is_empty() const { return !is_all && selected.empty(); }
  };

  /// A page: fetched, opened, decoded, or none of them, and never two, but for one that is opened
  /// in part; and what filters say of its rows.
  struct PageState {
    std::shared_ptr<arrow::Buffer> fetched;
    std::optional<EncodedPage> opened;
    /// Of a page of which the first `opened_rows` rows are opened alone: all of it, as it was
    /// fetched. Else null.
    std::shared_ptr<arrow::Buffer> compressed;
    int64_t opened_rows = 0;
    std::shared_ptr<arrow::ArrayData> decoded;
    std::vector<PageTest> tests;
    PickState picked;         ///< of `opened`
    bool was_picked = false;  ///< some values, of whichever part was opened

    bool is_opened() const { return opened.has_value() || decoded != nullptr; }
  };

  FlatColumnReader(const FlatColumn& column, const ColumnChunk& chunk, PageTable table,
                   PageOpener opener, const ReadOptions& options,
                   std::shared_ptr<arrow::ArrayData> dictionary, const ByteReader* reader);

  arrow::Status Fetch(const plan::RowRanges& rows);
  void Keep(size_t page, std::shared_ptr<arrow::Buffer> bytes);
  /// Lets go what is before `row`, to which reading moves forward.
  arrow::Status MoveTo(int64_t row);
  void Release(PageState* state);
  arrow::Status LoadDictionary();
  PagePart PartOf(size_t page, plan::RowRange rows, int64_t begin,
                  const Selection& selection) const;
  /// The first page with some of these rows that was fetched and is not open, and what is wanted of
  /// it.
  std::optional<std::pair<size_t, PagePart>> NextToOpen(plan::RowRange rows,
                                                        const Selection& selection) const;
  arrow::Status TakeDictionary(const Page& page);
  /// `with_next`: a page behind it that is wanted and fetched is opened as well, in less time than
  /// later.
  arrow::Status OpenPage(size_t page, bool with_next);
  /// One of the next pages that is worth it; nothing where none is.
  std::optional<size_t> PairFor(size_t page) const;
  /// Whether a page is wanted, fetched, and no larger than what may be held besides another one.
  bool IsWorthPairing(size_t page) const;
  /// Uncompressed bytes of a page that may be opened sooner than it is needed.
  int64_t MostAhead() const;
  /// A page that was fetched, as it is opened for its rows that are wanted: where these are few and
  /// there are others behind them, for them alone.
  StoredPage ToOpen(size_t page);
  /// How many rows, from the first on, hold those that are wanted of a page; all where no less is
  /// worth it.
  int64_t NeededRows(size_t page) const;
  arrow::Status TakeOpened(size_t page, const Page& opened);
  arrow::Status SetOpened(size_t page, const Page& opened);
  /// Opens all of a page of which so many rows are not opened.
  arrow::Status OpenRest(size_t page, int64_t rows);
  arrow::Status DecodePage(size_t page);
  arrow::Status CheckMemory() const;
  arrow::Result<const DictionaryTest*> TestDictionary(ValueFilter* filter);
  /// Of an opened page, valid until the next call; null: only its values can tell.
  arrow::Result<const PageTest*> TestPage(size_t page, ValueFilter* filter);
  /// Calls `visit(page, rows)` for each known page with some of `rows`, and those of them.
  template <typename Visit>
  arrow::Status VisitParts(plan::RowRange rows, Visit&& visit);
  /// The part `rows` of a page, whose bits begin at bit `at`.
  arrow::Status FilterPart(size_t page, plan::RowRange rows, int64_t at, ValueFilter* filter,
                           uint8_t* bits);
  arrow::Result<std::vector<std::shared_ptr<arrow::ArrayData>>> ReadParts(
      plan::RowRange rows, const Selection& selection);
  /// Whether so many of the rows of a page are worth picking.
  bool IsWorthPicking(size_t page, int64_t selected, int64_t rows) const;
  /// Some values of an opened page; null: it has to be decoded.
  arrow::Result<std::shared_ptr<arrow::ArrayData>> PickRows(size_t page,
                                                            std::span<const int32_t> positions,
                                                            int64_t shift);
  arrow::Result<std::shared_ptr<arrow::ArrayData>> ReadPart(size_t page, plan::RowRange rows,
                                                            int64_t begin,
                                                            const Selection& selection);

  FlatColumn column_;
  ColumnChunk chunk_;
  PageTable table_;
  PageOpener opener_;
  PageDecoder decoder_;
  arrow::MemoryPool* pool_;
  const Shortcuts shortcuts_;
  const ByteReader* reader_;

  plan::RowRanges wanted_;
  bool is_wanted_ = false;  ///< some rows were announced or read, or none for the account
  bool late_ = false;
  std::vector<PageState> states_;  ///< one for each page the table knows
  size_t first_live_ = 0;          ///< pages before are released
  std::shared_ptr<arrow::Buffer> dictionary_page_;
  std::shared_ptr<arrow::ArrayData> dictionary_;
  std::vector<DictionaryTest> dictionary_tests_;
  bool search_pays_ = true;  ///< for texts, page by page
  bool parts_pay_ = true;    ///< of pages, opened alone

  /// What Missing asked for: a piece to walk, or the dictionary page and pages.
  std::optional<base::ByteRange> piece_;
  bool dictionary_asked_ = false;
  std::vector<size_t> pages_asked_;

  int64_t pages_read_ = 0;
  int64_t bytes_held_ = 0;
};

}  // namespace skyhook::format
