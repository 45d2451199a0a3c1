#include <arrow/io/memory.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/writer.h>
#include <arrow/table.h>
#include <arrow/util/compression.h>

#include "fuzz/file_target.h"
#include "fuzz/target.h"
#include "skyhook/format/random_table_test.h"

namespace skyhook::fuzz {
namespace {

using testing::Require;

constexpr int64_t kRows = 12;
constexpr int kColumnsOfAFile = 5;

std::string FileOf(const arrow::Table& table, arrow::Compression::type compression) {
  arrow::ipc::IpcWriteOptions options;
  if (compression != arrow::Compression::UNCOMPRESSED) {
    options.codec = Require(arrow::util::Codec::Create(compression));
  }
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  auto writer = Require(arrow::ipc::MakeFileWriter(sink, table.schema(), options));
  Require(writer->WriteTable(table, kRows / 2));
  Require(writer->Close());
  return Require(sink->Finish())->ToString();
}

std::vector<std::string> Seeds() {
  std::vector<std::string> out;
  const auto all = format::RandomTable(kRows, 0.2);
  for (const auto compression : {arrow::Compression::UNCOMPRESSED, arrow::Compression::LZ4_FRAME,
                                 arrow::Compression::ZSTD}) {
    for (int first = 0; first < all->num_columns(); first += kColumnsOfAFile) {
      std::vector<int> columns;
      for (int i = first; i < std::min(first + kColumnsOfAFile, all->num_columns()); ++i) {
        columns.push_back(i);
      }
      out.push_back(FileOf(*Require(all->SelectColumns(columns)), compression));
    }
  }
  return out;
}

size_t Mutate(uint8_t* data, size_t size, size_t capacity, uint32_t seed, MutatePart mutate) {
  return MutateFile({"ARROW1"}, data, size, capacity, seed, mutate);
}

}  // namespace

const Target kIpcTarget{"ipc", RunFile, Seeds, Mutate};

}  // namespace skyhook::fuzz
