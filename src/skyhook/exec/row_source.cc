#include "skyhook/exec/row_source.h"

#include <algorithm>
#include <utility>

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;

Result<std::unique_ptr<Chunk>> RowSource::Next(int64_t* position) {
  if (scan_ == nullptr) return NextCounted(position);
  int64_t examined_until = *position;
  ARROW_ASSIGN_OR_RAISE(auto chunk, scan_->Next(&examined_until));
  if (chunk != nullptr) {
    *position = examined_until < rows_end_ ? examined_until : piece_end_;
    if (*position == piece_end_) CountPiece();
  } else if (scan_->is_done()) {
    if (auto consumed = std::exchange(consumed_, nullptr)) ARROW_RETURN_NOT_OK(consumed());
    *position = piece_end_;
    scan_ = nullptr;
    CountPiece();
  }
  return chunk;
}

std::unique_ptr<Chunk> RowSource::NextCounted(int64_t* position) {
  static const std::vector<int> kNoFields;
  constexpr int64_t kMostRows = int64_t{1} << 20;
  plan::RowRange& range = counted_.back();
  auto chunk = std::make_unique<Chunk>(ChunkContext{nullptr, &kNoFields, nullptr}, range.begin,
                                       std::min(range.size(), kMostRows));
  range.begin = chunk->end();
  if (range.size() == 0) counted_.pop_back();
  *position = chunk->end();
  if (counted_.empty()) {
    *position = piece_end_;
    CountPiece();
  }
  return chunk;
}

Frame RowSource::FrameOf(Chunk* chunk) {
  if (scan_ != nullptr) return scan_->FrameOf(chunk);
  return {counting_, chunk, chunk->rows(), nullptr};
}

void RowSource::Close() {
  consumed_ = nullptr;
  scan_ = nullptr;
  counted_.clear();
  CountPiece();
}

void RowSource::CountPiece() {
  if (pieces_ != nullptr) ++*std::exchange(pieces_, nullptr);
}

Status RowSource::Scan(Wanted wanted, Piece piece) {
  piece_end_ = piece.end;
  rows_end_ = piece.rows.end();
  consumed_ = std::move(piece.consumed);
  RowGroupScan::Inputs inputs;
  inputs.reader = std::move(piece.reader);
  inputs.rows = std::move(piece.rows);
  inputs.program = *wanted.program;
  inputs.conjuncts = std::move(wanted.conjuncts);
  inputs.output_columns = std::move(wanted.output_columns);
  inputs.fields = &input_.columns();
  inputs.cost = wanted.context.cost;
  inputs.context = std::move(wanted.context);
  inputs.memory_bytes = wanted.memory_bytes;
  inputs.row_bytes = piece.row_bytes;
  inputs.known = std::move(piece.known);
  inputs.found = std::move(piece.found);
  inputs.remember = std::move(piece.remember);
  inputs.shortcuts = piece.shortcuts;
  return RowGroupScan::Make(std::move(inputs)).Value(&scan_);
}

void RowSource::Count(const Program* program, const plan::RowRanges& rows, int64_t end) {
  piece_end_ = end;
  counting_ = program;
  counted_.assign(rows.ranges().rbegin(), rows.ranges().rend());
}

std::vector<int> RowSource::FieldsOf(const std::set<int>& columns) const {
  std::vector<int> fields;
  for (int column : columns) {
    fields.push_back(input_.columns()[static_cast<size_t>(column)]);
  }
  return fields;
}

std::vector<int> RowSource::FieldsOf(const Wanted& wanted) const {
  std::set<int> columns(wanted.output_columns.begin(), wanted.output_columns.end());
  for (const Conjunct& conjunct : wanted.conjuncts) {
    const std::set<int>& read = conjunct.predicate->columns();
    columns.insert(read.begin(), read.end());
  }
  return FieldsOf(columns);
}

}  // namespace skyhook::exec
