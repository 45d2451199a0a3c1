// Sites that can do little, do less than they were asked for, or say so wrongly: the rows are those
// of a site that does all.
#include <arrow/compute/initialize.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "skyhook/client/scan.h"
#include "skyhook/client/session_testing.h"
#include "skyhook/testing/fake_sites.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::client {
namespace {

using plan::AggregateFunction;
using plan::Function;
using testing::Col;
using testing::Fn;
using testing::Lit;
using testing::Require;
using SitePtr = std::shared_ptr<site::Site>;

std::shared_ptr<arrow::Schema> Schema() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("word", arrow::utf8()),
                        arrow::field("part", arrow::int64()), arrow::field("x", arrow::float64())});
}

plan::Pipeline Rows() { return testing::ReadAll(*Schema()); }

plan::ExpressionPtr Words(const plan::Pipeline& pipeline) {
  return Fn(Function::kStartsWith, {Col(pipeline, "word"), Lit("word 1")});
}
plan::ExpressionPtr Numbers(const plan::Pipeline& pipeline) {
  return Fn(Function::kLess, {Col(pipeline, "part"), Lit(4)});
}
// Fails where `part` is 0, which Numbers does not rule out.
plan::ExpressionPtr Fallible(const plan::Pipeline& pipeline) {
  plan::CallOptions options;
  options.division_by_zero = plan::CallOptions::DivisionByZero::kError;
  const auto quotient =
      Require(plan::Call(Function::kIntegerDivide, {Lit(100), Col(pipeline, "part")}, options));
  return Fn(Function::kGreater, {quotient, Lit(10)});
}
plan::ExpressionPtr NotZero(const plan::Pipeline& pipeline) {
  return Fn(Function::kNotEqual, {Col(pipeline, "part"), Lit(0)});
}

/// Queries by name.
struct Query {
  const char* name;
  std::function<plan::Pipeline()> make;
  /// Rows that the limit leaves out cannot be computed.
  bool fails_behind_its_limit = false;
};

