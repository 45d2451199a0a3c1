#include "daemon/flight_status.h"

#include <array>
#include <string>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::daemon {

using arrow::Status;
using arrow::flight::FlightStatusCode;
using base::Code;

namespace {

constexpr std::array<std::pair<Code, FlightStatusCode>, 6> kCodes = {{
    {Code::kStaleObject, FlightStatusCode::Unavailable},
    {Code::kBusy, FlightStatusCode::Unavailable},
    {Code::kUnreachable, FlightStatusCode::Unavailable},
    {Code::kUnauthorised, FlightStatusCode::Unauthorized},
    {Code::kCorruptData, FlightStatusCode::Internal},
    {Code::kLimitExceeded, FlightStatusCode::Internal},
}};

// A message travels as a header, and headers have 8 kB together.
std::string Shortened(std::string message) {
  constexpr size_t kMost = 1500;
  if (message.size() > kMost) message = message.substr(0, kMost) + "...";
  return message;
}

}  // namespace

Status ToFlight(const Status& failed, const arrow::flight::ServerCallContext& context) {
  if (failed.ok()) return failed;
  const Status status(failed.code(), Shortened(failed.message()), failed.detail());
  for (const auto& [code, flight] : kCodes) {
    if (!base::Is(status, code)) continue;
    const std::string word = fmt::format(R"({{"code": "{}"}})", base::CodeName(code));
    context.AddTrailer("skyhook-error-bin", word);
    return arrow::flight::MakeFlightError(flight, status.message(), word);
  }
  switch (status.code()) {
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::TypeError:
      return Status::Invalid(status.message());
    case arrow::StatusCode::KeyError:
    case arrow::StatusCode::NotImplemented:
    case arrow::StatusCode::Cancelled:
      return Status(status.code(), status.message());
    default:
      return arrow::flight::MakeFlightError(FlightStatusCode::Internal, status.message());
  }
}

}  // namespace skyhook::daemon
