// Where the rows of a running pipeline come from: the seam between the driver (exec/run.cc) and a
// fragment, or batches that pass by.
//
// A source is gone through in pieces: row groups, or batches. What may be skipped of a piece, read
// late or read again is the source's affair; the driver sees chunks of rows that passed the filter.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/exec/aggregate/statistics_state.h"
#include "skyhook/exec/chunk.h"
#include "skyhook/exec/input_binding.h"
#include "skyhook/exec/kept_rows.h"
#include "skyhook/exec/program.h"
#include "skyhook/exec/row_group_plan.h"
#include "skyhook/exec/row_group_scan.h"
#include "skyhook/format/fragment.h"
#include "skyhook/plan/row_ranges.h"

namespace skyhook::exec {

/// What a call wants of a piece when it begins: filters become stricter from one to the next.
struct Wanted {
  const Program* program = nullptr;  ///< of the sink
  std::vector<Conjunct> conjuncts;
  std::vector<int> output_columns;  ///< input columns that chunks are asked for afterwards
  format::ReadContext context;      ///< its account is the call's
  int64_t memory_bytes = 0;         ///< of the call
  /// Offered what is known of a piece of so many rows, all of which pass: true, and they need not
  /// be read. Null: nobody wants that.
  std::function<arrow::Result<bool>(int64_t rows, const StatisticsOfColumn& statistics)> summarise =
      nullptr;
};

/// Not thread-safe.
class RowSource {
 public:
  virtual ~RowSource() = default;
  RowSource(const RowSource&) = delete;
  RowSource& operator=(const RowSource&) = delete;

  /// For messages.
  const std::string& name() const { return name_; }
  /// Of what is read; empty where there is none.
  virtual std::string version() const { return {}; }
  InputBinding* input() { return &input_; }
  /// The rows asked for, as far as they are known. They are numbered as they come.
  const plan::RowRanges& rows() const { return rows_; }

  /// Begins the next piece that has rows asked for; false: there is none. All rows before
  /// `*position` have been dealt with; it goes to the end of a piece of which no row can pass.
  virtual arrow::Result<bool> Begin(Wanted wanted, int64_t* position) = 0;
  /// Whether there is more of a piece that has begun.
  bool in_piece() const { return scan_ != nullptr || !counted_.empty(); }
  /// The next chunk of the piece, with at least one row left, or null where the next rows do not
  /// pass. Chunks come in row order. `*position` goes to the row up to which all rows have been
  /// dealt with, once the chunk has been.
  arrow::Result<std::unique_ptr<Chunk>> Next(int64_t* position);
  /// Evaluates nodes of the sink over a chunk; valid until the next call of Next.
  Frame FrameOf(Chunk* chunk);
  /// Drops what is left of the piece: no further chunk is wanted.
  void Close();
  /// Goes on for a call that asks for `rows`, which are among those that the last one left.
  void Resume(plan::RowRanges rows) { rows_ = std::move(rows); }

  /// Where a top-k has to keep what it may come to; null: rows can be read again.
  virtual KeptRows* kept() { return nullptr; }
  /// The projected columns of the first of some rows (ascending), which are known to pass: of as
  /// many as take about `bytes` bytes, at least one.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> Fetch(const Projection& projection,
                                                                   const Wanted& wanted,
                                                                   std::span<const int64_t> rows,
                                                                   int64_t bytes) = 0;

 protected:
  RowSource(std::string name, InputBinding input, plan::RowRanges rows)
      : name_(std::move(name)), input_(std::move(input)), rows_(std::move(rows)) {}

  /// A piece that ends before row `end`: `rows` of it are to be gone through.
  struct Piece {
    std::unique_ptr<format::RowGroupReader> reader;
    plan::RowRanges rows;
    int64_t row_bytes = 0;  ///< of the columns read, decoded, on average
    int64_t end = 0;
    std::shared_ptr<const Survivors> known = nullptr;  ///< as RowGroupScan::Inputs
    std::optional<Survivors> found = std::nullopt;     ///< the same
    RowGroupScan::Remember remember = nullptr;         ///< the same
    /// Called once all chunks of the piece have been consumed. Null: nobody waits for that.
    std::function<arrow::Status()> consumed = nullptr;
    format::Shortcuts shortcuts = format::Shortcuts::kMeasured;
  };
  arrow::Status Scan(Wanted wanted, Piece piece);
  /// One of which nothing has to be read.
  void Count(const Program* program, const plan::RowRanges& rows, int64_t end);
  static bool IsCounted(const Wanted& wanted) {
    return wanted.conjuncts.empty() && wanted.output_columns.empty();
  }
  /// Adds one to `pieces` once all rows of the piece that begins are dealt with, or it is dropped:
  /// not before, because a scan that is lost in the middle of a piece is begun again there.
  void CountAtEnd(int64_t* pieces) { pieces_ = pieces; }
  /// What columns of the pipeline's input are called where they are read.
  std::vector<int> FieldsOf(const std::set<int>& columns) const;
  /// Those that a piece is read for.
  std::vector<int> FieldsOf(const Wanted& wanted) const;

  const std::string name_;
  InputBinding input_;
  plan::RowRanges rows_;

 private:
  std::unique_ptr<Chunk> NextCounted(int64_t* position);
  void CountPiece();

  int64_t piece_end_ = 0;
  int64_t rows_end_ = 0;       // behind the last row of the piece that is gone through
  int64_t* pieces_ = nullptr;  // as CountAtEnd, until the piece is counted
  std::function<arrow::Status()> consumed_;  // as Piece::consumed, of the piece
  std::unique_ptr<RowGroupScan> scan_;
  std::vector<plan::RowRange> counted_;  // of which nothing is read, the last first
  const Program* counting_ = nullptr;    // the program of their sink
};

}  // namespace skyhook::exec
