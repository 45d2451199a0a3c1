#include "skyhook/sql/pushdown_limit.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/sql/scan_chain.h"
#include "skyhook/sql/scan_function.h"
#include "skyhook/sql/translate/expression.h"

namespace skyhook::sql {
namespace {

using arrow::Result;

// limit + offset, unless that is too many to be worth it.
std::optional<int64_t> RowsNeeded(duckdb::idx_t limit, duckdb::idx_t offset) {
  constexpr duckdb::idx_t kMost = std::numeric_limits<int64_t>::max() / 4;
  if (limit > kMost || offset > kMost) return std::nullopt;
  return static_cast<int64_t>(limit + offset);
}

Result<SortBy> SortOf(const duckdb::BoundOrderByNode& order, const ScanChain& chain) {
  SortBy sort;
  ARROW_ASSIGN_OR_RAISE(sort.expression, Translate(*order.expression, chain));
  if (!plan::IsOrdered(*sort.expression->type())) {
    return base::UnsupportedPlan("ORDER BY {} of type {}", order.expression->ToString(),
                                 order.expression->return_type.ToString());
  }
  sort.descending = order.type == duckdb::OrderType::DESCENDING;
  sort.nulls_first = order.null_order == duckdb::OrderByNullType::NULLS_FIRST;
  return sort;
}

Result<TopKPart> PartOf(const duckdb::LogicalTopN& top_n, const ScanChain& chain) {
  const auto rows = RowsNeeded(top_n.limit, top_n.offset);
  if (!rows.has_value()) return base::UnsupportedPlan("limit {}", top_n.limit);
  TopKPart part;
  part.limit = *rows;
  for (const auto& order : top_n.orders) {
    ARROW_ASSIGN_OR_RAISE(auto sort, SortOf(order, chain));
    part.keys.push_back(std::move(sort));
  }
  return part;
}

std::string TextOf(const TopKPart& part, const arrow::Schema& schema) {
  std::string out = fmt::format("first {}", part.limit);
  for (const SortBy& key : part.keys) {
    out += fmt::format("{} {}{}{}", &key == part.keys.data() ? " by" : ",",
                       key.expression->ToString(&schema), key.descending ? " desc" : "",
                       key.nulls_first ? " nulls first" : "");
  }
  return out;
}

// A scan that picks rows must not have rows filtered away behind its back.
void DropRuntimeFilters(duckdb::LogicalGet& get) {
  get.dynamic_filters.reset();
  DropOptionalFilters(get);
}

std::optional<int64_t> ConstantRows(const duckdb::LogicalLimit& limit) {
  if (limit.limit_val.Type() != duckdb::LimitNodeType::CONSTANT_VALUE) return std::nullopt;
  duckdb::idx_t offset = 0;
  if (limit.offset_val.Type() == duckdb::LimitNodeType::CONSTANT_VALUE) {
    offset = limit.offset_val.GetConstantValue();
  } else if (limit.offset_val.Type() != duckdb::LimitNodeType::UNSET) {
    return std::nullopt;
  }
  return RowsNeeded(limit.limit_val.GetConstantValue(), offset);
}

}  // namespace

void PushTopK(duckdb::LogicalTopN& top_n) {
  const auto chain = ScanChain::Make(*top_n.children[0]);
  const std::string text = fmt::format("top {}", top_n.limit);
  if (!chain.ok()) return NoteKept(*top_n.children[0], text, chain.status().message());
  auto part = PartOf(top_n, *chain);
  if (!part.ok()) return NoteKept(*top_n.children[0], text, part.status().message());
  ScanPlan& scan = chain->scan();
  scan.account->pushed.push_back({PushedPart::Kind::kTopK, TextOf(*part, *scan.schema)});
  scan.top_k = *std::move(part);
  DropRuntimeFilters(chain->get());
}

void PushLimit(duckdb::LogicalLimit& limit) {
  const auto chain = ScanChain::Make(*limit.children[0]);
  if (!chain.ok()) return NoteKept(*limit.children[0], "limit", chain.status().message());
  const auto rows = ConstantRows(limit);
  if (!rows.has_value()) {
    return NoteKept(*limit.children[0], "limit", "the number of rows is no constant");
  }
  ScanPlan& scan = chain->scan();
  scan.account->pushed.push_back({PushedPart::Kind::kLimit, fmt::format("first {}", *rows)});
  scan.limit = *rows;
  DropRuntimeFilters(chain->get());
}

}  // namespace skyhook::sql
