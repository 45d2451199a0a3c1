// Pipelines of every shape, for tests that say something of all of them.
#pragma once

#include <cstdint>

#include "skyhook/plan/pipeline.h"

namespace skyhook::testing {

/// A valid pipeline; equal seeds give equal pipelines. Its columns are of any engine type, its
/// expressions use the whole catalogue but interval arithmetic, with odd options too; it has no NaN
/// constants.
plan::Pipeline RandomPipeline(uint32_t seed);

}  // namespace skyhook::testing
