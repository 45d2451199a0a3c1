// The verbs of Arrow Flight.
#pragma once

#include <arrow/flight/server.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/call_record.h"
#include "daemon/calls.h"
#include "daemon/service.h"
#include "daemon/settings.h"
#include "daemon/tokens.h"

namespace skyhook::daemon {

class Server : public arrow::flight::FlightServerBase {
 public:
  Server(const Settings& settings, std::unique_ptr<Service> service, Log log);

  /// Reads the files of TLS and of tokens, while this process still may.
  arrow::Status ReadFiles();
  /// Listens where the settings say, on threads of its own.
  arrow::Status Start();
  /// Reads the file of tokens again. When it fails, those of before hold.
  arrow::Status Reload();
  /// Where: with the port that it got.
  std::string address() const;
  /// Lets calls under way go on for as long as the settings say, stops them then, and returns when
  /// they have ended. Once.
  arrow::Status Drain();

  arrow::Status ListFlights(const arrow::flight::ServerCallContext& context,
                            const arrow::flight::Criteria* criteria,
                            std::unique_ptr<arrow::flight::FlightListing>* listings) override;
  arrow::Status GetFlightInfo(const arrow::flight::ServerCallContext& context,
                              const arrow::flight::FlightDescriptor& request,
                              std::unique_ptr<arrow::flight::FlightInfo>* info) override;
  arrow::Status GetSchema(const arrow::flight::ServerCallContext& context,
                          const arrow::flight::FlightDescriptor& request,
                          std::unique_ptr<arrow::flight::SchemaResult>* schema) override;
  arrow::Status DoGet(const arrow::flight::ServerCallContext& context,
                      const arrow::flight::Ticket& request,
                      std::unique_ptr<arrow::flight::FlightDataStream>* stream) override;
  arrow::Status DoAction(const arrow::flight::ServerCallContext& context,
                         const arrow::flight::Action& action,
                         std::unique_ptr<arrow::flight::ResultStream>* result) override;
  arrow::Status ListActions(const arrow::flight::ServerCallContext& context,
                            std::vector<arrow::flight::ActionType>* actions) override;

 private:
  template <typename Body>
  arrow::Status Handle(const char* verb, Load load, const arrow::flight::ServerCallContext& context,
                       std::string_view asked, Body&& body);
  std::string CountersAsJson() const;

  const Settings settings_;
  const std::unique_ptr<Service> service_;
  const Log log_;
  const std::shared_ptr<Tokens> tokens_ = std::make_shared<Tokens>();
  arrow::flight::CertKeyPair certificate_;  ///< empty without TLS
  std::string client_ca_;                   ///< empty: clients need no certificate
  Calls calls_;
};

}  // namespace skyhook::daemon
