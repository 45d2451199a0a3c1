// Parquet files with other footers: statistics as other writers leave them (missing, one-sided,
// deprecated, cut short, NaN, not valid), and types.
#pragma once

#include <arrow/buffer.h>

#include <memory>
#include <set>
#include <string>

#include "tests/differential/random_file.h"

namespace skyhook::differential {

/// What WithForeignBounds may make of the bounds of a column chunk, by name.
std::set<std::string> ForeignBoundKinds();

/// A Parquet file with the same rows, whose footer and column indexes say less or stranger things
/// of its values, none of them wrong: a kind is drawn for each column chunk that has statistics.
/// `seen` gains the kinds that were drawn and changed something.
std::shared_ptr<arrow::Buffer> WithForeignBounds(const std::shared_ptr<arrow::Buffer>& file,
                                                 Random* random, std::set<std::string>* seen);

/// A Parquet file whose column `name`, of sixteen bytes, is one of UUIDs.
std::shared_ptr<arrow::Buffer> WithUuidType(const std::shared_ptr<arrow::Buffer>& file,
                                            const std::string& name);

}  // namespace skyhook::differential
