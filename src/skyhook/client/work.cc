#include "skyhook/client/work.h"

#include <algorithm>
#include <set>
#include <utility>

namespace skyhook::client {
namespace {

/// Less would make aggregates flush after nearly every batch.
constexpr int64_t kMinStreamBytes = 1024 * 1024;

base::Limits LimitsOf(const ScanOptions& options) {
  base::Limits limits;
  limits.memory_bytes =
      std::max(options.memory_bytes / 4 / std::max(options.max_streams, 1), kMinStreamBytes);
  limits.batch_rows = options.batch_rows;
  return limits;
}

}  // namespace

Work::Work(std::shared_ptr<const Table> table, plan::Pipeline pipeline, ScanOptions options,
           std::vector<Unit> units, int64_t skipped)
    : table_(std::move(table)),
      pipeline_(std::move(pipeline)),
      options_(std::move(options)),
      units_(std::move(units)),
      end_(units_.size()) {
  cost_.fragments = static_cast<int64_t>(table_->fragments.size());
  cost_.fragments_skipped = skipped;
}

std::optional<Unit> Work::Take() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (next_ == end_ || !failure_.ok()) return std::nullopt;
  return units_[next_++];
}

void Work::Done() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++done_;
}

void Work::Close() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::set<int64_t> untouched;
  for (size_t i = next_; i < end_; ++i) untouched.insert(units_[i].fragment);
  for (size_t i = 0; i < next_; ++i) untouched.erase(units_[i].fragment);
  cost_.fragments_skipped += static_cast<int64_t>(untouched.size());
  end_ = next_;
}

bool Work::ClaimFinish() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!failure_.ok() || next_ != end_ || done_ != end_) return false;
  return !std::exchange(finish_claimed_, true);
}

arrow::Status Work::Fail(arrow::Status status) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (failure_.ok()) failure_ = std::move(status);
  return failure_;
}

arrow::Status Work::Check() {
  arrow::Status stopped = options_.stop.Poll();
  std::lock_guard<std::mutex> lock(mutex_);
  if (failure_.ok()) failure_ = std::move(stopped);
  return failure_;
}

void Work::Account(const plan::Cost& cost) {
  std::lock_guard<std::mutex> lock(mutex_);
  const plan::Cost before = cost_;
  cost_ += cost;
  // Calls count their fragment each; the scan knows how many there are.
  cost_.fragments = before.fragments;
  cost_.fragments_skipped = before.fragments_skipped;
}

plan::Cost Work::cost() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return cost_;
}

double Work::progress() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return end_ == 0 ? 1.0 : static_cast<double>(done_) / static_cast<double>(end_);
}

arrow::Status UnitReader::Open(const Unit& unit,
                               std::shared_ptr<const plan::RuntimeFilter> filter) {
  const TableFragment& fragment = work_->table().fragments[unit.fragment];
  if (fragment_ != unit.fragment) {
    ARROW_ASSIGN_OR_RAISE(specialisation_,
                          Specialisation::Make(work_->pipeline(), work_->table(), fragment));
    fragment_ = unit.fragment;
  }
  plan::RuntimeFilters filters = work_->options().runtime_filters;
  if (filter != nullptr) filters.push_back(std::move(filter));
  site::Request request;
  request.pipeline = specialisation_->pipeline();
  request.fragment = fragment.description.id;
  request.rows = plan::RowRanges({unit.rows});
  request.limits = LimitsOf(work_->options());
  request.runtime_filters = specialisation_->Filters(filters);
  request.stop = work_->options().stop;
  run_.emplace(fragment.site, std::move(request), &puller_);
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> UnitReader::Next() { return run_->Next(); }

void UnitReader::Close() {
  if (!run_.has_value()) return;
  work_->Account(run_->cost());
  run_.reset();
}

}  // namespace skyhook::client
