// Which files a path, a directory or a pattern means.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace skyhook::client {

/// The files of `pattern`, sorted by path, each once:
/// - a file: itself;
/// - a directory: every Parquet and Arrow file below it (symbolic links are followed), which is
/// what
///   has one of our endings or begins as those files do;
/// - a glob: `*`, `?` and `[abc]` match within one component of the path, `**` any number of
///   components; a directory that matches stands for the files below it. A component that is there
///   by its very name is no pattern. Links that lead nowhere match, and opening them fails.
/// Names that begin with `.` or `_` are left out unless the pattern spells that character. Finding
/// nothing, or more than `max_files`, is an error. So is it when a directory or a glob reaches into
/// a directory that holds a stored table or what is left over of one, also by links to its files:
/// only a manifest says which of them hold its rows.
arrow::Result<std::vector<std::string>> ListFiles(const std::string& pattern, int64_t max_files);

/// True when `path` ends in .parquet, .parq, .pq, .arrow, .feather or .ipc, in letters of any case.
bool HasKnownEnding(const std::string& path);

/// True when `path` ends as the text formats that DuckDB reads: .csv, .tsv, .json, .jsonl or
/// .ndjson, also with .gz or .zst behind it.
bool HasTextEnding(const std::string& path);

/// True when `path` begins with a scheme, "s3://".
bool HasScheme(const std::string& path);

/// True when `pattern` has a character that globs give a meaning.
bool IsGlob(const std::string& pattern);

/// True when a file with one of our endings lies below `directory`.
bool HoldsKnownFile(const std::string& directory);

}  // namespace skyhook::client
