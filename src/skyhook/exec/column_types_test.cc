// Halves, fixed-size bytes, durations, intervals and nulls as columns. Expected values are those of
// IEEE 754, and of pyarrow's compute functions where it has them.
#include <arrow/compute/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "skyhook/exec/kernels/call_testing.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::AggregateFunction;
using plan::Function;
using testing::Col;
using testing::FailsWith;
using testing::Fn;
using testing::Lit;
using testing::Require;
using Rows = std::vector<std::string>;
using TypePtr = std::shared_ptr<arrow::DataType>;

std::shared_ptr<arrow::Table> TableOf(const arrow::ArrayVector& columns) {
  arrow::FieldVector fields;
  for (size_t i = 0; i < columns.size(); ++i) {
    fields.push_back(arrow::field(i == 0 ? "x" : "y", columns[i]->type()));
  }
  return arrow::Table::Make(arrow::schema(fields), columns);
}

// Parquet has no type for some of these columns: record batches of two rows.
std::shared_ptr<format::Fragment> InMemory(const arrow::Table& table) {
  arrow::TableBatchReader reader(table);
  reader.set_chunksize(2);
  return Require(
      format::FragmentFromBatches(table.schema(), Require(reader.ToRecordBatches()), "memory"));
}

Rows Filtered(const std::shared_ptr<format::Fragment>& fragment, Function function,
              std::vector<plan::ExpressionPtr> literals, plan::Outcome* outcome = nullptr) {
  auto pipeline = testing::ReadAll(*fragment->declared_schema());
  literals.insert(literals.begin(), Col(pipeline, "x"));
  pipeline.filter = {Fn(function, std::move(literals))};
  const auto run = testing::RunKernel(pipeline, fragment);
  if (outcome != nullptr) *outcome = run.outcome;
  return run.rows();
}

Rows Aggregated(const std::shared_ptr<format::Fragment>& fragment,
                const std::vector<AggregateFunction>& functions, bool grouped = false) {
  auto pipeline = testing::ReadAll(*fragment->declared_schema());
  pipeline.aggregate = plan::Aggregate{};
  if (grouped) pipeline.aggregate->keys = {0};
  for (const AggregateFunction function : functions) {
    const int argument = plan::EntryOf(function).num_arguments == 0 ? -1 : 0;
    pipeline.aggregate->measures.push_back(
        {.function = function, .argument = argument, .name = "m"});
  }
  return testing::FinalRows(pipeline, testing::RunKernel(pipeline, fragment).batches);
}

std::shared_ptr<arrow::Array> Halves(const std::string& json) {
  return Require(arrow::compute::Cast(*ArrayOf(arrow::float32(), json), arrow::float16()));
}

TEST(ColumnTypes, HalvesCompareAsFloats) {
  const auto table = TableOf({Halves("[1.5, -2, null, 65504, 0.1, NaN, -0.0, 0, Inf, 3]")});
  const auto fragment = testing::OpenParquet(*table, {.row_group_rows = 2});
  EXPECT_EQ(Filtered(fragment, Function::kGreater, {Lit(arrow::MakeScalar(2.5F))}),
            (Rows{"65504", "nan", "inf", "3"}));
  plan::Outcome outcome;
  EXPECT_EQ(Filtered(fragment, Function::kLess, {Lit(arrow::MakeScalar(-1.0F))}, &outcome),
            Rows{"-2"});
  EXPECT_EQ(outcome.cost.row_groups_skipped_statistics, 4);
  EXPECT_EQ(Filtered(fragment, Function::kEqual, {Lit(arrow::MakeScalar(0.0F))}),
            (Rows{"-0", "0"}));
  // 0.1 is no half; its neighbour is.
  EXPECT_EQ(Filtered(fragment, Function::kEqual, {Lit(arrow::MakeScalar(0.1F))}), Rows{});
  EXPECT_EQ(Filtered(fragment, Function::kIn, {Lit(Require(Halves("[0.1]")->GetScalar(0)))}),
            Rows{"0.099975586"});
  EXPECT_EQ(Aggregated(fragment, {AggregateFunction::kCount, AggregateFunction::kCountDistinct,
                                  AggregateFunction::kMin, AggregateFunction::kMax}),
            Rows{"9, 8, -2, nan"});
}

TEST(ColumnTypes, HalvesInMemoryAreFloats) {
  const auto fragment = InMemory(*TableOf({Halves("[1.5, null, 0.1, NaN]")}));
  EXPECT_EQ(Filtered(fragment, Function::kGreaterEqual, {Lit(arrow::MakeScalar(1.0F))}),
            (Rows{"1.5", "nan"}));
}

