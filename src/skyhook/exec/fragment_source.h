// The rows of a fragment: row groups that can be skipped, pages that are read late, rows that can
// be read again.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "skyhook/exec/predicate_cache.h"
#include "skyhook/exec/row_source.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::exec {

class FragmentSource : public RowSource {
 public:
  /// `rows` of `fragment`, for `pipeline`, whose input fields are looked up by name. `predicates`
  /// may be null.
  static arrow::Result<std::unique_ptr<RowSource>> Make(const plan::Pipeline& pipeline,
                                                        std::shared_ptr<format::Fragment> fragment,
                                                        plan::RowRanges rows,
                                                        std::shared_ptr<PredicateCache> predicates);

  std::string version() const override { return fragment_->version(); }
  arrow::Result<bool> Begin(Wanted wanted, int64_t* position) override;
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Fetch(const Projection& projection,
                                                           const Wanted& wanted,
                                                           std::span<const int64_t> rows,
                                                           int64_t bytes) override;

 private:
  FragmentSource(InputBinding input, std::shared_ptr<format::Fragment> fragment,
                 plan::RowRanges rows, std::shared_ptr<PredicateCache> predicates)
      : RowSource(fragment->name(), std::move(input), std::move(rows)),
        fragment_(std::move(fragment)),
        predicates_(std::move(predicates)) {}

  arrow::Status Open(Wanted wanted, const plan::RowRanges& rows, int64_t* position);
  /// Whether the sink has taken all rows of the row group as its statistics tell.
  arrow::Result<bool> Summarise(const Wanted& wanted);
  /// Looks up which of `rows` pass the conjuncts that can be remembered; where that is known, the
  /// others are left in `wanted`.
  KnownRows Recall(const plan::RowRanges& rows, Wanted* wanted);
  /// Has a piece remember which of `rows` pass the conjuncts that can be remembered, unless others
  /// hide which do.
  void Remember(const plan::RowRanges& rows, const std::vector<Conjunct>& conjuncts, Piece* piece);
  /// Puts what is known of values in front of a piece's reader, or has values noted.
  void RememberValues(ValuesByColumn known, Piece* piece);
  /// Has readers of this row group decode dictionaries of the one that is read next, if there is
  /// one.
  void LookAhead(Wanted* wanted);
  /// Of a row of some fields, decoded, on average.
  int64_t RowBytes(int row_group, const std::vector<int>& fields) const;
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> FetchOf(int row_group,
                                                             const Projection& projection,
                                                             const Wanted& wanted,
                                                             const std::vector<int>& fields,
                                                             std::span<const int64_t> rows);

  std::shared_ptr<format::Fragment> fragment_;
  const std::shared_ptr<PredicateCache> predicates_;
  std::optional<PredicateCache::Key> predicate_;      // of the conjuncts that can be remembered
  bool has_asked_ = false;                            // whether predicate_ was made, if it can be
  std::shared_ptr<format::DictionariesAhead> ahead_;  // null until it is of use
  int row_group_ = 0;                                 // the next one
};

}  // namespace skyhook::exec
