// What the streams of one scan share: the units not taken yet, the first failure, the account.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "skyhook/base/cores.h"
#include "skyhook/client/placed_fragment.h"
#include "skyhook/client/scan.h"
#include "skyhook/client/unit_run.h"
#include "skyhook/client/units.h"
#include "skyhook/exec/prepared_calls.h"
#include "skyhook/placement/placement.h"

namespace skyhook::client {

/// A unit that a stream has taken, and where it is to be asked for.
struct TakenUnit {
  Unit unit;
  std::shared_ptr<const PlacedFragment> placed;
};

/// Thread-safe.
///
/// A fragment is placed when the first of its units is next. A unit of a whole fragment whose bytes
/// are to be read here is then cut, and its pieces are there for whoever comes first. Units are
/// taken in the order of visits, whoever takes them: a LIMIT relies on it, and so does the order of
/// each stream's rows.
class Work {
 public:
  /// `units` in the order of visits, cut by `cut`; `skipped` fragments have none.
  Work(std::shared_ptr<const Table> table, plan::Pipeline pipeline, ScanOptions options,
       std::vector<Unit> units, CutOptions cut, int64_t skipped);

  const Table& table() const { return *table_; }
  const plan::SharedPipeline& pipeline() const { return pipeline_; }
  const ScanOptions& options() const { return options_; }
  /// By column of the result: whether it is among options().dictionaries. Empty: none is.
  const std::vector<bool>& dictionaries() const { return dictionaries_; }
  /// The most units there can be: when all that may be cut are.
  int64_t most_units() const { return most_units_; }
  /// Of the pipeline's calls, for all of the scan.
  const std::shared_ptr<exec::PreparedCalls>& prepared_calls() const { return prepared_calls_; }

  /// The next unit; nothing when all are taken. Whoever takes one calls Done for it, or Fail.
  arrow::Result<std::optional<TakenUnit>> Take();
  /// The same, while the stream has another one in hand: only what is asked for elsewhere, if it
  /// `may_ask`, or what is pulled over a network, if it `may_pull`.
  arrow::Result<std::optional<TakenUnit>> TakeAhead(bool may_ask, bool may_pull);
  void Done(const Unit& unit);
  /// Until Release, the scan is not finished: a stream holds what units that are done have given.
  void Hold();
  void Release();
  /// Lets nobody take another unit: what was taken suffices.
  void Close();
  /// True once, for whoever asks first after the last unit is done.
  bool ClaimFinish();

  /// Has all units to be taken once more, and finished once more; by whoever claimed the finish.
  void StartOver();

  /// Remembers the first failure and returns it.
  arrow::Status Fail(arrow::Status status);
  /// The failure of any stream, or Cancelled when the caller asked to stop.
  arrow::Status Check();

  /// How many units a stream may begin before it needs them; 0 until something is known.
  int units_ahead() const;
  /// Of the threads that compute for this scan: one for each stream.
  const std::shared_ptr<base::Cores>& cores() const { return cores_; }
  WaitClocks* waits() { return &waits_; }

  /// Hears of a refusal as soon as there is one: it counts for what is placed next.
  void Refused(const site::Site* site);
  /// Takes what a unit of `fragment` has cost, and where it was answered.
  void Account(int64_t fragment, const UnitRun& run);
  void Account(const plan::Cost& cost);
  plan::Cost cost() const;
  Places places() const;
  double progress() const;

 private:
  // With the lock held:
  arrow::Status PlaceNext();
  TakenUnit TakeNext();

  const std::shared_ptr<const Table> table_;
  const plan::SharedPipeline pipeline_;
  const ScanOptions options_;
  const CutOptions cut_;
  const std::vector<bool> dictionaries_;
  const std::shared_ptr<exec::PreparedCalls> prepared_calls_;
  const std::shared_ptr<base::Cores> cores_;
  WaitClocks waits_;
  int64_t most_units_ = 0;

  const std::vector<Unit> all_units_;

  mutable std::mutex mutex_;
  std::deque<Unit> units_;  ///< not taken yet
  int64_t placed_fragment_ = -1;
  std::shared_ptr<const PlacedFragment> placed_;  ///< of placed_fragment_
  placement::Learnt learnt_;
  int64_t at_work_ = 0;  ///< units that were taken and are not done, and streams that hold
  int64_t rows_ = 0;     ///< of all units
  int64_t rows_taken_ = 0;
  /// A fragment that shows how fast its place is: while units of it are under way, no other one is
  /// begun ahead.
  int64_t trial_ = -1;
  int trial_units_ = 0;  ///< under way
  int64_t rows_done_ = 0;
  bool finish_claimed_ = false;
  arrow::Status failure_;
  plan::Cost cost_;
  Places places_;
  std::vector<bool> touched_;  ///< fragments of which a unit was taken
  std::set<int64_t> pushed_;   ///< fragments
  std::set<int64_t> pulled_;
};

/// Runs units one after the other, on behalf of one stream; those of remote sites begin before they
/// are needed, at the site or on a thread of their own. Not thread-safe.
class UnitReader {
 public:
  using FilterOfUnit = std::function<std::shared_ptr<const plan::RuntimeFilter>()>;

  /// Units also see what `filter` (may be null, and give null) says once they are taken, besides
  /// the scan's filters. Not before: until then all may have to be done once more, by another one.
  /// Those of this machine's files are given `groups` (may be null).
  explicit UnitReader(std::shared_ptr<Work> work, FilterOfUnit filter = nullptr,
                      std::shared_ptr<exec::Aggregator> groups = nullptr)
      : work_(std::move(work)),
        filter_(std::move(filter)),
        groups_(std::move(groups)),
        core_(work_->cores(), work_->options().stop) {
    work_->cores()->AddOne();
  }
  ~UnitReader();
  UnitReader(const UnitReader&) = delete;
  UnitReader& operator=(const UnitReader&) = delete;

  /// Goes to the next unit; false when there is none.
  arrow::Result<bool> Advance();
  bool has_unit() const { return !begun_.empty(); }
  const Unit& unit() const { return begun_.front().unit; }
  /// The next batch of the unit, null at its end.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() { return begun_.front().run.Next(); }
  /// Ends the unit, finished or not, accounts for it and says that it is done.
  void End();
  /// Ends all units that have begun: they are not needed.
  void EndAll();
  /// The same, and the scan: returns its first failure.
  arrow::Status Fail(arrow::Status status);
  /// The groups with what units have left there; further units get none. Null where nothing can be
  /// there: no unit was given them, or they were taken.
  std::shared_ptr<exec::Aggregator> TakeGroups() {
    auto groups = std::exchange(groups_, nullptr);
    return gave_groups_ ? groups : nullptr;
  }

 private:
  struct Begun {
    Unit unit;
    UnitRun run;
  };

  arrow::Status Begin(TakenUnit taken, bool ahead);
  arrow::Status BeginAhead();

  std::shared_ptr<Work> work_;
  const FilterOfUnit filter_;
  std::shared_ptr<exec::Aggregator> groups_;
  bool gave_groups_ = false;  ///< to a unit
  base::Core core_;           ///< once a unit is pulled over a network, until all are done
  std::deque<Begun> begun_;   ///< the first is the current one
};

}  // namespace skyhook::client
