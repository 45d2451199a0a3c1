// What the Python of bench/ceph cannot measure by itself. Each prints lines of JSON.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <string>

namespace skyhook::bench::ceph {

/// For each line of standard input runs `query` once, its rows kept as Arrow: milliseconds, CPU
/// seconds of this process, and what CheckOf says of the rows.
arrow::Status RunQueries(const std::string& query, const std::string& placement, int threads);

/// Calls, one after the other, of the object `name` of a pool: `describe`, which the class answers,
/// and a scan of no rows, which goes to the worker and back. Microseconds, of each the median and
/// the 99th percentile.
arrow::Status TimeCalls(const std::string& pool, const std::string& name, int calls);

/// Reads of 4 KiB at random places of the objects of a pool, one begun every 1 / `rate` seconds for
/// `seconds`, and timed from when it was due: microseconds, percentiles.
arrow::Status TimeReads(const std::string& pool, const std::string& name_space, double seconds,
                        double rate);

}  // namespace skyhook::bench::ceph
