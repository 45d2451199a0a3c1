// The public Parquet files that tests read, where they are at hand.
#pragma once

#include <arrow/buffer.h>

#include <memory>
#include <string>
#include <vector>

namespace skyhook::testing {

/// The names of the corpus' files in folder `kind` ("good", "bad"), sorted. Empty when the corpus
/// (the folder that SKYHOOK_CORPUS names, else ../shared/corpus beside the sources) is not there.
std::vector<std::string> CorpusFiles(const std::string& kind);

/// False for the good files that Arrow 26 does not read (a map of strings beyond 2 GiB, and a map
/// schema that is none), so that there is nothing to compare with.
bool IsReadByArrow(const std::string& file);

/// The bytes of one of them; fails the running test (by exception) when they cannot be read.
std::shared_ptr<arrow::Buffer> CorpusBytes(const std::string& kind, const std::string& file);

/// `file` with what gtest does not take in a test's name replaced.
std::string TestNameOf(const std::string& file);

}  // namespace skyhook::testing
