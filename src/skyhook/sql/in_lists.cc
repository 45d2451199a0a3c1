#include "skyhook/sql/in_lists.h"

#include <utility>

#include "duckdb/optimizer/in_clause_rewriter.hpp"
#include "duckdb/planner/expression/bound_operator_expression.hpp"

namespace skyhook::sql {
namespace {

class ListJoiner : public duckdb::InClauseRewriter {
 public:
  using InClauseRewriter::InClauseRewriter;

  duckdb::unique_ptr<duckdb::Expression> VisitReplace(
      duckdb::BoundOperatorExpression& expression,
      duckdb::unique_ptr<duckdb::Expression>* place) override {
    constexpr size_t kLeastConstants = 5;
    const bool is_long = expression.children.size() > kLeastConstants;
    if (!is_long || expression.children.front()->CanThrow()) return nullptr;
    return InClauseRewriter::VisitReplace(expression, place);
  }
};

}  // namespace

void JoinInLists(duckdb::OptimizerExtensionInput& input,
                 duckdb::unique_ptr<duckdb::LogicalOperator>* plan) {
  *plan = ListJoiner(input.context, input.optimizer).Rewrite(std::move(*plan));
}

}  // namespace skyhook::sql
