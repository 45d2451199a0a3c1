// Values that functions like to get wrong, and random ones of every size.
#pragma once

#include <arrow/array.h>
#include <arrow/array/builder_base.h>
#include <arrow/type_traits.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "skyhook/testing/matchers.h"

namespace skyhook::sql {

using skyhook::testing::Require;

/// Others for every --gtest_random_seed.
class ValueMaker {
 public:
  explicit ValueMaker(uint32_t seed)
      : random_(seed + static_cast<uint32_t>(GTEST_FLAG_GET(random_seed))) {}

  uint64_t Bits() { return random_(); }
  int Below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }
  template <typename T>
  const T& OneOf(const std::vector<T>& values) {
    return values[static_cast<size_t>(Below(static_cast<int>(values.size())))];
  }

  /// Half of them from `special`, half of random length.
  template <typename T>
  T Integer(const std::vector<T>& special) {
    if (Below(2) == 0) return OneOf(special);
    const auto bits = static_cast<T>(Bits());
    return static_cast<T>(bits >> Below(std::numeric_limits<T>::digits));
  }

  template <typename T>
  T Integer() {
    constexpr T kMin = std::numeric_limits<T>::min();
    constexpr T kMax = std::numeric_limits<T>::max();
    const std::vector<T> special = {kMin,
                                    static_cast<T>(kMin + 1),
                                    T{0},
                                    T{1},
                                    static_cast<T>(T{0} - T{1}),
                                    static_cast<T>(kMax - 1),
                                    kMax,
                                    T{2},
                                    T{7},
                                    T{8}};
    return Integer(special);
  }

  double Double();

  /// Days, at the limits of dates and of timestamps of microseconds and nanoseconds too.
  int32_t Date() {
    constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
    const int32_t near = Below(5) - 2;
    const std::vector<int32_t> special = {-kMax - 1,
                                          -kMax,
                                          -kMax + 1,
                                          kMax,
                                          kMax - 1,
                                          0,
                                          -719'162 + near,
                                          -719'528 + near,
                                          106'751'991 + near,
                                          -106'751'991 + near,
                                          106'751 + near,
                                          -106'751 + near,
                                          -kMax + 100 + Below(600),
                                          kMax - 100 - Below(600)};
    if (Below(3) == 0) return OneOf(special);
    return Below(2) == 0 ? Below(40'000) - 10'000 : Integer(special);
  }

  /// Ticks of a timestamp.
  int64_t Timestamp() {
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    const int64_t near = Below(2'000) - 1'000;
    const std::vector<int64_t> special = {-kMax - 1,
                                          -kMax,
                                          -kMax + 1,
                                          kMax,
                                          kMax - 1,
                                          near,
                                          -9'223'372'022'400'000'000 + near,
                                          -9'223'286'400'000'000'000 + near,
                                          9'223'286'400'000'000'000 + near,
                                          9'223'372'036'854'775 + near,
                                          -9'223'372'036'854'775 + near,
                                          9'223'372'036'854 + near,
                                          -9'223'372'036'854 + near,
                                          -62'135'596'800'000'000 + near,
                                          86'400'000'000 + near,
                                          -86'400'000'000 + near};
    return Below(3) == 0 ? OneOf(special) : Integer(special);
  }

  /// Of at most `precision` digits.
  arrow::Decimal128 Decimal(int precision) {
    const arrow::Decimal128 bound = arrow::Decimal128::GetMaxValue(precision);
    const int kind = Below(6);
    arrow::Decimal128 value = bound;
    if (kind == 1) value = arrow::Decimal128(0);
    if (kind > 1) {
      value = arrow::Decimal128(static_cast<int64_t>(Bits() >> 1), Bits());
      value = value.Divide(arrow::Decimal128::GetScaleMultiplier(Below(38)))->first;
      if (kind == 2) value = arrow::Decimal128(static_cast<int64_t>(Bits() >> (20 + Below(44))));
    }
    while (value > bound) value = value.Divide(arrow::Decimal128(7))->first;
    return Below(2) == 0 ? value : -value;
  }

 private:
  std::mt19937_64 random_;
};

inline double ValueMaker::Double() {
  static const std::vector<double> kSpecial = {0.0,
                                               -0.0,
                                               1.0,
                                               -1.0,
                                               0.5,
                                               -0.5,
                                               1.5,
                                               2.5,
                                               -2.5,
                                               -0.4,
                                               0.49999999999999994,
                                               1e-320,
                                               5e-324,
                                               1e15,
                                               1e16,
                                               123456789012345678.0,
                                               1e22,
                                               1e23,
                                               1e300,
                                               -1e300,
                                               1e-5,
                                               0.0001,
                                               127.4,
                                               127.5,
                                               127.6,
                                               128.0,
                                               -128.4,
                                               -128.5,
                                               -129.0,
                                               255.5,
                                               255.4,
                                               256.0,
                                               32767.5,
                                               32768.0,
                                               -32768.5,
                                               65535.5,
                                               65536.0,
                                               2147483647.4,
                                               2147483647.5,
                                               2147483647.6,
                                               2147483648.0,
                                               -2147483648.0,
                                               -2147483648.4,
                                               4294967295.4,
                                               4294967295.5,
                                               4294967296.0,
                                               9007199254740992.0,
                                               9223372036854774784.0,
                                               9223372036854775808.0,
                                               -9223372036854775808.0,
                                               18446744073709549568.0,
                                               18446744073709551616.0,
                                               99.995,
                                               99.994,
                                               0.994,
                                               1e38,
                                               9.999999999e37,
                                               std::numeric_limits<double>::max(),
                                               std::numeric_limits<double>::min(),
                                               std::numeric_limits<double>::infinity(),
                                               -std::numeric_limits<double>::infinity(),
                                               std::numeric_limits<double>::quiet_NaN(),
                                               -std::numeric_limits<double>::quiet_NaN()};
  const int kind = Below(8);
  if (kind < 3) return OneOf(kSpecial);
  if (kind == 3) {  // any bits
    const uint64_t bits = Bits();
    double value = 0;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  if (kind == 4) return static_cast<double>(Integer<int32_t>()) / 2;
  if (kind == 5) return static_cast<double>(Integer<int64_t>());
  return static_cast<double>(Integer<int32_t>()) / static_cast<double>(1 + Below(1'000'000));
}

/// `rows` values of `make()`, one in eight NULL, as a column of `type`.
template <typename T, typename Make>
std::shared_ptr<arrow::Array> MakeColumn(ValueMaker* maker,
                                         const std::shared_ptr<arrow::DataType>& type, int rows,
                                         Make&& make) {
  using Builder = typename arrow::TypeTraits<T>::BuilderType;
  Builder builder(type, arrow::default_memory_pool());
  for (int i = 0; i < rows; ++i) {
    Require(maker->Below(8) == 0 ? builder.AppendNull() : builder.Append(make()));
  }
  return Require(builder.Finish());
}

}  // namespace skyhook::sql
