// The site whose fragments are files of a storage host, and whose kernel runs there, in skyhookd.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <memory>
#include <string>
#include <vector>

#include "skyhook/base/timer.h"
#include "skyhook/site/flight/flight_options.h"
#include "skyhook/site/site.h"

namespace skyhook::site::flight {

/// FragmentId::name is "EXPORT/PATH", as FilesOf gives it. Run declines fragments that lie in
/// several files.
class FlightSite : public Site {
 public:
  /// The tables of an export, in order.
  virtual arrow::Result<std::vector<std::string>> TablesOf(const std::string& export_name,
                                                           const arrow::StopToken& stop) = 0;
  /// The files of the table "EXPORT/TABLE", in its order.
  virtual arrow::Result<std::vector<std::string>> FilesOf(const std::string& table,
                                                          const arrow::StopToken& stop) = 0;
};

/// `address` is grpc://HOST:PORT or grpc+tls://HOST:PORT; connects when it has to. Waits are looked
/// after by `timer`.
std::shared_ptr<FlightSite> MakeFlightSite(const std::string& address, const FlightOptions& options,
                                           std::shared_ptr<base::Timer> timer);

}  // namespace skyhook::site::flight
