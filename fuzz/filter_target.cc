#include <string_view>

#include "fuzz/run_pipeline.h"
#include "fuzz/target.h"
#include "skyhook/plan/filter_text.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::fuzz {
namespace {

std::shared_ptr<arrow::Schema> Columns() {
  using arrow::field;
  return arrow::schema(
      {field("flag", arrow::boolean()), field("a", arrow::int8()), field("b", arrow::int64()),
       field("c", arrow::int64()), field("u", arrow::uint64()), field("f", arrow::float32()),
       field("d", arrow::float64()), field("p", arrow::decimal128(15, 2)),
       field("h", arrow::decimal128(38, 20)), field("s", arrow::utf8()),
       field("day", arrow::date32()), field("ts", arrow::timestamp(arrow::TimeUnit::MICRO)),
       field("ns", arrow::timestamp(arrow::TimeUnit::NANO)),
       field("tz", arrow::timestamp(arrow::TimeUnit::SECOND, "UTC")),
       field("l", arrow::list(arrow::int32())), field("x", arrow::binary()),
       field("Two", arrow::int32()), field("two", arrow::int32())});
}

void Run(Bytes input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  plan::Pipeline pipeline = testing::ReadAll(*Columns());
  const auto filter = plan::ParseFilter(text, *pipeline.input);
  if (!filter.ok()) {
    Check(filter.status().IsInvalid(), "an error of another kind: " + filter.status().ToString());
    Check(filter.status().message().size() < 1000, "a message as long as what is wrong");
    return;
  }
  pipeline.filter = plan::Conjuncts(*filter);
  Check(plan::Validate(pipeline).ok(), "a filter that was read does not pass");
  const auto plan = substrait::ToSubstrait(pipeline);
  Check(plan.ok(), "a filter cannot be sent: " + plan.status().ToString());
  const auto read = substrait::FromSubstrait(*plan);
  Check(read.ok(), "a filter cannot be read back: " + read.status().ToString());
  Check(read->ToString() == pipeline.ToString(), "a filter comes back as another");
  std::mt19937 random(1);
  RunOverRandomRows(pipeline, &random);
}

std::vector<std::string> Seeds() {
  return {
      "flag",
      "NOT flag AND NOT NOT flag = FALSE",
      "TRUE OR FALSE",
      "a = 1 OR a <> -2 OR a != 3",
      "b < 1 AND b <= 2.0 AND b > 3e1 AND b >= '4'",
      "5 < b AND c = b",
      "b BETWEEN -1 AND c",
      "b NOT BETWEEN 1 AND 2 OR (a = 3)",
      "b IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)",
      "u NOT IN (18446744073709551615)",
      "f = 0.1 OR f > 'NaN' OR f = 1.5e-3",
      "d <= 0.30000000000000004 OR d = '-infinity' OR d = 12345678901234567.8",
      "p >= 1.50 AND p < -0.01",
      "h = 0.00000000000000000001 OR h > 123456789012345678",
      "s = 'it''s' OR s LIKE '%a_b%' OR s NOT LIKE ''",
      "s IN ('a', 'größer', '')",
      "day > DATE '2024-01-31' OR day = '1969-12-31'",
      "ts >= TIMESTAMP '2024-01-31 10:11:12.131415' OR ts < DATE '2024-01-31'",
      "ns = '1970-01-01 00:00:00.123456789'",
      "tz < '2024-01-31T10:11:12+02:30' OR tz = '2024-01-31 10:11Z'",
      "l IS NULL OR x IS NOT NULL",
      "\"Two\" = 1 AND \"two\" <> 2",
      "((((flag OR a = 1) AND b = 2) OR c = 3) AND NOT (d = 4))",
      "Flag and A = 1 oR b iS nOt NuLl",
      "b = NULL OR Two = 1",
  };
}

}  // namespace

const Target kFilterTarget{"filter", Run, Seeds, nullptr};

}  // namespace skyhook::fuzz
