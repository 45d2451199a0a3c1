#include "skyhook/plan/shared_pipeline.h"

#include <mutex>
#include <optional>
#include <utility>

namespace skyhook::plan {

struct SharedPipeline::State {
  explicit State(Pipeline pipeline) : pipeline(std::move(pipeline)) {}

  const Pipeline pipeline;
  std::mutex mutex;
  std::optional<std::string> bytes;  // does not change once it is there
};

SharedPipeline::SharedPipeline(Pipeline pipeline)
    : state_(std::make_shared<State>(std::move(pipeline))) {}

const Pipeline& SharedPipeline::operator*() const { return state_->pipeline; }

arrow::Result<std::string_view> SharedPipeline::Bytes(const Encode& encode) const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  if (!state_->bytes.has_value()) {
    ARROW_ASSIGN_OR_RAISE(state_->bytes, encode(state_->pipeline));
  }
  return std::string_view(*state_->bytes);
}

}  // namespace skyhook::plan
