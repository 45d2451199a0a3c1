// How two values of one type compare.
#pragma once

#include <cmath>
#include <type_traits>

namespace skyhook::vector {

/// Order of values of T. kIeee matters to floats only: without it NaN equals NaN and is greater
/// than every number.
template <typename T, bool kIeee>
struct ValueOrder {
  static bool Equal(T a, T b) {
    if constexpr (std::is_floating_point_v<T> && !kIeee) {
      return a == b || (std::isnan(a) && std::isnan(b));
    }
    return a == b;
  }
  static bool Less(T a, T b) {
    if constexpr (std::is_floating_point_v<T> && !kIeee) {
      return a < b || (std::isnan(b) && !std::isnan(a));
    }
    return a < b;
  }
  static bool LessEqual(T a, T b) {
    if constexpr (std::is_floating_point_v<T> && !kIeee) return !Less(b, a);
    return a <= b;
  }
};

}  // namespace skyhook::vector
