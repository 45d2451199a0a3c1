// Casts of every other type to text and back.
#include "skyhook/vector/text.h"

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "skyhook/exec/kernels/cast/casts.h"
#include "skyhook/exec/kernels/cast/write.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/calendar.h"
#include "skyhook/vector/parse_number.h"
#include "skyhook/vector/parse_time.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Type;

namespace {

// write(row, &text) for every row that is not NULL; where it is false the cast fails.
template <typename Write>
Result<vector::Column> WriteRows(const plan::Expression& call, const vector::Column& in,
                                 int64_t length, Write&& write) {
  vector::TextBuilder out;
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of({in}, length));
  std::string text;
  for (int64_t i = 0; i < length; ++i) {
    text.clear();
    if (valid.IsValid(i) && !write(i, &text)) ARROW_RETURN_NOT_OK(CastFailed(call, in, i, &valid));
    ARROW_RETURN_NOT_OK(valid.IsValid(i) ? out.Append(text) : out.AppendNull());
  }
  return out.Finish(call.type());
}

Result<vector::Column> NumberToText(const plan::Expression& call, const vector::Column& in,
                                    int64_t length) {
  const arrow::DataType& type = *in.type();
  const plan::DecimalShape shape = plan::IsFloat(type) ? plan::DecimalShape{} : plan::ShapeOf(type);
  return vector::VisitPhysical(type, [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, vector::TextView>) {
      return NoKernel(call);
    } else {
      const T* from = in.values<T>();
      return WriteRows(call, in, length, [&](int64_t row, std::string* text) {
        if constexpr (std::is_floating_point_v<T>) {
          WriteFloat(from[row], text);
        } else if constexpr (std::is_same_v<T, vector::Int256>) {
          WriteWideDecimal(from[row], shape.precision, shape.scale, text);
        } else {
          WriteDecimal(static_cast<vector::Int128>(from[row]), shape.precision, shape.scale, text);
        }
        return true;
      });
    }
  });
}

Result<vector::Column> BoolToText(const plan::Expression& call, const vector::Column& in,
                                  int64_t length) {
  return WriteRows(call, in, length, [&](int64_t row, std::string* text) {
    *text = in.values<uint8_t>()[row] != 0 ? "true" : "false";
    return true;
  });
}

void WriteInfinity(bool positive, std::string* text) {
  *text = positive ? "infinity" : "-infinity";
}

Result<vector::Column> DateToText(const plan::Expression& call, const vector::Column& in,
                                  int64_t length) {
  const int32_t* from = in.values<int32_t>();
  return WriteRows(call, in, length, [&](int64_t row, std::string* text) {
    if (vector::IsInfinite(from[row])) {
      WriteInfinity(from[row] > 0, text);
    } else {
      WriteDate(from[row], text);
    }
    return true;
  });
}

template <typename T>
Result<vector::Column> TimeToText(const plan::Expression& call, const vector::Column& in,
                                  int64_t length) {
  const int64_t per_second = vector::TicksPerSecond(*in.type());
  const T* from = in.values<T>();
  return WriteRows(call, in, length, [&](int64_t row, std::string* text) {
    if (from[row] < 0 || from[row] > vector::kDaySeconds * per_second) return false;
    WriteTime(from[row], per_second, text);
    return true;
  });
}

Result<vector::Column> TimestampToText(const plan::Expression& call, const vector::Column& in,
                                       int64_t length) {
  const int64_t per_second = vector::TicksPerSecond(*in.type());
  // Seconds and milliseconds are converted by way of microseconds.
  const int64_t factor = per_second < 1'000'000 ? 1'000'000 / per_second : 1;
  const int64_t* from = in.values<int64_t>();
  return WriteRows(call, in, length, [&](int64_t row, std::string* text) {
    if (vector::IsInfinite(from[row])) {
      WriteInfinity(from[row] > 0, text);
      return true;
    }
    int64_t ticks = 0;
    if (__builtin_mul_overflow(from[row], factor, &ticks)) return false;
    const int64_t per_day = vector::kDaySeconds * per_second * factor;
    const int64_t days = vector::FloorDivide(ticks, per_day);
    if (!vector::TimestampOf(days, 0, per_second * factor).has_value()) return false;
    WriteDate(days, text);
    *text += ' ';
    WriteTime(vector::FloorModulo(ticks, per_day), per_second * factor, text);
    return true;
  });
}

