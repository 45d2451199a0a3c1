// Sites that behave worse than the one they stand before.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "skyhook/site/refusal.h"
#include "skyhook/site/site.h"

namespace skyhook::testing {

/// Passes every call on.
class ForwardingSite : public site::Site {
 public:
  explicit ForwardingSite(std::shared_ptr<site::Site> site) : site_(std::move(site)) {}

  const site::Profile& profile() const override { return site_->profile(); }
  std::string WhyNot(const site::FragmentId& id) const override { return site_->WhyNot(id); }
  arrow::Result<site::FragmentDescription> Describe(const site::FragmentId& id) override {
    return site_->Describe(id);
  }
  arrow::Result<std::vector<std::optional<plan::ColumnStatistics>>> Statistics(
      const site::FragmentId& id, const std::string& column) override {
    return site_->Statistics(id, column);
  }
  arrow::Result<std::shared_ptr<base::ByteSource>> OpenBytes(
      const site::FragmentId& id, const arrow::StopToken& stop) override {
    return site_->OpenBytes(id, stop);
  }
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    return site_->Run(std::move(request));
  }

 private:
  std::shared_ptr<site::Site> site_;
};

/// As if its fragments were elsewhere.
class RemoteSite : public ForwardingSite {
 public:
  explicit RemoteSite(std::shared_ptr<site::Site> site)
      : ForwardingSite(std::move(site)), profile_(ForwardingSite::profile()) {
    profile_.remote = true;
  }
  const site::Profile& profile() const override { return profile_; }

 private:
  site::Profile profile_;
};

/// Declines every request, although it says that it runs pipelines.
class RefusingSite : public ForwardingSite {
 public:
  using ForwardingSite::ForwardingSite;
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    return site::Refuse(request, "this site refuses everything");
  }
};

/// Puts narrower limits on every call.
class NarrowSite : public ForwardingSite {
 public:
  NarrowSite(std::shared_ptr<site::Site> site, base::Limits limits)
      : ForwardingSite(std::move(site)), limits_(limits) {}
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    request.limits = limits_;
    return ForwardingSite::Run(std::move(request));
  }

 private:
  base::Limits limits_;
};

/// Does what `capabilities` say, and fails the test that asks it for more.
class LimitedSite : public ForwardingSite {
 public:
  LimitedSite(std::shared_ptr<site::Site> site, plan::Capabilities capabilities)
      : ForwardingSite(std::move(site)), capabilities_(std::move(capabilities)) {}
  plan::Capabilities capabilities() const override { return capabilities_; }
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    const plan::Pipeline& asked = *request.pipeline;
    bool can = (capabilities_.top_k || !asked.top_k.has_value()) &&
               (capabilities_.limits || !asked.limit.has_value()) &&
               (capabilities_.filters || asked.filter.empty());
    for (const auto& conjunct : asked.filter) can &= plan::CanEvaluate(*conjunct, capabilities_);
    for (const auto& column : asked.projection) {
      can &= column.expression->kind() == plan::Expression::Kind::kColumn ||
             (capabilities_.computes && plan::CanEvaluate(*column.expression, capabilities_));
    }
    if (asked.aggregate.has_value() && capabilities_.aggregates.has_value()) {
      for (const auto& measure : asked.aggregate->measures) {
        can &= capabilities_.aggregates->contains(measure.function);
      }
    }
    EXPECT_TRUE(can) << "asked for " << asked.ToString();
    ++calls;
    return ForwardingSite::Run(std::move(request));
  }

  std::atomic<int> calls = 0;

 private:
  plan::Capabilities capabilities_;
};

/// An answer whose outcome says something else than the kernel's.
class ChangedAnswer : public site::Answer {
 public:
  ChangedAnswer(std::unique_ptr<site::Answer> answer, std::function<void(plan::Outcome*)> change)
      : answer_(std::move(answer)), change_(std::move(change)) {}
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    auto batch = answer_->Next();
    outcome_ = answer_->outcome();
    change_(&outcome_);
    return batch;
  }
  const plan::Outcome& outcome() const override { return outcome_; }

 private:
  std::unique_ptr<site::Answer> answer_;
  std::function<void(plan::Outcome*)> change_;
  plan::Outcome outcome_;
};

/// Answers the first half of the rows that it is asked for, and leaves the others over.
class HalfSite : public ForwardingSite {
 public:
  using ForwardingSite::ForwardingSite;
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    const plan::RowRanges asked = request.slice.rows;
    const plan::RowRange& first = asked.ranges().front();
    const plan::RowRanges half({{first.begin, first.begin + (first.size() + 1) / 2}});
    const plan::RowRanges rest = asked.Subtract(half);
    request.slice.rows = half;
    ARROW_ASSIGN_OR_RAISE(auto answer, ForwardingSite::Run(std::move(request)));
    return std::make_unique<ChangedAnswer>(std::move(answer), [rest](plan::Outcome* outcome) {
      outcome->remaining.rows = outcome->remaining.rows.Union(rest);
      if (outcome->stopped_by == plan::StoppedBy::kNothing && !rest.empty()) {
        outcome->stopped_by = plan::StoppedBy::kRowsIn;
      }
    });
  }
};

/// Applies less than it is asked for, and says so: only what `applied` names.
class LazySite : public ForwardingSite {
 public:
  LazySite(std::shared_ptr<site::Site> site, plan::Applied applied)
      : ForwardingSite(std::move(site)), applied_(applied) {}
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    plan::Pipeline pipeline = *request.pipeline;
    if (!applied_.filter) pipeline.filter.clear();
    if (!applied_.projection) {
      pipeline.projection.clear();
      for (int i = 0; i < pipeline.input->num_fields(); ++i) {
        const auto& field = *pipeline.input->field(i);
        pipeline.projection.push_back({field.name(), plan::InputColumn(i, field.type())});
      }
    }
    if (!applied_.reduction) {
      pipeline.aggregate.reset();
      pipeline.top_k.reset();
      pipeline.limit.reset();
    }
    request.pipeline = std::move(pipeline);
    request.groups = nullptr;
    ARROW_ASSIGN_OR_RAISE(auto answer, ForwardingSite::Run(std::move(request)));
    return std::make_unique<ChangedAnswer>(
        std::move(answer), [applied = applied_](plan::Outcome* out) { out->applied = applied; });
  }

 private:
  plan::Applied applied_;
};

}  // namespace skyhook::testing
