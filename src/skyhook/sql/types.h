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

/// How a column of the engine type `type` shows in SQL. Types that DuckDB lacks show as VARCHAR,
/// and `unsupported` is set: such a column may be there, but not be read.
struct ColumnType {
  duckdb::LogicalType type;
  bool unsupported = false;
};
ColumnType SqlType(duckdb::ClientContext& context, const arrow::Field& field);

}  // namespace skyhook::sql
