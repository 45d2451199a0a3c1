// Constants as Substrait literals, and back.
#pragma once

#include <arrow/result.h>
#include <arrow/scalar.h>

#include <memory>

#include "skyhook/substrait/extensions.h"

namespace substrait {
class Expression_Literal;
}

namespace skyhook::substrait {

/// Scalars of types that can be computed with, intervals, and nulls of any type that has a
/// Substrait form; others are kUnsupportedPlan.
arrow::Status LiteralToSubstrait(const arrow::Scalar& value, ExtensionWriter* extensions,
                                 ::substrait::Expression_Literal* out);

/// A scalar of engine type. A literal outside of its type's range is kCorruptData.
arrow::Result<std::shared_ptr<arrow::Scalar>> LiteralFromSubstrait(
    const ::substrait::Expression_Literal& literal, const ExtensionReader& extensions);

}  // namespace skyhook::substrait
