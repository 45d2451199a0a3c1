// Casts among dates, times and timestamps, with and without zone.
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_scalar.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels/cast/casts.h"
#include "skyhook/vector/calendar.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Type;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;

namespace {

constexpr int64_t kMicros = 1'000'000;

std::optional<int64_t> Multiplied(int64_t value, int64_t factor) {
  int64_t out = 0;
  if (__builtin_mul_overflow(value, factor, &out)) return std::nullopt;
  return out;
}

// `ticks` in another unit, rounded down.
std::optional<int64_t> InUnit(int64_t ticks, int64_t per_second, int64_t wanted) {
  if (wanted >= per_second) return Multiplied(ticks, wanted / per_second);
  return vector::FloorDivide(ticks, per_second / wanted);
}

// Whole seconds and milliseconds are converted by way of microseconds.
struct Ticks {
  int64_t count;
  int64_t per_second;
};
std::optional<Ticks> AtLeastMicros(int64_t ticks, int64_t per_second) {
  if (per_second >= kMicros) return Ticks{ticks, per_second};
  const auto micros = Multiplied(ticks, kMicros / per_second);
  return micros.has_value() ? std::optional(Ticks{*micros, kMicros}) : std::nullopt;
}

std::string ZoneOf(const arrow::DataType& type) {
  if (type.id() != Type::TIMESTAMP) return "";
  return static_cast<const arrow::TimestampType&>(type).timezone();
}

TypePtr WithoutZone(const arrow::DataType& timestamp) {
  return arrow::timestamp(static_cast<const arrow::TimestampType&>(timestamp).unit());
}

template <typename To>
To Infinity(bool positive) {
  const To most = std::numeric_limits<To>::max();
  return positive ? most : static_cast<To>(-most);
}

class TemporalCast {
 public:
  TemporalCast(const plan::Expression& call, int64_t length) : call_(call), length_(length) {}

  Result<vector::Column> Plain(const vector::Column& in, const TypePtr& to) const {
    if (in.type()->Equals(*to)) return in;
    switch (in.type()->id()) {
      case Type::DATE32:
        return DateToTimestamp(in, to);
      case Type::TIMESTAMP:
        if (to->id() == Type::DATE32) return TimestampToDate(in, to);
        return to->id() == Type::TIMESTAMP ? TimestampToTimestamp(in, to) : TimestampToTime(in, to);
      case Type::TIME32:
        return TimeToTime<int32_t>(in, to);
      default:
        return TimeToTime<int64_t>(in, to);
    }
  }

  // Instants as the wall clock of their zone, or the other way round; both types have one unit.
  Result<vector::Column> AcrossZone(const vector::Column& in, const TypePtr& to) const {
    const int64_t days =
        2 * vector::kDaySeconds * vector::TicksPerSecond(*to);  // no zone is farther from UTC
    const int64_t reach = std::numeric_limits<int64_t>::max() - days;
    const int64_t* from = in.values<int64_t>();
    const auto is_near_limit = [&](int64_t ticks) { return ticks > reach || ticks < -reach; };
    ARROW_ASSIGN_OR_RAISE(const vector::Column asked,
                          ConvertRows<int64_t>(call_, in, in.type(), length_, [&](int64_t row) {
                            return std::optional<int64_t>(is_near_limit(from[row]) ? 0 : from[row]);
                          }));
    ARROW_ASSIGN_OR_RAISE(const auto array, asked.ToArray());
    ARROW_ASSIGN_OR_RAISE(const auto answer, AskZone(array, to));
    const auto& shifted = static_cast<const arrow::TimestampArray&>(*answer);
    return ConvertRows<int64_t>(call_, in, to, length_, [&](int64_t row) -> std::optional<int64_t> {
      if (vector::IsInfinite(from[row])) return from[row];
      if (is_near_limit(from[row]) || shifted.IsNull(row)) return std::nullopt;
      return shifted.Value(row);
    });
  }

 private:
  Result<vector::Column> DateToTimestamp(const vector::Column& in, const TypePtr& to) const {
    const int64_t per_second = vector::TicksPerSecond(*to);
    const int32_t* from = in.values<int32_t>();
    return ConvertRows<int64_t>(call_, in, to, length_, [&](int64_t row) -> std::optional<int64_t> {
      if (vector::IsInfinite(from[row])) return Infinity<int64_t>(from[row] > 0);
      const auto start = vector::TimestampOf(from[row], 0, std::max(per_second, kMicros));
      return start.has_value() && per_second < kMicros ? *start / (kMicros / per_second) : start;
    });
  }

  Result<vector::Column> TimestampToDate(const vector::Column& in, const TypePtr& to) const {
    const int64_t per_second = vector::TicksPerSecond(*in.type());
    const int64_t* from = in.values<int64_t>();
    return ConvertRows<int32_t>(call_, in, to, length_, [&](int64_t row) -> std::optional<int32_t> {
      // As in DuckDB, those of milliseconds are no date.
      if (vector::IsInfinite(from[row]) && per_second != 1000)
        return Infinity<int32_t>(from[row] > 0);
      const auto ticks = AtLeastMicros(from[row], per_second);
      if (!ticks.has_value()) return std::nullopt;
      return static_cast<int32_t>(
          vector::FloorDivide(ticks->count, vector::kDaySeconds * ticks->per_second));
    });
  }

