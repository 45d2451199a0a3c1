#include "skyhook/table/table.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

#include "skyhook/base/clock.h"
#include "skyhook/base/status.h"
#include "skyhook/table/stored_manifest.h"

namespace skyhook::table {

using arrow::Result;
using arrow::Status;

namespace {

constexpr int kMostErrors = 3;

using Head = std::optional<std::string>;  // the id of the current snapshot

Result<std::optional<Manifest>> FindCommit(objects::ObjectStore* store, const std::string& table,
                                           std::optional<Manifest> manifest,
                                           const std::string& commit, int64_t since) {
  while (manifest.has_value() && manifest->sequence > since && manifest->commit != commit) {
    ARROW_ASSIGN_OR_RAISE(manifest, ReadParent(store, table, *manifest));
  }
  if (manifest.has_value() && manifest->sequence > since) return manifest;
  return std::nullopt;
}

// Waits longer the more often a race was lost, and never as long as the others.
void BackOff(int losses) {
  static thread_local std::minstd_rand random{std::random_device()()};
  const int most_ms = std::min(2 << std::min(losses, 7), 200);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(std::uniform_int_distribution<int>(0, most_ms)(random)));
}

// One try. Nothing: another writer was faster.
Result<std::optional<Committed>> TryCommit(objects::ObjectStore* store, const std::string& table,
                                           const std::string& commit, int64_t since,
                                           const Change& change) {
  ARROW_ASSIGN_OR_RAISE(auto current, CurrentManifest(store, table));
  ARROW_ASSIGN_OR_RAISE(auto found, FindCommit(store, table, current, commit, since));
  if (found.has_value()) return Committed{*std::move(found), true};
  const Manifest* before = current.has_value() ? &*current : nullptr;
  ARROW_ASSIGN_OR_RAISE(Manifest next, change(before));
  next.sequence = before == nullptr ? 1 : before->sequence + 1;
  next.parent = before == nullptr ? "" : before->id();
  next.commit = commit;
  next.created_ns = base::UnixNanos();
  ARROW_RETURN_NOT_OK(WriteManifest(store, table, &next));
  const Head expected = before == nullptr ? Head() : before->id();
  ARROW_ASSIGN_OR_RAISE(const bool swung, store->SwingPointer(HeadOf(table), expected, next.id()));
  if (!swung) return std::nullopt;
  return Committed{std::move(next), false};
}

// What the snapshots of a table need, and the manifests that their commits have written before they
// won; all that the table may have named where its snapshots cannot be read.
Result<std::set<std::string>> ObjectsOf(objects::ObjectStore* store, const std::string& table) {
  std::set<std::string, std::less<>> commits;
  auto found = [&]() -> Result<std::set<std::string>> {
    ARROW_ASSIGN_OR_RAISE(const auto history, History(store, table));
    std::vector<const Manifest*> all;
    for (const Manifest& manifest : history) {
      all.push_back(&manifest);
      commits.insert(manifest.commit);
    }
    return NeededBy(store, table, all);
  }();
  const bool damaged = base::Is(found.status(), base::Code::kCorruptData);
  if (!found.ok() && !damaged) return found.status();
  std::set<std::string> objects = damaged ? std::set<std::string>() : *std::move(found);
  const std::string prefix = ObjectOf(table, "");
  ARROW_ASSIGN_OR_RAISE(const auto names, store->List(prefix));
  for (const std::string& name : names) {
    const std::string_view object = std::string_view(name).substr(prefix.size());
    if (damaged ? IsObjectName(object) : commits.contains(CommitOf(object))) objects.insert(name);
  }
  return objects;
}

bool IsOfTheStore(const Status& status) {
  return status.IsIOError() && !base::Is(status, base::Code::kUnauthorised);
}

}  // namespace

Result<StoreListing> ListTables(objects::ObjectStore* store) {
  ARROW_ASSIGN_OR_RAISE(const auto names, store->List(""));
  std::map<std::string, bool> pointed_at;  // by table
  for (const std::string& name : names) {
    const size_t slash = name.find('/');
    if (slash == 0 || slash == std::string::npos) continue;
    if (!IsObjectName(std::string_view(name).substr(slash + 1))) continue;
    const std::string table = name.substr(0, slash);
    pointed_at[table] |= name == HeadOf(table);
  }
  StoreListing listing;
  for (const auto& [table, pointer] : pointed_at) {
    (pointer ? listing.tables : listing.left_over).push_back(table);
  }
  return listing;
}

