#include "daemon/gate.h"

#include <string_view>
#include <utility>

#include "skyhook/base/exceptions.h"

namespace skyhook::daemon {

namespace flight = arrow::flight;
using arrow::Status;

namespace {

constexpr std::string_view kBearer = "Bearer ";

class Passed : public flight::ServerMiddleware {
 public:
  explicit Passed(std::string name) : caller(std::move(name)) {}
  std::string name() const override { return kGate; }
  void SendingHeaders(flight::AddCallHeaders*) override {}
  void CallCompleted(const Status&) override {}

  const std::string caller;
};

class Gate : public flight::ServerMiddlewareFactory {
 public:
  explicit Gate(std::shared_ptr<const Tokens> tokens) : tokens_(std::move(tokens)) {}

  Status StartCall(const flight::CallInfo&, const flight::ServerCallContext& context,
                   std::shared_ptr<flight::ServerMiddleware>* out) override {
    return base::CatchExceptions([&]() -> Status {
      const auto& headers = context.incoming_headers();
      const auto found = headers.find("authorization");
      if (found == headers.end() || !found->second.starts_with(kBearer)) {
        return flight::MakeFlightError(flight::FlightStatusCode::Unauthenticated,
                                       "the call brings no bearer token");
      }
      const auto name = tokens_->NameOf(found->second.substr(kBearer.size()));
      if (!name.has_value()) {
        return flight::MakeFlightError(flight::FlightStatusCode::Unauthenticated,
                                       "the call's token is not known");
      }
      *out = std::make_shared<Passed>(*name);
      return Status::OK();
    });
  }

 private:
  const std::shared_ptr<const Tokens> tokens_;
};

}  // namespace

std::shared_ptr<flight::ServerMiddlewareFactory> MakeGate(std::shared_ptr<const Tokens> tokens) {
  return std::make_shared<Gate>(std::move(tokens));
}

std::string CallerOf(const flight::ServerCallContext& context) {
  if (const auto* passed = dynamic_cast<const Passed*>(context.GetMiddleware(kGate))) {
    return passed->caller;
  }
  return context.peer_identity();
}

}  // namespace skyhook::daemon