  Result<vector::Column> TimestampToTimestamp(const vector::Column& in, const TypePtr& to) const {
    const int64_t per_second = vector::TicksPerSecond(*in.type());
    const int64_t wanted = vector::TicksPerSecond(*to);
    const int64_t* from = in.values<int64_t>();
    return ConvertRows<int64_t>(call_, in, to, length_, [&](int64_t row) -> std::optional<int64_t> {
      if (vector::IsInfinite(from[row])) return from[row];
      const bool finer = wanted > per_second;
      if (finer && !AtLeastMicros(from[row], per_second).has_value()) return std::nullopt;
      return InUnit(from[row], per_second, wanted);
    });
  }

  Result<vector::Column> TimestampToTime(const vector::Column& in, const TypePtr& to) const {
    if (to->id() == Type::TIME32) return TimestampToTimeOf<int32_t>(in, to);
    return TimestampToTimeOf<int64_t>(in, to);
  }

  template <typename To>
  Result<vector::Column> TimestampToTimeOf(const vector::Column& in, const TypePtr& to) const {
    const int64_t per_second = vector::TicksPerSecond(*in.type());
    const int64_t wanted = vector::TicksPerSecond(*to);
    const int64_t* from = in.values<int64_t>();
    return ConvertRows<To>(call_, in, to, length_, [&](int64_t row) -> std::optional<To> {
      const auto ticks = AtLeastMicros(from[row], per_second);
      if (!ticks.has_value() || vector::IsInfinite(ticks->count)) return std::nullopt;
      const int64_t of_day =
          vector::FloorModulo(ticks->count, vector::kDaySeconds * ticks->per_second);
      return static_cast<To>(*InUnit(of_day, ticks->per_second, wanted));
    });
  }

  template <typename From>
  Result<vector::Column> TimeToTime(const vector::Column& in, const TypePtr& to) const {
    if (to->id() == Type::TIME32) return TimeToTimeOf<From, int32_t>(in, to);
    return TimeToTimeOf<From, int64_t>(in, to);
  }

  template <typename From, typename To>
  Result<vector::Column> TimeToTimeOf(const vector::Column& in, const TypePtr& to) const {
    const int64_t per_second = vector::TicksPerSecond(*in.type());
    const int64_t wanted = vector::TicksPerSecond(*to);
    const From* from = in.values<From>();
    return ConvertRows<To>(call_, in, to, length_, [&](int64_t row) -> std::optional<To> {
      const auto ticks = InUnit(from[row], per_second, wanted);
      if (!ticks.has_value() || static_cast<To>(*ticks) != *ticks) return std::nullopt;
      return static_cast<To>(*ticks);
    });
  }

  // Arrow's answer; of try_cast NULL for what the zone skips or has twice, which fails all rows.
  Result<ArrayPtr> AskZone(const ArrayPtr& array, const TypePtr& to) const {
    auto answer = ShiftAll(array, ZoneOf(*to));
    if (answer.ok()) return answer;
    if (call_.function() == plan::Function::kCast) return answer;
    arrow::ArrayVector rows;
    for (int64_t row = 0; row < array->length(); ++row) {
      auto one = ShiftAll(array->Slice(row, 1), ZoneOf(*to));
      if (!one.ok()) one = arrow::MakeArrayOfNull(to, 1);
      ARROW_ASSIGN_OR_RAISE(auto value, std::move(one));
      rows.push_back(std::move(value));
    }
    return arrow::Concatenate(rows);
  }

  // To the wall clock when no zone is given.
  static Result<ArrayPtr> ShiftAll(const ArrayPtr& array, const std::string& zone) {
    if (zone.empty()) {
      ARROW_ASSIGN_OR_RAISE(const arrow::Datum local, arrow::compute::LocalTimestamp(array));
      return local.make_array();
    }
    const arrow::compute::AssumeTimezoneOptions options(zone);
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum instants,
                          arrow::compute::AssumeTimezone(array, options));
    return instants.make_array();
  }

  const plan::Expression& call_;
  int64_t length_;
};

}  // namespace

Result<vector::Column> CastTemporal(const plan::Expression& call, const vector::Column& in,
                                    int64_t length) {
  const TemporalCast cast(call, length);
  const bool from_zone = !ZoneOf(*in.type()).empty();
  const bool to_zone = !ZoneOf(*call.type()).empty();
  if (from_zone == to_zone) return cast.Plain(in, call.type());
  if (from_zone) {
    ARROW_ASSIGN_OR_RAISE(const vector::Column local, cast.AcrossZone(in, WithoutZone(*in.type())));
    return cast.Plain(local, call.type());
  }
  ARROW_ASSIGN_OR_RAISE(const vector::Column local, cast.Plain(in, WithoutZone(*call.type())));
  return cast.AcrossZone(local, call.type());
}

}  // namespace skyhook::exec
