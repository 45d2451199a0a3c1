#include "skyhook/table/manifest.h"

#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>
#include <arrow/util/base64.h>
#include <arrow/util/key_value_metadata.h>

#include <sstream>
#include <utility>

#include "skyhook/base/crc32c.h"
#include "skyhook/base/exceptions.h"
#include "skyhook/base/status.h"
#include "skyhook/table/describe_fragment.h"
#include "skyhook/table/fragment_rows.h"
#include "skyhook/table/ipc_object.h"

namespace skyhook::table {

using arrow::Result;
using arrow::Status;

namespace {

constexpr char kVersionKey[] = "skyhook.manifest";
constexpr char kSequenceKey[] = "skyhook.sequence";
constexpr char kCommitKey[] = "skyhook.commit";
constexpr char kParentKey[] = "skyhook.parent";
constexpr char kOperationKey[] = "skyhook.operation";
constexpr char kCreatedKey[] = "skyhook.created_ns";
constexpr char kSchemaKey[] = "skyhook.schema";
constexpr char kPartsKey[] = "skyhook.parts";
constexpr char kPartKey[] = "skyhook.part";
constexpr int kVersionWithoutParts = 1;
constexpr int kVersion = 2;

Result<std::string> EncodeSchema(const arrow::Schema& schema) {
  ARROW_ASSIGN_OR_RAISE(const auto message, arrow::ipc::SerializeSchema(schema));
  return arrow::util::base64_encode(std::string_view(*message));
}

std::string EncodeParts(const std::vector<ManifestPart>& parts) {
  std::string lines;
  for (const ManifestPart& part : parts) {
    lines += fmt::format("{} {} {} {} {} {}\n", part.object, part.bytes, part.crc32c,
                         part.fragments, part.rows, part.data_bytes);
  }
  return lines;
}

Result<std::shared_ptr<const arrow::KeyValueMetadata>> MetadataOf(const Manifest& manifest) {
  ARROW_ASSIGN_OR_RAISE(const std::string schema, EncodeSchema(*manifest.schema));
  const auto metadata = arrow::key_value_metadata(
      {{kVersionKey, std::to_string(manifest.parts.empty() ? kVersionWithoutParts : kVersion)},
       {kSequenceKey, std::to_string(manifest.sequence)},
       {kCommitKey, manifest.commit},
       {kParentKey, manifest.parent},
       {kOperationKey, manifest.operation},
       {kCreatedKey, std::to_string(manifest.created_ns)},
       {kSchemaKey, schema}});
  if (!manifest.parts.empty()) metadata->Append(kPartsKey, EncodeParts(manifest.parts));
  return metadata;
}

// Names of other objects are made of these.
Status CheckNames(const Manifest& snapshot) {
  if (!IsSnapshotId(snapshot.id())) {
    return base::CorruptData("'{}' is no name of a snapshot", Shown(snapshot.id()));
  }
  if (snapshot.parent.empty()) return Status::OK();
  // Whoever follows parents comes to an end.
  if (!IsSnapshotId(snapshot.parent) || SequenceOf(snapshot.parent) >= snapshot.sequence) {
    return base::CorruptData("snapshot {} is said to follow '{}'", snapshot.id(),
                             Shown(snapshot.parent));
  }
  return Status::OK();
}

Status DecodeSchema(const arrow::KeyValueMetadata& metadata,
                    std::shared_ptr<arrow::Schema>* schema) {
  ARROW_ASSIGN_OR_RAISE(const std::string encoded, metadata.Get(kSchemaKey));
  ARROW_ASSIGN_OR_RAISE(std::string decoded, arrow::util::base64_decode(encoded));
  const auto message = arrow::Buffer::FromString(std::move(decoded));
  arrow::io::BufferReader reader(message);
  arrow::ipc::DictionaryMemo memo;
  return arrow::ipc::ReadSchema(&reader, &memo).Value(schema);
}

Result<std::vector<ManifestPart>> DecodeParts(const std::string& text) {
  std::vector<ManifestPart> parts;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    ManifestPart part;
    words >> part.object >> part.bytes >> part.crc32c >> part.fragments >> part.rows >>
        part.data_bytes;
    if (words.fail() || !words.eof() || !IsPartName(part.object) || !IsCount(part.bytes) ||
        !IsCount(part.fragments) || !IsCount(part.rows) || !IsCount(part.data_bytes)) {
      return base::CorruptData("'{}' names no part of a manifest", Shown(line));
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

Status ReadMetadata(const arrow::KeyValueMetadata& metadata, Manifest* manifest) {
  ARROW_ASSIGN_OR_RAISE(const int64_t version, NumberOf<int64_t>(metadata, kVersionKey));
  if (version != kVersionWithoutParts && version != kVersion) {
    return base::UnsupportedPlan("a manifest of version {}, and this release reads {} and {}",
                                 version, kVersionWithoutParts, kVersion);
  }
  ARROW_ASSIGN_OR_RAISE(manifest->sequence, NumberOf<int64_t>(metadata, kSequenceKey));
  ARROW_ASSIGN_OR_RAISE(manifest->commit, metadata.Get(kCommitKey));
  ARROW_ASSIGN_OR_RAISE(manifest->parent, metadata.Get(kParentKey));
  ARROW_ASSIGN_OR_RAISE(manifest->operation, metadata.Get(kOperationKey));
  ARROW_ASSIGN_OR_RAISE(manifest->created_ns, NumberOf<int64_t>(metadata, kCreatedKey));
  ARROW_RETURN_NOT_OK(CheckNames(*manifest));
  if (version == kVersion) {
    ARROW_ASSIGN_OR_RAISE(const std::string parts, metadata.Get(kPartsKey));
    ARROW_ASSIGN_OR_RAISE(manifest->parts, DecodeParts(parts));
  }
  return DecodeSchema(metadata, &manifest->schema);
}

Result<Manifest> Decode(const std::shared_ptr<arrow::Buffer>& bytes) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, OpenIpcObject(bytes));
  Manifest manifest;
  if (reader->schema()->metadata() == nullptr) return base::CorruptData("it has no metadata");
  ARROW_RETURN_NOT_OK(ReadMetadata(*reader->schema()->metadata(), &manifest));
  Totals totals;
  for (const ManifestPart& part : manifest.parts) {
    ARROW_RETURN_NOT_OK(totals.Add(part.rows, part.data_bytes));
  }
  ARROW_ASSIGN_OR_RAISE(manifest.tail, DecodeFragments(reader.get(), *manifest.schema, &totals));
  return manifest;
}

Result<std::vector<StoredFragment>> DecodePartOf(const std::shared_ptr<arrow::Buffer>& bytes,
                                                 const ManifestPart& part,
                                                 const arrow::Schema& schema) {
  const uint32_t crc32c = base::Crc32c(std::string_view(*bytes));
  if (bytes->size() != part.bytes || crc32c != part.crc32c) {
    return base::CorruptData("it has {} bytes of checksum {:08x}, not {} of {:08x}", bytes->size(),
                             crc32c, part.bytes, part.crc32c);
  }
  ARROW_ASSIGN_OR_RAISE(const auto reader, OpenIpcObject(bytes));
  const auto& metadata = reader->schema()->metadata();
  if (metadata == nullptr) return base::CorruptData("it has no metadata");
  ARROW_ASSIGN_OR_RAISE(const int64_t version, NumberOf<int64_t>(*metadata, kPartKey));
  if (version != kVersion) return base::CorruptData("a part of version {}", version);
  std::shared_ptr<arrow::Schema> own;
  ARROW_RETURN_NOT_OK(DecodeSchema(*metadata, &own));
  ARROW_RETURN_NOT_OK(UniteSchemas(schema, *own, part.object).status());
  Totals totals;
  ARROW_ASSIGN_OR_RAISE(auto fragments, DecodeFragments(reader.get(), *own, &totals));
  if (static_cast<int64_t>(fragments.size()) != part.fragments || totals.rows != part.rows ||
      totals.bytes != part.data_bytes) {
    return base::CorruptData("it lists {} objects of {} rows", fragments.size(), totals.rows);
  }
  return fragments;
}

}  // namespace

std::string Manifest::id() const { return SnapshotId(sequence, commit); }

int64_t Manifest::num_fragments() const {
  auto number = static_cast<int64_t>(tail.size());
  for (const ManifestPart& part : parts) number += part.fragments;
  return number;
}

int64_t Manifest::num_rows() const {
  int64_t rows = 0;
  for (const ManifestPart& part : parts) rows += part.rows;
  for (const StoredFragment& fragment : tail) rows += fragment.rows;
  return rows;
}

int64_t Manifest::num_bytes() const {
  int64_t bytes = 0;
  for (const ManifestPart& part : parts) bytes += part.data_bytes;
  for (const StoredFragment& fragment : tail) bytes += fragment.bytes;
  return bytes;
}

Manifest ManifestWith(Snapshot snapshot) {
  Manifest manifest;
  manifest.sequence = snapshot.sequence;
  manifest.commit = std::move(snapshot.commit);
  manifest.parent = std::move(snapshot.parent);
  manifest.operation = std::move(snapshot.operation);
  manifest.created_ns = snapshot.created_ns;
  manifest.schema = std::move(snapshot.schema);
  manifest.tail = std::move(snapshot.fragments);
  return manifest;
}

Result<std::shared_ptr<arrow::Buffer>> EncodeManifest(const Manifest& manifest) {
  ARROW_ASSIGN_OR_RAISE(const auto metadata, MetadataOf(manifest));
  return EncodeFragments(manifest.tail, *manifest.schema, metadata);
}

Result<Manifest> DecodeManifest(const std::shared_ptr<arrow::Buffer>& bytes,
                                const std::string& name) {
  auto manifest = base::CatchExceptions([&] { return Decode(bytes); });
  if (manifest.ok() || base::Is(manifest.status(), base::Code::kUnsupportedPlan)) return manifest;
  return base::CorruptData("'{}' is no manifest of a table: {}", name, manifest.status().message());
}

Result<std::shared_ptr<arrow::Buffer>> EncodePart(const std::vector<StoredFragment>& fragments,
                                                  const arrow::Schema& schema, ManifestPart* part) {
  ARROW_ASSIGN_OR_RAISE(const std::string encoded, EncodeSchema(schema));
  const auto metadata =
      arrow::key_value_metadata({{kPartKey, std::to_string(kVersion)}, {kSchemaKey, encoded}});
  ARROW_ASSIGN_OR_RAISE(auto bytes, EncodeFragments(fragments, schema, metadata));
  part->bytes = bytes->size();
  part->crc32c = base::Crc32c(std::string_view(*bytes));
  part->fragments = static_cast<int64_t>(fragments.size());
  part->rows = part->data_bytes = 0;
  for (const StoredFragment& fragment : fragments) {
    part->rows += fragment.rows;
    part->data_bytes += fragment.bytes;
  }
  return bytes;
}

Result<std::vector<StoredFragment>> DecodePart(const std::shared_ptr<arrow::Buffer>& bytes,
                                               const ManifestPart& part,
                                               const arrow::Schema& schema,
                                               const std::string& name) {
  auto fragments = base::CatchExceptions([&] { return DecodePartOf(bytes, part, schema); });
  if (fragments.ok()) return fragments;
  return base::CorruptData("'{}' is no part of a manifest of a table: {}", name,
                           fragments.status().message());
}

}  // namespace skyhook::table
