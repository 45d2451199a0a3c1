// What expressions take that are kept from one call to the next.
#pragma once

#include <arrow/scalar.h>
#include <arrow/type_traits.h>

#include <cstdint>

namespace skyhook::exec {

/// About what a node of an expression takes, with the scalar of a literal but not its text.
inline constexpr int64_t kNodeBytes = 400;

/// About what a scalar takes, and a node that holds it.
inline int64_t BytesOfLiteral(const arrow::Scalar& literal) {
  const auto id = literal.type->id();
  const bool text = arrow::is_base_binary_like(id) || arrow::is_binary_view_like(id);
  if (!text || !literal.is_valid) return kNodeBytes;
  return kNodeBytes + static_cast<const arrow::BaseBinaryScalar&>(literal).value->size();
}

}  // namespace skyhook::exec
