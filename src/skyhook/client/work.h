// What the streams of one scan share: the units not taken yet, the first failure, the account.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "skyhook/client/scan.h"
#include "skyhook/client/specialisation.h"
#include "skyhook/client/unit_run.h"
#include "skyhook/client/units.h"

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

  void Account(const plan::Cost& cost);
  plan::Cost cost() const;
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
};

/// Runs units one after the other, on behalf of one stream. Not thread-safe.
class UnitReader {
 public:
  explicit UnitReader(std::shared_ptr<Work> work) : work_(std::move(work)) {}
  ~UnitReader() { Close(); }
  UnitReader(const UnitReader&) = delete;
  UnitReader& operator=(const UnitReader&) = delete;

  /// Starts `unit`, whose fragment also sees `filter` (may be null) besides the scan's filters.
  arrow::Status Open(const Unit& unit, std::shared_ptr<const plan::RuntimeFilter> filter);
  bool is_open() const { return run_.has_value(); }
  /// The next batch of the unit, null at its end.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next();
  /// Ends the unit, finished or not, and accounts for it.
  void Close();

 private:
  std::shared_ptr<Work> work_;
  Puller puller_;
  int64_t fragment_ = -1;  ///< that specialisation_ is for
  std::shared_ptr<const Specialisation> specialisation_;
  std::optional<UnitRun> run_;
};

}  // namespace skyhook::client
