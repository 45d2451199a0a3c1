// Sites that behave worse than the one they stand before.
#pragma once

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

}  // namespace skyhook::testing
