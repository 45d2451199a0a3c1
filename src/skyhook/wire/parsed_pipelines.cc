#include "skyhook/wire/parsed_pipelines.h"

#include <algorithm>

#include "skyhook/substrait/substrait.h"

namespace skyhook::wire {

arrow::Result<plan::SharedPipeline> ParsedPipelines::Get(std::string_view bytes) {
  const auto found = std::find_if(kept_.begin(), kept_.end(),
                                  [&](const auto& kept) { return kept.first == bytes; });
  if (found != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, found);
    return found->second;
  }
  ARROW_ASSIGN_OR_RAISE(plan::SharedPipeline pipeline, substrait::FromSubstrait(bytes));
  if (static_cast<int64_t>(bytes.size()) > kMostBytes) return pipeline;
  kept_.emplace_front(bytes, pipeline);
  bytes_ += static_cast<int64_t>(bytes.size());
  while (kept_.size() > kMostPipelines || bytes_ > kMostBytes) {
    bytes_ -= static_cast<int64_t>(kept_.back().first.size());
    kept_.pop_back();
  }
  return pipeline;
}

void ParsedPipelines::Clear() {
  kept_.clear();
  bytes_ = 0;
}

}  // namespace skyhook::wire
