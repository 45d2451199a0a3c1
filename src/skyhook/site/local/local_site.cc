#include "skyhook/site/local/local_site.h"

#include <utility>

#include "skyhook/base/file_source.h"
#include "skyhook/exec/run.h"
#include "skyhook/site/fragment_version.h"
#include "skyhook/site/local/open_fragments.h"

namespace skyhook::site::local {
namespace {

class LocalAnswer : public Answer {
 public:
  LocalAnswer(std::unique_ptr<exec::Execution> execution, plan::Cost opening)
      : execution_(std::move(execution)), opening_(opening) {}

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    arrow::Result<std::shared_ptr<arrow::RecordBatch>> batch = execution_->Next();
    outcome_ = execution_->outcome();
    outcome_.cost += opening_;
    return batch;
  }

  const plan::Outcome& outcome() const override { return outcome_; }

 private:
  std::unique_ptr<exec::Execution> execution_;
  plan::Cost opening_;
  plan::Outcome outcome_;
};

class LocalSite : public Site {
 public:
  explicit LocalSite(const LocalSiteOptions& options) : fragments_(options.max_open_fragments) {}

  const Profile& profile() const override { return profile_; }

  arrow::Result<FragmentDescription> Describe(const FragmentId& id) override {
    ARROW_ASSIGN_OR_RAISE(const OpenFragment open, fragments_.Get(id, {}));
    const format::Fragment& fragment = *open.fragment;
    FragmentDescription out;
    out.id = {id.name, fragment.version()};
    out.bytes = open.bytes;
    out.declared_schema = fragment.declared_schema();
    out.field_ids = fragment.field_ids();
    out.num_rows = fragment.num_rows();
    for (int group = 0; group < fragment.num_row_groups(); ++group) {
      out.row_groups.push_back(fragment.row_group_rows(group));
    }
    return out;
  }

  arrow::Result<std::vector<std::optional<plan::ColumnStatistics>>> Statistics(
      const FragmentId& id, const std::string& column) override {
    ARROW_ASSIGN_OR_RAISE(const OpenFragment open, fragments_.Get(id, {}));
    format::Fragment& fragment = *open.fragment;
    std::vector<std::optional<plan::ColumnStatistics>> out;
    const int index = fragment.schema()->GetFieldIndex(column);
    if (index < 0) return out;
    for (int group = 0; group < fragment.num_row_groups(); ++group) {
      ARROW_ASSIGN_OR_RAISE(out.emplace_back(), fragment.Statistics(group, index));
    }
    return out;
  }

  arrow::Result<std::shared_ptr<base::ByteSource>> OpenBytes(const FragmentId& id,
                                                             const arrow::StopToken&) override {
    ARROW_ASSIGN_OR_RAISE(auto source, base::OpenFile(id.name));
    ARROW_RETURN_NOT_OK(CheckVersion(id, source->version(), source->size(), id.name));
    return source;
  }

  arrow::Result<std::unique_ptr<Answer>> Run(Request request) override {
    plan::Cost opening;
    ARROW_ASSIGN_OR_RAISE(OpenFragment open,
                          fragments_.Get(request.fragment, {&opening, request.stop}));
    exec::RunRequest run{std::move(request.rows), request.limits,
                         std::move(request.runtime_filters), request.stop};
    ARROW_ASSIGN_OR_RAISE(auto execution,
                          exec::Run(request.pipeline, std::move(open.fragment), std::move(run)));
    return std::make_unique<LocalAnswer>(std::move(execution), opening);
  }

 private:
  Profile profile_{.kind = "local", .location = "this machine's files", .runs_pipelines = true};
  OpenFragments fragments_;
};

}  // namespace

std::shared_ptr<Site> MakeLocalSite(const LocalSiteOptions& options) {
  return std::make_shared<LocalSite>(options);
}

}  // namespace skyhook::site::local
