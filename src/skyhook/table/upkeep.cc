#include "skyhook/table/upkeep.h"

#include <set>
#include <utility>

#include "skyhook/base/clock.h"
#include "skyhook/base/status.h"
#include "skyhook/table/source_file.h"
#include "skyhook/table/stored_manifest.h"
#include "skyhook/table/table.h"

namespace skyhook::table {

using arrow::Result;
using arrow::Status;

namespace {

// What is wrong with an object, or nothing.
Result<std::string> ProblemOf(objects::ObjectStore* store, const std::string& table,
                              const StoredFragment& fragment) {
  const std::string name = ObjectOf(table, fragment.object);
  ARROW_ASSIGN_OR_RAISE(const auto there, store->Look(name));
  if (!there.has_value()) return fmt::format("'{}' is missing", store->UriOf(name));
  if (there->bytes != fragment.bytes) {
    return fmt::format("'{}' has {} bytes, and had {}", store->UriOf(name), there->bytes,
                       fragment.bytes);
  }
  const auto stored = store->ChecksumOf(name);
  if (!stored.ok()) {
    return fmt::format("'{}' cannot be read: {}", store->UriOf(name), stored.status().message());
  }
  if (stored->crc32c == fragment.crc32c) return "";
  return fmt::format("'{}' has checksum {:08x}, and had {:08x}", store->UriOf(name), stored->crc32c,
                     fragment.crc32c);
}

Status VerifySources(objects::ObjectStore* store, const std::string& table,
                     const Snapshot& snapshot, VerifyReport* report) {
  std::set<std::string> sources;
  for (const StoredFragment& fragment : snapshot.fragments) {
    sources.insert(fragment.sources.begin(), fragment.sources.end());
  }
  for (const std::string& source : sources) {
    const std::string name = ObjectOf(table, source);
    ARROW_ASSIGN_OR_RAISE(const auto there, store->Look(name));
    if (!there.has_value()) {
      report->problems.push_back(
          fmt::format("'{}' is missing: a file cannot be given back", store->UriOf(name)));
      continue;
    }
    const Status described = ReadSourceFile(store, table, source).status();
    if (base::Is(described, base::Code::kCorruptData)) {
      report->problems.push_back(
          fmt::format("{}: a file cannot be given back", described.message()));
    } else {
      ARROW_RETURN_NOT_OK(described);
    }
  }
  return Status::OK();
}

// Snapshots that are current, or were after `since_ns`.
std::vector<const Manifest*> Kept(const std::vector<Manifest>& history, int64_t since_ns) {
  std::vector<const Manifest*> kept;
  for (size_t i = 0; i < history.size(); ++i) {
    // It was current until the one after it was made.
    if (i > 0 && history[i - 1].created_ns < since_ns) break;
    kept.push_back(&history[i]);
  }
  return kept;
}

}  // namespace

Result<VerifyReport> Verify(objects::ObjectStore* store, const std::string& table,
                            const Snapshot& snapshot,
                            const std::function<void(int64_t)>& on_progress) {
  VerifyReport report;
  for (const StoredFragment& fragment : snapshot.fragments) {
    ARROW_ASSIGN_OR_RAISE(std::string problem, ProblemOf(store, table, fragment));
    if (!problem.empty()) report.problems.push_back(std::move(problem));
    ++report.objects;
    report.bytes += fragment.bytes;
    if (on_progress) on_progress(report.bytes);
  }
  ARROW_RETURN_NOT_OK(VerifySources(store, table, snapshot, &report));
  return report;
}

Result<VacuumReport> Vacuum(objects::ObjectStore* store, const std::string& table,
                            const VacuumOptions& options) {
  const int64_t since_ns =
      base::UnixNanos() -
      std::chrono::duration_cast<std::chrono::nanoseconds>(options.keep).count();
  // Listed before the snapshots are read: what is committed in between is not in the list.
  ARROW_ASSIGN_OR_RAISE(const auto objects, store->List(ObjectOf(table, "")));
  ARROW_ASSIGN_OR_RAISE(const auto history, History(store, table));
  const auto kept = Kept(history, since_ns);
  ARROW_ASSIGN_OR_RAISE(std::set<std::string> needed, NeededBy(store, table, kept));
  needed.insert(HeadOf(table));
  VacuumReport report;
  report.snapshots_kept = static_cast<int64_t>(kept.size());
  const size_t prefix = ObjectOf(table, "").size();
  for (const std::string& object : objects) {
    if (needed.contains(object) || !IsObjectName(std::string_view(object).substr(prefix))) continue;
    ARROW_ASSIGN_OR_RAISE(const auto there, store->Look(object));
    if (!there.has_value() || there->modified_ns > since_ns) continue;
    if (!options.dry_run) ARROW_RETURN_NOT_OK(store->Remove(object));
    report.removed.push_back(object);
    report.bytes += there->bytes;
  }
  return report;
}

}  // namespace skyhook::table
