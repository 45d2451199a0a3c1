// What DataFusion and pyarrow mean by the functions in their plans.
#pragma once

#include "skyhook/substrait/dialect.h"

namespace skyhook::substrait {

/// DataFusion 55, which names functions bare and leaves casts between numbers to whoever reads its
/// unoptimised plans:
///
/// | what | there |
/// |------|-------|
/// | integers outside their type | wrap around; of `/` an error |
/// | `/` and `%` by zero | an error; of floats as IEEE 754 has it |
/// | decimals | add and subtract in one digit more, multiply likewise, `/` in four digits more of
/// scale, cut off | | LIKE | a backslash escapes | | count | int64; sum of integers int64; sum of
/// decimal(p, s) decimal(p + 10, s); avg of it decimal(p + 4, s + 4), cut off |
///
/// Refused: comparing, sorting, grouping, least and greatest of floats (it orders NaN by sign);
/// ILIKE (it folds case another way); casts that round or parse; functions not in its table.
const Dialect& DataFusionDialect();

/// pyarrow 26 (Acero), whose expressions say by options what they do on overflow:
///
/// | what | there |
/// |------|-------|
/// | comparisons of floats | those of IEEE 754 |
/// | integer division | by zero an error; only with overflow an error |
/// | is_in | never NULL |
/// | if_else | NULL where its condition is; so only conditions that never are |
///
/// Refused: casts (their checks do not travel), arithmetic of decimals, IN over floats or with a
/// NULL in the list, text in any case, functions not in its table.
const Dialect& ArrowDialect();

}  // namespace skyhook::substrait
