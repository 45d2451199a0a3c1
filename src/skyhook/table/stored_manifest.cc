#include "skyhook/table/stored_manifest.h"

#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/table/ipc_object.h"

namespace skyhook::table {

using arrow::Result;
using arrow::Status;

namespace {

struct Read {
  std::shared_ptr<arrow::Buffer> bytes;
  std::string name;  // for messages
};

Result<Read> ReadWhole(objects::ObjectStore* store, const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const auto source, store->OpenObject(object));
  if (source->size() > kMostIpcBytes) {
    return base::CorruptData("'{}' has {} bytes", source->name(), source->size());
  }
  Read read;
  read.name = source->name();
  ARROW_ASSIGN_OR_RAISE(read.bytes, source->ReadOne({0, source->size()}));
  return read;
}

Result<std::vector<StoredFragment>> ReadPart(objects::ObjectStore* store, const std::string& table,
                                             const Manifest& manifest, const ManifestPart& part) {
  ARROW_ASSIGN_OR_RAISE(const Read read, ReadWhole(store, ObjectOf(table, part.object)));
  return DecodePart(read.bytes, part, *manifest.schema, read.name);
}

Result<ManifestPart> WritePart(objects::ObjectStore* store, const std::string& table,
                               const Manifest& manifest,
                               const std::vector<StoredFragment>& fragments) {
  ManifestPart part;
  part.object = PartNamed(manifest.commit);
  const std::string name = ObjectOf(table, part.object);
  ARROW_ASSIGN_OR_RAISE(const auto bytes, EncodePart(fragments, *manifest.schema, &part));
  // What cannot be read back is not committed: the table would be lost.
  ARROW_RETURN_NOT_OK(DecodePart(bytes, part, *manifest.schema, store->UriOf(name)).status());
  ARROW_ASSIGN_OR_RAISE(const bool created, store->Create(name, *bytes));
  if (created) return part;
  return Status::IOError(fmt::format("'{}' is there already", store->UriOf(name)));
}

// Parts of one level differ in size by less than kMergedParts times.
int LevelOf(const ManifestPart& part) {
  int level = 0;
  const auto times = static_cast<int64_t>(kMergedParts);
  for (int64_t fragments = part.fragments / static_cast<int64_t>(kMostTail); fragments >= times;
       fragments /= times) {
    ++level;
  }
  return level;
}

// Where the parts begin that are at the end and no larger than the last, by level.
size_t BeginOfLevel(const std::vector<ManifestPart>& parts) {
  size_t begin = parts.size();
  while (begin > 0 && LevelOf(parts[begin - 1]) <= LevelOf(parts.back())) --begin;
  return begin;
}

Status MergeParts(objects::ObjectStore* store, const std::string& table, Manifest* manifest) {
  std::vector<ManifestPart>& parts = manifest->parts;
  while (true) {
    const size_t begin = BeginOfLevel(parts);
    if (parts.size() - begin < kMergedParts) return Status::OK();
    std::vector<StoredFragment> merged;
    for (size_t i = begin; i < parts.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto fragments, ReadPart(store, table, *manifest, parts[i]));
      std::move(fragments.begin(), fragments.end(), std::back_inserter(merged));
    }
    ARROW_ASSIGN_OR_RAISE(parts[begin], WritePart(store, table, *manifest, merged));
    parts.resize(begin + 1);
  }
}

Status MoveTailToParts(objects::ObjectStore* store, const std::string& table, Manifest* manifest) {
  if (manifest->tail.size() <= kMostTail) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(manifest->parts.emplace_back(),
                        WritePart(store, table, *manifest, manifest->tail));
  manifest->tail.clear();
  return MergeParts(store, table, manifest);
}

void AddFragments(const std::string& table, const std::vector<StoredFragment>& fragments,
                  std::set<std::string>* objects) {
  for (const StoredFragment& fragment : fragments) {
    objects->insert(ObjectOf(table, fragment.object));
    for (const std::string& source : fragment.sources) objects->insert(ObjectOf(table, source));
  }
}

}  // namespace

