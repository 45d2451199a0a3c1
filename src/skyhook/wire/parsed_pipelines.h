// Pipelines that came over the wire, as they were parsed: the calls of a scan bring the same again
// and again.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "skyhook/plan/shared_pipeline.h"

namespace skyhook::wire {

/// Keeps those that were asked for last. They are known by all their bytes, and by nothing that a
/// client claims. Not thread-safe.
class ParsedPipelines {
 public:
  /// So many are kept, and of so many bytes together as they came: parsed ones take more.
  static constexpr size_t kMostPipelines = 16;
  static constexpr int64_t kMostBytes = int64_t{4} << 20;

  /// The pipeline that `bytes`, a Substrait plan, say; fails as substrait::FromSubstrait does.
  arrow::Result<plan::SharedPipeline> Get(std::string_view bytes);

  bool empty() const { return kept_.empty(); }
  void Clear();

 private:
  std::list<std::pair<std::string, plan::SharedPipeline>> kept_;  // the one used last first
  int64_t bytes_ = 0;                                             // of kept_
};

}  // namespace skyhook::wire
