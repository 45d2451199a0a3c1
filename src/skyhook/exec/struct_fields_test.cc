// Fields of structs in predicates, keys and projections: NULL where the field or a struct around it
// is, whatever may be NULL, from Parquet, Arrow IPC and memory. Expected rows are computed from the
// values that the files are made of.
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <random>

#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::AggregateFunction;
using plan::ExpressionPtr;
using plan::Function;
using testing::Col;
using testing::FailsWith;
using testing::Fn;
using testing::Lit;
using testing::Require;
using Rows = std::vector<std::string>;

// Which of s, s.a and s.a.b may be NULL.
struct Nullable {
  bool s, a, b;
};

std::shared_ptr<arrow::Schema> SchemaOf(Nullable nullable) {
  const auto a = arrow::struct_(
      {arrow::field("b", arrow::int64(), nullable.b), arrow::field("c", arrow::utf8())});
  const auto s =
      arrow::struct_({arrow::field("a", a, nullable.a), arrow::field("wide", arrow::utf8()),
                      arrow::field("x", arrow::float64())});
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("s", s, nullable.s)});
}

// What a row's fields are, NULL of the structs already in them.
struct Row {
  int64_t id;
  bool has_a;
  std::optional<int64_t> b;
  std::optional<std::string> c;
  std::optional<double> x;

  static std::string Text(const std::optional<int64_t>& value) {
    return value.has_value() ? std::to_string(*value) : "NULL";
  }
  std::string Line() const {
    return fmt::format("{}, {}, {}, {}", id, Text(b), c.value_or("NULL"),
                       x.has_value() ? fmt::format("{}", *x) : "NULL");
  }
};

struct Data {
  std::vector<Row> rows;
  std::shared_ptr<arrow::Table> table;
};

Data Make(Nullable nullable, int64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  const auto one_in = [&](bool may, uint32_t n) { return may && random() % n == 0; };
  Data data;
  std::string json;
  for (int64_t id = 0; id < count; ++id) {
    Row row{id, false, {}, {}, {}};
    std::string s = "null";
    if (!one_in(nullable.s, 6)) {
      std::string a = "null";
      row.has_a = !one_in(nullable.a, 5);
      if (row.has_a) {
        if (!one_in(nullable.b, 4)) row.b = id / 20 + static_cast<int64_t>(random() % 7);
        if (!one_in(true, 4)) row.c = fmt::format("text {}", random() % 30);
        const auto c = row.c.has_value() ? "\"" + *row.c + "\"" : "null";
        a = fmt::format(R"({{"b": {}, "c": {}}})", row.b ? std::to_string(*row.b) : "null", c);
      }
      row.x = static_cast<double>(random() % 100) / 4;
      s = fmt::format(R"({{"a": {}, "wide": "{:0>200}", "x": {}}})", a, random(), *row.x);
    }
    json += fmt::format(R"({}{{"id": {}, "s": {}}})", json.empty() ? "" : ",", id, s);
    data.rows.push_back(std::move(row));
  }
  const auto schema = SchemaOf(nullable);
  const auto array =
      Require(arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), "[" + json + "]"));
  const auto batch = Require(arrow::RecordBatch::FromStructArray(array))->ReplaceSchema(schema);
  data.table = Require(arrow::Table::FromRecordBatches(schema, {Require(batch)}));
  return data;
}

std::shared_ptr<format::Fragment> OpenIpc(const arrow::Table& table) {
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  auto writer = Require(arrow::ipc::MakeFileWriter(sink, table.schema()));
  Require(writer->WriteTable(table, 100));
  Require(writer->Close());
  plan::Cost cost;
  return Require(format::OpenFragment(base::MakeBufferSource(Require(sink->Finish()), "test.arrow"),
                                      {}, &cost));
}

std::vector<std::shared_ptr<format::Fragment>> Fragments(const arrow::Table& table) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  arrow::TableBatchReader reader(table);
  reader.set_chunksize(70);
  while (auto batch = Require(reader.Next())) batches.push_back(std::move(batch));
  return {
      testing::OpenParquet(table, {.row_group_rows = 150, .page_rows = 20}),
      testing::OpenParquet(table, {.page_rows = 30, .dictionary = false}),
      testing::OpenParquet(table, {.statistics = false, .page_index = false}),
      testing::OpenParquet(table, {.page_rows = 10, .bloom_filters = {"s.a.b", "s.a.c"}}),
      OpenIpc(table),
      Require(format::FragmentFromBatches(table.schema(), batches, "memory")),
  };
}

