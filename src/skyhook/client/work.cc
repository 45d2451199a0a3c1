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

/// Of batches that a unit has given before they are needed.
constexpr int64_t kMostHeldBytes = int64_t{64} << 20;

base::Limits LimitsOf(const ScanOptions& options, bool remote, bool pulls) {
  base::Limits limits;
  const int64_t stream_bytes = options.memory_bytes / 4 / std::max(options.max_streams, 1);
  // Two parts for each call, and one for what waits.
  const int parts = remote && pulls ? 2 * (1 + options.pulled_ahead) + 1 : 2;
  limits.memory_bytes = std::max(stream_bytes * 2 / parts, kMinStreamBytes);
  limits.batch_rows = options.batch_rows;
  // Replies of calls that run ahead are held, and unpacked one at a time.
  if (remote) {
    limits.reply_bytes =
        std::clamp(stream_bytes / (options.units_ahead + 2), kMinReplyBytes, kMostReplyBytes);
  }
  return limits;
}

std::vector<bool> DictionariesOf(const plan::Pipeline& pipeline, const ScanOptions& options) {
  const bool as_stored = !pipeline.aggregate && !pipeline.top_k && !pipeline.limit;
  if (!as_stored || options.dictionaries.empty()) return {};
  const std::vector<std::string>& names = options.dictionaries;
  std::vector<bool> out;
  for (const plan::NamedExpression& column : pipeline.projection) {
    out.push_back(std::find(names.begin(), names.end(), column.name) != names.end());
  }
  return out;
}

}  // namespace

Work::Work(std::shared_ptr<const Table> table, plan::Pipeline pipeline, ScanOptions options,
           std::vector<Unit> units, CutOptions cut, int64_t skipped)
    : table_(std::move(table)),
      pipeline_(std::move(pipeline)),
      options_(std::move(options)),
      cut_(cut),
      dictionaries_(DictionariesOf(*pipeline_, options_)),
      prepared_calls_(std::make_shared<exec::PreparedCalls>(options_.memory_bytes / 4)),
      cores_(std::make_shared<base::Cores>(0)),
      all_units_(std::move(units)),
      units_(all_units_.begin(), all_units_.end()),
      learnt_(table_->rates),
      touched_(table_->fragments.size()) {
  cost_.fragments = static_cast<int64_t>(table_->fragments.size());
  cost_.fragments_skipped = skipped;
  for (const Unit& unit : all_units_) {
    most_units_ += unit.whole ? static_cast<int64_t>(CutPulled(*table_, unit, cut_).size()) : 1;
    rows_ += unit.rows.size();
  }
}

arrow::Result<std::optional<TakenUnit>> Work::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (units_.empty() || !failure_.ok()) return std::nullopt;
  ARROW_RETURN_NOT_OK(PlaceNext());
  return TakeNext();
}

arrow::Result<std::optional<TakenUnit>> Work::TakeAhead(bool may_ask, bool may_pull) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (units_.empty() || !failure_.ok()) return std::nullopt;
  if (trial_units_ > 0 && units_.front().fragment != trial_) return std::nullopt;
  ARROW_RETURN_NOT_OK(PlaceNext());
  const Attempt& first = placed_->attempts.front();
  const bool goes_on = first.is_elsewhere() ? may_ask : first.PullsOverNetwork() && may_pull;
  if (!goes_on) return std::nullopt;
  return TakeNext();
}

