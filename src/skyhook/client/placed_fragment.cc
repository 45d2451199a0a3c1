#include "skyhook/client/placed_fragment.h"

#include <optional>
#include <utility>

#include "skyhook/base/cores.h"
#include "skyhook/plan/split.h"
#include "skyhook/site/kernel_answer.h"

namespace skyhook::client {
namespace {

using placement::Candidate;
using placement::Offer;

// What a stored table's manifest says of a column of a pipeline.
placement::ColumnFacts FactsOf(const Table& table, const TableFragment& fragment,
                               const std::string& column) {
  placement::ColumnFacts facts;
  const int index = table.schema->GetFieldIndex(column);
  if (fragment.stored == nullptr || index < 0) return facts;
  const auto at = static_cast<size_t>(index);
  if (at < fragment.stored->statistics.size()) facts.statistics = fragment.stored->statistics[at];
  if (at < fragment.stored->column_bytes.size()) facts.bytes = fragment.stored->column_bytes[at];
  return facts;
}

placement::Estimate EstimateOf(const Table& table, const TableFragment& fragment,
                               const plan::Pipeline& pipeline) {
  const site::FragmentDescription& description = fragment.description;
  return placement::EstimateOf(pipeline, description.num_rows, description.bytes, [&](int column) {
    return FactsOf(table, fragment, pipeline.input->field(column)->name());
  });
}

// Collects what a fragment's places have on offer.
class Offers {
 public:
  Offers(const Table& table, const TableFragment& fragment, const plan::SharedPipeline& pipeline)
      : table_(table), fragment_(fragment), pipeline_(pipeline) {}

  // Empty, or why the site is not asked.
  arrow::Result<std::string> AddPipelines(const std::shared_ptr<site::Site>& site) {
    std::string reason = site->WhyNot(fragment_.description.id);
    if (!reason.empty()) return reason;
    ARROW_ASSIGN_OR_RAISE(auto split, plan::Split(*pipeline_, site->capabilities()));
    if (!split.has_value()) return "the site can do no part of it";
    Attempt attempt{site, Offer::kPipelines, pipeline_};
    if (split->residual.has_value()) {
      attempt.pipeline = std::move(split->pushed);
      attempt.residual = *std::move(split->residual);
    }
    Add(std::move(attempt));
    return reason;
  }

  void AddBytes(const std::shared_ptr<site::Site>& site) { Add({site, Offer::kBytes, pipeline_}); }

  const std::vector<Candidate>& candidates() const { return candidates_; }

  std::vector<Attempt> Ordered(const std::vector<size_t>& order) && {
    std::vector<Attempt> attempts;
    for (const size_t i : order) attempts.push_back(std::move(attempts_[i]));
    return attempts;
  }

 private:
  void Add(Attempt attempt) {
    Candidate candidate{attempt.site.get(), attempt.offer, {}};
    if (attempt.site->profile().remote) {
      candidate.estimate = attempt.residual.has_value()
                               ? EstimateOf(table_, fragment_, *attempt.pipeline)
                               : EstimateOfWhole();
    }
    candidates_.push_back(candidate);
    attempts_.push_back(std::move(attempt));
  }

  // Most places are asked for the whole pipeline.
  const placement::Estimate& EstimateOfWhole() {
    if (!whole_.has_value()) whole_ = EstimateOf(table_, fragment_, *pipeline_);
    return *whole_;
  }

  const Table& table_;
  const TableFragment& fragment_;
  const plan::SharedPipeline& pipeline_;
  std::optional<placement::Estimate> whole_;
  std::vector<Candidate> candidates_;
  std::vector<Attempt> attempts_;
};

arrow::Result<std::shared_ptr<base::ByteSource>> OpenBytes(site::Site* site,
                                                           const site::Request& request) {
  const base::WithoutCore idle(request.core);
  return site->OpenBytes(request.fragment, request.stop);
}

}  // namespace

arrow::Result<std::shared_ptr<format::Fragment>> Puller::Open(site::Site* site,
                                                              const site::Request& request,
                                                              plan::Cost* cost) {
  format::ReadContext context(cost, request.stop);
  context.core = request.core;
  ARROW_ASSIGN_OR_RAISE(const auto lock, format::Lock(&mutex_, context));
  const site::FragmentId& id = request.fragment;
  if (fragment_ != nullptr && (id.version.empty() || fragment_->version() == id.version)) {
    return fragment_;
  }
  fragment_.reset();
  ARROW_ASSIGN_OR_RAISE(auto source, OpenBytes(site, request));
  format::ReadOptions options;
  options.budget = budget_;
  ARROW_ASSIGN_OR_RAISE(fragment_, format::OpenFragment(std::move(source), options, context));
  return fragment_;
}

arrow::Result<std::unique_ptr<site::Answer>> Puller::Run(site::Site* site, site::Request request) {
  plan::Cost opening;
  ARROW_ASSIGN_OR_RAISE(auto fragment, Open(site, request, &opening));
  // Nothing is sent: to stop and go on would only read pages again.
  request.limits.reply_bytes = base::Limits::kUnlimited;
  return site::RunKernel({std::move(fragment), opening, site->profile().remote},
                         std::move(request));
}

arrow::Result<std::shared_ptr<const PlacedFragment>> PlaceFragment(
    const Table& table, const TableFragment& fragment, const plan::SharedPipeline& pipeline,
    placement::Mode mode, const placement::Progress& progress, placement::Learnt* learnt) {
  auto placed = std::make_shared<PlacedFragment>();
  ARROW_ASSIGN_OR_RAISE(placed->specialisation, Specialisation::Make(pipeline, table, fragment));
  placed->puller = std::make_shared<Puller>(table.budget);
  Offers offers(table, fragment, placed->specialisation->pipeline());
  for (const auto& site : fragment.nearer) ARROW_RETURN_NOT_OK(offers.AddPipelines(site));
  if (fragment.site->profile().runs_pipelines) {
    ARROW_ASSIGN_OR_RAISE(placed->declined, offers.AddPipelines(fragment.site));
  }
  offers.AddBytes(fragment.site);
  for (const Candidate& candidate : offers.candidates()) {
    if (candidate.site != fragment.site.get()) continue;
    if (candidate.offer == Offer::kBytes) {
      placed->expected_pulled = candidate.estimate.pulled;
    } else {
      placed->expected_pushed = candidate.estimate.pushed;
    }
  }
  const std::vector<size_t> order = learnt->Order(mode, offers.candidates(), progress);
  if (learnt->left_out_for_speed()) {
    placed->declined = learnt->is_trial() ? "tried whether bytes are scanned faster here"
                                          : "bytes were scanned faster here";
  }
  placed->attempts = std::move(offers).Ordered(order);
  return placed;
}

}  // namespace skyhook::client
