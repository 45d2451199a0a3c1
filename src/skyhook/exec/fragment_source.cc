#include "skyhook/exec/fragment_source.h"

#include <algorithm>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/exec/sink.h"
#include "skyhook/vector/batches.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

Result<std::unique_ptr<RowSource>> FragmentSource::Make(const plan::Pipeline& pipeline,
                                                        std::shared_ptr<format::Fragment> fragment,
                                                        plan::RowRanges rows) {
  ARROW_ASSIGN_OR_RAISE(InputBinding input,
                        InputBinding::Make(pipeline, fragment->name(), fragment->schema(),
                                           fragment->nested_fields()));
  if (rows.end() > fragment->num_rows()) {
    return base::Invalid("{}: rows {} were asked for, the fragment has {}", fragment->name(),
                         rows.ToString(), fragment->num_rows());
  }
  return std::unique_ptr<RowSource>(
      new FragmentSource(std::move(input), std::move(fragment), std::move(rows)));
}

Result<bool> FragmentSource::Begin(Wanted wanted, int64_t* position) {
  for (; row_group_ < fragment_->num_row_groups(); ++row_group_) {
    const plan::RowRange all = fragment_->row_group_rows(row_group_);
    const plan::RowRanges rows = rows_.Intersect({std::max(all.begin, *position), all.end});
    if (rows.empty()) continue;
    ++wanted.context.cost->row_groups;
    ARROW_RETURN_NOT_OK(base::AddContext(Open(std::move(wanted), rows, position), name_));
    ++row_group_;
    return true;
  }
  return false;
}

Status FragmentSource::Open(Wanted wanted, const plan::RowRanges& rows, int64_t* position) {
  const int64_t end = fragment_->row_group_rows(row_group_).end;
  ARROW_ASSIGN_OR_RAISE(RowGroupPlan plan,
                        PlanRowGroup(fragment_.get(), row_group_, rows, wanted.conjuncts,
                                     input_.columns(), wanted.program->calls(), wanted.context));
  if (plan.rows.empty()) {
    *position = end;
    return Status::OK();
  }
  wanted.conjuncts = std::move(plan.conjuncts);
  if (IsCounted(wanted)) {
    Count(wanted.program, plan.rows, end);
    return Status::OK();
  }
  Piece piece{std::move(plan.reader), std::move(plan.rows), RowBytes(row_group_, FieldsOf(wanted)),
              end};
  if (piece.reader == nullptr) {
    ARROW_ASSIGN_OR_RAISE(piece.reader, fragment_->Open(row_group_, wanted.context));
  }
  return Scan(std::move(wanted), std::move(piece));
}

int64_t FragmentSource::RowBytes(int row_group, const std::vector<int>& fields) const {
  return fragment_->row_group_decoded_bytes(row_group, fields) /
         std::max<int64_t>(fragment_->row_group_rows(row_group).size(), 1);
}

Result<BatchPtr> FragmentSource::Fetch(const Projection& projection, const Wanted& wanted,
                                       std::span<const int64_t> rows, int64_t bytes) {
  const std::vector<int> fields = FieldsOf(projection.Columns(*wanted.program));
  std::vector<BatchPtr> pieces;
  auto next = rows.begin();
  for (int row_group = 0; row_group < fragment_->num_row_groups() && bytes > 0; ++row_group) {
    const plan::RowRange all = fragment_->row_group_rows(row_group);
    auto end = std::lower_bound(next, rows.end(), all.end);
    if (next == end) continue;
    ARROW_RETURN_NOT_OK(wanted.context.stop.Poll());
    const int64_t row_bytes = std::max<int64_t>(RowBytes(row_group, fields), 1);
    end = next + std::min<int64_t>(end - next, bytes / row_bytes + 1);
    ARROW_ASSIGN_OR_RAISE(auto piece,
                          FetchOf(row_group, projection, wanted, fields, std::span(next, end)));
    bytes -= (end - next) * row_bytes;
    pieces.push_back(std::move(piece));
    const bool cut = end != rows.end() && *end < all.end;
    next = end;
    if (cut) break;
  }
  return vector::JoinBatches(pieces);
}

Result<BatchPtr> FragmentSource::FetchOf(int row_group, const Projection& projection,
                                         const Wanted& wanted, const std::vector<int>& fields,
                                         std::span<const int64_t> rows) {
  const plan::RowRange all = fragment_->row_group_rows(row_group);
  std::vector<plan::RowRange> ranges;
  std::vector<int32_t> selection;
  for (int64_t row : rows) {
    ranges.push_back({row, row + 1});
    selection.push_back(static_cast<int32_t>(row - all.begin));
  }
  ARROW_ASSIGN_OR_RAISE(auto reader, fragment_->Open(row_group, wanted.context));
  ARROW_RETURN_NOT_OK(reader->Prefetch(fields, plan::RowRanges(std::move(ranges)), true));
  DictionaryColumns dictionaries;
  Chunk chunk({reader.get(), &input_.columns(), &dictionaries}, all.begin, all.size());
  chunk.Narrow(selection);
  Frame frame(wanted.program, &chunk, chunk.rows(), nullptr);
  return ProjectBatch(projection.schema, projection.nodes, &frame, true);
}

}  // namespace skyhook::exec
