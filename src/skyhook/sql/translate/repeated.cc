#include "skyhook/sql/translate/repeated.h"

#include "skyhook/base/status.h"

namespace skyhook::sql {
namespace {

constexpr int kMostNodes = 200;

// `most` less the nodes of the tree, or a negative number when it has more.
int Left(const plan::Expression& expression, int most) {
  int left = most - 1;
  for (const auto& argument : expression.arguments()) {
    if (left < 0) break;
    left = Left(*argument, left);
  }
  return left;
}

}  // namespace

arrow::Status CheckRepeatable(const plan::Expression& expression) {
  if (Left(expression, kMostNodes) >= 0) return arrow::Status::OK();
  return base::UnsupportedPlan(
      "an expression of more than {} nodes under a function that repeats it", kMostNodes);
}

}  // namespace skyhook::sql
