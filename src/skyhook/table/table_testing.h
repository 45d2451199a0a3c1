// What tests of tables share: files in memory, and the rows that a snapshot holds.
#pragma once

#include <parquet/arrow/reader.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/table/get.h"
#include "skyhook/table/put.h"
#include "skyhook/table/table.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/memory_store.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::table {

/// A unique name, as of a commit, that differs by `word`, of at most 12 letters.
inline std::string IdNamed(const std::string& word) {
  std::string id;
  for (const char c : word) id += fmt::format("{:02x}", static_cast<unsigned char>(c));
  id.resize(24, '0');
  return id;
}

/// The name of a data object that differs by `word`.
inline std::string DataNamed(const std::string& word) {
  return fmt::format("data-{}-000000.parquet", IdNamed(word));
}

/// `rows` rows of an integer that counts from `first`, and a text that does not compress.
inline std::shared_ptr<arrow::Table> Counting(int64_t first, int64_t rows) {
  const auto schema =
      arrow::schema({arrow::field("n", arrow::int64()), arrow::field("t", arrow::utf8())});
  arrow::Int64Builder n;
  arrow::StringBuilder t;
  for (int64_t i = first; i < first + rows; ++i) {
    EXPECT_THAT(n.Append(i), testing::IsOk());
    EXPECT_THAT(t.Append(fmt::format("{:016x}", static_cast<uint64_t>(i) * 0x9e3779b97f4a7c15u)),
                testing::IsOk());
  }
  return arrow::Table::Make(schema, {testing::Require(n.Finish()), testing::Require(t.Finish())});
}

/// A Parquet file of Counting rows in row groups of `row_group_rows`.
inline std::shared_ptr<base::ByteSource> CountingFile(const std::string& name, int64_t first,
                                                      int64_t rows, int64_t row_group_rows) {
  testing::ParquetLayout layout;
  layout.row_group_rows = row_group_rows;
  layout.bloom_filters = {"n"};
  return base::MakeBufferSource(testing::ParquetBytes(*Counting(first, rows), layout), name);
}

/// Objects of a few KiB, so that small files become several.
inline PutOptions SmallObjects(Existing existing = Existing::kRefuse) {
  PutOptions options;
  options.existing = existing;
  options.target_bytes = 8 * 1024;
  options.most_bytes = 16 * 1024;
  return options;
}

/// The numbers of all rows as Arrow's reader finds them in the snapshot's objects.
inline std::vector<int64_t> NumbersIn(objects::ObjectStore* store, const std::string& table,
                                      const Snapshot& snapshot) {
  std::vector<int64_t> numbers;
  for (const StoredFragment& fragment : snapshot.fragments) {
    const auto source = testing::Require(store->OpenObject(ObjectOf(table, fragment.object)));
    const auto bytes = testing::Require(source->ReadOne({0, source->size()}));
    auto reader = testing::Require(parquet::arrow::OpenFile(
        std::make_shared<arrow::io::BufferReader>(bytes), arrow::default_memory_pool()));
    const auto rows = testing::Require(reader->ReadTable());
    EXPECT_EQ(rows->num_rows(), fragment.rows);
    const auto combined = testing::Require(rows->CombineChunks());
    if (rows->num_rows() == 0) continue;
    const auto& column = static_cast<const arrow::Int64Array&>(*combined->column(0)->chunk(0));
    for (int64_t i = 0; i < column.length(); ++i) numbers.push_back(column.Value(i));
  }
  return numbers;
}

/// first, first + 1, ... of `count` numbers.
inline std::vector<int64_t> NumbersFrom(int64_t first, int64_t count) {
  std::vector<int64_t> numbers(static_cast<size_t>(count));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = first + static_cast<int64_t>(i);
  return numbers;
}

inline std::string ContentOf(base::ByteSource* source) {
  return testing::Require(source->ReadOne({0, source->size()}))->ToString();
}

/// A file that the table gives back, whole.
inline std::string BytesOf(objects::ObjectStore* store, const std::string& table,
                           const TableFile& file) {
  std::string bytes;
  EXPECT_THAT(WriteTableFile(store, table, file,
                             [&](const arrow::Buffer& piece) {
                               bytes += piece.ToString();
                               return arrow::Status::OK();
                             }),
              testing::IsOk());
  return bytes;
}

}  // namespace skyhook::table
