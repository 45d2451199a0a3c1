// Arithmetic on decimals of up to 38 digits.
#include <arrow/util/decimal.h>

#include <limits>
#include <optional>

#include "skyhook/exec/checked_arithmetic.h"
#include "skyhook/exec/kernels.h"
#include "skyhook/exec/rounding.h"
#include "skyhook/exec/wide_decimal.h"
#include "skyhook/plan/catalogue.h"
#include "skyhook/plan/types.h"

namespace skyhook::exec {

using arrow::Decimal256;
using arrow::Result;
using arrow::Status;
using plan::CallOptions;
using plan::Function;

namespace {

// The column in 128 bits.
Result<Column> Widened(const Column& column) {
  if (column.type()->id() == arrow::Type::DECIMAL128) return column;
  const int64_t rows = column.is_constant() ? 1 : column.length();
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<Int128>(rows));
  for (int64_t i = 0; i < rows; ++i) MutableValues<Int128>(out)[i] = column.values<int64_t>()[i];
  const auto type = arrow::decimal128(38, plan::ShapeOf(*column.type()).scale);
  Column flat = Column::Flat(type, rows, std::move(out), column.valid_buffer());
  if (!column.is_constant()) return flat;
  ARROW_ASSIGN_OR_RAISE(auto array, flat.ToArray());
  ARROW_ASSIGN_OR_RAISE(auto scalar, array->GetScalar(0));
  return Column::Constant(scalar, column.length());
}

// 128-bit values in the layout of `type`, which holds them all.
Result<Column> Narrowed(const Column& wide, const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() == arrow::Type::DECIMAL128) {
    return Column::Flat(type, wide.length(), wide.values_buffer(), wide.valid_buffer());
  }
  ARROW_ASSIGN_OR_RAISE(auto narrow, AllocateValues<int64_t>(wide.length()));
  for (int64_t i = 0; i < wide.length(); ++i) {
    MutableValues<int64_t>(narrow)[i] = static_cast<int64_t>(wide.values<Int128>()[i]);
  }
  return Column::Flat(type, wide.length(), std::move(narrow), wide.valid_buffer());
}

// Whether a sum or product may have more digits than the result's type.
bool MayExceed(const plan::Expression& call) {
  return call.options().overflow != CallOptions::Overflow::kError || plan::CallCanFail(call);
}

Result<Column> SumOrProduct(const plan::Expression& call, const Arguments& arguments,
                            int64_t length) {
  const int precision = plan::ShapeOf(*call.type()).precision;
  const Check check = MayExceed(call) ? Check::kPrecision : Check::kNone;
  const bool wide = call.type()->id() == arrow::Type::DECIMAL128 ||
                    arguments[0].type()->id() == arrow::Type::DECIMAL128 ||
                    arguments[1].type()->id() == arrow::Type::DECIMAL128;
  if (!wide) {
    const auto bound = static_cast<int64_t>(PowerOfTen(precision) - 1);
    return Exact<int64_t>(call, arguments, check, bound, length);
  }
  ARROW_ASSIGN_OR_RAISE(Column a, Widened(arguments[0]));
  ARROW_ASSIGN_OR_RAISE(Column b, Widened(arguments[1]));
  ARROW_ASSIGN_OR_RAISE(const Column out,
                        Exact<Int128>(call, {a, b}, check, PowerOfTen(precision) - 1, length));
  return Narrowed(out, call.type());
}

Decimal256 Wide(Int128 value) {
  return Decimal256(
      arrow::Decimal128(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value)));
}

// a * 10^power / b, rounded; nothing when it has more than 38 digits. power is in [-38, 38].
std::optional<Int128> ScaledQuotient(Int128 a, Int128 b, int power, RoundingMode mode) {
  const bool negative = (a < 0) != (b < 0);
  Decimal256 dividend = Decimal256::Abs(Wide(a));
  Decimal256 divisor = Decimal256::Abs(Wide(b));
  (power >= 0 ? dividend : divisor) *= Wide(PowerOfTen(power >= 0 ? power : -power));
  const auto divided = dividend.Divide(divisor);
  if (!divided.ok()) return std::nullopt;
  const auto& [quotient, rest] = *divided;
  if (!quotient.FitsInPrecision(38)) return std::nullopt;
  const auto& words = quotient.native_endian_array();
  auto out = static_cast<Int128>((static_cast<unsigned __int128>(words[1]) << 64) | words[0]);
  if (rest != Decimal256(0)) {
    const Decimal256 other = divisor + (-rest);
    const Place place = rest < other ? Place::kNear : rest == other ? Place::kMiddle : Place::kFar;
    if (RoundsAway(mode, place, negative, out % 2 != 0)) ++out;
  }
  return negative ? -out : out;
}

// Quotients and remainders, row by row in 128 bits.
template <typename One>
Result<Column> Divide(const plan::Expression& call, const Arguments& arguments, int64_t length,
                      One&& one) {
  ARROW_ASSIGN_OR_RAISE(Column left, Widened(arguments[0]));
  ARROW_ASSIGN_OR_RAISE(Column right, Widened(arguments[1]));
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<Int128>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of(arguments, length));
  ARROW_RETURN_NOT_OK(ResolveZeros<Int128>(call, {left, right}, length, &valid));
  Int128* to = MutableValues<Int128>(out);
  const Int128 most = PowerOfTen(plan::ShapeOf(*call.type()).precision) - 1;
  const Status status = WithOperands<Int128>(left, right, [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) {
      to[i] = 0;
      if (!valid.IsValid(i)) continue;
      const std::optional<Int128> value = one(a[i], b[i]);
      if (value.has_value() && *value <= most && *value >= -most) {
        to[i] = *value;
        continue;
      }
      const Int128 nearest = (a[i] < 0) != (b[i] < 0) ? -most : most;
      ARROW_RETURN_NOT_OK(ResolveOverflow<Int128>(call, arguments, i, nearest, &to[i], &valid));
    }
    return Status::OK();
  });
  ARROW_RETURN_NOT_OK(status);
  const auto wide = arrow::decimal128(38, plan::ShapeOf(*call.type()).scale);
  return Narrowed(Column::Flat(wide, length, std::move(out), valid.Finish()), call.type());
}

}  // namespace

Result<Column> DecimalKernel(const plan::Expression& call, const Arguments& arguments,
                             int64_t length) {
  if (IsWideCall(call, arguments)) return WideDecimalKernel(call, arguments, length);
  switch (call.function()) {
    case Function::kDivide: {
      const int power = plan::ShapeOf(*call.type()).scale -
                        plan::ShapeOf(*arguments[0].type()).scale +
                        plan::ShapeOf(*arguments[1].type()).scale;
      const RoundingMode mode = call.options().rounding;
      return Divide(call, arguments, length,
                    [&](Int128 a, Int128 b) { return ScaledQuotient(a, b, power, mode); });
    }
    case Function::kModulo:
      return Divide(call, arguments, length,
                    [](Int128 a, Int128 b) { return std::optional<Int128>(a % b); });
    default:
      return SumOrProduct(call, arguments, length);
  }
}

}  // namespace skyhook::exec
