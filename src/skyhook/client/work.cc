#include "skyhook/client/work.h"

#include <algorithm>
#include <set>
#include <utility>

#include "skyhook/base/exceptions.h"

namespace skyhook::client {
namespace {

/// Less would make aggregates flush after nearly every batch.
constexpr int64_t kMinStreamBytes = 1024 * 1024;

/// Of the reply of a call: more says little, and lies in the memory of an OSD.
constexpr int64_t kMinReplyBytes = 256 * 1024;
constexpr int64_t kMostReplyBytes = int64_t{16} << 20;

base::Limits LimitsOf(const ScanOptions& options, bool remote) {
  base::Limits limits;
  const int64_t stream_bytes = options.memory_bytes / 4 / std::max(options.max_streams, 1);
  limits.memory_bytes = std::max(stream_bytes, kMinStreamBytes);
  limits.batch_rows = options.batch_rows;
  // Replies of calls that run ahead are held, and unpacked one at a time.
  if (remote) {
    limits.reply_bytes =
        std::clamp(stream_bytes / (options.units_ahead + 2), kMinReplyBytes, kMostReplyBytes);
  }
  return limits;
}

// What a stored table's manifest says of the columns of a pipeline.
placement::ColumnFacts FactsOf(const Table& table, const table::StoredFragment& fragment,
                               const std::string& column) {
  placement::ColumnFacts facts;
  const int index = table.schema->GetFieldIndex(column);
  if (index < 0) return facts;
  const auto at = static_cast<size_t>(index);
  if (at < fragment.statistics.size()) facts.statistics = fragment.statistics[at];
  if (at < fragment.column_bytes.size()) facts.bytes = fragment.column_bytes[at];
  return facts;
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

bool Work::ShouldPush(const TableFragment& fragment, const plan::Pipeline& specialised,
                      int64_t rows) {
  if (!fragment.site->profile().remote) return true;
  const site::FragmentDescription& description = fragment.description;
  const auto facts = [&](int column) {
    if (fragment.stored == nullptr) return placement::ColumnFacts();
    return FactsOf(*table_, *fragment.stored, specialised.input->field(column)->name());
  };
  const auto estimate =
      placement::EstimateOf(specialised, description.num_rows, description.bytes, facts);
  const std::lock_guard<std::mutex> lock(mutex_);
  places_.expected_pushed_bytes += estimate.pushed * static_cast<double>(rows);
  places_.expected_pulled_bytes += estimate.pulled * static_cast<double>(rows);
  return placement::ShouldPush(options_.placement, estimate, measured_);
}

int Work::units_ahead() const {
  if (options_.placement != placement::Mode::kAuto) return options_.units_ahead;
  const std::lock_guard<std::mutex> lock(mutex_);
  return measured_.pushed_rows > 0 ? options_.units_ahead : 0;
}

void Work::Account(int64_t fragment, const UnitRun& run) {
  const plan::Cost cost = run.cost();
  Account(cost);
  if (!table_->fragments[fragment].site->profile().remote) return;
  const plan::Cost pushed = run.pushed_cost();
  const std::lock_guard<std::mutex> lock(mutex_);
  measured_.pushed_rows += pushed.rows_in;
  measured_.reply_bytes += pushed.network_bytes;
  measured_.pulled_rows += cost.rows_in - pushed.rows_in;
  measured_.pulled_rows_out += cost.rows_out - pushed.rows_out;
  measured_.read_bytes += cost.network_bytes - pushed.network_bytes;
  if (run.pushed() && pushed_.insert(fragment).second) ++places_.pushed;
  if (run.pulled() && pulled_.insert(fragment).second) {
    ++places_.pulled;
    if (!run.refusal().empty()) ++places_.refusals[run.refusal()];
  }
}

void Work::Account(const plan::Cost& cost) {
  std::lock_guard<std::mutex> lock(mutex_);
  const plan::Cost before = cost_;
  cost_ += cost;
  // Calls count their fragment each; the scan knows how many there are.
  cost_.fragments = before.fragments;
  cost_.fragments_skipped = before.fragments_skipped;
}

Places Work::places() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return places_;
}

plan::Cost Work::cost() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return cost_;
}

double Work::progress() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return end_ == 0 ? 1.0 : static_cast<double>(done_) / static_cast<double>(end_);
}

UnitReader::~UnitReader() {
  // An account may lack what there is no memory for.
  base::UnlessMemoryLacks([this] {
    for (const Begun& begun : begun_) work_->Account(begun.unit.fragment, begun.run);
  });
}

arrow::Result<bool> UnitReader::Advance(std::shared_ptr<const plan::RuntimeFilter> filter) {
  while (begun_.empty() || static_cast<int>(begun_.size()) <= work_->units_ahead()) {
    const std::optional<Unit> unit = work_->Take();
    if (!unit.has_value()) break;
    ARROW_RETURN_NOT_OK(Begin(*unit, filter));
  }
  return !begun_.empty();
}

arrow::Status UnitReader::Begin(const Unit& unit,
                                const std::shared_ptr<const plan::RuntimeFilter>& filter) {
  const TableFragment& fragment = work_->table().fragments[unit.fragment];
  if (fragment_ != unit.fragment) {
    ARROW_ASSIGN_OR_RAISE(specialisation_,
                          Specialisation::Make(work_->pipeline(), work_->table(), fragment));
    fragment_ = unit.fragment;
  }
  plan::RuntimeFilters filters = work_->options().runtime_filters;
  if (filter != nullptr) filters.push_back(filter);
  const bool remote = fragment.site->profile().remote;
  site::Request request;
  request.pipeline = specialisation_->pipeline();
  request.fragment = fragment.description.id;
  request.rows = plan::RowRanges({unit.rows});
  request.limits = LimitsOf(work_->options(), remote);
  request.runtime_filters = specialisation_->Filters(filters);
  request.stop = work_->options().stop;
  const bool push = work_->ShouldPush(fragment, request.pipeline, request.rows.num_rows());
  begun_.push_back({unit, UnitRun(fragment, std::move(request), push, &puller_)});
  // Calls at the site run while others are waited for; our own kernel does not.
  return remote && push ? begun_.back().run.Start() : arrow::Status::OK();
}

void UnitReader::End() {
  work_->Account(begun_.front().unit.fragment, begun_.front().run);
  begun_.pop_front();
  work_->Done();
}

void UnitReader::EndAll() {
  while (!begun_.empty()) End();
}

}  // namespace skyhook::client
