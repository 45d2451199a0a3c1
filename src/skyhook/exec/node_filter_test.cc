#include "skyhook/exec/node_filter.h"

#include <arrow/io/memory.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <string>
#include <vector>

#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::CallOptions;
using plan::ExpressionPtr;
using plan::Function;
using testing::Col;
using testing::Fn;
using testing::Lit;
using testing::Require;

ExpressionPtr Text() { return plan::InputColumn(0, arrow::utf8_view()); }

ExpressionPtr Call(Function function, const std::string& argument,
                   const CallOptions& options = {}) {
  return Require(plan::Call(function, {Text(), Lit(argument)}, options));
}

std::string Required(const ExpressionPtr& predicate) {
  const RequiredText required = RequiredTextOf(*predicate);
  return required.text + (required.is_enough ? " is enough" : "");
}

TEST(RequiredTextTest, IsWhatStandsInAllThatPasses) {
  CallOptions escape, insensitive;
  escape.escape = '!';
  insensitive.text_case = CallOptions::Case::kInsensitive;
  const auto both =
      Require(plan::And({Call(Function::kLike, "ab%cde"), Call(Function::kContains, "wxyz")}));
  const auto either =
      Require(plan::Or({Call(Function::kContains, "ab"), Call(Function::kContains, "cd")}));
  EXPECT_EQ(Required(Call(Function::kContains, "a%")), "a% is enough");
  EXPECT_EQ(Required(Call(Function::kLike, "%special%")), "special is enough");
  EXPECT_EQ(Required(Call(Function::kLike, "%10!%%", escape)), "10% is enough");
  EXPECT_EQ(Required(Call(Function::kLike, "%special%requests%")), "requests");
  EXPECT_EQ(Required(Call(Function::kLike, "begin%")), "begin");
  EXPECT_EQ(Required(Call(Function::kLike, "whole")), "whole");
  EXPECT_EQ(Required(both), "wxyz");
  EXPECT_EQ(Required(Call(Function::kLike, "%a_b%")), "");
  EXPECT_EQ(Required(Call(Function::kLike, "%")), "");
  EXPECT_EQ(Required(Call(Function::kLike, "")), "");
  EXPECT_EQ(Required(Call(Function::kILike, "%a%")), "");
  EXPECT_EQ(Required(Call(Function::kContains, "")), "");
  EXPECT_EQ(Required(Call(Function::kContains, std::string("a\0b", 3))), "");
  EXPECT_EQ(Required(Call(Function::kContains, "a", insensitive)), "");
  EXPECT_EQ(Required(Fn(Function::kContains, {Fn(Function::kUpper, {Text()}), Lit("A")})), "");
  EXPECT_EQ(Required(Fn(Function::kContains, {Text(), plan::NullLiteral(arrow::utf8_view())})), "");
  EXPECT_EQ(Required(Fn(Function::kNot, {Call(Function::kContains, "a")})), "");
  EXPECT_EQ(Required(either), "");
}

/// Texts as a page holds them one behind the other, lengths in between, in some that look like what
/// is searched for.
std::vector<std::optional<std::string>> Texts(bool ascii) {
  std::vector<std::optional<std::string>> out;
  const std::vector<std::string> some{"",
                                      "a",
                                      "special",
                                      "no specials",
                                      "spec",
                                      "ial",
                                      "sp",
                                      "specspecial",
                                      "aspecialaspecial",
                                      std::string("\1\0\0\0a", 5),
                                      std::string("x\3\0\0\0", 5),
                                      "requests special",
                                      "special requests",
                                      std::string(40, 's') + "special",
                                      "SPECIAL"};
  for (int i = 0; i < 3000; ++i) {
    if (i % 11 == 5) {
      out.push_back(std::nullopt);
      continue;
    }
    std::string text = some[static_cast<size_t>(i * 7 % static_cast<int>(some.size()))];
    if (i % 4 > 0) text += std::to_string(i);
    if (!ascii && i == 1234) text += "é";
    out.push_back(std::move(text));
  }
  return out;
}

