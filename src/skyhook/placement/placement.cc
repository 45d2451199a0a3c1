#include "skyhook/placement/placement.h"

#include <arrow/type_traits.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/plan/expression.h"
#include "skyhook/plan/mirrored.h"

namespace skyhook::placement {
namespace {

using plan::Expression;
using plan::Function;
using Kind = Expression::Kind;
using Statistics = std::optional<plan::ColumnStatistics>;

/// Of a predicate of which nothing is known.
constexpr double kUnknown = 0.2;
/// An equality keeps no more, whatever the bounds say.
constexpr double kMostOfEquality = 0.1;
/// Arrow compressed by LZ4 takes more bytes than the pages that it comes from; measured over TPC-H.
constexpr double kReplyOverStored = 1.8;
/// Where it is not known how a column is stored.
constexpr double kUnknownRowBytes = 8;
/// The most that may come back, for each byte that would be read: an answer has cost its OSD more
/// work than what is only read. Measured over TPC-H, where half of the rows are 0.73 of the bytes
/// and took longer pushed, also over 1 Gb/s.
constexpr double kPushedOverPulled = 0.6;
/// Bytes travel at the expense of others: only for what is that much faster.
constexpr double kClearlyFaster = 1.25;
constexpr double kSecondsWorthATrial = 0.5;
/// An aggregate's reply, for each row of the fragment.
constexpr double kAggregateRowBytes = 0.01;

// A number that orders as the scalar does; nothing for types without.
std::optional<double> PositionOf(const arrow::Scalar& scalar) {
  if (!scalar.is_valid) return std::nullopt;
  switch (scalar.type->id()) {
    case arrow::Type::DECIMAL64:
      return static_cast<const arrow::Decimal64Scalar&>(scalar).value.ToDouble(
          static_cast<const arrow::DecimalType&>(*scalar.type).scale());
    case arrow::Type::DECIMAL128:
      return static_cast<const arrow::Decimal128Scalar&>(scalar).value.ToDouble(
          static_cast<const arrow::DecimalType&>(*scalar.type).scale());
    case arrow::Type::FLOAT:
      return static_cast<const arrow::FloatScalar&>(scalar).value;
    case arrow::Type::DOUBLE:
      return static_cast<const arrow::DoubleScalar&>(scalar).value;
    case arrow::Type::UINT64:
      return static_cast<double>(static_cast<const arrow::UInt64Scalar&>(scalar).value);
    default:
      break;
  }
  if (!arrow::is_integer(scalar.type->id()) && !arrow::is_temporal(scalar.type->id())) {
    return std::nullopt;
  }
  const auto number = scalar.CastTo(arrow::int64());
  if (!number.ok()) return std::nullopt;
  return static_cast<double>(static_cast<const arrow::Int64Scalar&>(**number).value);
}

// A comparison of a column with a literal, as if the column stood first.
struct Comparison {
  Function function;
  int column;
  const arrow::Scalar* literal;
};

std::optional<Comparison> ComparisonOf(const Expression& call) {
  const auto& arguments = call.arguments();
  if (arguments.size() != 2) return std::nullopt;
  const Expression& a = *arguments[0];
  const Expression& b = *arguments[1];
  if (a.kind() == Kind::kColumn && b.kind() == Kind::kLiteral) {
    return Comparison{call.function(), a.column(), b.literal().get()};
  }
  if (a.kind() == Kind::kLiteral && b.kind() == Kind::kColumn) {
    return Comparison{plan::Mirrored(call.function()), b.column(), a.literal().get()};
  }
  return std::nullopt;
}

// Where a literal lies between the bounds of its column.
struct Place {
  double at;
  double min;
  double max;
};

std::optional<Place> PlaceOf(const Comparison& comparison, const Statistics& statistics) {
  if (!statistics.has_value() || statistics->min == nullptr || statistics->max == nullptr) {
    return std::nullopt;
  }
  const auto at = PositionOf(*comparison.literal);
  const auto min = PositionOf(*statistics->min);
  const auto max = PositionOf(*statistics->max);
  if (!at.has_value() || !min.has_value() || !max.has_value()) return std::nullopt;
  return Place{*at, *min, *max};
}

double OfComparison(const Comparison& comparison, const Statistics& statistics) {
  const auto place = PlaceOf(comparison, statistics);
  if (!place.has_value()) return kUnknown;
  const auto [at, min, max] = *place;
  const double width = max - min;
  const double below =
      width > 0 ? std::clamp((at - min) / width, 0.0, 1.0) : (at > min ? 1.0 : 0.0);
  const bool inside = min <= at && at <= max;
  const double equal = inside ? std::min(kMostOfEquality, 1 / std::max(width, 1.0)) : 0;
  switch (comparison.function) {
    case Function::kEqual:
    case Function::kIsNotDistinctFrom:
      return equal;
    case Function::kNotEqual:
    case Function::kIsDistinctFrom:
      return 1 - equal;
    case Function::kLess:
      return below;
    case Function::kLessEqual:
      return std::min(below + equal, 1.0);
    case Function::kGreater:
      return std::max(1 - below - equal, 0.0);
    case Function::kGreaterEqual:
      return 1 - below;
    default:
      return kUnknown;
  }
}

double NullsOf(const Expression& argument, const plan::StatisticsLookup& lookup) {
  if (argument.kind() != Kind::kColumn) return kUnknown;
  const Statistics statistics = lookup(argument.column());
  if (!statistics.has_value() || !statistics->null_count.has_value()) return kUnknown;
  return static_cast<double>(*statistics->null_count) /
         static_cast<double>(std::max<int64_t>(statistics->num_rows, 1));
}

// An IN list: values within the bounds are equally likely.
double OfList(const Expression& in, const plan::StatisticsLookup& lookup) {
  const auto probe = plan::EqualityProbeOf(in);
  if (!probe.has_value()) return kUnknown;
  const Statistics statistics = lookup(probe->column);
  const auto within = plan::ValuesWithin(*probe, statistics);
  if (within.empty()) return 0;
  const double one =
      OfComparison({Function::kEqual, probe->column, within.front().get()}, statistics);
  return std::min(one * static_cast<double>(within.size()), 1.0);
}

double OfCall(const Expression& call, const plan::StatisticsLookup& lookup) {
  const auto& arguments = call.arguments();
  switch (call.function()) {
    case Function::kNot:
      return 1 - SelectivityOf(*arguments[0], lookup);
    case Function::kIsNull:
      return NullsOf(*arguments[0], lookup);
    case Function::kIsNotNull:
      return 1 - NullsOf(*arguments[0], lookup);
    case Function::kIn:
      return OfList(call, lookup);
    default:
      break;
  }
  const auto comparison = ComparisonOf(call);
  return comparison.has_value() ? OfComparison(*comparison, lookup(comparison->column)) : kUnknown;
}

bool BoundsFromAbove(Function function) {
  return function == Function::kLess || function == Function::kLessEqual;
}
bool BoundsFromBelow(Function function) {
  return function == Function::kGreater || function == Function::kGreaterEqual;
}

// A comparison that cuts the values of its column in two, if its share is known.
std::optional<Comparison> BoundOf(const Expression& predicate,
                                  const plan::StatisticsLookup& lookup) {
  if (predicate.kind() != Kind::kCall) return std::nullopt;
  const auto comparison = ComparisonOf(predicate);
  if (!comparison.has_value()) return std::nullopt;
  if (!BoundsFromAbove(comparison->function) && !BoundsFromBelow(comparison->function)) {
    return std::nullopt;
  }
  if (!PlaceOf(*comparison, lookup(comparison->column)).has_value()) return std::nullopt;
  return comparison;
}

// The share of rows for which all of some predicates hold; `negated`: for which none does. Those
// that bound one column leave what lies between the bounds; all others are taken to be independent.
double OfAll(const std::vector<plan::ExpressionPtr>& predicates, bool negated,
             const plan::StatisticsLookup& lookup) {
  struct Interval {
    double lower = 0;
    double upper = 1;
  };
  std::map<int, Interval> intervals;
  double all = 1;
  for (const auto& predicate : predicates) {
    const double share = std::abs((negated ? 1 : 0) - SelectivityOf(*predicate, lookup));
    const auto bound = BoundOf(*predicate, lookup);
    if (!bound.has_value()) {
      all *= share;
      continue;
    }
    Interval& interval = intervals[bound->column];
    if (BoundsFromAbove(bound->function) != negated) {
      interval.upper = std::min(interval.upper, share);
    } else {
      interval.lower = std::max(interval.lower, 1 - share);
    }
  }
  for (const auto& [column, interval] : intervals) {
    all *= std::max(interval.upper - interval.lower, 0.0);
  }
  return all;
}

// Bytes of a row of some columns as they are stored.
double StoredRowBytes(const std::set<int>& columns, int64_t rows,
                      const std::function<ColumnFacts(int)>& facts) {
  double sum = 0;
  for (const int column : columns) {
    const auto bytes = facts(column).bytes;
    sum += bytes.has_value() ? static_cast<double>(*bytes) / static_cast<double>(rows)
                             : kUnknownRowBytes;
  }
  return sum;
}

}  // namespace

arrow::Result<Mode> ParseMode(const std::string& text) {
  for (const Mode mode : {Mode::kAuto, Mode::kPush, Mode::kPull}) {
    if (text == ModeName(mode)) return mode;
  }
  return base::Invalid("'{}' is no placement; there are auto, push and pull", text);
}

const char* ModeName(Mode mode) {
  static constexpr std::array kNames = {"auto", "push", "pull"};
  return kNames[static_cast<size_t>(mode)];
}

double SelectivityOf(const Expression& predicate, const plan::StatisticsLookup& lookup) {
  switch (predicate.kind()) {
    case Kind::kAnd:
      return OfAll(predicate.arguments(), /*negated=*/false, lookup);
    case Kind::kOr:
      return 1 - OfAll(predicate.arguments(), /*negated=*/true, lookup);
    case Kind::kCall:
      return OfCall(predicate, lookup);
    default:
      return kUnknown;
  }
}

Estimate EstimateOf(const plan::Pipeline& pipeline, int64_t rows, int64_t fragment_bytes,
                    const std::function<ColumnFacts(int column)>& facts) {
  Estimate estimate;
  if (rows == 0) return estimate;
  std::set<int> projected;
  std::set<int> filtered;
  std::vector<plan::ExpressionPtr> conjuncts;
  for (const auto& filter : pipeline.filter) {
    const auto columns = plan::ColumnsOf(*filter);
    filtered.insert(columns.begin(), columns.end());
    for (const auto& conjunct : plan::Conjuncts(filter)) conjuncts.push_back(conjunct);
  }
  const double selectivity =
      OfAll(conjuncts, /*negated=*/false, [&](int column) { return facts(column).statistics; });
  for (const auto& one : pipeline.projection) {
    const auto columns = plan::ColumnsOf(*one.expression);
    projected.insert(columns.begin(), columns.end());
  }
  estimate.row_bytes = StoredRowBytes(projected, rows, facts) * kReplyOverStored;
  std::set<int> all = projected;
  all.insert(filtered.begin(), filtered.end());
  estimate.pulled = std::min(StoredRowBytes(all, rows, facts),
                             static_cast<double>(fragment_bytes) / static_cast<double>(rows));
  estimate.pushed = estimate.row_bytes * selectivity;
  const auto kept = static_cast<double>(rows) * selectivity;
  if (pipeline.aggregate.has_value()) {
    estimate.pushed = std::min(estimate.pushed, kAggregateRowBytes);
  } else if (pipeline.top_k.has_value()) {
    estimate.pushed *=
        std::min(1.0, static_cast<double>(pipeline.top_k->limit) / std::max(kept, 1.0));
  } else if (pipeline.limit.has_value()) {
    estimate.pushed *=
        std::min(1.0, static_cast<double>(pipeline.limit->limit) / std::max(kept, 1.0));
  }
  return estimate;
}

namespace {

double PerRow(int64_t bytes, int64_t rows) {
  return static_cast<double>(bytes) / static_cast<double>(rows);
}

}  // namespace

void Learnt::Add(const site::Site* site, const Pushed& pushed) {
  Pushed& sum = sites_[site].pushed;
  sum.rows += pushed.rows;
  sum.reply_bytes += pushed.reply_bytes;
  has_pushed_ = has_pushed_ || pushed.rows > 0;
}

void Learnt::Add(const Pulled& pulled) {
  pulled_.rows += pulled.rows;
  pulled_.rows_out += pulled.rows_out;
  pulled_.read_bytes += pulled.read_bytes;
}

std::vector<size_t> Learnt::Order(Mode mode, std::span<const Candidate> candidates,
                                  const Progress& progress) {
  const double pulled = PulledBytes(candidates);
  std::vector<size_t> run;
  std::vector<size_t> read;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].offer == Offer::kBytes) read.push_back(i);
  }
  const double pulled_left = pulled * static_cast<double>(progress.rows_left);
  left_out_for_speed_ = is_trial_ = false;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const site::Site* const site = candidates[i].site;
    if (candidates[i].offer == Offer::kBytes) continue;
    if (mode == Mode::kPush || !site->profile().remote) {
      run.push_back(i);
    } else if (mode == Mode::kAuto && IsWorthAsking(candidates[i], pulled)) {
      if (read.empty() ||
          IsFaster(site, candidates[read.front()].site, pulled_left, progress.is_first)) {
        run.push_back(i);
      } else {
        left_out_for_speed_ = true;
      }
    }
  }
  run.insert(run.end(), read.begin(), read.end());
  if (run.empty() && !candidates.empty()) run.push_back(0);
  return run;
}