std::string LeftOver(const std::string& uri) {
  return fmt::format(
      "a put that has not come to its end, or a table that was removed, has left objects there. "
      "The same put again goes on; 'skyhook vacuum {} --keep 0' removes what nobody writes any "
      "more",
      uri);
}

Result<bool> HasLeftOver(objects::ObjectStore* store, const std::string& table) {
  const std::string prefix = ObjectOf(table, "");
  ARROW_ASSIGN_OR_RAISE(const auto names, store->List(prefix));
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return IsObjectName(std::string_view(name).substr(prefix.size()));
  });
}

Status NoTable(objects::ObjectStore* store, const std::string& table) {
  const std::string uri = store->UriOf(table);
  ARROW_ASSIGN_OR_RAISE(const bool left, HasLeftOver(store, table));
  return Status::IOError(
      fmt::format("there is no table '{}'{}", uri, left ? ": " + LeftOver(uri) : ""));
}

Result<std::optional<Manifest>> CurrentManifest(objects::ObjectStore* store,
                                                const std::string& table) {
  ARROW_ASSIGN_OR_RAISE(const Head head, store->ReadPointer(HeadOf(table)));
  if (!head.has_value()) return std::nullopt;
  if (!IsSnapshotId(*head)) {
    return base::CorruptData("'{}' says '{}', which is no name of a snapshot",
                             store->UriOf(HeadOf(table)), Shown(*head));
  }
  return ReadManifest(store, table, *head);
}

Result<Snapshot> ReadSnapshot(objects::ObjectStore* store, const std::string& table,
                              const std::string& which) {
  ARROW_ASSIGN_OR_RAISE(auto manifest, CurrentManifest(store, table));
  if (!manifest.has_value()) return NoTable(store, table);
  const int64_t newest = manifest->sequence;
  while (!which.empty() && manifest.has_value() && std::to_string(manifest->sequence) != which) {
    ARROW_ASSIGN_OR_RAISE(manifest, ReadParent(store, table, *manifest));
  }
  if (manifest.has_value()) return LoadSnapshot(store, table, *manifest);
  return Status::IOError(fmt::format("table '{}' keeps no snapshot {}; its newest is {}",
                                     store->UriOf(table), which, newest));
}

Result<std::vector<Manifest>> History(objects::ObjectStore* store, const std::string& table) {
  std::vector<Manifest> history;
  ARROW_ASSIGN_OR_RAISE(auto manifest, CurrentManifest(store, table));
  while (manifest.has_value()) {
    history.push_back(*std::move(manifest));
    ARROW_ASSIGN_OR_RAISE(manifest, ReadParent(store, table, history.back()));
  }
  return history;
}

Result<Committed> Commit(objects::ObjectStore* store, const std::string& table,
                         const std::string& commit, int64_t since, const Change& change) {
  int errors = 0;
  for (int attempt = 0; attempt < kMostCommitTries; ++attempt) {
    auto committed = TryCommit(store, table, commit, since, change);
    if (committed.ok() && committed->has_value()) return **std::move(committed);
    if (!committed.ok() && (!IsOfTheStore(committed.status()) || ++errors == kMostErrors)) {
      return base::AddContext(committed.status(),
                              fmt::format("committing to '{}'", store->UriOf(table)));
    }
    BackOff(attempt);
  }
  return base::MakeStatus(base::Code::kBusy, fmt::format("'{}': {} other writers were faster",
                                                         store->UriOf(table), kMostCommitTries));
}

Result<bool> RemoveTable(objects::ObjectStore* store, const std::string& table) {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const Head head, store->ReadPointer(HeadOf(table)));
    if (!head.has_value()) return false;
    ARROW_ASSIGN_OR_RAISE(const auto objects, ObjectsOf(store, table));
    ARROW_ASSIGN_OR_RAISE(const bool removed,
                          store->SwingPointer(HeadOf(table), head, std::nullopt));
    if (!removed) continue;
    for (const std::string& object : objects) ARROW_RETURN_NOT_OK(store->Remove(object));
    return true;
  }
}

}  // namespace skyhook::table
