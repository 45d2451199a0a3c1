#include "skyhook/client/scan.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/client/declared.h"
#include "skyhook/client/reduction.h"
#include "skyhook/client/specialisation.h"
#include "skyhook/client/units.h"
#include "skyhook/client/work.h"
#include "skyhook/exec/aggregate/statistics_state.h"
#include "skyhook/plan/types.h"

namespace skyhook::client {
namespace {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

/// A limit's rows are held until it is known which come first; beyond this many, one stream reads
/// them in order instead.
constexpr int64_t kMaxHeldLimit = 64 * 1024;

/// Passes on what the units return.
class PassingStream : public ScanStream {
 public:
  explicit PassingStream(std::shared_ptr<Work> work) : work_(std::move(work)), reader_(work_) {}

  arrow::Result<BatchPtr> Next() override {
    arrow::Result<BatchPtr> batch = NextOrError();
    return batch.ok() ? batch : reader_.Fail(batch.status());
  }

  int64_t batch_index() const override { return batch_index_; }

  /// Ends what is in progress: its further rows are not needed.
  void CloseUnits() { reader_.EndAll(); }

 private:
  arrow::Result<BatchPtr> NextOrError() {
    while (true) {
      ARROW_RETURN_NOT_OK(work_->Check());
      if (!running_) {
        ARROW_ASSIGN_OR_RAISE(running_, reader_.Advance());
        if (!running_) return nullptr;
        batch_index_ = reader_.unit().index();
      }
      ARROW_ASSIGN_OR_RAISE(BatchPtr batch, reader_.Next());
      if (batch == nullptr) {
        reader_.End();
        running_ = false;
      } else if (batch->num_rows() > 0) {
        return batch;
      }
    }
  }

  std::shared_ptr<Work> work_;
  UnitReader reader_;
  bool running_ = false;  // the reader's unit has begun to be read
  int64_t batch_index_ = 0;
};

/// The first `limit` rows of a stream that reads all units in order.
class CuttingStream : public ScanStream {
 public:
  CuttingStream(std::shared_ptr<Work> work, int64_t limit)
      : work_(work), stream_(std::move(work)), left_(limit) {}

  arrow::Result<BatchPtr> Next() override {
    if (left_ == 0) return nullptr;
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, stream_.Next());
    if (batch == nullptr) return nullptr;
    if (batch->num_rows() > left_) batch = batch->Slice(0, left_);
    left_ -= batch->num_rows();
    if (left_ == 0) {
      work_->Close();
      stream_.CloseUnits();
    }
    return batch;
  }

  int64_t batch_index() const override { return stream_.batch_index(); }

 private:
  std::shared_ptr<Work> work_;
  PassingStream stream_;
  int64_t left_;
};

/// Finds nothing.
class EmptyStream : public ScanStream {
 public:
  arrow::Result<BatchPtr> Next() override { return nullptr; }
  int64_t batch_index() const override { return 0; }
};

/// Feeds a reduction until no unit is left; the stream that is last returns the result.
class ReducingStream : public ScanStream {
 public:
  /// `groups` may be null.
  ReducingStream(std::shared_ptr<Work> work, std::shared_ptr<Reduction> reduction,
                 std::shared_ptr<exec::Aggregator> groups)
      : work_(std::move(work)),
        reduction_(std::move(reduction)),
        reader_(
            work_, [reduction = reduction_] { return reduction->filter(); }, std::move(groups)) {}

  arrow::Result<BatchPtr> Next() override {
    arrow::Result<BatchPtr> batch = NextOrError();
    return batch.ok() ? batch : reader_.Fail(batch.status());
  }

  int64_t batch_index() const override { return 0; }

 private:
  arrow::Result<BatchPtr> NextOrError() {
    ARROW_RETURN_NOT_OK(work_->Check());
    if (!finishing_) ARROW_RETURN_NOT_OK(RunUnits());
    if (!finishing_) return nullptr;
    const int64_t started = base::ThreadCpuNanos();
    arrow::Result<BatchPtr> batch = reduction_->Next();
    AccountSince(started);
    return batch;
  }

  arrow::Status RunUnits() {
    for (bool again = true; again;) {
      work_->Hold();
      ARROW_RETURN_NOT_OK(RunUnitsOnce());
      ARROW_RETURN_NOT_OK(HandOver());
      work_->Release();
      ARROW_RETURN_NOT_OK(work_->Check());
      if (!work_->ClaimFinish()) return arrow::Status::OK();
      again = reduction_->StartsOver();
      if (again) work_->StartOver();
    }
    const int64_t started = base::ThreadCpuNanos();
    ARROW_RETURN_NOT_OK(reduction_->Finish());
    AccountSince(started);
    finishing_ = true;
    return arrow::Status::OK();
  }

  // What units have left in the groups. Nothing from a stream that had none: others may be
  // finishing.
  arrow::Status HandOver() {
    auto groups = reader_.TakeGroups();
    if (groups == nullptr) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(work_->Check());
    plan::Cost returned;
    returned.rows_out = groups->num_groups();
    returned.bytes_out = groups->bytes_held();
    work_->Account(returned);
    const int64_t started = base::ThreadCpuNanos();
    ARROW_RETURN_NOT_OK(reduction_->Take(std::move(groups)));
    AccountSince(started);
    return arrow::Status::OK();
  }

