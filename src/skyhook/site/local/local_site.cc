#include "skyhook/site/local/local_site.h"

#include <utility>

#include "skyhook/site/fragment_version.h"
#include "skyhook/site/kernel_answer.h"
#include "skyhook/site/local/file_bytes.h"
#include "skyhook/site/local/fragment_cache.h"

namespace skyhook::site::local {
namespace {

class LocalSite : public Site {
 public:
  explicit LocalSite(const LocalSiteOptions& options)
      : fragments_(options.max_open_fragments,
                   options.budget != nullptr ? options.budget
                                             : std::make_shared<base::MemoryBudget>(kLocalBudget),
                   options.pool, options.shortcuts),
        pool_(options.pool) {}

  const Profile& profile() const override { return profile_; }

  arrow::Result<FragmentDescription> Describe(const FragmentId& id) override {
    ARROW_ASSIGN_OR_RAISE(const CachedFragment open, fragments_.Get(id, {}));
    return DescriptionOf(*open.fragment, id, open.bytes);
  }

  arrow::Result<std::vector<std::optional<plan::ColumnStatistics>>> Statistics(
      const FragmentId& id, const std::string& column) override {
    ARROW_ASSIGN_OR_RAISE(const CachedFragment open, fragments_.Get(id, {}));
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
    ARROW_ASSIGN_OR_RAISE(auto source, OpenFileBytes(id, pool_));
    ARROW_RETURN_NOT_OK(CheckVersion(id, source->version(), source->size(), id.name));
    return source;
  }

  arrow::Result<std::unique_ptr<Answer>> Run(Request request) override {
    plan::Cost opening;
    ARROW_ASSIGN_OR_RAISE(CachedFragment open,
                          fragments_.Get(request.fragment, {&opening, request.stop}));
    return RunKernel({std::move(open.fragment), opening}, std::move(request));
  }

 private:
  Profile profile_{.kind = "local", .location = "this machine's files", .runs_pipelines = true};
  FragmentCache fragments_;
  const std::shared_ptr<arrow::MemoryPool> pool_;
};

}  // namespace

std::shared_ptr<Site> MakeLocalSite(const LocalSiteOptions& options) {
  return std::make_shared<LocalSite>(options);
}

}  // namespace skyhook::site::local
