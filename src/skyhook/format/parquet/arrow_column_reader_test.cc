#include "skyhook/format/parquet/arrow_column_reader.h"

#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

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
    for (int64_t i = 0; i < kElements; ++i) Require(elements->Append(i));
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
  arrow::Result<std::shared_ptr<arrow::Array>> Read(int64_t memory_bytes) {
    ReadOptions options;
    options.pool = &pool_;
    ReadContext context(&cost_);
    context.memory_bytes = memory_bytes;
    ARROW_ASSIGN_OR_RAISE(fragment_,
                          OpenFragment(base::MakeBufferSource(Lists(), "lists"), options, &cost_));
    ARROW_ASSIGN_OR_RAISE(reader_, fragment_->Open(0, context));
    ARROW_RETURN_NOT_OK(reader_->Prefetch({0}, plan::RowRanges({{0, kRows}}), false));
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

}  // namespace
}  // namespace skyhook::format
