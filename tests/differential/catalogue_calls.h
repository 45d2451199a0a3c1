// For each function of the catalogue, the calls of SQL that mean it.
#pragma once

#include <span>
#include <string_view>

#include "skyhook/plan/expression.h"
#include "skyhook/plan/functions/aggregates.h"

namespace skyhook::differential {

/// `text` has $x for a column, $y for another column of the same type, $a and $b for constants of
/// it.
struct CatalogueCall {
  plan::Function function;
  std::string_view text;
};

/// Calls that a column of any type may be put into; DuckDB says which types it takes there.
std::span<const CatalogueCall> CatalogueCalls();

struct AggregateCall {
  plan::AggregateFunction function;
  std::string_view text;
};

/// Aggregates whose exact answer DuckDB gives too.
std::span<const AggregateCall> AggregateCalls();

}  // namespace skyhook::differential
