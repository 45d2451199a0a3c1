// Arithmetic and rounding of decimals where an argument or the result has more than 38 digits.
#include <optional>

#include "skyhook/exec/kernels/checked_arithmetic.h"
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/decimal.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using plan::Function;

namespace {

// The column in 256 bits.
Result<vector::Column> Widened(const vector::Column& column) {
  if (column.type()->id() == arrow::Type::DECIMAL256) return column;
  const bool narrow = column.type()->id() == arrow::Type::DECIMAL64;
  const int64_t rows = column.is_constant() ? 1 : column.length();
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<vector::Int256>(rows));
  for (int64_t i = 0; i < rows; ++i) {
    vector::MutableValues<vector::Int256>(out)[i] =
        narrow ? vector::Int256(column.values<int64_t>()[i])
               : vector::Widen(column.values<vector::Int128>()[i]);
  }
  const auto type = arrow::decimal256(76, plan::ShapeOf(*column.type()).scale);
  vector::Column flat = vector::Column::Flat(type, rows, std::move(out), column.valid_buffer());
  if (!column.is_constant()) return flat;
  ARROW_ASSIGN_OR_RAISE(auto array, flat.ToArray());
  ARROW_ASSIGN_OR_RAISE(auto scalar, array->GetScalar(0));
  return vector::Column::Constant(scalar, column.length());
}

// 256-bit values in the layout of `type`, which holds them all.
Result<vector::Column> Narrowed(const vector::Column& wide,
                                const std::shared_ptr<arrow::DataType>& type) {
  const vector::Int256* from = wide.values<vector::Int256>();
  const auto narrowed = [&](auto of) -> Result<vector::Column> {
    using T = decltype(of);
    ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(wide.length()));
    for (int64_t i = 0; i < wide.length(); ++i) {
      vector::MutableValues<T>(out)[i] = static_cast<T>(vector::Narrow(from[i]));
    }
    return vector::Column::Flat(type, wide.length(), std::move(out), wide.valid_buffer());
  };
  if (type->id() == arrow::Type::DECIMAL64) return narrowed(int64_t{});
  if (type->id() == arrow::Type::DECIMAL128) return narrowed(vector::Int128{});
  return vector::Column::Flat(type, wide.length(), wide.values_buffer(), wide.valid_buffer());
}

// A result, or none where it has more than 76 digits; whether the true one is negative.
struct Exactly {
  std::optional<vector::Int256> value;
  bool negative;
};

Exactly Whole(const vector::Int256& value) { return {value, value.IsNegative()}; }

// Checks results one by one against the digits of the call's type.
class ResultRows {
 public:
  static Result<ResultRows> Make(const plan::Expression* call, const Arguments* arguments,
                                 int64_t length) {
    ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of(*arguments, length));
    ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<vector::Int256>(length));
    return ResultRows(call, arguments, length, std::move(valid), std::move(out));
  }

  RowValidity* valid() { return &valid_; }

  // of(row) for every row that is not NULL.
  template <typename Of>
  Status Fill(Of&& of) {
    vector::Int256* to = vector::MutableValues<vector::Int256>(out_);
    for (int64_t i = 0; i < length_; ++i) {
      to[i] = vector::Int256();
      if (!valid_.IsValid(i)) continue;
      const Exactly result = of(i);
      if (result.value.has_value() && *result.value <= most_ && *result.value >= -most_) {
        to[i] = *result.value;
        continue;
      }
      const vector::Int256 nearest = result.negative ? vector::Int256(-most_) : most_;
      ARROW_RETURN_NOT_OK(
          ResolveOverflow<vector::Int256>(*call_, *arguments_, i, nearest, &to[i], &valid_));
    }
    return Status::OK();
  }

  Result<vector::Column> Finish() {
    const auto wide = arrow::decimal256(76, plan::ShapeOf(*call_->type()).scale);
    return Narrowed(vector::Column::Flat(wide, length_, std::move(out_), valid_.Finish()),
                    call_->type());
  }

 private:
  ResultRows(const plan::Expression* call, const Arguments* arguments, int64_t length,
             RowValidity valid, std::shared_ptr<arrow::Buffer> out)
      : call_(call),
        arguments_(arguments),
        length_(length),
        valid_(std::move(valid)),
        out_(std::move(out)),
        most_(vector::Int256::GetMaxValue(plan::ShapeOf(*call->type()).precision)) {}

  const plan::Expression* call_;
  const Arguments* arguments_;
  int64_t length_;
  RowValidity valid_;
  std::shared_ptr<arrow::Buffer> out_;
  vector::Int256 most_;
};

