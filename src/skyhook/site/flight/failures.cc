#include "skyhook/site/flight/failures.h"

#include <arrow/flight/types.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::site::flight {

using arrow::Status;
using arrow::flight::FlightStatusCode;
using base::Code;

namespace {

constexpr std::array kCodes = {
    Code::kUnsupportedPlan, Code::kStaleObject, Code::kCorruptData,
    Code::kLimitExceeded,   Code::kBusy,        Code::kUnreachable,
    Code::kUnauthorised,
};

// What a daemon says is for a terminal and a log.
std::string Printable(std::string text) {
  constexpr size_t kMost = 1000;
  if (text.size() > kMost) text.resize(kMost);
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

// Arrow appends its name of the failure, and what gRPC says of itself.
std::string WordsOf(const Status& status) {
  std::string text = status.message();
  for (const char* appended : {". gRPC client debug context: ", ". Detail: "}) {
    text.resize(std::min(text.size(), text.find(appended)));
  }
  return Printable(std::move(text));
}

}  // namespace

Status FromFlight(const Status& status, const std::string& address) {
  const std::string words = fmt::format("{}: {}", address, WordsOf(status));
  const auto detail = arrow::flight::FlightStatusDetail::UnwrapStatus(status);
  if (detail == nullptr) {
    return status.code() == arrow::StatusCode::NotImplemented ? base::UnsupportedPlan("{}", words)
                                                              : Status(status.code(), words);
  }
  const auto said =
      nlohmann::json::parse(detail->extra_info(), nullptr, /*allow_exceptions=*/false);
  if (said.is_object() && said.contains("code") && said["code"].is_string()) {
    const auto word = said["code"].get<std::string>();
    for (const Code code : kCodes) {
      if (word == base::CodeName(code)) return base::MakeStatus(code, words);
    }
  }
  switch (detail->code()) {
    case FlightStatusCode::Unavailable:
      return base::MakeStatus(Code::kUnreachable, words);
    case FlightStatusCode::Unauthenticated:
    case FlightStatusCode::Unauthorized:
      return base::MakeStatus(Code::kUnauthorised, words);
    case FlightStatusCode::TimedOut:
      return base::MakeStatus(Code::kLimitExceeded, words);
    case FlightStatusCode::Cancelled:
      return Status::Cancelled(words);
    default:
      return Status::IOError(words);
  }
}

}  // namespace skyhook::site::flight
