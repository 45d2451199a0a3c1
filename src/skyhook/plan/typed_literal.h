// Literals of SQL in the type of the column that they stand beside.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "skyhook/plan/expression.h"

namespace skyhook::plan {

/// A literal as written.
struct WrittenLiteral {
  enum class Kind : uint8_t { kBool, kNumber, kText, kDate, kTimestamp };
  Kind kind = Kind::kBool;
  std::string text;    ///< "true" or "false"; a number with its sign; what stands between quotes
  std::string source;  ///< for messages
};

/// The engine types that have literals: booleans, numbers of up to 38 digits, text, dates and
/// timestamps.
bool HasLiterals(const arrow::DataType& type);

/// What SQL calls an engine type; Arrow's name of one that SQL lacks.
std::string SqlTypeName(const arrow::DataType& type);

/// Whether SQL takes the literal for a DOUBLE: a number with an exponent, or of very many digits.
/// All that is compared in one comparison, BETWEEN or IN is then compared as DOUBLE.
bool IsDoubleLiteral(const WrittenLiteral& literal);

/// The literal that compares with values of `type` as SQL compares what is written: 'text' is read
/// as a value of the type, all else has a type of its own. Invalid where `type` holds no such value
/// exactly, or, `as_double`, where doubles might not tell it from its neighbours. Only what stands
/// beside FLOAT and DOUBLE is rounded, as DuckDB 1.5.6 rounds it.
arrow::Result<ExpressionPtr> LiteralOfType(const WrittenLiteral& literal,
                                           const std::shared_ptr<arrow::DataType>& type,
                                           bool as_double);

}  // namespace skyhook::plan
