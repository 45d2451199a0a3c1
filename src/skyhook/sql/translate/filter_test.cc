// Filters that DuckDB changes while a scan runs.
#include "skyhook/sql/translate/filter.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/filter/constant_filter.hpp"
#include "duckdb/planner/filter/dynamic_filter.hpp"
#include "skyhook/plan/expression.h"

namespace skyhook::sql {
namespace {

using duckdb::ExpressionType;
using duckdb::Value;

duckdb::unique_ptr<duckdb::ConstantFilter> Compared(ExpressionType comparison, int64_t value) {
  return duckdb::make_uniq<duckdb::ConstantFilter>(comparison, Value::BIGINT(value));
}

// #0 < 100, and #0 > what `data` says.
duckdb::unique_ptr<duckdb::ConjunctionAndFilter> Both(
    duckdb::shared_ptr<duckdb::DynamicFilterData> data) {
  auto both = duckdb::make_uniq<duckdb::ConjunctionAndFilter>();
  both->child_filters.push_back(Compared(ExpressionType::COMPARE_LESSTHAN, 100));
  both->child_filters.push_back(duckdb::make_uniq<duckdb::DynamicFilter>(std::move(data)));
  return both;
}

TEST(RuntimeFilters, AnUnchangedOneIsTheSameObject) {
  auto data = duckdb::make_shared_ptr<duckdb::DynamicFilterData>();
  data->filter = Compared(ExpressionType::COMPARE_GREATERTHAN, 0);
  const auto filter = MakeRuntimeFilter(*Both(data), plan::InputColumn(0, arrow::int64()), "join");
  const plan::ExpressionPtr at_first = filter->Snapshot();
  EXPECT_EQ(at_first->ToString(), "(#0 < 100)") << "the other is not known yet";
  EXPECT_EQ(filter->Snapshot(), at_first);
  data->SetValue(Value::BIGINT(7));
  const plan::ExpressionPtr then = filter->Snapshot();
  EXPECT_EQ(then->ToString(), "((#0 < 100) AND (#0 > 7))");
  EXPECT_EQ(filter->Snapshot(), then);
  data->SetValue(Value::BIGINT(7));
  EXPECT_EQ(filter->Snapshot(), then) << "set again, to what it was";
  data->SetValue(Value::BIGINT(8));
  EXPECT_EQ(filter->Snapshot()->ToString(), "((#0 < 100) AND (#0 > 8))");
}

}  // namespace
}  // namespace skyhook::sql
