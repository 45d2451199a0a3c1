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

}  // namespace

Status ToFlight(const Status& status, const arrow::flight::ServerCallContext& context) {
  if (status.ok()) return status;
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