bool Learnt::IsWorthAsking(const Candidate& candidate, double pulled) {
  if (PushedBytes(candidate) > kPushedOverPulled * pulled) return false;
  OfSite& site = sites_[candidate.site];
  return site.refused < kMostRefusals || ++site.passed_over % kAskAgain == 0;
}

bool Learnt::IsFaster(const site::Site* site, const site::Site* of_bytes, double pulled_left,
                      bool is_first) {
  if (rates_ == nullptr) return true;
  const auto there = rates_->Of(site, Offer::kPipelines);
  if (!there.has_value()) return true;  // the first replies will tell
  const auto here = rates_->Of(of_bytes, Offer::kBytes);
  if (here.has_value() && *here > kClearlyFaster * *there) {
    return is_first && ClaimTrial(site, Offer::kPipelines);
  }
  // What is over soon gains little from knowing.
  if (pulled_left < kSecondsWorthATrial * *there) return true;
  return !is_first || !ClaimTrial(of_bytes, Offer::kBytes);
}

bool Learnt::ClaimTrial(const site::Site* site, Offer offer) {
  is_trial_ = rates_->ClaimTrial(site, offer);
  return is_trial_;
}

double Learnt::PushedBytes(const Candidate& candidate) const {
  const auto found = sites_.find(candidate.site);
  if (found != sites_.end() && found->second.pushed.rows > 0) {
    return PerRow(found->second.pushed.reply_bytes, found->second.pushed.rows);
  }
  if (pulled_.rows == 0) return candidate.estimate.pushed;
  return candidate.estimate.row_bytes * PerRow(pulled_.rows_out, pulled_.rows);
}

// Of the cheapest place that hands out bytes; without one, no reply is too large.
double Learnt::PulledBytes(std::span<const Candidate> candidates) const {
  double least = std::numeric_limits<double>::infinity();
  for (const Candidate& candidate : candidates) {
    if (candidate.offer == Offer::kBytes) least = std::min(least, candidate.estimate.pulled);
  }
  return pulled_.rows == 0 ? least : PerRow(pulled_.read_bytes, pulled_.rows);
}

}  // namespace skyhook::placement
