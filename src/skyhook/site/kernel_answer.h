// The answer of a place that runs the kernel itself, over a fragment that it has opened.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>

#include "skyhook/format/fragment.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/site/site.h"

namespace skyhook::site {

/// What the kernel runs over.
struct KernelInput {
  std::shared_ptr<format::Fragment> fragment;
  plan::Cost opening;         ///< what opening it has cost this call
  bool over_network = false;  ///< whether its bytes travel to be read
};

/// Runs the request's pipeline on the thread that pulls the answer.
arrow::Result<std::unique_ptr<Answer>> RunKernel(KernelInput input, Request request);

/// What an open fragment of `bytes` bytes says of itself; `id` is what it was opened by.
FragmentDescription DescriptionOf(const format::Fragment& fragment, const FragmentId& id,
                                  int64_t bytes);

}  // namespace skyhook::site
