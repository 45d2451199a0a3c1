// Expressions as Substrait expressions, and back.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include "skyhook/plan/expression.h"
#include "skyhook/substrait/dialect.h"
#include "skyhook/substrait/extensions.h"

namespace substrait {
class Expression;
}

namespace skyhook::substrait {

/// kUnsupportedPlan when `expression` nests deeper than kMaxExpressionDepth.
arrow::Status ExpressionToSubstrait(const plan::Expression& expression, ExtensionWriter* extensions,
                                    ::substrait::Expression* out);

/// A reference to a field of the input of a relation.
void FieldToSubstrait(int index, ::substrait::Expression* out);

/// Field references are indices into `input`, an engine schema; calls mean what `dialect` says.
arrow::Result<plan::ExpressionPtr> ExpressionFromSubstrait(
    const ::substrait::Expression& expression, const arrow::Schema& input,
    const ExtensionReader& extensions, const Dialect& dialect = OwnDialect());

/// The column, and the field of structs within it, that an expression refers to; `what` names it in
/// the error. Indices are not checked.
arrow::Result<plan::FieldPath> PathFromSubstrait(const ::substrait::Expression& expression,
                                                 const char* what);

/// The index of an expression that is a plain field reference; `what` names it in the error.
arrow::Result<int> FieldFromSubstrait(const ::substrait::Expression& expression, const char* what);

}  // namespace skyhook::substrait
