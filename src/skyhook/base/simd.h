// Which instruction sets code is picked for while it runs.
#pragma once

#include <cstdint>

namespace skyhook::base {

/// Instruction sets that there is code for, each with BMI2; what one gives, the others give, too.
enum class Simd : uint8_t { kPortable, kAvx2, kAvx512 };

/// The widest one that this processor has.
inline Simd BestSimd() {
#ifdef __x86_64__
  if (!__builtin_cpu_supports("bmi2")) return Simd::kPortable;
  // Ice Lake and later: bytes are permuted across all of a register.
  if (__builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl")) {
    return Simd::kAvx512;
  }
  if (__builtin_cpu_supports("avx2")) return Simd::kAvx2;
#endif
  return Simd::kPortable;
}

}  // namespace skyhook::base
