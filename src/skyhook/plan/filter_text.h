// Filters as text: a small part of SQL's conditions, for those who ask for rows without a plan.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <cstddef>
#include <string_view>

#include "skyhook/plan/expression.h"

namespace skyhook::plan {

// Limits of what strangers may send.
inline constexpr size_t kMaxFilterBytes = 64 * 1024;
/// Of parentheses and NOT, so that an expression is not nested deeper than plans may be
/// (substrait/substrait.h), nor a stack used up.
inline constexpr int kMaxFilterDepth = 64;
inline constexpr size_t kMaxFilterValues = 10'000;  ///< of one IN

/// What `text` says of rows of `input` (engine types), a boolean expression over its columns:
///
///     condition  = and {OR and}
///     and        = not {AND not}
///     not        = NOT not | '(' condition ')' | test
///     test       = operand ('=' | '<>' | '!=' | '<' | '<=' | '>' | '>=') operand
///                | column [NOT] BETWEEN operand AND operand
///                | column [NOT] IN '(' literal {',' literal} ')'
///                | column [NOT] LIKE 'pattern'
///                | column IS [NOT] NULL
///                | column                                          (a boolean one)
///                | TRUE | FALSE
///     operand    = column | literal
///     column     = name | "name"
///     literal    = 'text' | ['+' | '-'] number | TRUE | FALSE
///                | DATE 'text' | TIMESTAMP 'text'
///
/// It means what SQL means by it. Names match in any case of ASCII's letters, those in double
/// quotes exactly. Columns that are compared with each other are of one type; a literal takes the
/// type of its column (typed_literal.h).
///
/// Safe on hostile bytes. Invalid, naming the character and what is wrong there, for all else,
/// ambiguous names, values that their column's type does not hold, and what is beyond the limits.
arrow::Result<ExpressionPtr> ParseFilter(std::string_view text, const arrow::Schema& input);

}  // namespace skyhook::plan
