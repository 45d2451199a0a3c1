// The types that travel inside the engine: one per meaning, each with one physical layout.
#pragma once

#include <arrow/type.h>

#include <memory>

namespace skyhook::plan {

/// Files and tables declare many Arrow types that mean the same (utf8, large_utf8, utf8_view,
/// dictionary of them; decimal128(15, 2) and decimal64(15, 2)). The engine works on one of them:
///
/// | meaning                     | engine type                  |
/// |-----------------------------|------------------------------|
/// | boolean                     | bool                         |
/// | integers                    | int8 .. int64, uint8 .. uint64 |
/// | floating point              | float, double; halffloat as float |
/// | decimal(p <= 18, s)         | decimal64(p, s)              |
/// | decimal(p <= 38, s)         | decimal128(p, s)             |
/// | decimal(p <= 76, s)         | decimal256(p, s)             |
/// | text                        | utf8_view                    |
/// | bytes                       | binary_view, of fixed_size_binary too |
/// | date                        | date32                       |
/// | time                        | time32, time64               |
/// | timestamp, duration         | as declared, unit and zone kept |
/// | interval                    | month_day_nano_interval, equal when all three parts are |
/// | extension types             | that of their storage; of arrow.uuid binary_view |
/// | anything else               | as declared: may be returned, not computed with |
///
/// Every half is a float, so that comparisons, keys and arithmetic of halves are those of floats;
/// nothing is rounded to half again. The type a consumer sees is the declared one; `client`
/// restores it.
std::shared_ptr<arrow::DataType> EngineType(const std::shared_ptr<arrow::DataType>& declared);

/// `schema` with every field's type replaced by its engine type.
std::shared_ptr<arrow::Schema> EngineSchema(const arrow::Schema& schema);

/// True of Arrow's canonical extension type of UUIDs, 16 bytes each.
bool IsUuid(const arrow::DataType& type);

/// True when expressions may compute with `type` (an engine type).
bool IsComputable(const arrow::DataType& type);
/// The types among them whose values have an order: all but intervals, of which a month is longer
/// or shorter than 30 days.
bool IsOrdered(const arrow::DataType& type);

/// The narrowest of the integer and float types that holds every value of two of them exactly; null
/// when there is none (int64 and uint64), or one of the two is of another kind.
std::shared_ptr<arrow::DataType> CommonNumber(const arrow::DataType& a, const arrow::DataType& b);

bool IsInteger(const arrow::DataType& type);
bool IsFloat(const arrow::DataType& type);
/// Decimals of 0 <= scale <= precision; others are passed through.
bool IsDecimal(const arrow::DataType& type);
/// Decimals of more than 38 digits, which neither SQL nor Substrait's own types have.
bool IsWideDecimal(const arrow::DataType& type);
/// All other decimals.
bool IsNarrowDecimal(const arrow::DataType& type);
bool IsNumeric(const arrow::DataType& type);
bool IsTextOrBytes(const arrow::DataType& type);

/// Precision and scale of a decimal type; of an integer type the decimal that holds every value.
struct DecimalShape {
  int precision = 0;
  int scale = 0;
};
DecimalShape ShapeOf(const arrow::DataType& type);

/// The engine's decimal type of that shape. Precision must be in [1, 76].
std::shared_ptr<arrow::DataType> DecimalType(int precision, int scale);

}  // namespace skyhook::plan