  arrow::Status RunUnitsOnce() {
    // Once it is full no unit is begun: they come behind all that were. Those that were begun may
    // hold rows that come before what filled it.
    while (true) {
      if (reduction_->IsFull()) work_->Close();
      ARROW_ASSIGN_OR_RAISE(const bool more, reader_.Advance());
      if (!more) return arrow::Status::OK();
      ARROW_RETURN_NOT_OK(RunUnit());
    }
  }

  arrow::Status RunUnit() {
    const Unit unit = reader_.unit();
    for (int64_t sequence = 0; reduction_->IsNeeded(unit); ++sequence) {
      ARROW_RETURN_NOT_OK(work_->Check());
      ARROW_ASSIGN_OR_RAISE(BatchPtr batch, reader_.Next());
      if (batch == nullptr) break;
      const int64_t started = base::ThreadCpuNanos();
      ARROW_RETURN_NOT_OK(reduction_->Consume(unit, sequence, std::move(batch)));
      AccountSince(started);
    }
    reader_.End();
    return arrow::Status::OK();
  }

  void AccountSince(int64_t started) {
    plan::Cost cost;
    cost.cpu_ns = base::ThreadCpuNanos() - started;
    work_->Account(cost);
  }

  std::shared_ptr<Work> work_;
  std::shared_ptr<Reduction> reduction_;
  UnitReader reader_;
  bool finishing_ = false;
};

std::shared_ptr<arrow::Schema> WithDictionaries(const arrow::Schema& schema,
                                                const std::vector<std::string>& names) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    const bool is_one = std::find(names.begin(), names.end(), field->name()) != names.end() &&
                        field->type()->id() != arrow::Type::DICTIONARY;
    fields.push_back(is_one ? field->WithType(arrow::dictionary(arrow::int32(), field->type()))
                            : field);
  }
  return arrow::schema(std::move(fields));
}

class ScanOfTable : public Scan {
 public:
  ScanOfTable(std::shared_ptr<Work> work, std::shared_ptr<Reduction> reduction)
      : work_(std::move(work)),
        reduction_(std::move(reduction)),
        declared_schema_(
            WithDictionaries(*DeclaredSchema(*work_->pipeline(), *work_->table().schema),
                             work_->options().dictionaries)) {}

  arrow::Result<std::unique_ptr<ScanStream>> OpenStream() override {
    if (reduction_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto groups, reduction_->MakeGroups());
      return std::make_unique<ReducingStream>(work_, reduction_, std::move(groups));
    }
    const auto& limit = work_->pipeline()->limit;
    if (!limit.has_value()) return std::make_unique<PassingStream>(work_);
    if (cut_.exchange(true)) return std::make_unique<EmptyStream>();
    return std::make_unique<CuttingStream>(work_, limit->limit);
  }

  const std::shared_ptr<arrow::Schema>& declared_schema() const override {
    return declared_schema_;
  }
  int num_units() const override { return static_cast<int>(work_->most_units()); }
  int num_streams() const override {
    return std::clamp(num_units(), 1, work_->options().max_streams);
  }
  double progress() const override { return work_->progress(); }

  Places places() const override { return work_->places(); }

  plan::Cost cost() const override {
    plan::Cost cost = work_->cost();
    if (reduction_ != nullptr) cost.spilled_bytes += reduction_->spilled_bytes();
    return cost;
  }

 private:
  std::shared_ptr<Work> work_;
  std::shared_ptr<Reduction> reduction_;
  std::shared_ptr<arrow::Schema> declared_schema_;
  std::atomic<bool> cut_{false};
};

arrow::Status CheckOptions(const ScanOptions& options) {
  if (options.batch_rows > 0 && options.unit_rows > 0 && options.memory_bytes > 0 &&
      options.pulled_ahead >= 0 && options.units_ahead >= 0) {
    return arrow::Status::OK();
  }
  return base::Invalid(
      "options of a scan: batch_rows {}, unit_rows {} and memory_bytes {} must be "
      "positive, units_ahead {} and pulled_ahead {} not negative",
      options.batch_rows, options.unit_rows, options.memory_bytes, options.units_ahead,
      options.pulled_ahead);
}

/// Fails unless `names` are columns of the result, which dictionaries can be made of. `declared`
/// are their declared types.
arrow::Status CheckDictionaries(const arrow::Schema& declared,
                                const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto field = declared.GetFieldByName(name);
    if (field == nullptr) return base::Invalid("the result has no one column '{}'", name);
    const arrow::DataType& type = *field->type();
    const bool can_be_coded = plan::IsComputable(*plan::EngineType(field->type())) &&
                              type.id() != arrow::Type::EXTENSION &&
                              type.id() != arrow::Type::INTERVAL_MONTH_DAY_NANO;
    if (can_be_coded) continue;
    return base::Invalid("column '{}' is {}, of which there are no dictionaries", name,
                         type.ToString());
  }
  return arrow::Status::OK();
}

