#include "skyhook/client/batches_table.h"

#include <arrow/util/byte_size.h>

#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/exec/run.h"
#include "skyhook/format/fragment.h"

namespace skyhook::client {
namespace {

class MemoryAnswer : public site::Answer {
 public:
  explicit MemoryAnswer(std::unique_ptr<exec::Execution> execution)
      : execution_(std::move(execution)) {}

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override { return execution_->Next(); }
  const plan::Outcome& outcome() const override { return execution_->outcome(); }

 private:
  std::unique_ptr<exec::Execution> execution_;
};

/// Holds one fragment, whatever it is asked for.
class MemorySite : public site::Site {
 public:
  MemorySite(std::shared_ptr<format::Fragment> fragment, int64_t bytes)
      : fragment_(std::move(fragment)), bytes_(bytes) {}

  const site::Profile& profile() const override { return profile_; }

  arrow::Result<site::FragmentDescription> Describe(const site::FragmentId& id) override {
    site::FragmentDescription out;
    out.id = {id.name, fragment_->version()};
    out.bytes = bytes_;
    out.declared_schema = fragment_->declared_schema();
    out.num_rows = fragment_->num_rows();
    for (int group = 0; group < fragment_->num_row_groups(); ++group) {
      out.row_groups.push_back(fragment_->row_group_rows(group));
    }
    return out;
  }

  arrow::Result<std::shared_ptr<base::ByteSource>> OpenBytes(const site::FragmentId& id,
                                                             const arrow::StopToken&) override {
    return base::UnsupportedPlan("'{}' is held in memory and has no bytes", id.name);
  }

  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    exec::RunRequest run;
    run.slice.rows = std::move(request.slice.rows);
    run.limits = request.limits;
    run.runtime_filters = std::move(request.runtime_filters);
    run.stop = request.stop;
    run.prepared_calls = std::move(request.prepared_calls);
    ARROW_ASSIGN_OR_RAISE(auto execution, exec::Run(*request.pipeline, fragment_, std::move(run)));
    return std::make_unique<MemoryAnswer>(std::move(execution));
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