class TextSearchTest : public ::testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(TextSearchTest, FindsWhatEachTextAloneHolds) {
  const auto [dictionary, ascii] = GetParam();
  const auto texts = Texts(ascii);
  arrow::StringBuilder builder;
  for (const auto& text : texts) {
    Require(text.has_value() ? builder.Append(*text) : builder.AppendNull());
  }
  const std::shared_ptr<arrow::Array> column = Require(builder.Finish());
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("t", column->type())}), {column});
  testing::ParquetLayout layout;
  layout.dictionary = dictionary;
  layout.page_rows = 400;
  const auto fragment = testing::OpenParquet(*table, layout);
  for (const std::string& part :
       {std::string("special"), std::string("s"), std::string("\1\0\0\0a", 5),
        std::string("x\3\0\0\0", 5), std::string("nowhere"), std::string("l1"), std::string("é")}) {
    plan::Pipeline pipeline = testing::ReadAll(*fragment->declared_schema());
    pipeline.filter = {Fn(Function::kContains, {Col(pipeline, "t"), Lit(part)})};
    std::vector<std::string> expected;
    for (const auto& one : texts) {
      if (one.has_value() && one->find(part) != std::string::npos) expected.push_back(*one);
    }
    const auto run = testing::RunKernel(pipeline, fragment, testing::AllRowsOf(*fragment));
    std::vector<std::string> found;
    for (const auto& batch : run.batches) {
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        const auto scalar = Require(batch->column(0)->GetScalar(i));
        found.emplace_back(static_cast<const arrow::BaseBinaryScalar&>(*scalar).view());
      }
    }
    EXPECT_EQ(found, expected) << part;
  }
}

/// Numbers in small pages, and a column that is NULL from row 5000 on.
std::shared_ptr<arrow::Table> LateNulls() {
  arrow::Int64Builder a, b;
  for (int64_t i = 0; i < 10'000; ++i) {
    Require(a.Append(i));
    Require(i < 5000 ? b.Append(i % 7) : b.AppendNull());
  }
  return arrow::Table::Make(
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::int64())}),
      {Require(a.Finish()), Require(b.Finish())});
}

// coalesce reads `a` in chunks only where `b` is NULL; the output wants it of all.
TEST(NodeFilterTest, ColumnsThatLaterPredicatesReadNowAndThenAreThereForTheOutput) {
  testing::ParquetLayout layout;
  layout.page_rows = 100;
  const auto fragment = testing::OpenParquet(*LateNulls(), layout);
  for (const bool first : {false, true}) {
    plan::Pipeline pipeline = testing::ReadAll(*fragment->declared_schema());
    const auto a = Col(pipeline, "a");
    if (first) pipeline.filter.push_back(Fn(Function::kGreaterEqual, {a, Lit(5)}));
    const auto either = Require(plan::Coalesce({Col(pipeline, "b"), a}));
    pipeline.filter.push_back(Fn(Function::kGreater, {either, Lit(3)}));
    int64_t expected = 0;
    for (int64_t i = first ? 5 : 0; i < 10'000; ++i) expected += i >= 5000 || i % 7 > 3 ? 1 : 0;
    const auto run = testing::RunKernel(pipeline, fragment, testing::AllRowsOf(*fragment));
    int64_t rows = 0;
    for (const auto& batch : run.batches) {
      const auto& values = static_cast<const arrow::Int64Array&>(*batch->column(0));
      for (int64_t i = 0; i < batch->num_rows(); ++i, ++rows) {
        ASSERT_TRUE(values.Value(i) >= 5000 || values.Value(i) % 7 > 3) << values.Value(i);
      }
    }
    EXPECT_EQ(rows, expected);
  }
}

// What a window of rows decodes to is more than may be held, many times.
TEST(NodeFilterTest, PagesOfFilteredColumnsAreLetGo) {
  arrow::StringBuilder builder;
  const std::string shared(2000, 'x');
  for (int i = 0; i < 40'000; ++i) Require(builder.Append(shared + std::to_string(i)));
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("t", arrow::utf8())}),
                                        {Require(builder.Finish())});
  parquet::WriterProperties::Builder properties;
  properties.disable_dictionary()->encoding(parquet::Encoding::DELTA_BYTE_ARRAY);
  properties.max_rows_per_page(1000)->write_batch_size(500);
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  Require(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, 40'000,
                                     properties.build()));
  plan::Cost cost;
  const auto fragment = Require(format::OpenFragment(
      base::MakeBufferSource(Require(sink->Finish()), "delta.parquet"), {}, &cost));
  plan::Pipeline pipeline = testing::ReadAll(*fragment->declared_schema());
  pipeline.filter = {Fn(Function::kEndsWith, {Col(pipeline, "t"), Lit("777")})};
  auto request = testing::AllRowsOf(*fragment);
  request.limits.memory_bytes = 8 << 20;
  const auto run = testing::RunKernel(pipeline, fragment, std::move(request));
  EXPECT_EQ(run.rows().size(), 40u);
}

INSTANTIATE_TEST_SUITE_P(Pages, TextSearchTest,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool()));

}  // namespace
}  // namespace skyhook::exec