const Query kQueries[] = {
    {"Everything", Rows},
    {"FilteredByText",
     [] {
       plan::Pipeline pipeline = Rows();
       pipeline.filter = {Words(pipeline)};
       return pipeline;
     }},
    {"FilteredByBoth",
     [] {
       plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
       pipeline.filter = {Words(pipeline), Numbers(pipeline)};
       return pipeline;
     }},
    // What can fail must not see the rows that others rule out.
    {"FilteredByWhatCanFail",
     [] {
       plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
       pipeline.filter = {Words(pipeline), NotZero(pipeline), Fallible(pipeline)};
       return pipeline;
     }},
    {"TextRulesOutWhatWouldFail",
     [] {
       plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
       const auto not_zero =
           Fn(Function::kNot, {Fn(Function::kEndsWith, {Col(pipeline, "word"), Lit(" 0")})});
       pipeline.filter = {not_zero, Fallible(pipeline)};
       return pipeline;
     }},
    {"Computed",
     [] {
       plan::Pipeline pipeline = Rows();
       pipeline.filter = {Numbers(pipeline)};
       pipeline.projection = {
           {"sum", Fn(Function::kAdd, {Col(pipeline, "id"), Col(pipeline, "part")})},
           {"up", Fn(Function::kUpper, {Col(pipeline, "word")})},
           {"up", Col(pipeline, "x")}};
       return pipeline;
     }},
    {"Grouped",
     [] {
       plan::Pipeline pipeline = testing::Read(*Schema(), {"word", "id", "x"});
       pipeline.filter = {Numbers(pipeline)};
       pipeline.aggregate = plan::Aggregate{{0},
                                            {{AggregateFunction::kCountAll, -1, -1, "n"},
                                             {AggregateFunction::kSum, 1, -1, "s"},
                                             {AggregateFunction::kAvg, 2, -1, "a"},
                                             {AggregateFunction::kCountDistinct, 1, -1, "d"}}};
       return pipeline;
     }},
    {"CountedWithoutAnyColumn",
     [] {
       plan::Pipeline pipeline = testing::Read(*Schema(), {});
       pipeline.filter = {Words(pipeline)};
       pipeline.aggregate = plan::Aggregate{{}, {{AggregateFunction::kCountAll, -1, -1, "n"}}};
       return pipeline;
     }},
    // Which row is the first, its batch does not tell.
    {"Placed",
     [] {
       plan::Pipeline pipeline = testing::Read(*Schema(), {"part", "id"});
       pipeline.filter = {Words(pipeline)};
       pipeline.aggregate = plan::Aggregate{
           {0}, {{AggregateFunction::kFirst, 1, -1, "f"}, {AggregateFunction::kLast, 1, -1, "l"}}};
       return pipeline;
     }},
    {"Best",
     [] {
       plan::Pipeline pipeline = testing::Read(*Schema(), {"id", "part"});
       pipeline.filter = {Words(pipeline)};
       pipeline.top_k = plan::TopK{{{.column = 1, .descending = true}}, 7};
       return pipeline;
     }},
    // Row 17 divides by zero, and is not among the first.
    {"LimitedBeforeWhatWouldFail",
     [] {
       plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
       pipeline.filter = {Fn(Function::kGreater, {Col(pipeline, "id"), Lit(0)})};
       plan::CallOptions options;
       options.division_by_zero = plan::CallOptions::DivisionByZero::kError;
       pipeline.projection = {
           {"q", Require(plan::Call(Function::kIntegerDivide, {Lit(100), Col(pipeline, "part")},
                                    options))}};
       pipeline.limit = plan::Limit{9};
       return pipeline;
     },
     true},
    {"Limited",
     [] {
       plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
       pipeline.filter = {Words(pipeline)};
       pipeline.limit = plan::Limit{25};
       return pipeline;
     }},
};

/// Sites by name: what stands before one that does all.
struct Kind {
  const char* name;
  std::function<SitePtr(SitePtr)> make;
  /// Computes columns of rows that are not needed: where they cannot be computed, it fails.
  bool computes_too_much = false;
};

plan::Capabilities OnlyIntegers() {
  plan::Capabilities can;
  can.computes = can.branches = can.top_k = can.limits = false;
  can.functions = {Function::kEqual, Function::kNotEqual, Function::kLess, Function::kGreater,
                   Function::kIntegerDivide};
  can.types = {arrow::Type::INT64};
  can.aggregates.emplace();
  return can;
}

plan::Capabilities OnlyColumns() {
  plan::Capabilities can = OnlyIntegers();
  can.filters = false;
  return can;
}

plan::Capabilities NoReductions() {
  plan::Capabilities can;
  can.top_k = can.limits = false;
  can.aggregates = {AggregateFunction::kCountAll};
  return can;
}

const Kind kKinds[] = {
    {"OnlyIntegers",
     [](SitePtr s) { return std::make_shared<testing::LimitedSite>(s, OnlyIntegers()); }},
    {"OnlyColumns",
     [](SitePtr s) { return std::make_shared<testing::LimitedSite>(s, OnlyColumns()); }},
    {"NoReductions",
     [](SitePtr s) { return std::make_shared<testing::LimitedSite>(s, NoReductions()); }},
    {"HalfOfTheRows", [](SitePtr s) { return std::make_shared<testing::HalfSite>(s); }},
    {"HalfOfTheRowsOfIntegers",
     [](SitePtr s) {
       return std::make_shared<testing::LimitedSite>(std::make_shared<testing::HalfSite>(s),
                                                     OnlyIntegers());
     }},
    {"AppliesNothing",
     [](SitePtr s) { return std::make_shared<testing::LazySite>(s, plan::Applied{}); }},
    {"AppliesTheFilter",
     [](SitePtr s) {
       return std::make_shared<testing::LazySite>(s, plan::Applied{true, false});
     }},
    {"ReducesNothing",
     [](SitePtr s) {
       return std::make_shared<testing::LazySite>(s, plan::Applied{true, true, false});
     },
     true},
    // Rows that went through a projection and not through the filter cannot be filtered any more.
    {"ProjectsWithoutTheFilter",
     [](SitePtr s) {
       return std::make_shared<testing::LazySite>(s, plan::Applied{false, true, false});
     },
     true},
    {"AppliesNothingAndOnlyIntegers",
     [](SitePtr s) {
       return std::make_shared<testing::LimitedSite>(
           std::make_shared<testing::LazySite>(s, plan::Applied{}), OnlyIntegers());
     }},
};

class PushedPartTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Require(arrow::compute::Initialize());
    directory_ = std::make_unique<testing::TemporaryDirectory>();
    for (int file = 0; file < 2; ++file) {
      std::string lines;
      for (int row = 0; row < 500; ++row) {
        const int id = file * 500 + row;
        lines +=
            fmt::format("{},{},{},{}.5\n", id,
                        id % 13 == 5 ? "NULL" : fmt::format("word {}", id % 17 == 0 ? 0 : id % 20),
                        id % 17 == 0 ? 0 : id % 11 + 1, id % 7);
      }
      testing::WriteParquet(directory_->File(fmt::format("{}.parquet", file)),
                            *testing::TableOf(Schema(), lines), {.row_group_rows = 100});
    }
    table_ = Require(OpenAlone(directory_->path()));
  }
  static void TearDownTestSuite() {
    table_.reset();
    directory_.reset();
  }

  static std::vector<std::string> RowsOf(std::shared_ptr<const Table> table,
                                         plan::Pipeline pipeline) {
    const bool in_order = !pipeline.aggregate.has_value();
    ScanOptions options;
    options.unit_rows = 150;
    const auto scan = Require(Scan::Make(std::move(table), std::move(pipeline), options));
    const auto stream = Require(scan->OpenStream());
    std::vector<std::string> rows;
    while (auto batch = Require(stream->Next())) {
      for (std::string& row : testing::RowsOf(*batch)) rows.push_back(std::move(row));
    }
    if (!in_order) std::sort(rows.begin(), rows.end());
    return rows;
  }

  static inline std::unique_ptr<testing::TemporaryDirectory> directory_;
  static inline std::shared_ptr<const Table> table_;
};

class PartialSitesTest : public PushedPartTest,
                         public ::testing::WithParamInterface<std::tuple<Kind, Query>> {};

TEST_P(PartialSitesTest, EndsInTheSameRows) {
  const auto& [kind, query] = GetParam();
  if (kind.computes_too_much && query.fails_behind_its_limit) {
    GTEST_SKIP() << "the site's own error";
  }
  auto behind = std::make_shared<Table>(*table_);
  const SitePtr site = kind.make(table_->fragments[0].site);
  for (TableFragment& fragment : behind->fragments) fragment.site = site;
  const auto expected = RowsOf(table_, query.make());
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(RowsOf(behind, query.make()), expected);
}

TEST_F(PushedPartTest, WhatASiteCanDoItIsAskedFor) {
  auto behind = std::make_shared<Table>(*table_);
  const auto site =
      std::make_shared<testing::LimitedSite>(table_->fragments[0].site, OnlyIntegers());
  for (TableFragment& fragment : behind->fragments) fragment.site = site;
  RowsOf(behind, kQueries[2].make());
  EXPECT_GT(site->calls, 0);
}

INSTANTIATE_TEST_SUITE_P(Sites, PartialSitesTest,
                         ::testing::Combine(::testing::ValuesIn(kKinds),
                                            ::testing::ValuesIn(kQueries)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" +
                                  std::get<1>(info.param).name;
                         });

}  // namespace
}  // namespace skyhook::client
