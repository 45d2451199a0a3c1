#include <algorithm>

#include "fuzz/target.h"
#include "skyhook/format/random_table_test.h"
#include "skyhook/table/describe_fragment.h"
#include "skyhook/table/manifest.h"
#include "skyhook/table/source_file.h"
#include "skyhook/table/table_testing.h"

namespace skyhook::fuzz {
namespace {

using testing::Require;

constexpr int64_t kRows = 12;
constexpr int kColumnsOfATable = 3;

void CheckFragment(const table::StoredFragment& fragment) {
  Check(table::IsDataName(fragment.object), "a data object named " + fragment.object);
  for (const std::string& source : fragment.sources) {
    Check(table::IsSourceName(source), "a description named " + source);
  }
  Check(fragment.rows >= 0 && fragment.bytes >= 0, "less than nothing");
}

void RunManifest(const std::shared_ptr<arrow::Buffer>& bytes) {
  const auto manifest = table::DecodeManifest(bytes, "input");
  if (!manifest.ok()) return;
  Check(table::IsSnapshotId(manifest->id()), "a snapshot named " + manifest->id());
  Check(manifest->parent.empty() || table::SequenceOf(manifest->parent) < manifest->sequence,
        "a parent that follows");
  for (const auto& part : manifest->parts) {
    Check(table::IsPartName(part.object), "a part named " + part.object);
  }
  for (const auto& fragment : manifest->tail) CheckFragment(fragment);
  Check(manifest->num_rows() >= 0 && manifest->num_bytes() >= 0, "sums that overflowed");
  // What was read can be written, and reads the same.
  const auto encoded = table::EncodeManifest(*manifest);
  Check(encoded.ok(), "a manifest that cannot be written: " + encoded.status().ToString());
  const auto again = table::DecodeManifest(*encoded, "encoded");
  Check(again.ok(), "a manifest that cannot be read back: " + again.status().ToString());
  Check(again->num_fragments() == manifest->num_fragments() && again->id() == manifest->id(),
        "another manifest");
}

void RunSource(const std::shared_ptr<arrow::Buffer>& bytes) {
  const auto file = table::DecodeSourceFile(bytes, "input");
  if (!file.ok()) return;
  Check(table::IsPlainFileName(file->name), "a file named " + file->name);
  for (const auto& piece : file->pieces) {
    Check(piece.object.empty() || table::IsDataName(piece.object), "a piece of " + piece.object);
    Check(piece.size() >= 0 && piece.range.offset >= 0, "a piece of less than nothing");
  }
}

void Run(Bytes input) {
  const auto bytes =
      std::make_shared<arrow::Buffer>(input.data(), static_cast<int64_t>(input.size()));
  RunManifest(bytes);
  RunSource(bytes);
}

table::Manifest ManifestOf(const std::shared_ptr<arrow::Table>& table, int number) {
  const auto file = testing::ParquetBytes(*table);
  auto described = Require(table::DescribeFragment(file, "table"));
  table::Manifest manifest;
  manifest.sequence = number + 1;
  manifest.commit = table::IdNamed(std::to_string(number));
  if (number > 0) manifest.parent = table::SnapshotId(number, table::IdNamed("before"));
  manifest.operation = "append";
  manifest.schema = described.schema;
  described.fragment.object = table::DataNamed("x");
  described.fragment.sources = {"_source-" + table::IdNamed("x") + "-000000.arrow"};
  manifest.tail = {described.fragment, described.fragment};
  for (int i = 0; i < number % 3; ++i) {
    const std::string name = "_part-" + table::IdNamed("x") + "-01234567.arrow";
    manifest.parts.push_back({name, 1000, 7, 100, 300, 5000});
  }
  return manifest;
}

std::vector<std::string> Seeds() {
  std::vector<std::string> out;
  const auto all = format::RandomTable(kRows, 0.2);
  for (int first = 0; first < all->num_columns(); first += kColumnsOfATable) {
    std::vector<int> columns;
    for (int i = first; i < std::min(first + kColumnsOfATable, all->num_columns()); ++i) {
      columns.push_back(i);
    }
    const auto manifest = ManifestOf(Require(all->SelectColumns(columns)), first);
    out.push_back(Require(table::EncodeManifest(manifest))->ToString());
  }
  for (int pieces = 0; pieces < 15; ++pieces) {
    table::SourceFile file;
    file.name = "a.parquet";
    for (int i = 0; i < pieces; ++i) {
      table::SourcePiece piece;
      if (i % 2 == 0) piece.object = table::DataNamed("x");
      piece.range = {i, i % 2 == 0 ? 10 : 0};
      piece.bytes = arrow::Buffer::FromString(i % 2 == 0 ? "" : "some bytes");
      file.bytes += piece.size();
      file.pieces.push_back(piece);
    }
    out.push_back(Require(table::EncodeSourceFile(file))->ToString());
  }
  return out;
}

}  // namespace

const Target kStoreTarget{"store", Run, Seeds, nullptr};

}  // namespace skyhook::fuzz
