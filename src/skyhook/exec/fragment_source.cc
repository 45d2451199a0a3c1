#include "skyhook/exec/fragment_source.h"

#include <algorithm>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/exec/remembered_values.h"
#include "skyhook/exec/sink.h"
#include "skyhook/vector/batches.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

Result<std::unique_ptr<RowSource>> FragmentSource::Make(
    const plan::Pipeline& pipeline, std::shared_ptr<format::Fragment> fragment,
    plan::RowRanges rows, std::shared_ptr<PredicateCache> predicates) {
  ARROW_ASSIGN_OR_RAISE(InputBinding input,
                        InputBinding::Make(pipeline, fragment->name(), fragment->schema(),
                                           fragment->nested_fields()));
  if (rows.end() > fragment->num_rows()) {
    return base::Invalid("{}: rows {} were asked for, the fragment has {}", fragment->name(),
                         rows.ToString(), fragment->num_rows());
  }
  return std::unique_ptr<RowSource>(new FragmentSource(std::move(input), std::move(fragment),
                                                       std::move(rows), std::move(predicates)));
}

Result<bool> FragmentSource::Begin(Wanted wanted, int64_t* position) {
  for (; row_group_ < fragment_->num_row_groups(); ++row_group_) {
    const plan::RowRange all = fragment_->row_group_rows(row_group_);
    const plan::RowRanges rows = rows_.Intersect({std::max(all.begin, *position), all.end});
    if (rows.empty()) continue;
    CountAtEnd(&wanted.context.cost->row_groups);
    ARROW_RETURN_NOT_OK(base::AddContext(Open(std::move(wanted), rows, position), name_));
    if (!in_piece()) Close();
    ++row_group_;
    return true;
  }
  return false;
}

Status FragmentSource::Open(Wanted wanted, const plan::RowRanges& rows, int64_t* position) {
  const plan::RowRange all = fragment_->row_group_rows(row_group_);
  Piece piece;
  piece.end = all.end;
  KnownRows known = Recall(rows, &wanted);
  piece.known = known.rows;
  plan::RowRanges around = rows;
  if (piece.known == nullptr) {
    Remember(rows, wanted.conjuncts, &piece);
  } else {
    around = piece.known->Around(rows, kChunkRows);
    if (around.empty()) {
      *position = all.end;
      return Status::OK();
    }
  }
  LookAhead(&wanted);
  ARROW_ASSIGN_OR_RAISE(RowGroupPlan plan,
                        PlanRowGroup(fragment_.get(), row_group_, around, wanted.conjuncts,
                                     input_.columns(), wanted.program->calls(), wanted.context));
  if (plan.rows.empty()) {
    if (piece.found.has_value()) piece.remember(*std::move(piece.found));
    *position = all.end;
    return Status::OK();
  }
  wanted.conjuncts = std::move(plan.conjuncts);
  const bool all_pass = wanted.conjuncts.empty() && piece.known == nullptr;
  if (all_pass && IsCounted(wanted)) {
    Count(wanted.program, plan.rows, all.end);
    return Status::OK();
  }
  if (all_pass && plan.rows == plan::RowRanges{all}) {
    ARROW_ASSIGN_OR_RAISE(const bool summarised, Summarise(wanted));
    if (summarised) {
      *position = all.end;
      return Status::OK();
    }
  }
  piece.reader = std::move(plan.reader);
  piece.rows = std::move(plan.rows);
  piece.row_bytes = RowBytes(row_group_, FieldsOf(wanted));
  piece.shortcuts = fragment_->shortcuts();
  if (piece.reader == nullptr) {
    ARROW_ASSIGN_OR_RAISE(piece.reader, fragment_->Open(row_group_, wanted.context));
  }
  RememberValues(std::move(known.values), &piece);
  return Scan(std::move(wanted), std::move(piece));
}

