#include "skyhook/site/kernel_answer.h"

#include <utility>

#include "skyhook/exec/run.h"

namespace skyhook::site {
namespace {

class KernelAnswer : public Answer {
 public:
  KernelAnswer(std::unique_ptr<exec::Execution> execution, const KernelInput& input)
      : execution_(std::move(execution)),
        opening_(input.opening),
        over_network_(input.over_network) {}

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    arrow::Result<std::shared_ptr<arrow::RecordBatch>> batch = execution_->Next();
    outcome_ = execution_->outcome();
    outcome_.cost += opening_;
    if (over_network_) outcome_.cost.network_bytes = outcome_.cost.bytes_read;
    return batch;
  }

  const plan::Outcome& outcome() const override { return outcome_; }

 private:
  std::unique_ptr<exec::Execution> execution_;
  plan::Cost opening_;
  bool over_network_;
  plan::Outcome outcome_;
};

}  // namespace

arrow::Result<std::unique_ptr<Answer>> RunKernel(KernelInput input, Request request) {
  exec::RunRequest run;
  // Nothing is kept: the kernel goes on in the same call.
  run.slice.rows = std::move(request.slice.rows);
  run.limits = request.limits;
  run.runtime_filters = std::move(request.runtime_filters);
  run.stop = request.stop;
  run.prepared_calls = std::move(request.prepared_calls);
  run.predicates = std::move(request.predicates);
  run.dictionaries = std::move(request.dictionaries);
  run.core = request.core;
  run.groups = std::move(request.groups);
  ARROW_ASSIGN_OR_RAISE(auto execution,
                        exec::Run(*request.pipeline, input.fragment, std::move(run)));
  return std::make_unique<KernelAnswer>(std::move(execution), input);
}

FragmentDescription DescriptionOf(const format::Fragment& fragment, const FragmentId& id,
                                  int64_t bytes) {
  FragmentDescription out;
  out.id = {id.name, fragment.version(), -1, id.layout};
  out.bytes = bytes;
  out.declared_schema = fragment.declared_schema();
  out.field_ids = fragment.field_ids();
  out.num_rows = fragment.num_rows();
  for (int group = 0; group < fragment.num_row_groups(); ++group) {
    out.row_groups.push_back(fragment.row_group_rows(group));
  }
  return out;
}

}  // namespace skyhook::site
