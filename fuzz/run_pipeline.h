// Runs what the targets make of their bytes.
#pragma once

#include <memory>
#include <random>

#include "skyhook/format/fragment.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::fuzz {

/// Runs a pipeline to its end, an error, or a limit on rows, bytes and time; what it returns must
/// be valid.
void RunPipeline(const plan::Pipeline& pipeline, const std::shared_ptr<format::Fragment>& fragment);

/// Runs it over a few random rows; not at all when its columns are of a type that no row can be
/// made of, or that is too large.
void RunOverRandomRows(const plan::Pipeline& pipeline, std::mt19937* random);

/// Reads a file by column and then runs predicates over it.
void ReadFragment(const std::shared_ptr<format::Fragment>& fragment);

}  // namespace skyhook::fuzz
