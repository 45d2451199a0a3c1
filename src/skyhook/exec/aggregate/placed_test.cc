// first, last and any_value: however the rows are cut, flushed, spilled and merged, they are those
// of the rows in order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::AggregateFunction;
using testing::Require;
using Rows = std::vector<std::string>;

const auto kSchema =
    arrow::schema({arrow::field("key", arrow::int32()), arrow::field("x", arrow::int64()),
                   arrow::field("s", arrow::utf8()), arrow::field("flag", arrow::boolean())});

struct Row {
  std::string key, x, s, flag;
  std::string Line() const { return fmt::format("{},{},{},{}\n", key, x, s, flag); }
};

plan::Pipeline FirstAndLast(bool grouped) {
  auto pipeline = testing::ReadAll(*kSchema);
  using F = AggregateFunction;
  pipeline.aggregate = plan::Aggregate{grouped ? std::vector<int>{0} : std::vector<int>{},
                                       {{F::kFirst, 1, -1, "first_x"},
                                        {F::kLast, 2, -1, "last_s"},
                                        {F::kAnyValue, 1, 3, "any_x"},
                                        {F::kFirst, 2, 3, "first_s"},
                                        {F::kLast, 3, -1, "last_flag"}}};
  return pipeline;
}

// What the measures of one group are, row after row.
struct Expected {
  std::string first_x, last_s = "NULL", any_x = "NULL", first_s, last_flag = "NULL";

  void Take(const Row& row) {
    if (first_x.empty()) first_x = row.x;
    last_s = row.s;
    last_flag = row.flag;
    if (row.flag != "true") return;
    if (any_x == "NULL") any_x = row.x;
    if (first_s.empty()) first_s = row.s;
  }
  std::string Text() const {
    const auto or_null = [](const std::string& text) { return text.empty() ? "NULL" : text; };
    return fmt::format("{}, {}, {}, {}, {}", or_null(first_x), last_s, any_x, or_null(first_s),
                       last_flag);
  }
};

std::vector<Row> RandomRows(int64_t count, int keys, std::mt19937* random) {
  const auto below = [&](int bound) { return static_cast<int>((*random)() % bound); };
  std::vector<Row> rows;
  for (int64_t i = 0; i < count; ++i) {
    rows.push_back({std::to_string(below(keys)), below(3) == 0 ? "NULL" : std::to_string(i),
                    below(3) == 0 ? "NULL" : fmt::format("a text of {} letters", below(40)),
                    below(5) == 0   ? "NULL"
                    : below(2) == 0 ? "true"
                                    : "false"});
  }
  return rows;
}

struct Partial {
  std::shared_ptr<arrow::RecordBatch> batch;
  int64_t first_row;
};

// The partials of three fragments, each cut into random ranges, in random order.
std::vector<Partial> Partials(const plan::Pipeline& pipeline, const std::vector<Row>& rows,
                              std::mt19937* random) {
  std::vector<Partial> partials;
  const auto size = static_cast<int64_t>(rows.size());
  for (int64_t begin = 0; begin < size; begin += (size + 2) / 3) {
    const int64_t end = std::min(begin + (size + 2) / 3, size);
    std::string lines;
    for (int64_t row = begin; row < end; ++row) lines += rows[static_cast<size_t>(row)].Line();
    const auto fragment =
        testing::OpenParquet(*testing::TableOf(kSchema, lines), {.row_group_rows = 70});
    for (int64_t at = 0; at < end - begin;) {
      const int64_t until = std::min<int64_t>(at + 1 + (*random)() % 100, end - begin);
      RunRequest request;
      request.slice.rows = {{at, until}};
      if ((*random)() % 2 == 0) request.limits.memory_bytes = 1;  // a flush after every chunk
      for (auto& batch : testing::RunKernel(pipeline, fragment, request).batches) {
        partials.push_back({std::move(batch), begin});
      }
      at = until;
    }
  }
  std::shuffle(partials.begin(), partials.end(), *random);
  return partials;
}