TEST(ColumnTypes, FixedBytesAreBytes) {
  const auto values = ArrayOf(arrow::fixed_size_binary(3),
                              R"(["abc", "abd", null, "zzz", "abc", "\u0000\u0001\u0002"])");
  const std::string low("\0\1\2", 3);
  const auto table = TableOf({values});
  const auto fragment = testing::OpenParquet(
      *table, {.row_group_rows = 2, .dictionary = false, .bloom_filters = {"x"}});
  const auto bytes = [](const std::string& text) {
    return Lit(std::make_shared<arrow::BinaryScalar>(text));
  };
  EXPECT_EQ(Filtered(fragment, Function::kGreater, {bytes("abc")}), (Rows{"abd", "zzz"}));
  plan::Outcome outcome;
  EXPECT_EQ(Filtered(fragment, Function::kEqual, {bytes("zzz")}, &outcome), Rows{"zzz"});
  EXPECT_EQ(outcome.cost.row_groups_skipped_statistics, 2);
  EXPECT_EQ(Filtered(fragment, Function::kEqual, {bytes("abca")}, &outcome), Rows{});
  EXPECT_EQ(Filtered(fragment, Function::kEqual, {bytes("aba")}, &outcome), Rows{});
  EXPECT_EQ(outcome.cost.row_groups_skipped_bloom + outcome.cost.row_groups_skipped_statistics, 3);
  EXPECT_EQ(Filtered(fragment, Function::kIn, {bytes("abc"), bytes("ab")}), (Rows{"abc", "abc"}));
  EXPECT_THAT(
      Aggregated(fragment, {AggregateFunction::kCountAll}, true),
      ::testing::UnorderedElementsAre("abc, 2", "abd, 1", "NULL, 1", "zzz, 1", low + ", 1"));
  EXPECT_EQ(Aggregated(fragment, {AggregateFunction::kMin, AggregateFunction::kMax}),
            Rows{low + ", zzz"});
}

TEST(ColumnTypes, LongFixedBytesAreBytes) {
  const std::string a(20, 'a');
  const auto table = TableOf({ArrayOf(arrow::fixed_size_binary(20),
                                      "[\"" + a + "\", null, \"" + std::string(20, 'b') + "\"]")});
  for (const bool dictionary : {true, false}) {
    const auto fragment = testing::OpenParquet(*table, {.dictionary = dictionary});
    EXPECT_EQ(
        Filtered(fragment, Function::kLessEqual, {Lit(std::make_shared<arrow::BinaryScalar>(a))})
            .size(),
        1u);
  }
  EXPECT_EQ(Filtered(InMemory(*table), Function::kNotEqual,
                     {Lit(std::make_shared<arrow::BinaryScalar>(a))})
                .size(),
            1u);
}

const auto kMillis = arrow::duration(arrow::TimeUnit::MILLI);

plan::ExpressionPtr Millis(int64_t value) {
  return Lit(std::make_shared<arrow::DurationScalar>(value, kMillis));
}

TEST(ColumnTypes, DurationsCompare) {
  const auto table = TableOf({ArrayOf(kMillis, "[5, -7, null, 1000, 5, 0]")});
  const auto fragment = testing::OpenParquet(*table, {.row_group_rows = 2});
  plan::Outcome outcome;
  EXPECT_EQ(Filtered(fragment, Function::kLess, {Millis(0)}, &outcome), Rows{"-7"});
  EXPECT_EQ(outcome.cost.row_groups_skipped_statistics, 2);
  EXPECT_EQ(Filtered(fragment, Function::kIn, {Millis(5), Millis(6)}), (Rows{"5", "5"}));
  EXPECT_EQ(Filtered(fragment, Function::kIsNull, {}), Rows{"NULL"});
  EXPECT_EQ(Aggregated(fragment, {AggregateFunction::kMin, AggregateFunction::kMax,
                                  AggregateFunction::kCountDistinct}),
            Rows{"-7, 1000, 4"});
  EXPECT_THAT(Aggregated(fragment, {AggregateFunction::kCountAll}, true),
              ::testing::UnorderedElementsAre("5, 2", "-7, 1", "NULL, 1", "1000, 1", "0, 1"));
}

