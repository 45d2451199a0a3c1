// An open fragment: its schema, what can be skipped, and columns read by selection.
//
// The kernel sees only this; Parquet, Arrow IPC and batches in memory implement it.
#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "skyhook/base/byte_source.h"
#include "skyhook/base/memory_budget.h"
#include "skyhook/format/read_context.h"
#include "skyhook/format/value_filter.h"
#include "skyhook/plan/nested_fields.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/plan/row_ranges.h"
#include "skyhook/plan/statistics.h"

namespace skyhook::format {

/// The statistics of consecutive rows of a row group.
struct PageStatistics {
  plan::RowRange rows;  ///< fragment rows
  plan::ColumnStatistics statistics;
};

/// Reads the columns of one row group. Not thread-safe; one thread at a time. Reading moves
/// forward: for each column, calls of Filter and Read come in ascending row order, those for the
/// same rows in any order.
class RowGroupReader {
 public:
  virtual ~RowGroupReader() = default;

  /// Says that `rows` (fragment rows, within the row group) of `columns` will be read next, so that
  /// their pages are fetched together. Pages outside stay unread. May be called again for other
  /// columns or later rows. `late` marks columns that are read after predicates: all pages with
  /// announced rows will be wanted, and announced with no rows, all pages count as skipped.
  virtual arrow::Status Prefetch(const std::vector<int>& columns, const plan::RowRanges& rows,
                                 bool late) = 0;

  /// Every distinct value of a column, when all its pages are dictionary-encoded; else null. Values
  /// are not null; the column may have nulls besides. Reads nothing else; what this has decoded
  /// stays for Filter and Read.
  virtual arrow::Result<std::shared_ptr<arrow::Array>> Dictionary(int column) {
    return std::shared_ptr<arrow::Array>();
  }

  /// Does work that Read of such rows of all `columns` would do first, sooner than column by
  /// column: opens pages, as announced. With ReadContext::in_steps this is a piece of it: opens at
  /// most two pages, or decodes at most two dictionaries. True where a piece is left; call again
  /// for the same rows then.
  virtual arrow::Result<bool> Prepare(const std::vector<int>& columns, int64_t begin,
                                      int64_t length,
                                      std::optional<std::span<const int32_t>> selection) {
    return false;
  }

  /// The values of rows [begin, begin + length) of a column, or, when `selection` is given, of
  /// begin + selection[i] only (ascending, each < length).
  ///
  /// The result has the column's engine type, or is a DictionaryArray (int32 indices) of it where
  /// the pages are dictionary-encoded: nulls are in the indices, dictionary values are not null
  /// but may repeat, and the same dictionary (by `data()->dictionary`) comes back for all of one
  /// column chunk. Arrays may share memory with decompressed pages and keep it alive.
  virtual arrow::Result<std::shared_ptr<arrow::Array>> Read(
      int column, int64_t begin, int64_t length,
      std::optional<std::span<const int32_t>> selection) = 0;

  /// Clears the bits of rows whose value of a column does not pass `filter`; bit i of the bitmap
  /// `bits` stands for row begin + i, and rows whose bit is clear are left as they are. Dictionary-
  /// encoded pages are tested without making values. What this has decoded stays for a Read of the
  /// same rows.
  ///
  /// A filter is used for one column only, and stays what it is for as long as the reader is used.
  virtual arrow::Status Filter(int column, int64_t begin, int64_t length, ValueFilter* filter,
                               uint8_t* bits);