ExpressionPtr FieldOf(ExpressionPtr parent, std::initializer_list<int> path) {
  for (const int index : path) parent = Require(plan::Field(std::move(parent), index));
  return parent;
}

// id, s.a.b, s.a.c, s.x.
plan::Pipeline ReadFields(const arrow::Schema& schema) {
  auto pipeline = testing::Read(schema, {"id"});
  const auto s = Col(pipeline, "s");
  pipeline.projection.push_back({"b", FieldOf(s, {0, 0})});
  pipeline.projection.push_back({"c", FieldOf(s, {0, 1})});
  pipeline.projection.push_back({"x", FieldOf(s, {2})});
  return pipeline;
}

template <typename Test>
Rows Expected(const Data& data, const Test& test) {
  Rows rows;
  for (const Row& row : data.rows) {
    if (test(row)) rows.push_back(row.Line());
  }
  return rows;
}

constexpr Nullable kNullables[] = {{true, true, true},   {true, true, false},  {true, false, true},
                                   {true, false, false}, {false, true, true},  {false, true, false},
                                   {false, false, true}, {false, false, false}};

class StructFields : public ::testing::TestWithParam<Nullable> {};
INSTANTIATE_TEST_SUITE_P(WhatMayBeNull, StructFields, ::testing::ValuesIn(kNullables));

TEST_P(StructFields, AreReadAndFilteredByThemselves) {
  const Data data = Make(GetParam(), 300, 1);
  auto pipeline = ReadFields(*data.table->schema());
  const auto s = Col(pipeline, "s");
  const auto b = FieldOf(s, {0, 0});
  const auto c = FieldOf(s, {0, 1});
  const auto x = FieldOf(s, {2});
  struct Case {
    ExpressionPtr predicate;
    std::function<bool(const Row&)> test;
  };
  const std::vector<Case> cases = {
      {plan::BoolLiteral(true), [](const Row&) { return true; }},
      {Fn(Function::kGreater, {b, Lit(20)}), [](const Row& row) { return row.b > 20; }},
      {Fn(Function::kEqual, {b, Lit(7)}), [](const Row& row) { return row.b == 7; }},
      {Fn(Function::kEqual, {b, Lit(1000)}), [](const Row&) { return false; }},
      {Fn(Function::kIsNull, {b}), [](const Row& row) { return !row.b.has_value(); }},
      {Fn(Function::kIsNotNull, {b}), [](const Row& row) { return row.b.has_value(); }},
      {Fn(Function::kNot, {Fn(Function::kLess, {b, Lit(12)})}),
       [](const Row& row) { return row.b.has_value() && row.b >= 12; }},
      {Fn(Function::kEqual, {c, Lit("text 3")}), [](const Row& row) { return row.c == "text 3"; }},
      {Fn(Function::kIsNull, {c}), [](const Row& row) { return !row.c.has_value(); }},
      {Require(plan::And({Fn(Function::kLess, {x, Lit(arrow::MakeScalar(10.0))}),
                          Fn(Function::kGreater, {b, Lit(3)})})),
       [](const Row& row) { return row.x.has_value() && row.x < 10 && row.b > 3; }},
  };
  for (const auto& fragment : Fragments(*data.table)) {
    for (const Case& one : cases) {
      SCOPED_TRACE(fragment->name() + ": " + one.predicate->ToString(pipeline.input.get()));
      pipeline.filter = {one.predicate};
      EXPECT_EQ(testing::RunKernel(pipeline, fragment).rows(), Expected(data, one.test));
    }
  }
}