// a * 10^power / b, rounded. The catalogue's rule sees to it that the products fit.
vector::Int256 ScaledQuotient(const vector::Int256& a, const vector::Int256& b, int power,
                              vector::RoundingMode mode) {
  vector::Int256 dividend = a;
  vector::Int256 divisor = vector::Int256::Abs(b);
  (power >= 0 ? dividend : divisor) *= vector::WidePowerOfTen(power >= 0 ? power : -power);
  return vector::RoundQuotient(b.IsNegative() ? vector::Int256(-dividend) : dividend, divisor,
                               mode);
}

// Sums of two numbers of 76 digits have less than 255 bits.
Exactly Combine(const plan::Expression& call, const vector::Int256& a, const vector::Int256& b,
                int power) {
  const bool differ = a.IsNegative() != b.IsNegative();
  switch (call.function()) {
    case Function::kAdd:
      return Whole(a + b);
    case Function::kSubtract:
      return Whole(a + -b);
    case Function::kMultiply:
      return {vector::WideProduct(a, b), differ};
    case Function::kModulo:
      return Whole(a % b);
    default:
      return {ScaledQuotient(a, b, power, call.options().rounding), differ};
  }
}

// One value of scale `from` as a multiple of 10^-digits, of scale `to`.
Exactly Rounded(const vector::Int256& value, int from, int to, int64_t digits,
                vector::RoundingMode mode) {
  const bool negative = value.IsNegative();
  if (digits >= to)
    return Whole(vector::RoundQuotient(value, vector::WidePowerOfTen(from - to), mode));
  if (from - digits > 76) {
    // Between 0 and a power of ten that is too large: it stays 0, or leaves every type.
    const bool away = vector::RoundsAway(mode, vector::Place::kNear, negative, false) &&
                      value != vector::Int256(0);
    return {away ? std::nullopt : std::optional(vector::Int256(0)), negative};
  }
  const auto dropped = static_cast<int>(from - digits);
  const vector::Int256 whole = vector::RoundQuotient(value, vector::WidePowerOfTen(dropped), mode);
  const auto zeros = static_cast<int>(to - digits);
  if (whole == vector::Int256(0)) return Whole(whole);
  if (zeros > 76) return {std::nullopt, negative};
  return {vector::WideProduct(whole, vector::WidePowerOfTen(zeros)), negative};
}

}  // namespace

bool IsWideCall(const plan::Expression& call, const Arguments& arguments) {
  bool wide = plan::IsWideDecimal(*call.type());
  for (const vector::Column& argument : arguments) wide |= plan::IsWideDecimal(*argument.type());
  return wide;
}

Result<vector::Column> WideDecimalKernel(const plan::Expression& call, const Arguments& arguments,
                                         int64_t length) {
  ARROW_ASSIGN_OR_RAISE(const vector::Column left, Widened(arguments[0]));
  ARROW_ASSIGN_OR_RAISE(const vector::Column right, Widened(arguments[1]));
  ARROW_ASSIGN_OR_RAISE(auto rows, ResultRows::Make(&call, &arguments, length));
  if (call.function() == Function::kDivide || call.function() == Function::kModulo) {
    ARROW_RETURN_NOT_OK(ResolveZeros<vector::Int256>(call, {left, right}, length, rows.valid()));
  }
  const int power = plan::ShapeOf(*call.type()).scale - plan::ShapeOf(*left.type()).scale +
                    plan::ShapeOf(*right.type()).scale;
  const Status status = WithOperands<vector::Int256>(left, right, [&](auto a, auto b) {
    return rows.Fill([&](int64_t row) { return Combine(call, a[row], b[row], power); });
  });
  ARROW_RETURN_NOT_OK(status);
  return rows.Finish();
}

Result<vector::Column> WideRounding(const plan::Expression& call, const Arguments& arguments,
                                    int32_t digits, vector::RoundingMode mode, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(const vector::Column in, Widened(arguments[0]));
  ARROW_ASSIGN_OR_RAISE(auto rows, ResultRows::Make(&call, &arguments, length));
  const int from = plan::ShapeOf(*in.type()).scale;
  const int to = plan::ShapeOf(*call.type()).scale;
  const vector::Int256* values = in.values<vector::Int256>();
  const bool constant = in.is_constant();
  ARROW_RETURN_NOT_OK(rows.Fill(
      [&](int64_t row) { return Rounded(values[constant ? 0 : row], from, to, digits, mode); }));
  return rows.Finish();
}

}  // namespace skyhook::exec
