// What tests say of a status or a result: that it is fine, or how exactly it failed.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <gmock/gmock.h>

#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::testing {

inline const arrow::Status& StatusOf(const arrow::Status& status) { return status; }
template <typename T>
const arrow::Status& StatusOf(const arrow::Result<T>& result) {
  return result.status();
}

/// Matches an arrow::Status or arrow::Result that is fine.
MATCHER(IsOk, negation ? "is an error" : "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

/// Matches an error that carries the domain code and whose message contains `text`.
MATCHER_P2(FailsWithCode, code, text,
           std::string(negation ? "does not fail" : "fails") + " with " + base::CodeName(code) +
               " and the text \"" + text + "\"") {
  const arrow::Status& status = StatusOf(arg);
  *result_listener << status.ToString();
  return base::Is(status, code) && status.message().find(text) != std::string::npos;
}

/// Matches an error of Arrow's own code whose message contains `text`.
MATCHER_P2(FailsWithStatus, code, text,
           std::string(negation ? "does not fail" : "fails") + " with " +
               arrow::Status::CodeAsString(code) + " and the text \"" + text + "\"") {
  const arrow::Status& status = StatusOf(arg);
  *result_listener << status.ToString();
  return status.code() == code && status.message().find(text) != std::string::npos;
}

/// EXPECT_THAT(status, FailsWith(base::Code::kStaleObject, "lineitem.parquet")).
inline auto FailsWith(base::Code code, std::string text) {
  return FailsWithCode(code, std::move(text));
}
inline auto FailsWith(arrow::StatusCode code, std::string text) {
  return FailsWithStatus(code, std::move(text));
}

/// The value of a result that has to be fine; otherwise the test fails here (gtest reports the
/// exception).
template <typename T>
T Require(arrow::Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  return std::move(result).ValueUnsafe();
}
inline void Require(const arrow::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

}  // namespace skyhook::testing
