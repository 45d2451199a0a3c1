// A pipeline as all calls of a scan share it, with its bytes on the way: encoded once, however many
// calls carry them.
#pragma once

#include <arrow/result.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "skyhook/plan/pipeline.h"

namespace skyhook::plan {

/// Copies are the same pipeline, which does not change. Thread-safe.
class SharedPipeline {
 public:
  using Encode = std::function<arrow::Result<std::string>(const Pipeline&)>;

  SharedPipeline() : SharedPipeline(Pipeline()) {}
  /// Not explicit: a pipeline is that of a request as it is.
  SharedPipeline(Pipeline pipeline);

  const Pipeline& operator*() const;
  const Pipeline* operator->() const { return &**this; }

  /// What `encode` made of the pipeline when any copy was first asked; a failure is not kept. Lasts
  /// as long as any copy.
  arrow::Result<std::string_view> Bytes(const Encode& encode) const;

 private:
  struct State;

  std::shared_ptr<State> state_;
};

}  // namespace skyhook::plan
