// Rows of any schema, for tests that say something of all of them.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <random>

namespace skyhook::testing {

/// What values are drawn from.
struct RandomValues {
  /// Of nullable columns.
  double nulls = 0.2;
  /// The share of values from the ends of a type: the least and the largest integers, NaN,
  /// infinities, -0.0. The others are small, and floats are multiples of 1/4.
  double extremes = 0;
};

/// An array of any type that is stored (nested ones too); not for dictionaries and extensions.
std::shared_ptr<arrow::Array> RandomArray(const arrow::Field& field, int64_t rows,
                                          const RandomValues& values, std::mt19937* random);

std::shared_ptr<arrow::RecordBatch> RandomBatch(const std::shared_ptr<arrow::Schema>& schema,
                                                int64_t rows, const RandomValues& values,
                                                std::mt19937* random);

}  // namespace skyhook::testing
