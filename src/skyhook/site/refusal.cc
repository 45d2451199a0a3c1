#include "skyhook/site/refusal.h"

#include <utility>

namespace skyhook::site {
namespace {

class Refusal : public Answer {
 public:
  explicit Refusal(plan::Outcome outcome) : outcome_(std::move(outcome)) {}
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override { return nullptr; }
  const plan::Outcome& outcome() const override { return outcome_; }

 private:
  plan::Outcome outcome_;
};

}  // namespace

plan::Outcome RefusedOutcome(const Request& request, std::string reason) {
  plan::Outcome outcome;
  outcome.remaining.rows = request.slice.rows;
  outcome.stopped_by = plan::StoppedBy::kRefused;
  outcome.reason = std::move(reason);
  outcome.version = request.fragment.version;
  return outcome;
}

std::unique_ptr<Answer> Refuse(const Request& request, std::string reason) {
  return std::make_unique<Refusal>(RefusedOutcome(request, std::move(reason)));
}

}  // namespace skyhook::site
