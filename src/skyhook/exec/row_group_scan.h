// Goes through one row group: predicates first, then the other columns for the rows that are left.
#pragma once

#include <arrow/result.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "skyhook/exec/chunk.h"
#include "skyhook/exec/node_filter.h"
#include "skyhook/exec/predicate_cache.h"
#include "skyhook/exec/program.h"
#include "skyhook/exec/row_group_plan.h"
#include "skyhook/format/fragment.h"
#include "skyhook/plan/outcome.h"

namespace skyhook::exec {

/// A predicate compiled, in the order of evaluation.
struct CompiledConjunct {
  int node = 0;
  bool is_runtime = false;
};

/// Conjuncts in the order in which they are evaluated: those that cannot fail first (the ones over
/// the same single column joined into one, fixed-width columns before text), then those that can,
/// in plan order.
arrow::Result<std::vector<CompiledConjunct>> OrderConjuncts(const std::vector<Conjunct>& conjuncts,
                                                            Program* program);

/// What a call may hold of a row group that it reads: several times its memory, which is for what
/// it keeps. More is kLimitExceeded.
int64_t ReadBytes(int64_t memory_bytes);

/// Not thread-safe; pulled chunk by chunk.
class RowGroupScan {
 public:
  /// Takes the rows that pass all conjuncts that cannot fail, once all rows have been gone through.
  using Remember = std::function<void(Survivors found)>;

  struct Inputs {
    std::unique_ptr<format::RowGroupReader> reader;
    plan::RowRanges rows;
    Program program;  ///< of the sink; the conjuncts are added to it
    std::vector<Conjunct> conjuncts;
    std::vector<int> output_columns;  ///< input columns that chunks are asked for afterwards
    const std::vector<int>* fields = nullptr;
    plan::Cost* cost = nullptr;
    format::ReadContext context;  ///< polled between pieces of work
    int64_t memory_bytes = 0;     ///< of the call; what is fetched ahead stays well below
    int64_t row_bytes = 0;        ///< of the columns read, decoded, on average
    /// Which of the rows may pass; null: all. Conjuncts that it stands for are not among these.
    std::shared_ptr<const Survivors> known;
    /// What `remember` is to be given, without rows. Nothing: it is not wanted.
    std::optional<Survivors> found;
    Remember remember;  ///< not called where too many rows pass
    format::Shortcuts shortcuts = format::Shortcuts::kMeasured;
  };

  static arrow::Result<std::unique_ptr<RowGroupScan>> Make(Inputs inputs);

  /// Does the next piece of work, on at most kChunkRows rows. The next chunk, with at least one row
  /// left, or null: then is_done() tells whether the row group is done or there is more to do.
  /// Chunks come in row order. `examined_until` is set to the row up to which all rows have been
  /// dealt with.
  arrow::Result<std::unique_ptr<Chunk>> Next(int64_t* examined_until);
  bool is_done() const { return ready_.empty() && todo_.empty() && windows_.empty(); }

  /// Evaluates the sink's nodes over a chunk; valid until the next call of Next.
  Frame FrameOf(Chunk* chunk) {
    return Frame(&inputs_.program, chunk, chunk->rows(), &dictionary_results_, &inputs_.context);
  }

 private:
  explicit RowGroupScan(Inputs inputs);

  arrow::Status NextWindow();
  /// Evaluates the predicates over a chunk, and keeps it if rows are left.
  arrow::Status FilterChunk(std::unique_ptr<Chunk> chunk);
  /// Narrows the chunk by the first conjuncts, as far as the reader evaluates them; returns how
  /// many.
  arrow::Result<size_t> FilterByReader(Chunk* chunk);
  /// Whether there is something to read of joined chunks, and they may be.
  bool JoinsChunks() const;
  /// Joins chunks of few rows, so that reading the other columns of them is worth a call.
  arrow::Status JoinReady();
  arrow::Status PrefetchLate();
  /// Columns that chunks are tested by, or, where they are not tested, read for.
  const std::vector<int>& first_columns() const {
    return narrows_ ? predicate_columns_ : late_columns_;
  }
  /// Takes note of the rows that are left, which have passed `conjuncts` conjuncts.
  void Note(const Chunk& chunk, size_t conjuncts);
  /// Does what reading `columns` for a chunk takes first; true, in steps only: a piece of it, and
  /// has to be called again for the same chunk.
  arrow::Result<bool> Prepare(const std::vector<int>& columns, const Chunk& chunk);
  arrow::Status CheckMemory() const;
  std::unique_ptr<Chunk> TakeChunk();

  std::vector<std::unique_ptr<NodeFilter>> filters_;  // of the first conjuncts, for the reader
  Inputs inputs_;
  const int64_t chunk_rows_;
  const int64_t joined_rows_;
  const int64_t window_rows_;
  DictionaryColumns dictionaries_;
  DictionaryResults dictionary_results_;
  std::vector<CompiledConjunct> conjuncts_;
  bool narrows_ = false;       // whether some rows of a chunk may not pass
  size_t safe_conjuncts_ = 0;  // of conjuncts_, the first, that cannot fail
  std::vector<int> predicate_columns_;
  std::vector<int> read_early_;                  // output columns that predicates read
  std::vector<int> late_columns_;                // output columns that no predicate reads
  std::deque<plan::RowRange> todo_;              // chunks whose predicates are not evaluated yet
  std::deque<plan::RowRange> windows_;           // rows whose pages are not fetched yet
  std::deque<std::unique_ptr<Chunk>> ready_;     // of the window, once its predicates are evaluated
  std::deque<std::unique_ptr<Chunk>> filtered_;  // of the window, until they are
  int64_t examined_until_ = 0;
};

}  // namespace skyhook::exec
