// DuckDB's types and values in the engine's terms, and back.
#pragma once

#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <memory>
#include <string>

#include "duckdb.hpp"

namespace skyhook::sql {

/// The engine type of the values that DuckDB calls `type`; kUnsupportedPlan, naming the type, when
/// the engine has none (HUGEINT, enums, nested types) or compares it differently (collations).
arrow::Result<std::shared_ptr<arrow::DataType>> EngineTypeOf(const duckdb::LogicalType& type);

/// True when values of `engine` mean what DuckDB calls `type`.
bool SameType(const arrow::DataType& engine, const duckdb::LogicalType& type);

/// A constant as a scalar of its engine type; NULL gives a null scalar.
arrow::Result<std::shared_ptr<arrow::Scalar>> ToScalar(const duckdb::Value& value);

/// True when one of the two is UUID and the other is not: the engine has no such casts, although
/// UUIDs and BLOBs are of one engine type.
bool IsUuidCast(const duckdb::LogicalType& from, const duckdb::LogicalType& to);

/// How a column shows in SQL: `field` has its engine type, `declared` is the type that the table
/// gives it. Types that DuckDB lacks show as VARCHAR, and `unsupported` is set: such a column may
/// be there, but not be read.
struct ColumnType {
  duckdb::LogicalType type;
  bool unsupported = false;
};
ColumnType SqlType(duckdb::ClientContext& context, const arrow::Field& field,
                   const arrow::DataType& declared);

}  // namespace skyhook::sql
