// What the streams of one scan share: the units not taken yet, the first failure, the account.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "skyhook/client/scan.h"
#include "skyhook/client/specialisation.h"
#include "skyhook/client/unit_run.h"
#include "skyhook/client/units.h"
#include "skyhook/placement/placement.h"

namespace skyhook::client {

/// Thread-safe.
class Work {
 public:
  /// `units` in the order of visits; `skipped` fragments have none.
  Work(std::shared_ptr<const Table> table, plan::Pipeline pipeline, ScanOptions options,
       std::vector<Unit> units, int64_t skipped);

  const Table& table() const { return *table_; }
  const plan::Pipeline& pipeline() const { return pipeline_; }
  const ScanOptions& options() const { return options_; }
  int64_t num_units() const { return static_cast<int64_t>(units_.size()); }

  /// The next unit; nothing when all are taken. Whoever takes one calls Done for it, or Fail.
  std::optional<Unit> Take();
  void Done();
  /// Lets nobody take another unit: what was taken suffices.
  void Close();
  /// True once, for whoever asks first after the last unit is done.
  bool ClaimFinish();

  /// Remembers the first failure and returns it.
  arrow::Status Fail(arrow::Status status);
  /// The failure of any stream, or Cancelled when the caller asked to stop.
  arrow::Status Check();

  /// Whether a fragment's site is to be asked for `rows` rows, or their bytes are to be read here,
  /// by what is known now.
  bool ShouldPush(const TableFragment& fragment, const plan::Pipeline& specialised, int64_t rows);
  /// How many units a stream may begin before it needs them; 0 until something is known.
  int units_ahead() const;

  /// Takes what a unit of `fragment` has cost, and where it was answered.
  void Account(int64_t fragment, const UnitRun& run);
  void Account(const plan::Cost& cost);
  plan::Cost cost() const;
  Places places() const;
  double progress() const;

 private:
  const std::shared_ptr<const Table> table_;
  const plan::Pipeline pipeline_;
  const ScanOptions options_;
  const std::vector<Unit> units_;

  mutable std::mutex mutex_;
  size_t next_ = 0;
  size_t end_;  ///< units_.size(), or less once closed
  size_t done_ = 0;
  bool finish_claimed_ = false;
  arrow::Status failure_;
  plan::Cost cost_;
  placement::Measured measured_;
  Places places_;
  std::set<int64_t> pushed_;  ///< fragments
  std::set<int64_t> pulled_;
};

/// Runs units one after the other, on behalf of one stream; those of remote sites begin before they
/// are needed. Not thread-safe.
class UnitReader {
 public:
  explicit UnitReader(std::shared_ptr<Work> work)
      : work_(std::move(work)), puller_(work_->table().budget) {}
  ~UnitReader();
  UnitReader(const UnitReader&) = delete;
  UnitReader& operator=(const UnitReader&) = delete;

  /// Goes to the next unit; false when there is none. The fragments of units that begin now also
  /// see `filter` (may be null) besides the scan's filters.
  arrow::Result<bool> Advance(std::shared_ptr<const plan::RuntimeFilter> filter);
  bool has_unit() const { return !begun_.empty(); }
  const Unit& unit() const { return begun_.front().unit; }
  /// The next batch of the unit, null at its end.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() { return begun_.front().run.Next(); }
  /// Ends the unit, finished or not, accounts for it and says that it is done.
  void End();
  /// Ends all units that have begun: they are not needed.
  void EndAll();

 private:
  struct Begun {
    Unit unit;
    UnitRun run;
  };

  arrow::Status Begin(const Unit& unit, const std::shared_ptr<const plan::RuntimeFilter>& filter);

  std::shared_ptr<Work> work_;
  Puller puller_;
  int64_t fragment_ = -1;  ///< that specialisation_ is for
  std::shared_ptr<const Specialisation> specialisation_;
  std::deque<Begun> begun_;  ///< the first is the current one
};

}  // namespace skyhook::client