namespace {

// Runtime filters differ from call to call; a predicate that can fail has to.
bool CanBeRemembered(const Conjunct& conjunct) {
  return !conjunct.is_runtime && !plan::CanFail(*conjunct.predicate);
}

}  // namespace

Result<bool> FragmentSource::Summarise(const Wanted& wanted) {
  if (!wanted.summarise) return false;
  const auto statistics = [&](int column) {
    return fragment_->Statistics(row_group_, input_.columns()[static_cast<size_t>(column)]);
  };
  ARROW_ASSIGN_OR_RAISE(const bool summarised,
                        wanted.summarise(fragment_->row_group_rows(row_group_).size(), statistics));
  wanted.context.cost->row_groups_from_statistics += summarised ? 1 : 0;
  return summarised;
}

KnownRows FragmentSource::Recall(const plan::RowRanges& rows, Wanted* wanted) {
  if (predicates_ == nullptr) return {};
  if (!std::exchange(has_asked_, true)) {
    std::vector<plan::ExpressionPtr> predicates;
    for (const Conjunct& conjunct : wanted->conjuncts) {
      if (CanBeRemembered(conjunct)) predicates.push_back(conjunct.predicate);
    }
    if (!predicates.empty()) {
      predicate_ = PredicateCache::Key::Of(fragment_->name(), fragment_->version(), predicates,
                                           input_.columns());
    }
  }
  if (!predicate_.has_value()) return {};
  KnownRows known = predicates_->Find(*predicate_, row_group_, rows);
  if (known.rows == nullptr) return known;
  ++wanted->context.cost->row_groups_remembered;
  std::erase_if(wanted->conjuncts, CanBeRemembered);
  return known;
}

void FragmentSource::Remember(const plan::RowRanges& rows, const std::vector<Conjunct>& conjuncts,
                              Piece* piece) {
  const plan::RowRange all = fragment_->row_group_rows(row_group_);
  const bool runtime = std::any_of(conjuncts.begin(), conjuncts.end(),
                                   [](const Conjunct& conjunct) { return conjunct.is_runtime; });
  if (!predicate_.has_value() || runtime || !Survivors::CanHold(all)) return;
  piece->found.emplace(all.begin, rows);
  piece->remember = [cache = predicates_, key = *predicate_, row_group = row_group_](
                        Survivors found) { cache->Remember(key, row_group, std::move(found)); };
}

void FragmentSource::LookAhead(Wanted* wanted) {
  if (wanted->context.in_steps || fragment_->shortcuts() == format::Shortcuts::kNever) return;
  std::optional<int> next;
  for (int later = row_group_ + 1; later < fragment_->num_row_groups() && !next; ++later) {
    if (rows_.Overlaps(fragment_->row_group_rows(later))) next = later;
  }
  if (next.has_value()) {
    // What is wrong with it is said once it is read, if it is.
    const auto out = IsRuledOut(fragment_.get(), *next, wanted->conjuncts, input_.columns());
    if (out.ValueOr(true)) next.reset();
  }
  if (ahead_ == nullptr && next.has_value()) {
    ahead_ = std::make_shared<format::DictionariesAhead>();
  }
  if (ahead_ != nullptr) ahead_->Begin(row_group_, next);
  wanted->context.ahead = ahead_;
}

void FragmentSource::RememberValues(ValuesByColumn known, Piece* piece) {
  if (!piece->found.has_value() && piece->known == nullptr) return;
  auto recording = std::make_unique<RecordingReader>(std::move(piece->reader),
                                                     fragment_->row_group_rows(row_group_));
  piece->consumed = [cache = predicates_, key = *predicate_, row_group = row_group_,
                     noted = recording.get()] {
    return cache->RememberValues(key, row_group,
                                 [noted](const Survivors& rows) { return noted->ValuesOf(rows); });
  };
  piece->reader = std::move(recording);
  if (known.empty()) return;
  piece->reader =
      std::make_unique<RememberedReader>(std::move(piece->reader), piece->known, std::move(known));
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
