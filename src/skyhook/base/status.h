// The few kinds of failure that callers of Skyhook act on, carried by arrow::Status.
#pragma once

#include <arrow/status.h>
#include <fmt/format.h>

#include <string>
#include <utility>

namespace skyhook::base {

/// What went wrong, as far as a caller has to tell failures apart. Anything else is a plain
/// arrow::Status (Invalid: the user's mistake; IOError: the system's; UnknownError: a broken
/// invariant of ours).
enum class Code {
  kUnsupportedPlan,  ///< the plan names a function, type or shape that is not understood
  kStaleObject,      ///< the object changed after the query first touched it
  kCorruptData,      ///< the bytes do not hold what their format promises
  kLimitExceeded,    ///< a memory, size or time limit was reached
  kBusy,             ///< the site has no room now; try again or elsewhere
  kUnreachable,      ///< the site does not answer
  kUnauthorised,     ///< the site answers, and says no
};

/// The name of a code, as messages print it: "stale object".
const char* CodeName(Code code);

/// A status that carries `code`; `message` says what failed, then where, then the values.
arrow::Status MakeStatus(Code code, std::string message);

/// True when `status` carries `code`.
bool Is(const arrow::Status& status, Code code);

template <typename... Args>
arrow::Status UnsupportedPlan(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(Code::kUnsupportedPlan, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
arrow::Status CorruptData(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(Code::kCorruptData, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
arrow::Status StaleObject(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(Code::kStaleObject, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
arrow::Status LimitExceeded(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(Code::kLimitExceeded, fmt::format(format, std::forward<Args>(args)...));
}
/// The user's mistake: arrow::Status::Invalid with a formatted message.
template <typename... Args>
arrow::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return arrow::Status::Invalid(fmt::format(format, std::forward<Args>(args)...));
}

/// `status` with "where: " put before its message; its code and detail stay.
arrow::Status AddContext(const arrow::Status& status, const std::string& where);

}  // namespace skyhook::base