arrow::Status Work::PlaceNext() {
  const Unit next = units_.front();
  if (placed_fragment_ == next.fragment) return arrow::Status::OK();
  const TableFragment& fragment = table_->fragments[static_cast<size_t>(next.fragment)];
  const auto pieces = [&] { return CutPulled(*table_, next, cut_); };
  // One that all streams have a piece of: none of them begins something else beside it.
  const bool is_first =
      rows_taken_ == 0 && next.whole && static_cast<int>(pieces().size()) >= options_.max_streams;
  const placement::Progress progress{rows_ - rows_taken_, is_first};
  ARROW_ASSIGN_OR_RAISE(
      placed_, PlaceFragment(*table_, fragment, pipeline_, options_.placement, progress, &learnt_));
  if (learnt_.is_trial()) trial_ = next.fragment;
  placed_fragment_ = next.fragment;
  if (!fragment.site->profile().remote) return arrow::Status::OK();
  const auto rows = static_cast<double>(next.rows.size());
  places_.expected_pushed_bytes += placed_->expected_pushed * rows;
  places_.expected_pulled_bytes += placed_->expected_pulled * rows;
  if (!placed_->declined.empty() && options_.placement != placement::Mode::kPull) {
    ++places_.refusals[placed_->declined];
  }
  if (!next.whole || !placed_->attempts.front().pulls()) return arrow::Status::OK();
  const std::vector<Unit> cut = pieces();
  units_.pop_front();
  units_.insert(units_.begin(), cut.begin(), cut.end());
  return arrow::Status::OK();
}

TakenUnit Work::TakeNext() {
  TakenUnit taken{units_.front(), placed_};
  units_.pop_front();
  touched_[static_cast<size_t>(taken.unit.fragment)] = true;
  ++at_work_;
  if (taken.unit.fragment == trial_) ++trial_units_;
  rows_taken_ += taken.unit.rows.size();
  return taken;
}

void Work::Done(const Unit& unit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  --at_work_;
  if (unit.fragment == trial_) --trial_units_;
  rows_done_ += unit.rows.size();
}

void Work::Hold() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++at_work_;
}

void Work::Release() {
  const std::lock_guard<std::mutex> lock(mutex_);
  --at_work_;
}

void Work::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  int64_t last = -1;
  for (const Unit& unit : units_) {
    rows_ -= unit.rows.size();
    if (unit.fragment != std::exchange(last, unit.fragment) &&
        !touched_[static_cast<size_t>(unit.fragment)]) {
      ++cost_.fragments_skipped;
    }
  }
  units_.clear();
}

bool Work::ClaimFinish() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!failure_.ok() || !units_.empty() || at_work_ > 0) return false;
  return !std::exchange(finish_claimed_, true);
}