TEST_P(StructFields, AreGroupAndSortKeys) {
  const Data data = Make(GetParam(), 300, 2);
  struct Group {
    int64_t rows = 0, sum = 0;
    bool any = false;
  };
  std::map<std::string, Group> groups;
  std::vector<Row> sorted = data.rows;
  for (const Row& row : data.rows) {
    Group& group = groups[row.c.value_or("NULL")];
    ++group.rows;
    group.sum += row.b.value_or(0);
    group.any |= row.b.has_value();
  }
  Rows expected;
  for (const auto& [key, group] : groups) {
    expected.push_back(
        fmt::format("{}, {}, {}", key, group.rows, group.any ? std::to_string(group.sum) : "NULL"));
  }
  std::sort(expected.begin(), expected.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const Row& left, const Row& right) {
    return left.b.has_value() && (!right.b.has_value() || left.b > right.b);
  });
  Rows best;
  for (size_t i = 0; i < 25; ++i) best.push_back(sorted[i].Line());
  for (const auto& fragment : Fragments(*data.table)) {
    SCOPED_TRACE(fragment->name());
    auto grouped = ReadFields(*data.table->schema());
    grouped.aggregate = plan::Aggregate{
        {2}, {{AggregateFunction::kCountAll, -1, -1, "n"}, {AggregateFunction::kSum, 1, -1, "s"}}};
    Rows rows = testing::FinalRows(grouped, testing::RunKernel(grouped, fragment).batches);
    std::sort(rows.begin(), rows.end());
    EXPECT_EQ(rows, expected);
    auto top = ReadFields(*data.table->schema());
    top.top_k = plan::TopK{{{1, true, false}}, 25};
    EXPECT_EQ(testing::RunKernel(top, fragment).rows(), best);
  }
}

TEST_P(StructFields, MayBeStructsThemselves) {
  const Data data = Make(GetParam(), 300, 3);
  auto pipeline = testing::Read(*data.table->schema(), {"id"});
  pipeline.projection.push_back({"a", FieldOf(Col(pipeline, "s"), {0})});
  pipeline.filter = {Fn(Function::kGreater, {FieldOf(Col(pipeline, "s"), {0, 0}), Lit(5)})};
  for (const auto& fragment : Fragments(*data.table)) {
    SCOPED_TRACE(fragment->name());
    const auto run = testing::RunKernel(pipeline, fragment);
    std::vector<std::string> rows;
    for (const auto& batch : run.batches) {
      const auto& a = static_cast<const arrow::StructArray&>(*batch->column(1));
      const auto shown = arrow::RecordBatch::Make(
          arrow::schema(
              {arrow::field("id", arrow::int64()), a.type()->field(0), a.type()->field(1)}),
          batch->num_rows(),
          {batch->column(0), Require(a.GetFlattenedField(0)), Require(a.GetFlattenedField(1))});
      for (auto& row : testing::RowsOf(*shown)) rows.push_back(std::move(row));
    }
    Rows expected;
    for (const Row& row : data.rows) {
      if (row.b > 5) {
        expected.push_back(
            fmt::format("{}, {}, {}", row.id, Row::Text(row.b), row.c.value_or("NULL")));
      }
    }
    EXPECT_EQ(rows, expected);
  }
}

TEST(StructFieldsOfParquet, LeaveTheRestOfTheStructUnread) {
  const Data data = Make({true, true, true}, 5000, 4);
  const auto fragment =
      testing::OpenParquet(*data.table, {.row_group_rows = 1000, .page_rows = 100});
  auto pipeline = testing::Read(*data.table->schema(), {});
  const auto b = FieldOf(Col(pipeline, "s"), {0, 0});
  pipeline.projection.push_back({"b", b});
  auto run = testing::RunKernel(pipeline, fragment);
  EXPECT_EQ(run.rows().size(), 5000u);
  EXPECT_LT(run.outcome.cost.bytes_read, 30'000) << "the wide texts alone are a million";
  pipeline.filter = {Fn(Function::kGreater, {b, Lit(240)})};
  run = testing::RunKernel(pipeline, fragment);
  EXPECT_GT(run.rows().size(), 10u);
  EXPECT_EQ(run.outcome.cost.row_groups_skipped_statistics, 4);
  EXPECT_GT(run.outcome.cost.rows_skipped_page_index, 500);
}

TEST(StructFieldsOfParquet, ThatAreNotThereAreRefused) {
  const auto schema = SchemaOf({true, true, true});
  const auto pipeline = testing::Read(*schema, {});
  const auto s = plan::InputColumn(1, schema->field(1)->type());
  EXPECT_THAT(plan::Field(s, 3), FailsWith(base::Code::kUnsupportedPlan, "field 3 of #1"));
  EXPECT_THAT(plan::Field(plan::InputColumn(0, arrow::int64()), 0),
              FailsWith(base::Code::kUnsupportedPlan, "which is int64"));
  const auto null = Require(plan::Field(plan::NullLiteral(schema->field(1)->type()), 2));
  EXPECT_EQ(null->ToString(), "NULL");
  EXPECT_EQ(FieldOf(s, {0, 0})->ToString(schema.get()), "s.a.b");
}

}  // namespace
}  // namespace skyhook::exec
