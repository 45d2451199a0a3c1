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
    if (!is_long) return nullptr;
    if (expression.children.front()->CanThrow() && !IsWholeFilter(expression)) return nullptr;
    return InClauseRewriter::VisitReplace(expression, place);
  }

 private:
  // Whether the filter computes the list's left side for each row, as a join does.
  bool IsWholeFilter(const duckdb::Expression& expression) const {
    return current_op->type == duckdb::LogicalOperatorType::LOGICAL_FILTER &&
           current_op->expressions.size() == 1 &&
           current_op->expressions.front().get() == &expression;
  }
};

}  // namespace

void JoinInLists(duckdb::OptimizerExtensionInput& input,
                 duckdb::unique_ptr<duckdb::LogicalOperator>* plan) {
  *plan = ListJoiner(input.context, input.optimizer).Rewrite(std::move(*plan));
}

}  // namespace skyhook::sql
