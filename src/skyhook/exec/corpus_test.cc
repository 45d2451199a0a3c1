#include "skyhook/testing/corpus.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "skyhook/format/fragment_rows_test.h"
#include "skyhook/plan/types.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/row_truth.h"
#include "skyhook/testing/sanitized.h"

namespace skyhook::exec {
namespace {

using format::ArrayPtr;
using testing::CorpusBytes;
using testing::FailsWith;
using testing::Require;
using testing::RunKernel;

constexpr char kMapSchema[] = "incorrect_map_schema.parquet";
constexpr char kLargeMap[] = "large_string_map.brotli.parquet";

/// The columns of a file as Arrow's own reader reads them, in engine types without views.
arrow::ArrayVector ColumnsByArrow(const std::shared_ptr<arrow::Buffer>& bytes,
                                  const format::Fragment& fragment) {
  const auto table = format::ReadByArrow(bytes);
  arrow::ArrayVector out;
  for (int column = 0; column < table->num_columns(); ++column) {
    out.push_back(
        format::InEngineType(*table->column(column), fragment.schema()->field(column)->type()));
  }
  return out;
}

ArrayPtr ColumnOf(const testing::KernelRun& run, int column,
                  const std::shared_ptr<arrow::DataType>& type) {
  arrow::ArrayVector parts;
  for (const auto& batch : run.batches) parts.push_back(format::Flat(batch->column(column)));
  return format::Concatenated(parts, type);
}

/// Runs `pipeline`, which returns every column, and compares with `rows` of what Arrow reads.
void ExpectRows(const plan::Pipeline& pipeline, const std::shared_ptr<format::Fragment>& fragment,
                const arrow::ArrayVector& expected, const std::vector<int64_t>& rows) {
  const auto options = arrow::EqualOptions::Defaults().nans_equal(true);
  const testing::KernelRun run = RunKernel(pipeline, fragment);
  ASSERT_TRUE(run.outcome.remaining.rows.empty());
  for (size_t column = 0; column < expected.size(); ++column) {
    const ArrayPtr found = ColumnOf(run, static_cast<int>(column), expected[column]->type());
    ASSERT_EQ(found->length(), static_cast<int64_t>(rows.size()));
    const ArrayPtr wanted = format::RowsAt(expected[column], rows);
    ASSERT_TRUE(found->Equals(*wanted, options))
        << pipeline.input->field(static_cast<int>(column))->ToString() << "\n"
        << found->Slice(0, 20)->ToString() << "\nwhere Arrow reads\n"
        << wanted->Slice(0, 20)->ToString();
  }
}

std::vector<int64_t> TrueRows(const testing::Keys& keys,
                              const testing::ColumnPredicate& predicate) {
  std::vector<int64_t> rows;
  for (size_t row = 0; row < keys.size(); ++row) {
    if (predicate.truth(keys[row]).value_or(false)) rows.push_back(static_cast<int64_t>(row));
  }
  return rows;
}

class GoodFile : public ::testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoodFile);

void ExpectWhatArrowReads(const std::string& name, format::Shortcuts shortcuts) {
  const auto bytes = CorpusBytes("good", name);
  format::ReadOptions options;
  options.shortcuts = shortcuts;
  const auto fragment = format::OpenBytes(bytes, name, options);
  const arrow::ArrayVector expected = ColumnsByArrow(bytes, *fragment);
  const plan::Pipeline all = testing::ReadAll(*fragment->schema());
  std::vector<int64_t> every_row(static_cast<size_t>(fragment->num_rows()));
  std::iota(every_row.begin(), every_row.end(), 0);
  ExpectRows(all, fragment, expected, every_row);
  // Each predicate reads the whole file: of large ones there are fewer, and under the sanitizers
  // only every fourth, another fourth on each column.
  const bool large = every_row.size() * expected.size() > 10'000;
  const size_t step = large && testing::kSanitized ? 4 : 1;
  for (size_t column = 0; column < expected.size(); ++column) {
    const auto& reference = all.projection[column].expression;
    if (!plan::IsComputable(*reference->type())) continue;
    const auto keys = testing::KeysOf(*expected[column]);
    ASSERT_TRUE(keys.has_value()) << reference->type()->ToString();
    const auto predicates = testing::PredicatesOn(reference, *expected[column], large ? 2 : 4);
    for (size_t i = column % step; i < predicates.size(); i += step) {
      const auto& predicate = predicates[i];
      SCOPED_TRACE(predicate.expression->ToString(all.input.get()));
      plan::Pipeline filtered = all;
      filtered.filter = {predicate.expression};
      ExpectRows(filtered, fragment, expected, TrueRows(*keys, predicate));
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST_P(GoodFile, KeepsUnderPredicatesOnEachColumnWhatArrowReads) {
  if (GetParam() == kMapSchema || GetParam() == kLargeMap) GTEST_SKIP() << "Arrow reads it not";
  using format::Shortcuts;
  for (const Shortcuts shortcuts : {Shortcuts::kMeasured, Shortcuts::kAlways, Shortcuts::kNever}) {
    SCOPED_TRACE(static_cast<int>(shortcuts));
    ExpectWhatArrowReads(GetParam(), shortcuts);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, GoodFile, ::testing::ValuesIn(testing::CorpusFiles("good")),
                         [](const auto& file) { return testing::TestNameOf(file.param); });

/// Opens a file and reads all of it through the kernel.
arrow::Result<int64_t> RowsRead(const std::shared_ptr<arrow::Buffer>& bytes,
                                const std::string& name) {
  plan::Cost cost;
  ARROW_ASSIGN_OR_RAISE(auto fragment,
                        format::OpenFragment(base::MakeBufferSource(bytes, name), {}, &cost));
  RunRequest request;
  request.slice.rows = plan::RowRanges::All(fragment->num_rows());
  ARROW_ASSIGN_OR_RAISE(auto execution,
                        Run(testing::ReadAll(*fragment->schema()), fragment, std::move(request)));
  int64_t rows = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, execution->Next());
    if (batch == nullptr) return rows;
    rows += batch->num_rows();
  }
}

/// What is wrong with each bad file, as our errors say it: where Arrow reads one, so do we.
const std::map<std::string, std::string>& WhatIsWrong() {
  static const std::map<std::string, std::string> files{
      {"ARROW-GH-41317.parquet",
       "row group 0: column 'timestamp_us_no_tz': column chunk ends after"},
      {"ARROW-GH-43605.parquet", ""},
      {"ARROW-GH-45185.parquet", "row group 0: column 'x': The repetition level at the start"},
      {"ARROW-GH-47662.parquet",
       "row group 0: column 'flba_field': 100 values of 4 bytes in a page"},
      {"ARROW-RS-GH-6229-DICTHEADER.parquet", "row group 0: column 'region_key': column chunk at"},
      {"PARQUET-1481.parquet", "column 'Handle': unknown physical type 8"},
  };
  return files;
}

class BadFile : public ::testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BadFile);

TEST_P(BadFile, IsAnErrorThatNamesRowGroupAndColumnUnlessArrowReadsIt) {
  const auto bytes = CorpusBytes("bad", GetParam());
  const auto known = WhatIsWrong().find(GetParam());
  ASSERT_NE(known, WhatIsWrong().end()) << "a new file";
  const auto rows = RowsRead(bytes, GetParam());
  if (!known->second.empty()) {
    EXPECT_THAT(rows, FailsWith(base::Code::kCorruptData, GetParam() + ": " + known->second));
    return;
  }
  const auto fragment = format::OpenBytes(bytes, GetParam());
  const arrow::ArrayVector expected = ColumnsByArrow(bytes, *fragment);
  std::vector<int64_t> every_row(static_cast<size_t>(fragment->num_rows()));
  std::iota(every_row.begin(), every_row.end(), 0);
  ASSERT_GT(every_row.size(), 0u);
  ExpectRows(testing::ReadAll(*fragment->schema()), fragment, expected, every_row);
}

INSTANTIATE_TEST_SUITE_P(Corpus, BadFile, ::testing::ValuesIn(testing::CorpusFiles("bad")),
                         [](const auto& file) { return testing::TestNameOf(file.param); });

TEST(CorpusFile, WhatArrowCannotReadIsAnErrorThatSaysWhy) {
  if (testing::CorpusFiles("good").empty()) GTEST_SKIP();
  EXPECT_THAT(
      RowsRead(CorpusBytes("good", kMapSchema), kMapSchema),
      FailsWith(base::Code::kCorruptData, "incorrect_map_schema.parquet: Map keys must be"));
  EXPECT_THAT(RowsRead(CorpusBytes("good", kLargeMap), kLargeMap),
              FailsWith(base::Code::kCorruptData,
                        "large_string_map.brotli.parquet: row group 0: column 'arr': a buffer of"));
}

}  // namespace
}  // namespace skyhook::exec
