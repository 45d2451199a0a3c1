// What is fuzzed: functions that take hostile bytes, and inputs to begin with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace skyhook::fuzz {

using Bytes = std::span<const uint8_t>;

struct Target {
  /// Of its program (skyhook-fuzz-NAME) and of its folder below fuzz/findings.
  const char* name;
  /// Must return, whatever the bytes are. A broken invariant ends the process.
  void (*run)(Bytes input);
  /// Valid inputs of every shape; the same ones each time.
  std::vector<std::string> (*seeds)();
  /// Changes the first `size` bytes of `data` (which has room for `capacity`), with `mutate` for
  /// the parts, so that lengths still agree; returns the new size. Null: bytes are changed anyhow.
  size_t (*mutate)(uint8_t* data, size_t size, size_t capacity, uint32_t seed,
                   size_t (*mutate)(uint8_t* data, size_t size, size_t capacity));
};

/// Substrait plans, as they travel and as others write them; what is understood runs over a few
/// rows.
extern const Target kPlanTarget;
/// Pipelines of the whole catalogue, made out of the bytes: to Substrait and back, and run.
extern const Target kExpressionTarget;
/// Filters as text; what is understood travels and runs over a few rows.
extern const Target kFilterTarget;
/// Parquet files: opened, read column by column, under a predicate on each column, and assembled
/// anew.
extern const Target kParquetTarget;
/// Pages of Snappy and of dictionary codes: judged as Arrow judges them, and alike by all ways of
/// reading them and by all instruction sets.
extern const Target kPageTarget;
/// Arrow IPC files, likewise.
extern const Target kIpcTarget;
/// Requests and replies of remote sites, under a checksum that is right; partial state is merged.
extern const Target kWireTarget;
/// What a store holds beside data: manifests, and descriptions of files.
extern const Target kStoreTarget;
/// Workers that were taken over, each a script of what it says to the object class and does to
/// their window. Only where Ceph's headers are.
extern const Target kClsTarget;

std::vector<const Target*> Targets();

/// Ends the process, for a fuzzer to notice, unless `holds`.
void Check(bool holds, const std::string& what);

}  // namespace skyhook::fuzz
