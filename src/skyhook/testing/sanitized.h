// How thorough a test is, by the build that it runs in.
#pragma once

namespace skyhook::testing {

/// Whether the address sanitizer is built in: tests that repeat one thing many times do so less
/// often there, for it makes them several times as slow.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace skyhook::testing