Rows Merge(const plan::Pipeline& pipeline, const std::vector<Partial>& partials,
           int64_t memory_bytes) {
  auto merger = Require(PartialMerger::Make(pipeline, {.memory_bytes = memory_bytes}));
  for (const Partial& partial : partials) {
    Require(merger->Consume(*partial.batch, partial.first_row));
  }
  Require(merger->Finish());
  Rows rows;
  while (auto batch = Require(merger->Next())) {
    for (auto& row : testing::RowsOf(*batch)) rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

TEST(PlacedAccumulator, GroupsHaveTheirFirstAndLastRowsHoweverTheyAreCut) {
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto rows = RandomRows(600, 1 + static_cast<int>(random() % 200), &random);
    std::map<std::string, Expected> groups;
    for (const Row& row : rows) groups[row.key].Take(row);
    Rows expected;
    for (const auto& [key, group] : groups) expected.push_back(key + ", " + group.Text());
    std::sort(expected.begin(), expected.end());
    const auto pipeline = FirstAndLast(true);
    const auto partials = Partials(pipeline, rows, &random);
    EXPECT_EQ(Merge(pipeline, partials, int64_t{1} << 30), expected);
    EXPECT_EQ(Merge(pipeline, partials, 4096), expected) << "spilled";
  }
}

TEST(PlacedAccumulator, FilteredRowsKeepTheirPlaces) {
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto rows = RandomRows(500, 9, &random);
    Expected expected;
    for (const Row& row : rows) {
      if (row.key == "3" || row.key == "7") expected.Take(row);
    }
    auto pipeline = FirstAndLast(false);
    const auto three = Require(plan::Literal(arrow::MakeScalar(int32_t{3})));
    const auto seven = Require(plan::Literal(arrow::MakeScalar(int32_t{7})));
    pipeline.filter = {
        testing::Fn(plan::Function::kIn, {testing::Col(pipeline, "key"), three, seven})};
    const auto partials = Partials(pipeline, rows, &random);
    EXPECT_EQ(Merge(pipeline, partials, int64_t{1} << 30), Rows{expected.Text()});
  }
}

TEST(PlacedAccumulator, NoRowsGiveNullAndANullRowIsARow) {
  const auto pipeline = FirstAndLast(false);
  std::mt19937 random(1);
  EXPECT_EQ(Merge(pipeline, Partials(pipeline, {{"1", "NULL", "NULL", "true"}}, &random), 1 << 20),
            Rows{"NULL, NULL, NULL, NULL, true"});
  const std::vector<Row> rows = {{"1", "NULL", "a", "NULL"}, {"1", "5", "NULL", "true"}};
  EXPECT_EQ(Merge(pipeline, Partials(pipeline, rows, &random), 1 << 20),
            Rows{"NULL, NULL, 5, NULL, true"});
  auto none = FirstAndLast(false);
  none.filter = {plan::BoolLiteral(false)};
  EXPECT_EQ(Merge(none, Partials(none, rows, &random), 1 << 20),
            Rows{"NULL, NULL, NULL, NULL, NULL"});
}

TEST(PlacedAccumulator, AStateWithTheValueOfNoRowIsRefused) {
  const auto pipeline = FirstAndLast(false);
  std::mt19937 random(1);
  const auto partial = Partials(pipeline, {{"1", "5", "a", "true"}}, &random)[0].batch;
  ASSERT_EQ(partial->schema()->field(1)->type()->id(), arrow::Type::INT64);
  for (const int64_t place : {int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    const auto places = Require(arrow::MakeArrayFromScalar(arrow::Int64Scalar(place), 1));
    const auto damaged = Require(partial->SetColumn(1, partial->schema()->field(1), places));
    auto merger = Require(PartialMerger::Make(pipeline, {}));
    const auto status = merger->Consume(*damaged, /*first_row=*/1);
    EXPECT_THAT(status.ToString(), ::testing::HasSubstr(fmt::format("row {}", place)));
  }
}

}  // namespace
}  // namespace skyhook::exec