arrow::Result<std::vector<bool>> SkippedFragments(const plan::SharedPipeline& pipeline,
                                                  const Table& table) {
  std::vector<bool> skipped;
  for (const TableFragment& fragment : table.fragments) {
    ARROW_ASSIGN_OR_RAISE(auto specialisation, Specialisation::Make(pipeline, table, fragment));
    skipped.push_back(specialisation->skips());
  }
  return skipped;
}

// Bytes that a stream holds of a fragment: the rows it reads ahead, of every column, as they are
// stored and decoded, with the dictionaries.
int64_t StreamBytes(const site::FragmentDescription& fragment) {
  constexpr int64_t kRowsAhead = 128 * 1024;
  constexpr int64_t kTimesStored = 3;
  int64_t rows = 0;
  for (const plan::RowRange& group : fragment.row_groups) rows = std::max(rows, group.size());
  if (rows == 0) return 0;
  const double row_bytes =
      static_cast<double>(fragment.bytes) / static_cast<double>(fragment.num_rows);
  return static_cast<int64_t>(row_bytes * static_cast<double>(std::min(rows, kRowsAhead))) *
         kTimesStored;
}

// Bytes of a row of the fragment with the widest rows, as they are stored.
int64_t MostRowBytes(const Table& table) {
  int64_t most = 1;
  for (const TableFragment& fragment : table.fragments) {
    const site::FragmentDescription& description = fragment.description;
    most = std::max(most, description.bytes / std::max<int64_t>(description.num_rows, 1));
  }
  return most;
}

// As many streams, and units ahead, as there is memory for.
void Fit(const Table& table, ScanOptions* options) {
  int64_t most = 1;
  for (const TableFragment& fragment : table.fragments) {
    most = std::max(most, StreamBytes(fragment.description));
  }
  const int64_t fit = options->memory_bytes / most;
  const int64_t streams = std::clamp<int64_t>(fit, 1, std::max(options->max_streams, 1));
  options->max_streams = static_cast<int>(streams);
  const int64_t ahead = std::max<int64_t>(fit / streams - 1, 0);
  options->pulled_ahead = static_cast<int>(std::min<int64_t>(options->pulled_ahead, ahead));
}

}  // namespace

Places& Places::operator+=(const Places& other) {
  pushed += other.pushed;
  pulled += other.pulled;
  expected_pushed_bytes += other.expected_pushed_bytes;
  expected_pulled_bytes += other.expected_pulled_bytes;
  for (const auto& [reason, fragments] : other.refusals) refusals[reason] += fragments;
  return *this;
}

arrow::Result<std::shared_ptr<Scan>> Scan::Make(std::shared_ptr<const Table> table,
                                                plan::Pipeline pipeline, ScanOptions options) {
  ARROW_RETURN_NOT_OK(plan::Validate(pipeline));
  ARROW_RETURN_NOT_OK(CheckOptions(options));
  ARROW_RETURN_NOT_OK(CheckInput(*pipeline.input, *table));
  if (!options.dictionaries.empty()) {
    ARROW_RETURN_NOT_OK(
        CheckDictionaries(*DeclaredSchema(pipeline, *table->schema), options.dictionaries));
  }
  Fit(*table, &options);
  // What comes first may make the rest unnecessary.
  if (pipeline.limit.has_value() || pipeline.top_k.has_value()) options.pulled_ahead = 0;
  ARROW_ASSIGN_OR_RAISE(const std::vector<bool> skipped, SkippedFragments(pipeline, *table));
  const int64_t num_skipped = std::count(skipped.begin(), skipped.end(), true);
  CutOptions cut{.max_streams = options.max_streams, .min_rows = options.unit_rows};
  if (pipeline.aggregate.has_value()) cut.min_rows = RowsOfFewUnits(*table, cut);
  // Statistics are of whole row groups.
  if (exec::MayComeOfStatistics(pipeline) && pipeline.filter.empty()) cut.max_streams = 1;
  std::vector<Unit> units = CutUnits(*table, skipped, cut);
  plan::ExpressionPtr threshold;
  if (pipeline.top_k.has_value()) {
    ARROW_ASSIGN_OR_RAISE(threshold, SortForTopK(*table, pipeline, &units));
    if (!options.runtime_filters.empty()) threshold = nullptr;  // rows may be filtered out
  }
  std::shared_ptr<Reduction> reduction;
  const bool held = pipeline.limit.has_value() && pipeline.limit->limit <= kMaxHeldLimit &&
                    pipeline.limit->limit <= options.memory_bytes / 8 / MostRowBytes(*table);
  if (pipeline.aggregate.has_value() || pipeline.top_k.has_value() || held) {
    ARROW_ASSIGN_OR_RAISE(reduction, MakeReduction(pipeline, options, std::move(threshold)));
  }
  auto work = std::make_shared<Work>(std::move(table), std::move(pipeline), std::move(options),
                                     std::move(units), cut, num_skipped);
  return std::make_shared<ScanOfTable>(std::move(work), std::move(reduction));
}

}  // namespace skyhook::client
