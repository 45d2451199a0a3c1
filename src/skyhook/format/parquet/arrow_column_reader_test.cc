#include "skyhook/format/parquet/arrow_column_reader.h"

#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <algorithm>

#include "skyhook/base/status.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::format {
namespace {

using testing::FailsWith;
using testing::Require;

constexpr int64_t kRows = 50'000;
constexpr int64_t kElements = 100;  // of a row
constexpr int64_t kDecodedBytes = kRows * kElements * 8;

// A row group of lists, each of the same numbers: small in the file.
std::shared_ptr<arrow::Buffer> Lists() {
  auto elements = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), elements);
  for (int64_t row = 0; row < kRows; ++row) {
    Require(lists.Append());
    for (int64_t i = 0; i < kElements; ++i) Require(elements->Append(i == 0 ? row : i));
  }
  const auto column = Require(lists.Finish());
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("l", column->type())}), {column});
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  Require(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, kRows));
  return Require(sink->Finish());
}

class ArrowColumnReaderTest : public ::testing::Test {
 protected:
  arrow::Status Open(int64_t memory_bytes) {
    ReadOptions options;
    options.pool = &pool_;
    ReadContext context(&cost_);
    context.memory_bytes = memory_bytes;
    ARROW_ASSIGN_OR_RAISE(fragment_,
                          OpenFragment(base::MakeBufferSource(Lists(), "lists"), options, &cost_));
    ARROW_ASSIGN_OR_RAISE(reader_, fragment_->Open(0, context));
    return reader_->Prefetch({0}, plan::RowRanges({{0, kRows}}), false);
  }
  arrow::Result<std::shared_ptr<arrow::Array>> Read(int64_t memory_bytes) {
    ARROW_RETURN_NOT_OK(Open(memory_bytes));
    return reader_->Read(0, 0, kRows, std::nullopt);
  }

  arrow::ProxyMemoryPool pool_{arrow::default_memory_pool()};
  plan::Cost cost_;
  std::shared_ptr<Fragment> fragment_;
  std::unique_ptr<RowGroupReader> reader_;
};

TEST_F(ArrowColumnReaderTest, ReadsListsOfManyBatches) {
  const auto lists = Require(Read(2 * kDecodedBytes));
  ASSERT_EQ(lists->length(), kRows);
  Require(lists->ValidateFull());
  const auto& last = static_cast<const arrow::ListArray&>(*lists);
  const auto row = std::static_pointer_cast<arrow::Int64Array>(last.value_slice(kRows - 1));
  ASSERT_EQ(row->length(), kElements);
  EXPECT_EQ(row->Value(kElements - 1), kElements - 1);
}

// 40 MB of decoded values, of which a quarter may be held: no more than that and a batch is made.
TEST_F(ArrowColumnReaderTest, ListsBeyondTheMemoryFailBeforeAllAreDecoded) {
  EXPECT_THAT(Read(kDecodedBytes / 4), FailsWith(base::Code::kLimitExceeded, "held at once"));
  EXPECT_LT(pool_.max_memory(), kDecodedBytes / 2);
}

TEST_F(ArrowColumnReaderTest, DecodesNoFurtherThanItIsRead) {
  Require(Open(kDecodedBytes));
  EXPECT_EQ(Require(reader_->Read(0, 100, 1000, std::nullopt))->length(), 1000);
  EXPECT_LT(pool_.max_memory(), kDecodedBytes / 4);
  reader_.reset();
  EXPECT_GT(cost_.pages_read, 0);
  EXPECT_GT(cost_.pages_skipped, cost_.pages_read);
}

// A third of the decoded values at most is held while all are read, by all rows and by some.
TEST_F(ArrowColumnReaderTest, ListsBeyondTheMemoryAreReadPieceByPiece) {
  for (const int64_t length : {1, 999, 4096, 9000}) {
    Require(Open(kDecodedBytes / 3));
    for (int64_t begin = 0; begin < kRows; begin += length == 1 ? 4095 : length) {
      const int64_t rows = std::min(length, kRows - begin);
      const std::vector<int32_t> some = {0, static_cast<int32_t>(rows / 2),
                                         static_cast<int32_t>(rows - 1)};
      const bool all = begin % 2 == 0 || rows < 3;
      const auto read = Require(reader_->Read(
          0, begin, rows, all ? Selection() : Selection(std::span<const int32_t>(some))));
      Require(read->ValidateFull());
      ASSERT_EQ(read->length(), all ? rows : 3);
      const auto& lists = static_cast<const arrow::ListArray&>(*read);
      for (int64_t i = 0; i < read->length(); ++i) {
        const auto row = std::static_pointer_cast<arrow::Int64Array>(lists.value_slice(i));
        ASSERT_EQ(row->Value(0), begin + (all ? i : some[static_cast<size_t>(i)]));
        ASSERT_EQ(row->length(), kElements);
      }
      EXPECT_LE(reader_->bytes_held(), kDecodedBytes / 3);
    }
    EXPECT_THAT(reader_->Read(0, 0, 1, std::nullopt),
                FailsWith(arrow::StatusCode::Invalid, "read after the rows behind it"));
  }
}

}  // namespace
}  // namespace skyhook::format