arrow::Result<Rows> Binary(Function function, const std::shared_ptr<arrow::Array>& x,
                           const std::shared_ptr<arrow::Array>& y) {
  const auto table = TableOf({x, y});
  auto pipeline = testing::ReadAll(*table->schema());
  ARROW_ASSIGN_OR_RAISE(auto call, plan::Call(function, {Col(pipeline, "x"), Col(pipeline, "y")}));
  pipeline.projection = {{"z", std::move(call)}};
  const auto fragment = InMemory(*table);
  RunRequest request;
  request.slice.rows = plan::RowRanges::All(fragment->num_rows());
  ARROW_ASSIGN_OR_RAISE(auto execution, Run(pipeline, fragment, std::move(request)));
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, execution->Next());
    if (batch == nullptr) return testing::RowsOf(batches);
    batches.push_back(std::move(batch));
  }
}

TEST(ColumnTypes, DurationsAddAndSubtract) {
  const auto x = ArrayOf(kMillis, "[5, -7, null]");
  const auto y = ArrayOf(kMillis, "[7, 7, 1]");
  EXPECT_EQ(Require(Binary(Function::kAdd, x, y)), (Rows{"12", "0", "NULL"}));
  EXPECT_EQ(Require(Binary(Function::kSubtract, x, y)), (Rows{"-2", "-14", "NULL"}));
  const auto most = ArrayOf(kMillis, "[9223372036854775807]");
  EXPECT_THAT(Binary(Function::kAdd, most, ArrayOf(kMillis, "[1]")),
              FailsWith(arrow::StatusCode::Invalid, "does not fit duration[ms]"));
  EXPECT_THAT(Binary(Function::kAdd, x, ArrayOf(arrow::duration(arrow::TimeUnit::MICRO), "[1]")),
              FailsWith(base::Code::kUnsupportedPlan, "the units differ"));
}

TEST(ColumnTypes, DurationsAndTimestamps) {
  const auto type = arrow::timestamp(arrow::TimeUnit::MILLI);
  const auto x = ArrayOf(type, R"(["2024-02-29", "1969-12-31", null])");
  EXPECT_EQ(Require(Binary(Function::kAdd, x, ArrayOf(kMillis, "[86400001, -1, 3]"))),
            (Rows{"2024-03-01 00:00:00.001", "1969-12-30 23:59:59.999", "NULL"}));
  EXPECT_EQ(Require(Binary(Function::kSubtract, x,
                           ArrayOf(type, R"(["2024-02-28", "1970-01-01", "1970-01-01"])"))),
            (Rows{"86400000", "-86400000", "NULL"}));
  const auto infinite = ArrayOf(type, "[9223372036854775807]");
  EXPECT_EQ(Require(Binary(Function::kAdd, infinite, ArrayOf(kMillis, "[5]"))).size(), 1u);
  EXPECT_THAT(Binary(Function::kSubtract, infinite, ArrayOf(type, "[0]")),
              FailsWith(arrow::StatusCode::Invalid, "does not fit duration[ms]"));
  EXPECT_THAT(
      Binary(Function::kAdd, ArrayOf(type, "[9223372036854775806]"), ArrayOf(kMillis, "[1]")),
      FailsWith(arrow::StatusCode::Invalid, "does not fit timestamp[ms]"));
  EXPECT_THAT(Binary(Function::kSubtract, x,
                     ArrayOf(arrow::timestamp(arrow::TimeUnit::MILLI, "UTC"), "[1, 2, 3]")),
              FailsWith(base::Code::kUnsupportedPlan, "another zone"));
}

std::shared_ptr<arrow::Array> Intervals(
    const std::vector<arrow::MonthDayNanoIntervalType::MonthDayNanos>& values) {
  arrow::MonthDayNanoIntervalBuilder builder;
  for (const auto& value : values) Require(builder.Append(value));
  Require(builder.AppendNull());
  return Require(builder.Finish());
}

TEST(ColumnTypes, IntervalsAreEqualWhenTheirPartsAre) {
  const auto x = Intervals({{1, 0, 0}, {0, 30, 0}, {0, 0, -5}, {1, 0, 0}});
  const auto y = Intervals({{1, 0, 0}, {1, 0, 0}, {0, 0, -5}, {1, 0, 1}});
  EXPECT_EQ(Require(Binary(Function::kEqual, x, y)),
            (Rows{"true", "false", "true", "false", "NULL"}));
  EXPECT_EQ(Require(Binary(Function::kIsDistinctFrom, x, y)),
            (Rows{"false", "true", "false", "true", "false"}));
  EXPECT_THAT(Binary(Function::kLess, x, y), FailsWith(base::Code::kUnsupportedPlan, "lt"));
  const auto fragment = InMemory(*TableOf({x}));
  EXPECT_EQ(Filtered(fragment, Function::kIsNull, {}), Rows{"NULL"});
  EXPECT_EQ(Filtered(fragment, Function::kIn, {Lit(Require(x->GetScalar(1)))}), Rows{"0M30d0ns"});
  EXPECT_EQ(Aggregated(fragment, {AggregateFunction::kCount, AggregateFunction::kCountDistinct}),
            Rows{"4, 3"});
  EXPECT_THAT(
      Aggregated(fragment, {AggregateFunction::kCountAll}, true),
      ::testing::UnorderedElementsAre("1M0d0ns, 2", "0M30d0ns, 1", "0M0d-5ns, 1", "NULL, 1"));
  auto pipeline = testing::ReadAll(*fragment->declared_schema());
  pipeline.top_k = plan::TopK{{{0, false, false}}, 3};
  EXPECT_THAT(plan::Validate(pipeline), FailsWith(base::Code::kUnsupportedPlan, "cannot be a key"));
}