Result<vector::Column> TextToNumber(const plan::Expression& call, const vector::Column& in,
                                    int64_t length) {
  const arrow::DataType& type = *call.type();
  const plan::DecimalShape shape = plan::IsFloat(type) ? plan::DecimalShape{} : plan::ShapeOf(type);
  const bool decimal = plan::IsDecimal(type);
  return vector::VisitPhysical(type, [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, vector::TextView>) {
      return NoKernel(call);
    } else {
      return ConvertRows<T>(call, in, call.type(), length, [&](int64_t row) -> std::optional<T> {
        const std::string_view text = in.TextAt(row);
        if constexpr (std::is_floating_point_v<T>) {
          return vector::ReadFloat<T>(text);
        } else {
          if constexpr (sizeof(T) <= 8) {
            if (!decimal) return vector::ReadInteger<T>(text);
          }
          using Unscaled =
              std::conditional_t<std::is_same_v<T, vector::Int256>, vector::Int256, vector::Int128>;
          const auto unscaled = vector::ReadDecimal<Unscaled>(text, shape.precision, shape.scale);
          return unscaled.has_value() ? std::optional(static_cast<T>(*unscaled)) : std::nullopt;
        }
      });
    }
  });
}

template <typename T>
Result<vector::Column> TextToTime(const plan::Expression& call, const vector::Column& in,
                                  int64_t length) {
  const int64_t per_second = vector::TicksPerSecond(*call.type());
  return ConvertRows<T>(call, in, call.type(), length, [&](int64_t row) -> std::optional<T> {
    const auto ticks = vector::ReadTime(in.TextAt(row), per_second);
    return ticks.has_value() ? std::optional(static_cast<T>(*ticks)) : std::nullopt;
  });
}

}  // namespace

Result<vector::Column> CastToText(const plan::Expression& call, const vector::Column& in,
                                  int64_t length) {
  switch (in.type()->id()) {
    case Type::BOOL:
      return BoolToText(call, in, length);
    case Type::DATE32:
      return DateToText(call, in, length);
    case Type::TIME32:
      return TimeToText<int32_t>(call, in, length);
    case Type::TIME64:
      return TimeToText<int64_t>(call, in, length);
    case Type::TIMESTAMP:
      return TimestampToText(call, in, length);
    default:
      return NumberToText(call, in, length);
  }
}

Result<vector::Column> CastFromText(const plan::Expression& call, const vector::Column& in,
                                    int64_t length) {
  const auto read = [&](auto of) {
    using T = typename decltype(of(std::string_view()))::value_type;
    return ConvertRows<T>(call, in, call.type(), length,
                          [&](int64_t row) { return of(in.TextAt(row)); });
  };
  switch (call.type()->id()) {
    case Type::BOOL:
      return read([](std::string_view text) -> std::optional<uint8_t> {
        const auto value = vector::ReadBool(text);
        return value.has_value() ? std::optional(static_cast<uint8_t>(*value)) : std::nullopt;
      });
    case Type::DATE32:
      return read(vector::ReadDate);
    case Type::TIME32:
      return TextToTime<int32_t>(call, in, length);
    case Type::TIME64:
      return TextToTime<int64_t>(call, in, length);
    case Type::TIMESTAMP:
      return read([per_second = vector::TicksPerSecond(*call.type())](std::string_view text) {
        return vector::ReadTimestamp(text, per_second);
      });
    default:
      return TextToNumber(call, in, length);
  }
}

}  // namespace skyhook::exec