  /// Bytes of pages and decoded values now held.
  virtual int64_t bytes_held() const = 0;
};

inline constexpr int64_t kDefaultBudget = int64_t{16} << 20;

/// Ways of reading that save work where few rows are wanted, and cost more where many are: values
/// made one by one, texts searched for in the bytes of pages, filters evaluated by readers. Answers
/// are the same; tests have them all.
enum class Shortcuts : uint8_t {
  kMeasured,  ///< as what was seen of the rows suggests
  kAlways,    ///< wherever that is possible
  kNever,
};

/// How fragments are read.
struct ReadOptions {
  Shortcuts shortcuts = Shortcuts::kMeasured;
  base::CoalesceOptions coalesce;
  /// Largest footer, page index, page or compressed buffer accepted, in bytes (uncompressed): a
  /// guard against corrupt lengths.
  int64_t max_page_bytes = int64_t{1} << 30;
  arrow::MemoryPool* pool = nullptr;  ///< nullptr: Arrow's default pool
  /// Bounds what open fragments keep of page indexes, bloom filters and dictionaries; what finds no
  /// room is read again. Null: each has kDefaultBudget bytes of its own.
  std::shared_ptr<base::MemoryBudget> budget = nullptr;
};

/// One version of one fragment. Thread-safe.
class Fragment {
 public:
  virtual ~Fragment() = default;

  virtual const std::string& name() const = 0;
  virtual const std::string& version() const = 0;
  /// As ReadOptions::shortcuts.
  virtual Shortcuts shortcuts() const { return Shortcuts::kMeasured; }
  /// The schema as the file declares it.
  virtual const std::shared_ptr<arrow::Schema>& declared_schema() const = 0;
  /// The same fields in engine types (plan/types.h).
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// The id that the file gives each field of the schema, -1 for none; empty when it gives none.
  virtual std::vector<int> field_ids() const { return {}; }
  /// The fields within struct columns. Wherever a column is asked for by number, number
  /// `schema()->num_fields() + i` is `nested_fields()[i]`.
  virtual const std::vector<plan::NestedField>& nested_fields() const = 0;
  virtual int64_t num_rows() const = 0;
  /// About how many bytes of memory the fragment takes as long as it is open, besides what it keeps
  /// within ReadOptions::budget.
  virtual int64_t footer_bytes() const { return 0; }

  virtual int num_row_groups() const = 0;
  /// The fragment rows of a row group.
  virtual plan::RowRange row_group_rows(int row_group) const = 0;
  /// Bytes of a row group's columns in the file, before decompression.
  virtual int64_t row_group_bytes(int row_group, const std::vector<int>& columns) const = 0;
  /// The same after decompression, as far as the file says.
  virtual int64_t row_group_decoded_bytes(int row_group, const std::vector<int>& columns) const {
    return row_group_bytes(row_group, columns);
  }

  /// Statistics of a column of a row group; nullopt when there are none that are safe to use.
  virtual arrow::Result<std::optional<plan::ColumnStatistics>> Statistics(int row_group,
                                                                          int column) = 0;
  /// Statistics by page, in row order and covering the row group; empty when there are none.
  virtual arrow::Result<std::vector<PageStatistics>> Pages(int row_group, int column,
                                                           const ReadContext& context) = 0;
  /// True when a bloom filter is there to be asked.
  virtual bool HasBloomFilter(int row_group, int column) const = 0;
  /// False when the bloom filter says that no value of the column equals one of `values` (scalars
  /// of its engine type).
  virtual arrow::Result<bool> MayContainAny(int row_group, int column, plan::ScalarSpan values,
                                            const ReadContext& context) = 0;
  /// The same of one value.
  arrow::Result<bool> MayContain(int row_group, int column, const arrow::Scalar& value,
                                 const ReadContext& context);

  /// The account of `context` must outlive the reader; its pages_skipped is complete when the
  /// reader is gone.
  virtual arrow::Result<std::unique_ptr<RowGroupReader>> Open(int row_group,
                                                              const ReadContext& context) = 0;
};

/// Opens a Parquet file or an Arrow IPC file, told apart by their magic bytes. `context` is needed
/// for no longer than the call.
arrow::Result<std::shared_ptr<Fragment>> OpenFragment(std::shared_ptr<base::ByteSource> source,
                                                      const ReadOptions& options,
                                                      const ReadContext& context);

/// Record batches in memory as a fragment; each batch is a row group.
arrow::Result<std::shared_ptr<Fragment>> FragmentFromBatches(
    std::shared_ptr<arrow::Schema> schema, std::vector<std::shared_ptr<arrow::RecordBatch>> batches,
    std::string name);

}  // namespace skyhook::format