TEST(ColumnTypes, IntervalsAreAddedRowByRow) {
  const int64_t hour = 3'600'000'000'000;
  const auto intervals = Intervals({{1, 0, 0}, {0, 1, -hour}, {-1, -1, 25 * hour}, {0, 0, 1999}});
  const auto type = arrow::timestamp(arrow::TimeUnit::MICRO);
  const auto x = ArrayOf(type, R"(["2024-01-31 12:00:00", "2024-02-28", "2024-03-31", "2024-01-01",
                                   "2024-01-01"])");
  EXPECT_EQ(Require(Binary(Function::kAdd, x, intervals)),
            (Rows{"2024-02-29 12:00:00.000000", "2024-02-28 23:00:00.000000",
                  "2024-02-29 01:00:00.000000", "2024-01-01 00:00:00.000001", "NULL"}));
  EXPECT_EQ(Require(Binary(Function::kSubtract, x, intervals)),
            (Rows{"2023-12-31 12:00:00.000000", "2024-02-27 01:00:00.000000",
                  "2024-04-29 23:00:00.000000", "2023-12-31 23:59:59.999999", "NULL"}));
  EXPECT_EQ(Require(Binary(Function::kAdd, ArrayOf(arrow::date32(), "[0, 0, 0, 0, 0]"), intervals)),
            (Rows{"1970-02-01 00:00:00.000000", "1970-01-01 23:00:00.000000",
                  "1969-12-01 01:00:00.000000", "1970-01-01 00:00:00.000001", "NULL"}));
}

TEST(ColumnTypes, NullColumnsHoldNull) {
  const auto table =
      TableOf({ArrayOf(arrow::null(), "[null, null, null]"), ArrayOf(arrow::int32(), "[1, 2, 3]")});
  for (const auto& fragment : {testing::OpenParquet(*table), InMemory(*table)}) {
    EXPECT_EQ(Filtered(fragment, Function::kIsNull, {}), (Rows{"NULL, 1", "NULL, 2", "NULL, 3"}));
    EXPECT_EQ(Filtered(fragment, Function::kIsNotNull, {}), Rows{});
    EXPECT_EQ(Aggregated(fragment, {AggregateFunction::kCountAll, AggregateFunction::kCount}),
              Rows{"3, 0"});
    auto pipeline = testing::ReadAll(*table->schema());
    pipeline.filter = {
        Fn(Function::kGreater, {Col(pipeline, "y"), Lit(std::make_shared<arrow::Int32Scalar>(1))})};
    EXPECT_EQ(testing::RunKernel(pipeline, fragment).rows(), (Rows{"NULL, 2", "NULL, 3"}));
    pipeline.filter.clear();
    pipeline.top_k = plan::TopK{{{1, true, false}}, 2};
    EXPECT_EQ(testing::RunKernel(pipeline, fragment).rows(), (Rows{"NULL, 3", "NULL, 2"}));
  }
}

TEST(ColumnTypes, NullColumnsHoldNullWhateverTheirMemoryHeld) {
  constexpr int64_t kRows = 4096;
  std::vector<std::shared_ptr<arrow::Buffer>> used;
  for (int i = 0; i < 64; ++i) {
    used.push_back(Require(vector::AllocateValues<uint8_t>(kRows)));
    std::memset(used.back()->mutable_data(), 1, kRows);
  }
  used.clear();
  const vector::Column column =
      Require(vector::Column::FromArray(std::make_shared<arrow::NullArray>(kRows)));
  ASSERT_EQ(column.length(), kRows);
  for (int64_t i = 0; i < kRows; ++i) ASSERT_FALSE(column.IsValid(i)) << i;
}

}  // namespace
}  // namespace skyhook::exec
