#include "skyhook/exec/row_group_scan.h"

#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;

namespace {

// Rows whose predicates are evaluated before the other columns are fetched. Bounds what is held of
// row groups of any size: at most so many, and fewer where a call has little memory, by what wide
// rows take.
constexpr int64_t kMaxWindowRows = 128 * 1024;
constexpr int64_t kMinWindowRows = 16 * 1024;
constexpr int64_t kRowBytes = 256;
// What a chunk may take of a call's memory, which is at least so much.
constexpr int64_t kChunkShare = 4;
constexpr int64_t kMinChunkBytes = 1024 * 1024;
// Chunks of few rows are joined over no more rows than these: all between may be decoded.
constexpr int64_t kJoinedRows = 8 * kChunkRows;
// How much more than its memory a call may hold of a row group before it fails: its limit is for
// what it keeps, and reading needs more.
constexpr int64_t kReadTimes = 4;
constexpr int64_t kMinReadBytes = 32 * 1024 * 1024;
// Rows that are left are fetched from the first to the last of this many: fewer never share a page
// worth skipping.
constexpr int32_t kBlockRows = 512;

// At most `most`, and no more than take a chunk's share.
int64_t ChunkRows(int64_t memory_bytes, int64_t row_bytes, int64_t most) {
  const int64_t bytes = std::max(memory_bytes / kChunkShare, kMinChunkBytes);
  return std::clamp<int64_t>(bytes / std::max<int64_t>(row_bytes, 1), 1, most);
}

int64_t WindowRows(int64_t memory_bytes, int64_t row_bytes) {
  const int64_t least =
      row_bytes <= kRowBytes ? kMinWindowRows : ChunkRows(memory_bytes, row_bytes, kChunkRows);
  return std::clamp(memory_bytes / std::max(row_bytes, kRowBytes), least, kMaxWindowRows);
}

void Split(plan::RowRange range, int64_t size, std::deque<plan::RowRange>* out) {
  for (int64_t begin = range.begin; begin < range.end; begin += size) {
    out->push_back({begin, std::min(begin + size, range.end)});
  }
}

// Predicates are tried in this order: cheap to read and to evaluate first.
int Expense(const plan::Expression& predicate) {
  const auto& arguments = predicate.arguments();
  const bool equality = plan::EqualityProbeOf(predicate).has_value();
  // The values of a list are of one type.
  const auto last = equality ? arguments.begin() + 1 : arguments.end();
  const bool text = std::any_of(arguments.begin(), last, [](const auto& argument) {
    return plan::IsTextOrBytes(*argument->type());
  });
  return (plan::ColumnsOf(predicate).size() > 1 ? 2 : 0) + (text && !equality ? 4 : 0) +
         (text ? 1 : 0);
}

std::vector<int> FieldsOf(const std::vector<int>& columns, const std::vector<int>& fields) {
  std::vector<int> out;
  for (int column : columns) out.push_back(fields[static_cast<size_t>(column)]);
  return out;
}

}  // namespace

int64_t ReadBytes(int64_t memory_bytes) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / kReadTimes;
  return std::max(std::min(memory_bytes, kMost) * kReadTimes, kMinReadBytes);
}

