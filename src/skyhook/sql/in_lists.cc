#include "skyhook/sql/in_lists.h"

#include <utility>

#include "duckdb/optimizer/in_clause_rewriter.hpp"
#include "duckdb/planner/expression/bound_operator_expression.hpp"
#include "skyhook/sql/condition_order.h"

namespace skyhook::sql {
namespace {

class ListJoiner : public duckdb::InClauseRewriter {
 public:
  ListJoiner(duckdb::ClientContext& context, duckdb::Optimizer& optimizer)
      : InClauseRewriter(context, optimizer), client_(context) {}

  duckdb::unique_ptr<duckdb::Expression> VisitReplace(
      duckdb::BoundOperatorExpression& expression,
      duckdb::unique_ptr<duckdb::Expression>* place) override {
    constexpr size_t kLeastConstants = 5;
    const bool is_long = expression.children.size() > kLeastConstants;
    if (!is_long) return nullptr;
    if (MayFail(client_, *expression.children.front()) && !IsWholeFilter(expression))
      return nullptr;
    return InClauseRewriter::VisitReplace(expression, place);
  }

 private:
  // Whether the filter computes the list's left side for each row, as a join does.
  bool IsWholeFilter(const duckdb::Expression& expression) const {
    return current_op->type == duckdb::LogicalOperatorType::LOGICAL_FILTER &&
           current_op->expressions.size() == 1 &&
           current_op->expressions.front().get() == &expression;
  }

  duckdb::ClientContext& client_;
};

}  // namespace

void JoinInLists(duckdb::OptimizerExtensionInput& input,
                 duckdb::unique_ptr<duckdb::LogicalOperator>* plan) {
  *plan = ListJoiner(input.context, input.optimizer).Rewrite(std::move(*plan));
}

}  // namespace skyhook::sql
