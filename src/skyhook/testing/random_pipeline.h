// Pipelines of every shape, for tests that say something of all of them.
#pragma once

#include <cstdint>
#include <functional>

#include "skyhook/plan/pipeline.h"

namespace skyhook::testing {

/// A valid pipeline; equal seeds give equal pipelines. Its columns are of any engine type, its
/// expressions use the whole catalogue but interval arithmetic, with odd options too; it has no NaN
/// constants.
plan::Pipeline RandomPipeline(uint32_t seed);

/// The same with each choice made by `choose`: a number below `bound`. Always 0 is a pipeline too.
using Choose = std::function<uint32_t(uint32_t bound)>;
plan::Pipeline RandomPipeline(const Choose& choose);

}  // namespace skyhook::testing
