// The extensions of a foreign plan, by whatever name it declares them, as URNs.
#pragma once

#include <arrow/status.h>
#include <substrait/extended_expression.pb.h>
#include <substrait/plan.pb.h>

namespace skyhook::substrait {

/// Makes every function and type of the message one of a declared URN. Those of an extension that
/// the message declares by URI become functions of the URN that the standard has for that file;
/// other URIs stay as they are. Those that refer to no extension (0 or 4294967295, and none
/// declared by that number) become functions of the URN "". kUnsupportedPlan when a declaration
/// says something else.
arrow::Status ModerniseExtensions(::substrait::Plan* plan);
arrow::Status ModerniseExtensions(::substrait::ExtendedExpression* expression);

}  // namespace skyhook::substrait