void Work::StartOver() {
  const std::lock_guard<std::mutex> lock(mutex_);
  units_.assign(all_units_.begin(), all_units_.end());
  rows_done_ = rows_taken_ = 0;
  finish_claimed_ = false;
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

int Work::units_ahead() const {
  if (options_.placement != placement::Mode::kAuto) return options_.units_ahead;
  const std::lock_guard<std::mutex> lock(mutex_);
  return learnt_.has_pushed() ? options_.units_ahead : 0;
}

void Work::Refused(const site::Site* site) {
  const std::lock_guard<std::mutex> lock(mutex_);
  learnt_.Refused(site);
}

void Work::Account(int64_t fragment, const UnitRun& run) {
  const plan::Cost cost = run.cost();
  Account(cost);
  const site::Site* const site = table_->fragments[static_cast<size_t>(fragment)].site.get();
  if (!site->profile().remote) return;
  const plan::Cost pushed = run.pushed_cost();
  if (table_->rates != nullptr) {
    if (run.answered_by() != nullptr) {
      table_->rates->Add(run.answered_by(), placement::Offer::kPipelines, pushed.bytes_read,
                         waits_.pushed.Take());
    }
    const double pulled_seconds = run.pulled() ? waits_.pulled.Take() : 0;
    // What is remembered is not read, and says nothing of reading.
    if (run.pulled() && cost.row_groups_remembered == 0) {
      table_->rates->Add(site, placement::Offer::kBytes, cost.bytes_read - pushed.bytes_read,
                         pulled_seconds);
    }
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  learnt_.Add({.rows = cost.rows_in - pushed.rows_in,
               .rows_out = cost.rows_out - pushed.rows_out,
               .read_bytes = cost.network_bytes - pushed.network_bytes});
  if (run.answered_by() != nullptr) {
    learnt_.Add(run.answered_by(), {.rows = pushed.rows_in, .reply_bytes = pushed.network_bytes});
    learnt_.Answered(run.answered_by());
  }
  if (run.answered_by() != nullptr && pushed_.insert(fragment).second) ++places_.pushed;
  if (run.pulled() && pulled_.insert(fragment).second) {
    ++places_.pulled;
    for (const std::string& reason : run.refusals()) ++places_.refusals[reason];
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
  return rows_ == 0 ? 1.0 : static_cast<double>(rows_done_) / static_cast<double>(rows_);
}

UnitReader::~UnitReader() {
  core_.Release();
  // An account may lack what there is no memory for.
  base::UnlessMemoryLacks([this] {
    for (Begun& begun : begun_) {
      begun.run.Stop();
      work_->Account(begun.unit.fragment, begun.run);
    }
  });
}

arrow::Result<bool> UnitReader::Advance() {
  if (begun_.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto taken, work_->Take());
    if (!taken.has_value()) {
      core_.Release();
      return false;
    }
    ARROW_RETURN_NOT_OK(Begin(*std::move(taken), /*ahead=*/false));
  }
  ARROW_RETURN_NOT_OK(BeginAhead());
  return true;
}

arrow::Status UnitReader::BeginAhead() {
  while (true) {
    const int ahead = static_cast<int>(begun_.size()) - 1;
    const bool may_ask = ahead < work_->units_ahead();
    const bool may_pull = ahead < work_->options().pulled_ahead;
    if (!may_ask && !may_pull) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto taken, work_->TakeAhead(may_ask, may_pull));
    if (!taken.has_value()) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(Begin(*std::move(taken), /*ahead=*/true));
  }
}

arrow::Status UnitReader::Begin(TakenUnit taken, bool ahead) {
  const Unit& unit = taken.unit;
  const TableFragment& fragment = work_->table().fragments[static_cast<size_t>(unit.fragment)];
  const Specialisation& specialisation = *taken.placed->specialisation;
  plan::RuntimeFilters filters = work_->options().runtime_filters;
  if (auto filter = filter_ ? filter_() : nullptr) filters.push_back(std::move(filter));
  site::Request request;
  request.pipeline = specialisation.pipeline();
  request.fragment = fragment.description.id;
  request.slice.rows = plan::RowRanges({unit.rows});
  const Attempt& first = taken.placed->attempts.front();
  const bool remote = fragment.site->profile().remote;
  request.limits = LimitsOf(work_->options(), remote, first.pulls());
  request.runtime_filters = specialisation.Filters(filters);
  request.stop = work_->options().stop;
  request.prepared_calls = work_->prepared_calls();
  request.predicates = work_->table().predicates;
  request.dictionaries = work_->dictionaries();
  // How many groups remote fragments have is learnt from what leaves.
  if (!remote) request.groups = groups_;
  gave_groups_ = gave_groups_ || request.groups != nullptr;
  if (remote) request.core = &core_;
  const bool elsewhere = first.is_elsewhere();
  const bool pulls_ahead = ahead && first.PullsOverNetwork();
  const int64_t held_bytes = std::min(request.limits.memory_bytes / 2, kMostHeldBytes);
  const auto refused = [work = work_](const site::Site* site) { work->Refused(site); };
  begun_.push_back({unit, UnitRun(std::move(taken.placed), fragment.learnt, std::move(request),
                                  refused, work_->waits())});
  // Calls at the site run while others are waited for; our own kernel does on another thread.
  if (elsewhere) return begun_.back().run.Start();
  if (pulls_ahead) begun_.back().run.StartAhead(work_->cores(), held_bytes);
  return arrow::Status::OK();
}

void UnitReader::End() {
  begun_.front().run.Stop();
  work_->Account(begun_.front().unit.fragment, begun_.front().run);
  work_->Done(begun_.front().unit);
  begun_.pop_front();
}

arrow::Status UnitReader::Fail(arrow::Status status) {
  status = work_->Fail(std::move(status));
  EndAll();
  return status;
}

void UnitReader::EndAll() {
  while (!begun_.empty()) End();
  core_.Release();
}

}  // namespace skyhook::client