Result<std::vector<CompiledConjunct>> OrderConjuncts(const std::vector<Conjunct>& conjuncts,
                                                     Program* program) {
  std::vector<Conjunct> safe, failing;
  std::map<int, std::vector<plan::ExpressionPtr>> by_column;
  for (const Conjunct& conjunct : conjuncts) {
    const auto& columns = plan::ColumnsOf(*conjunct.predicate);
    if (plan::CanFail(*conjunct.predicate)) {
      failing.push_back(conjunct);
    } else if (columns.size() == 1 && !conjunct.is_runtime) {
      by_column[*columns.begin()].push_back(conjunct.predicate);
    } else {
      safe.push_back(conjunct);
    }
  }
  std::vector<std::pair<int, Conjunct>> ordered;
  for (auto& [column, predicates] : by_column) {
    int expense = 0;
    for (const auto& predicate : predicates) expense = std::max(expense, Expense(*predicate));
    ARROW_ASSIGN_OR_RAISE(auto joined, plan::And(std::move(predicates)));
    ordered.push_back({expense, {joined, false}});
  }
  for (Conjunct& conjunct : safe) {
    ordered.push_back({Expense(*conjunct.predicate) + (conjunct.is_runtime ? 3 : 0), conjunct});
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<CompiledConjunct> out;
  for (const auto& [expense, conjunct] : ordered) {
    out.push_back({program->Add(conjunct.predicate), conjunct.is_runtime});
  }
  for (const Conjunct& conjunct : failing) out.push_back({program->Add(conjunct.predicate), false});
  return out;
}

RowGroupScan::RowGroupScan(Inputs inputs)
    : inputs_(std::move(inputs)),
      chunk_rows_(ChunkRows(inputs_.memory_bytes, inputs_.row_bytes, kChunkRows)),
      joined_rows_(ChunkRows(inputs_.memory_bytes, inputs_.row_bytes, kJoinedRows)),
      window_rows_(WindowRows(inputs_.memory_bytes, inputs_.row_bytes)) {}

Result<std::unique_ptr<RowGroupScan>> RowGroupScan::Make(Inputs inputs) {
  std::unique_ptr<RowGroupScan> scan(new RowGroupScan(std::move(inputs)));
  Inputs& in = scan->inputs_;
  ARROW_ASSIGN_OR_RAISE(scan->conjuncts_, OrderConjuncts(in.conjuncts, &in.program));
  for (const plan::RowRange& range : in.rows.ranges()) {
    Split(range, scan->window_rows_, &scan->windows_);
  }
  scan->narrows_ = !scan->conjuncts_.empty() || in.known != nullptr;
  for (const CompiledConjunct& conjunct : scan->conjuncts_) {
    if (in.program.node(conjunct.node).can_fail) break;
    ++scan->safe_conjuncts_;
  }
  if (scan->safe_conjuncts_ == 0) in.found.reset();
  for (const CompiledConjunct& conjunct : scan->conjuncts_) {
    if (in.shortcuts == format::Shortcuts::kNever) break;
    const Program::Node& node = in.program.node(conjunct.node);
    if (node.columns.size() != 1 || node.can_fail) break;
    scan->filters_.push_back(std::make_unique<NodeFilter>(&in.program, conjunct.node, &in.context));
  }
  std::set<int> columns;
  for (const CompiledConjunct& conjunct : scan->conjuncts_) {
    const auto& read = in.program.node(conjunct.node).columns;
    columns.insert(read.begin(), read.end());
  }
  scan->predicate_columns_.assign(columns.begin(), columns.end());
  for (int column : in.output_columns) {
    (columns.contains(column) ? scan->read_early_ : scan->late_columns_).push_back(column);
  }
  return scan;
}

Result<std::unique_ptr<Chunk>> RowGroupScan::Next(int64_t* examined_until) {
  ARROW_RETURN_NOT_OK(CheckMemory());
  if (ready_.empty() && !is_done()) {
    if (todo_.empty()) {
      ARROW_RETURN_NOT_OK(NextWindow());
      if (inputs_.context.in_steps) return nullptr;
    }
    auto chunk =
        std::make_unique<Chunk>(ChunkContext{inputs_.reader.get(), inputs_.fields, &dictionaries_},
                                todo_.front().begin, todo_.front().size());
    // Where a predicate leaves no rows, the columns of the next are not read: only steps prepare
    // them.
    if (inputs_.context.in_steps) {
      ARROW_ASSIGN_OR_RAISE(const bool goes_on, Prepare(first_columns(), *chunk));
      if (goes_on) return nullptr;
    }
    todo_.pop_front();
    examined_until_ = chunk->end();
    if (!narrows_) {
      *examined_until = examined_until_;
      return chunk;
    }
    ARROW_RETURN_NOT_OK(FilterChunk(std::move(chunk)));
    if (!todo_.empty()) return nullptr;
    ready_ = std::exchange(filtered_, {});
    if (JoinsChunks()) ARROW_RETURN_NOT_OK(JoinReady());
    if (windows_.empty() && inputs_.found.has_value()) {
      inputs_.remember(*std::exchange(inputs_.found, std::nullopt));
    }
    ARROW_RETURN_NOT_OK(PrefetchLate());
    if (inputs_.context.in_steps && !ready_.empty()) return nullptr;
  }
  if (!ready_.empty()) {
    ARROW_ASSIGN_OR_RAISE(const bool goes_on, Prepare(late_columns_, *ready_.front()));
    if (goes_on) return nullptr;
  }
  auto chunk = TakeChunk();
  // Chunks before the next ready one hold no row that is left.
  *examined_until = chunk != nullptr ? chunk->end() : examined_until_;
  if (chunk != nullptr && ready_.empty()) *examined_until = examined_until_;
  return chunk;
}

Status RowGroupScan::CheckMemory() const {
  const int64_t held = inputs_.reader->bytes_held();
  const int64_t allowed = ReadBytes(inputs_.memory_bytes);
  if (held <= allowed) return Status::OK();
  return base::LimitExceeded("columns of one row group take {} bytes while they are read, of {}",
                             held, allowed);
}

Result<bool> RowGroupScan::Prepare(const std::vector<int>& columns, const Chunk& chunk) {
  if (columns.empty()) return false;
  std::optional<std::span<const int32_t>> selected;
  if (chunk.selection().has_value()) selected = *chunk.selection();
  return inputs_.reader->Prepare(FieldsOf(columns, *inputs_.fields), chunk.begin(),
                                 chunk.end() - chunk.begin(), selected);
}

std::unique_ptr<Chunk> RowGroupScan::TakeChunk() {
  if (ready_.empty()) return nullptr;
  auto chunk = std::move(ready_.front());
  ready_.pop_front();
  return chunk;
}

Status RowGroupScan::NextWindow() {
  std::vector<plan::RowRange> ranges;
  int64_t rows = 0;
  while (!windows_.empty() && rows + windows_.front().size() <= window_rows_) {
    ranges.push_back(windows_.front());
    rows += windows_.front().size();
    Split(windows_.front(), chunk_rows_, &todo_);
    windows_.pop_front();
  }
  return inputs_.reader->Prefetch(FieldsOf(first_columns(), *inputs_.fields),
                                  plan::RowRanges(std::move(ranges)), false);
}

Status RowGroupScan::FilterChunk(std::unique_ptr<Chunk> chunk) {
  ARROW_ASSIGN_OR_RAISE(const size_t done, FilterByReader(chunk.get()));
  if (chunk->rows() == 0) return Status::OK();
  Note(*chunk, done);
  for (size_t i = done; i < conjuncts_.size(); ++i) {
    const CompiledConjunct& conjunct = conjuncts_[i];
    Frame frame = FrameOf(chunk.get());
    ARROW_ASSIGN_OR_RAISE(const auto rows, frame.TrueRows(conjunct.node));
    if (conjunct.is_runtime) {
      inputs_.cost->rows_skipped_runtime += chunk->rows() - static_cast<int64_t>(rows.size());
    }
    chunk->Narrow(rows);
    if (rows.empty()) return Status::OK();
    Note(*chunk, i + 1);
  }
  // Now, while the reader is at these rows: it only moves forward.
  for (const int column : read_early_) ARROW_RETURN_NOT_OK(chunk->Load(column).status());
  ARROW_RETURN_NOT_OK(chunk->Retain(inputs_.output_columns));
  filtered_.push_back(std::move(chunk));
  return Status::OK();
}

Result<size_t> RowGroupScan::FilterByReader(Chunk* chunk) {
  if (filters_.empty() && inputs_.known == nullptr) return 0;
  const int64_t rows = chunk->rows();
  std::vector<uint8_t> bits(static_cast<size_t>(arrow::bit_util::BytesForBits(rows)));
  int64_t left = rows;
  if (inputs_.known != nullptr) {
    left = inputs_.known->SetBits({chunk->begin(), chunk->end()}, bits.data());
  } else {
    arrow::bit_util::SetBitsTo(bits.data(), 0, rows, true);
  }
  for (size_t i = 0; i < filters_.size() && left > 0; ++i) {
    const int column = inputs_.program.node(conjuncts_[i].node).columns.front();
    const int field = (*inputs_.fields)[static_cast<size_t>(column)];
    ARROW_RETURN_NOT_OK(
        inputs_.reader->Filter(field, chunk->begin(), rows, filters_[i].get(), bits.data()));
    const int64_t passed = arrow::internal::CountSetBits(bits.data(), 0, rows);
    if (conjuncts_[i].is_runtime) inputs_.cost->rows_skipped_runtime += left - passed;
    left = passed;
  }
  chunk->KeepBits(std::move(bits), left);
  return filters_.size();
}

void RowGroupScan::Note(const Chunk& chunk, size_t conjuncts) {
  if (!inputs_.found.has_value() || conjuncts != safe_conjuncts_) return;
  if (!PredicateCache::IsWorthIt(inputs_.found->num_passed() + chunk.rows(),
                                 inputs_.rows.num_rows())) {
    inputs_.found.reset();
    return;
  }
  const auto& selection = chunk.selection();
  for (int64_t i = 0; i < chunk.rows(); ++i) {
    inputs_.found->Add(chunk.begin() + (selection ? (*selection)[static_cast<size_t>(i)] : i));
  }
}

bool RowGroupScan::JoinsChunks() const {
  return !late_columns_.empty() && inputs_.shortcuts != format::Shortcuts::kNever;
}

Status RowGroupScan::JoinReady() {
  std::deque<std::unique_ptr<Chunk>> joined;
  while (!ready_.empty()) {
    std::vector<std::unique_ptr<Chunk>> run;
    int64_t rows = 0;
    do {
      rows += ready_.front()->rows();
      run.push_back(std::move(ready_.front()));
      ready_.pop_front();
    } while (!ready_.empty() && rows + ready_.front()->rows() <= chunk_rows_ &&
             ready_.front()->end() - run.front()->begin() <= joined_rows_ &&
             run.back()->Joins(*ready_.front()));
    if (run.size() == 1) {
      joined.push_back(std::move(run.front()));
    } else {
      ARROW_ASSIGN_OR_RAISE(joined.emplace_back(), Chunk::Joined(run));
    }
  }
  ready_ = std::move(joined);
  return Status::OK();
}

Status RowGroupScan::PrefetchLate() {
  if (late_columns_.empty()) return Status::OK();
  std::vector<plan::RowRange> blocks;
  for (const auto& chunk : ready_) {
    const auto& selection = chunk->selection();
    if (!selection.has_value()) {
      blocks.push_back({chunk->begin(), chunk->end()});
      continue;
    }
    int32_t block = -1;
    for (int32_t row : *selection) {
      const int64_t at = chunk->begin() + row;
      if (std::exchange(block, row / kBlockRows) == row / kBlockRows) {
        blocks.back().end = at + 1;
      } else {
        blocks.push_back({at, at + 1});
      }
    }
  }
  return inputs_.reader->Prefetch(FieldsOf(late_columns_, *inputs_.fields),
                                  plan::RowRanges(std::move(blocks)), true);
}

}  // namespace skyhook::exec
