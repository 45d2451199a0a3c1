// How the tests of this folder read a fragment, and what Arrow's own reader says it should be.
#pragma once

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <parquet/arrow/reader.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "skyhook/base/byte_source.h"
#include "skyhook/format/fragment.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::format {

using ArrayPtr = std::shared_ptr<arrow::Array>;

inline std::shared_ptr<Fragment> OpenBytes(const std::shared_ptr<arrow::Buffer>& bytes,
                                           const std::string& name = "test",
                                           const ReadOptions& options = {}) {
  plan::Cost cost;
  return testing::Require(OpenFragment(base::MakeBufferSource(bytes, name), options, &cost));
}

/// Views as utf8 or binary, which Arrow's kernels know more of.
inline ArrayPtr WithoutViews(const ArrayPtr& array) {
  if (array->type_id() == arrow::Type::STRING_VIEW) {
    return testing::Require(arrow::compute::Cast(*array, arrow::utf8()));
  }
  if (array->type_id() == arrow::Type::BINARY_VIEW) {
    return testing::Require(arrow::compute::Cast(*array, arrow::binary()));
  }
  return array;
}

/// A dictionary array as the values it stands for; the rest as it is, but without views.
inline ArrayPtr Flat(const ArrayPtr& array) {
  if (array->type_id() != arrow::Type::DICTIONARY) return WithoutViews(array);
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*array);
  return testing::Require(
             arrow::compute::Take(WithoutViews(dictionary.dictionary()), dictionary.indices()))
      .make_array();
}

inline ArrayPtr Concatenated(const arrow::ArrayVector& parts,
                             const std::shared_ptr<arrow::DataType>& type) {
  if (parts.empty()) return testing::Require(arrow::MakeEmptyArray(type));
  return testing::Require(arrow::Concatenate(parts));
}

/// How a column is read: in windows of `window` rows, of which each row is selected with
/// probability `share` (1: no selection is passed). Windows without rows are not read.
struct Reading {
  int64_t window = 8192;
  double share = 1;
  bool prefetch = true;
  uint32_t seed = 1;
};

/// The values of a column (flat, without views), and where they are in the fragment.
struct ColumnRows {
  ArrayPtr values;
  std::vector<int64_t> rows;
};

inline std::shared_ptr<arrow::DataType> ColumnType(const Fragment& fragment, int column) {
  return plan::AllColumns(*fragment.schema(), fragment.nested_fields())->field(column)->type();
}

inline ColumnRows ReadColumn(Fragment& fragment, int column, const Reading& reading,
                             plan::Cost* cost) {
  std::mt19937 random(reading.seed);
  std::bernoulli_distribution chosen(reading.share);
  arrow::ArrayVector parts;
  std::vector<int64_t> rows;
  for (int group = 0; group < fragment.num_row_groups(); ++group) {
    const plan::RowRange range = fragment.row_group_rows(group);
    auto reader = testing::Require(fragment.Open(group, cost));
    if (reading.prefetch) {
      testing::Require(reader->Prefetch({column}, plan::RowRanges{range}, false));
    }
    for (int64_t begin = range.begin; begin < range.end; begin += reading.window) {
      const int64_t length = std::min(reading.window, range.end - begin);
      std::vector<int32_t> selection;
      for (int64_t i = 0; i < length; ++i) {
        if (reading.share < 1 && !chosen(random)) continue;
        selection.push_back(static_cast<int32_t>(i));
        rows.push_back(begin + i);
      }
      if (selection.empty()) continue;
      std::optional<std::span<const int32_t>> passed;
      if (reading.share < 1) passed = selection;
      ArrayPtr array = testing::Require(reader->Read(column, begin, length, passed));
      testing::Require(array->ValidateFull());
      parts.push_back(Flat(array));
    }
  }
  const ArrayPtr empty = testing::Require(arrow::MakeEmptyArray(ColumnType(fragment, column)));
  return {Concatenated(parts, WithoutViews(empty)->type()), std::move(rows)};
}

/// A column as Arrow's own reader reads it, in engine type (flat, without views).
inline ArrayPtr InEngineType(const arrow::ChunkedArray& column,
                             const std::shared_ptr<arrow::DataType>& type) {
  const ArrayPtr empty = testing::Require(arrow::MakeEmptyArray(type));
  const auto wanted = WithoutViews(empty)->type();
  arrow::ArrayVector chunks;
  for (const ArrayPtr& chunk : column.chunks()) {
    const ArrayPtr flat = Flat(chunk);
    const bool same = flat->type()->Equals(*wanted);
    chunks.push_back(same ? flat : testing::Require(arrow::compute::Cast(*flat, wanted)));
  }
  return Concatenated(chunks, wanted);
}

inline std::shared_ptr<arrow::Table> ReadByArrow(const std::shared_ptr<arrow::Buffer>& bytes) {
  auto reader = testing::Require(parquet::arrow::OpenFile(
      std::make_shared<arrow::io::BufferReader>(bytes), arrow::default_memory_pool()));
  return testing::Require(reader->ReadTable());
}

inline ArrayPtr RowsAt(const ArrayPtr& array, const std::vector<int64_t>& rows) {
  arrow::Int64Builder builder;
  testing::Require(builder.AppendValues(rows));
  return testing::Require(arrow::compute::Take(array, testing::Require(builder.Finish())))
      .make_array();
}

/// A column of the table, or a field within a struct of it, as the fragment numbers them.
inline std::shared_ptr<arrow::ChunkedArray> ColumnOf(const arrow::Table& table,
                                                     const Fragment& fragment, int column) {
  if (column < table.num_columns()) return table.column(column);
  const auto& nested = fragment.nested_fields()[static_cast<size_t>(column - table.num_columns())];
  std::shared_ptr<arrow::DataType> type = table.field(nested.column)->type();
  for (const int index : nested.path) type = type->field(index)->type();
  arrow::ArrayVector chunks;
  for (ArrayPtr chunk : table.column(nested.column)->chunks()) {
    for (const int index : nested.path) {
      chunk =
          testing::Require(static_cast<const arrow::StructArray&>(*chunk).GetFlattenedField(index));
    }
    chunks.push_back(std::move(chunk));
  }
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), type);
}

/// Reads every column of a fragment, and every field of its structs, and compares it with the
/// table.
inline void ExpectReadsAs(Fragment& fragment, const arrow::Table& expected,
                          const Reading& reading) {
  ASSERT_EQ(fragment.num_rows(), expected.num_rows());
  ASSERT_EQ(fragment.schema()->num_fields(), expected.num_columns());
  const auto options = arrow::EqualOptions::Defaults().nans_equal(true);
  const auto columns = plan::AllColumns(*fragment.schema(), fragment.nested_fields());
  for (int column = 0; column < columns->num_fields(); ++column) {
    SCOPED_TRACE(columns->field(column)->ToString());
    plan::Cost cost;
    const ColumnRows read = ReadColumn(fragment, column, reading, &cost);
    const ArrayPtr whole =
        InEngineType(*ColumnOf(expected, fragment, column), columns->field(column)->type());
    const ArrayPtr wanted = reading.share < 1 ? RowsAt(whole, read.rows) : whole;
    ASSERT_EQ(read.values->length(), wanted->length());
    EXPECT_TRUE(read.values->Equals(*wanted, options))
        << read.values->Slice(0, 20)->ToString() << "\nwhere Arrow reads\n"
        << wanted->Slice(0, 20)->ToString();
  }
}

}  // namespace skyhook::format