Result<Manifest> ReadManifest(objects::ObjectStore* store, const std::string& table,
                              const std::string& id) {
  ARROW_ASSIGN_OR_RAISE(const Read read, ReadWhole(store, ManifestOf(table, id)));
  ARROW_ASSIGN_OR_RAISE(Manifest manifest, DecodeManifest(read.bytes, read.name));
  if (manifest.id() == id) return manifest;
  return base::CorruptData("'{}' holds snapshot {}", read.name, manifest.id());
}

Result<std::optional<Manifest>> ReadParent(objects::ObjectStore* store, const std::string& table,
                                           const Manifest& manifest) {
  if (manifest.parent.empty()) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const auto kept, store->Look(ManifestOf(table, manifest.parent)));
  if (!kept.has_value()) return std::nullopt;
  return ReadManifest(store, table, manifest.parent);
}

Result<Snapshot> LoadSnapshot(objects::ObjectStore* store, const std::string& table,
                              const Manifest& manifest) {
  Snapshot snapshot;
  snapshot.sequence = manifest.sequence;
  snapshot.commit = manifest.commit;
  snapshot.parent = manifest.parent;
  snapshot.operation = manifest.operation;
  snapshot.created_ns = manifest.created_ns;
  snapshot.schema = manifest.schema;
  snapshot.fragments.reserve(static_cast<size_t>(manifest.num_fragments()));
  for (const ManifestPart& part : manifest.parts) {
    ARROW_ASSIGN_OR_RAISE(auto fragments, ReadPart(store, table, manifest, part));
    std::move(fragments.begin(), fragments.end(), std::back_inserter(snapshot.fragments));
  }
  snapshot.fragments.insert(snapshot.fragments.end(), manifest.tail.begin(), manifest.tail.end());
  return snapshot;
}

Status WriteManifest(objects::ObjectStore* store, const std::string& table, Manifest* manifest) {
  ARROW_RETURN_NOT_OK(MoveTailToParts(store, table, manifest));
  const std::string name = ManifestOf(table, manifest->id());
  ARROW_ASSIGN_OR_RAISE(const auto bytes, EncodeManifest(*manifest));
  // What cannot be read back is not committed: the table would be lost.
  ARROW_ASSIGN_OR_RAISE(const Manifest back, DecodeManifest(bytes, store->UriOf(name)));
  if (back.id() != manifest->id() || back.num_fragments() != manifest->num_fragments()) {
    return base::CorruptData("'{}' reads back as snapshot {} with {} objects, not {}",
                             store->UriOf(name), back.id(), back.num_fragments(),
                             manifest->num_fragments());
  }
  ARROW_ASSIGN_OR_RAISE(const bool created, store->Create(name, *bytes));
  if (created) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(Manifest there, ReadManifest(store, table, manifest->id()));
  if (there.parent == manifest->parent && there.num_fragments() == manifest->num_fragments()) {
    *manifest = std::move(there);
    return Status::OK();
  }
  return Status::IOError(
      fmt::format("'{}' is there and holds another snapshot", store->UriOf(name)));
}

Result<std::set<std::string>> NeededBy(objects::ObjectStore* store, const std::string& table,
                                       const std::vector<const Manifest*>& manifests) {
  std::set<std::string> objects;
  for (const Manifest* manifest : manifests) {
    objects.insert(ManifestOf(table, manifest->id()));
    AddFragments(table, manifest->tail, &objects);
    for (const ManifestPart& part : manifest->parts) {
      if (!objects.insert(ObjectOf(table, part.object)).second) continue;
      ARROW_ASSIGN_OR_RAISE(const auto fragments, ReadPart(store, table, *manifest, part));
      AddFragments(table, fragments, &objects);
    }
  }
  return objects;
}

}  // namespace skyhook::table
