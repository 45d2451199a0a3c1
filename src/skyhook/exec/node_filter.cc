#include "skyhook/exec/node_filter.h"

#include <arrow/util/bit_util.h>

#include <string>
#include <utility>

#include "skyhook/plan/types.h"
#include "skyhook/vector/text_like.h"

namespace skyhook::exec {
namespace {

using plan::Expression;

/// The text of a literal that is not NULL.
std::optional<std::string> LiteralText(const Expression& expression) {
  if (expression.kind() != Expression::Kind::kLiteral || !expression.literal()->is_valid ||
      !plan::IsTextOrBytes(*expression.type())) {
    return std::nullopt;
  }
  return std::string(static_cast<const arrow::BaseBinaryScalar&>(*expression.literal()).view());
}

RequiredText RequiredByCall(const Expression& call) {
  const bool like = call.function() == plan::Function::kLike;
  if (!like && call.function() != plan::Function::kContains) return {};
  if (!like && call.options().text_case != plan::CallOptions::Case::kSensitive) return {};
  if (call.arguments()[0]->kind() != Expression::Kind::kColumn) return {};
  const auto text = LiteralText(*call.arguments()[1]);
  if (!text.has_value() || text->empty()) return {};
  if (!like) return {*text, true};
  const auto pattern = vector::LikePattern::Make(*text, call.options().escape);
  // Evaluating it says what is wrong with it.
  if (!pattern.ok()) return {};
  return {std::string(pattern->RequiredText()), pattern->IsContains()};
}

}  // namespace

RequiredText RequiredTextOf(const Expression& predicate) {
  if (predicate.kind() == Expression::Kind::kCall) return RequiredByCall(predicate);
  if (predicate.kind() != Expression::Kind::kAnd) return {};
  RequiredText longest;
  for (const auto& argument : predicate.arguments()) {
    RequiredText required = RequiredTextOf(*argument);
    if (required.text.size() > longest.text.size()) longest = {std::move(required.text), false};
  }
  return longest;
}

NodeFilter::NodeFilter(const Program* program, int node, const format::ReadContext* context)
    : program_(program), node_(node), context_(context) {
  RequiredText required = RequiredTextOf(*program->node(node).expression);
  if (required.text.empty()) return;
  required_.emplace(std::move(required.text));
  is_required_enough_ = required.is_enough;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> NodeFilter::Test(
    const std::shared_ptr<arrow::Array>& values) {
  ARROW_ASSIGN_OR_RAISE(const auto column, vector::Column::FromArray(values));
  ARROW_ASSIGN_OR_RAISE(vector::Column result,
                        EvaluateInPieces(*program_, node_, column, context_));
  ARROW_ASSIGN_OR_RAISE(result, result.Flatten());
  const uint8_t* truth = result.values<uint8_t>();
  const uint8_t* valid = result.valid();
  const int64_t rows = values->length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits, arrow::AllocateEmptyBitmap(rows));
  uint8_t* out = bits->mutable_data();
  for (int64_t i = 0; i < rows; ++i) {
    const unsigned passes = valid == nullptr ? truth[i] : truth[i] & valid[i];
    out[i / 8] = static_cast<uint8_t>(out[i / 8] | passes << (i % 8));
  }
  return bits;
}

}  // namespace skyhook::exec
