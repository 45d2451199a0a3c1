#include "skyhook/site/called_batches.h"

#include <utility>

#include "skyhook/site/refusal.h"

namespace skyhook::site {

CalledBatches::CalledBatches(Request request) : request_(std::move(request)) {
  outcome_.remaining.rows = request_.slice.rows;
  outcome_.version = request_.fragment.version;
}

void CalledBatches::Take(wire::Reply reply, const std::string& object_version,
                         int64_t network_bytes) {
  const arrow::Status decoded = wire::DecodeReplyBody(*request_.pipeline, &reply);
  if (!decoded.ok()) return End(decoded.message());
  plan::Cost cost = outcome_.cost;
  cost += reply.outcome.cost;
  cost.rows_in = request_.slice.rows.num_rows();
  cost.network_bytes += network_bytes;
  outcome_ = std::move(reply.outcome);
  outcome_.cost = cost;
  outcome_.answered = request_.slice.rows.Subtract(outcome_.remaining.rows);
  const auto& layout = request_.fragment.layout;
  outcome_.version =
      layout == nullptr ? object_version : base::VersionOf(*layout, {object_version});
  batches_ = std::move(reply.batches);
  next_ = 0;
}

void CalledBatches::End(const std::string& refusal) {
  ended_ = true;
  if (refusal.empty() || !outcome_.answered.empty()) return;
  plan::Cost cost = outcome_.cost;
  cost.rows_in = 0;
  outcome_ = RefusedOutcome(request_, refusal);
  outcome_.cost = cost;
}

void CalledBatches::EndByDeadline() {
  ended_ = true;
  outcome_.stopped_by = plan::StoppedBy::kDeadline;
  outcome_.cost.rows_in = request_.slice.rows.num_rows();
}

}  // namespace skyhook::site
