// What the objects of a table are called. What has another form of name is nobody's of a table:
// neither read as a part of one nor removed with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skyhook::table {

/// The name, in the store, of an object of a table; `object` is its name within the table.
std::string ObjectOf(const std::string& table, const std::string& object);
std::string HeadOf(const std::string& table);  ///< the pointer to the current snapshot
std::string ManifestOf(const std::string& table, const std::string& snapshot_id);

/// Whether tables, and stores on the way to one, give objects such names (within the table). No
/// such name leads out of its table.
bool IsObjectName(std::string_view name);

/// Of a file with rows: `data-PUT-N.parquet` or `.arrow`.
bool IsDataName(std::string_view name);
/// Of a part of a manifest: `_part-COMMIT-X.arrow`.
bool IsPartName(std::string_view name);
/// A name for one that `commit` writes, unlike all others.
std::string PartNamed(const std::string& commit);
/// Of the description of a file that was put: `_source-PUT-N.arrow`.
bool IsSourceName(std::string_view name);
/// What UniqueId makes: names of puts, of compactions, and of their commits.
bool IsUniqueId(std::string_view text);
/// SEQUENCE-COMMIT.
std::string SnapshotId(int64_t sequence, const std::string& commit);
bool IsSnapshotId(std::string_view text);
/// SEQUENCE of what IsSnapshotId.
int64_t SequenceOf(std::string_view snapshot_id);

/// Whether a file may be given back under this name: a plain name, of at most 255 bytes, without
/// directories and control characters, and not `.`, `..` or `-`.
bool IsPlainFileName(std::string_view name);

/// A name that is refused, for a message: short, and of printable characters.
std::string Shown(std::string_view name);

/// The commit that has written the manifest, or the part of one, of this name (within the table),
/// won or lost; empty for other objects.
std::string_view CommitOf(std::string_view name);

}  // namespace skyhook::table
