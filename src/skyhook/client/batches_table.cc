#include "skyhook/client/batches_table.h"

#include <arrow/util/byte_size.h>

#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/format/fragment.h"
#include "skyhook/site/kernel_answer.h"

namespace skyhook::client {
namespace {

/// Holds one fragment, whatever it is asked for.
class MemorySite : public site::Site {
 public:
  MemorySite(std::shared_ptr<format::Fragment> fragment, int64_t bytes)
      : fragment_(std::move(fragment)), bytes_(bytes) {}

  const site::Profile& profile() const override { return profile_; }

  arrow::Result<site::FragmentDescription> Describe(const site::FragmentId& id) override {
    return site::DescriptionOf(*fragment_, id, bytes_);
  }

  arrow::Result<std::shared_ptr<base::ByteSource>> OpenBytes(const site::FragmentId& id,
                                                             const arrow::StopToken&) override {
    return base::UnsupportedPlan("'{}' is held in memory and has no bytes", id.name);
  }

  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    return site::RunKernel({fragment_, {}}, std::move(request));
  }

 private:
  site::Profile profile_{.kind = "memory", .location = "this process", .runs_pipelines = true};
  std::shared_ptr<format::Fragment> fragment_;
  int64_t bytes_;
};

}  // namespace

arrow::Result<std::shared_ptr<const Table>> TableOfBatches(
    std::string name, std::shared_ptr<arrow::Schema> schema,
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches) {
  int64_t bytes = 0;
  for (const auto& batch : batches) bytes += arrow::util::TotalBufferSize(*batch);
  ARROW_ASSIGN_OR_RAISE(auto fragment,
                        format::FragmentFromBatches(schema, std::move(batches), name));
  auto site = std::make_shared<MemorySite>(std::move(fragment), bytes);
  auto table = std::make_shared<Table>();
  ARROW_ASSIGN_OR_RAISE(auto description, site->Describe({name, ""}));
  table->name = std::move(name);
  table->schema = std::move(schema);
  TableFragment& only = table->fragments.emplace_back();
  only.description = std::move(description);
  only.site = std::move(site);
  return table;
}

}  // namespace skyhook::client
