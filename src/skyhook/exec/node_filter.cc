#include "skyhook/exec/node_filter.h"

#include <arrow/array/util.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <string>
#include <utility>

#include "skyhook/plan/types.h"
#include "skyhook/vector/text_like.h"

namespace skyhook::exec {

using arrow::Result;
using plan::Expression;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

namespace {

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
  // It could reach across the lengths between values, nearly everywhere.
  if (text->find('\0') != std::string::npos) return {};
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

Result<BufferPtr> NodeFilter::Test(const std::shared_ptr<arrow::Array>& values) {
  if (values->type_id() != arrow::Type::DICTIONARY) return TestValues(values);
  return TestCodes(static_cast<const arrow::DictionaryArray&>(*values));
}

Result<BufferPtr> NodeFilter::TestValues(const std::shared_ptr<arrow::Array>& values) const {
  ARROW_ASSIGN_OR_RAISE(const auto column, vector::Column::FromArray(values));
  ARROW_ASSIGN_OR_RAISE(const vector::Column result,
                        EvaluateInPieces(*program_, node_, column, context_));
  ARROW_ASSIGN_OR_RAISE(const auto truths, result.ToArray());
  const BufferPtr& passes = truths->data()->buffers[1];
  if (truths->null_bitmap() == nullptr) return passes;
  return arrow::internal::BitmapAnd(arrow::default_memory_pool(), passes->data(), 0,
                                    truths->null_bitmap_data(), 0, truths->length(), 0);
}

Result<BufferPtr> NodeFilter::TestCodes(const arrow::DictionaryArray& values) {
  if (dictionary_ != values.data()->dictionary) {
    ARROW_ASSIGN_OR_RAISE(dictionary_passes_, TestValues(values.dictionary()));
    ARROW_ASSIGN_OR_RAISE(const auto null, arrow::MakeArrayOfNull(values.dictionary()->type(), 1));
    ARROW_ASSIGN_OR_RAISE(const BufferPtr one, TestValues(null));
    null_passes_ = arrow::bit_util::GetBit(one->data(), 0);
    dictionary_ = values.data()->dictionary;
  }
  ARROW_ASSIGN_OR_RAISE(BufferPtr bits, arrow::AllocateEmptyBitmap(values.length()));
  for (int64_t i = 0; i < values.length(); ++i) {
    const bool passes = values.IsNull(i) ? null_passes_
                                         : arrow::bit_util::GetBit(dictionary_passes_->data(),
                                                                   values.GetValueIndex(i));
    if (passes) arrow::bit_util::SetBit(bits->mutable_data(), i);
  }
  return bits;
}

}  // namespace skyhook::exec
