#include "skyhook/sql/translate/cast.h"

#include <cmath>
#include <limits>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/sql/translate/repeated.h"
#include "skyhook/sql/translate/temporal.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using arrow::Type;
using plan::ExpressionPtr;
using plan::Function;
using TypePtr = std::shared_ptr<arrow::DataType>;

bool IsText(const arrow::DataType& type) { return type.id() == Type::STRING_VIEW; }

bool IsPlainTimestamp(const arrow::DataType& type) {
  return type.id() == Type::TIMESTAMP &&
         static_cast<const arrow::TimestampType&>(type).timezone().empty();
}

arrow::TimeUnit::type UnitOf(const arrow::DataType& timestamp) {
  return static_cast<const arrow::TimestampType&>(timestamp).unit();
}

// DuckDB's text to floats and decimals goes wrong over underscores and exponents.
bool IsExactFromText(const arrow::DataType& to) {
  return plan::IsInteger(to) || to.id() == Type::BOOL || to.id() == Type::DATE32 ||
         to.id() == Type::TIME64 || IsPlainTimestamp(to);
}

bool IsExactFromNumber(const arrow::DataType& from, const arrow::DataType& to) {
  if (to.id() == Type::BOOL) return true;
  // DuckDB writes some FLOATs with more digits than they have, and three powers of two wrongly.
  if (IsText(to)) return !plan::IsFloat(from);
  if (!plan::IsNumeric(to)) return false;
  // true as DECIMAL(2, 2) is 0.01 in DuckDB.
  if (from.id() == Type::BOOL && plan::IsDecimal(to)) {
    return plan::ShapeOf(to).precision > plan::ShapeOf(to).scale;
  }
  // A float has no digits for what it is multiplied by there.
  return !(from.id() == Type::FLOAT && plan::IsDecimal(to));
}

// In DuckDB most of these fail under TRY_CAST too, instead of giving NULL.
bool IsExactFromTimestamp(const arrow::DataType& from, const arrow::DataType& to, bool try_cast) {
  const bool to_date = to.id() == Type::DATE32;
  if (to_date && UnitOf(from) >= arrow::TimeUnit::MICRO) return true;
  if (try_cast) return false;
  if (to_date || to.id() == Type::TIME64 || IsText(to)) return true;
  // DuckDB rounds to seconds and milliseconds; the catalogue rounds down.
  return IsPlainTimestamp(to) && UnitOf(to) > UnitOf(from);
}

bool IsExactCast(const arrow::DataType& from, const arrow::DataType& to, bool try_cast) {
  if (IsText(from)) return IsExactFromText(to);
  if (plan::IsNumeric(from) || from.id() == Type::BOOL) return IsExactFromNumber(from, to);
  if (from.id() == Type::DATE32) return IsText(to) || IsPlainTimestamp(to);
  if (IsPlainTimestamp(from)) return IsExactFromTimestamp(from, to, try_cast);
  return from.id() == Type::TIME64 && IsText(to);
}

Result<ExpressionPtr> FloatLiteral(double value, const TypePtr& type) {
  if (type->id() == Type::FLOAT) {
    return plan::Literal(std::make_shared<arrow::FloatScalar>(static_cast<float>(value)));
  }
  return plan::Literal(std::make_shared<arrow::DoubleScalar>(value));
}

// Bits of the greatest value of an integer type.
int DigitsOf(const arrow::DataType& type) {
  const int width = static_cast<const arrow::FixedWidthType&>(type).bit_width();
  return arrow::is_unsigned_integer(type.id()) ? width : width - 1;
}

// Whether `type` holds the number half-way above the greatest value of an integer type.
bool HoldsHalves(const arrow::DataType& type, const arrow::DataType& integer) {
  const int digits = type.id() == Type::FLOAT ? std::numeric_limits<float>::digits
                                              : std::numeric_limits<double>::digits;
  return DigitsOf(integer) < digits;
}

// DuckDB checks a float before it rounds it: from half-way above the greatest integer on, up to the
// next one, values wrap around to the least.
Result<ExpressionPtr> WrappedAtTheTop(const ExpressionPtr& value, const TypePtr& type,
                                      ExpressionPtr cast) {
  ARROW_RETURN_NOT_OK(CheckRepeatable(*value));
  const double above = std::ldexp(1.0, DigitsOf(*type));
  const bool is_signed = !arrow::is_unsigned_integer(type->id());
  ARROW_ASSIGN_OR_RAISE(auto from, FloatLiteral(above - 0.5, value->type()));
  ARROW_ASSIGN_OR_RAISE(auto to, FloatLiteral(above, value->type()));
  ARROW_ASSIGN_OR_RAISE(
      auto least_value,
      arrow::MakeScalar(type, is_signed ? -static_cast<int64_t>(above) : int64_t{0}));
  ARROW_ASSIGN_OR_RAISE(auto least, plan::Literal(least_value));
  ARROW_ASSIGN_OR_RAISE(auto reached, plan::Call(Function::kGreaterEqual, {value, from}));
  ARROW_ASSIGN_OR_RAISE(auto below, plan::Call(Function::kLess, {value, to}));
  ARROW_ASSIGN_OR_RAISE(auto wraps, plan::And({std::move(reached), std::move(below)}));
  return plan::Case({std::move(wraps), std::move(least), std::move(cast)});
}

}  // namespace

Result<ExpressionPtr> TranslateCast(const ExpressionPtr& value, const TypePtr& type,
                                    bool try_cast) {
  const arrow::DataType& from = *value->type();
  if (from.Equals(*type)) return value;
  const bool nanos = IsPlainTimestamp(from) && UnitOf(from) == arrow::TimeUnit::NANO;
  if (nanos && type->Equals(*arrow::timestamp(arrow::TimeUnit::MICRO))) {
    return CutToMicroseconds(value);
  }
  if (!IsExactCast(from, *type, try_cast)) {
    return base::UnsupportedPlan("cast of {} to {}", from.ToString(), type->ToString());
  }
  ExpressionPtr exact = value;
  if (nanos && !IsText(*type)) {
    ARROW_ASSIGN_OR_RAISE(exact, CutToMicroseconds(value));
  }
  ARROW_ASSIGN_OR_RAISE(auto cast, plan::Call(try_cast ? Function::kTryCast : Function::kCast,
                                              {std::move(exact)}, {}, type));
  const bool halves = plan::IsFloat(from) && plan::IsInteger(*type) && HoldsHalves(from, *type);
  return halves ? WrappedAtTheTop(value, type, std::move(cast)) : cast;
}

}  // namespace skyhook::sql
