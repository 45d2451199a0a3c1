#include "skyhook/vector/batches.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <gtest/gtest.h>

#include <string>

#include "skyhook/testing/matchers.h"

namespace skyhook::vector {
namespace {

using testing::Require;

// What is held is what was handed out: a dictionary is held whole by each batch that refers to it.
TEST(BatchesTest, ADictionaryCountsWithAllOfItsValues) {
  arrow::StringViewBuilder texts;
  Require(texts.Append(std::string(1000, 'x')));
  Require(texts.Append(std::string(500, 'y')));
  arrow::Int32Builder codes;
  Require(codes.AppendValues({0, 0, 0}));
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8_view());
  const auto column = std::make_shared<arrow::DictionaryArray>(type, Require(codes.Finish()),
                                                               Require(texts.Finish()));
  const auto batch =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("x", type)}), 3, {column});
  EXPECT_EQ(BytesOf(*batch), 3 * 4 + 2 * 16 + 1500);
  EXPECT_EQ(BytesOf(*batch->Slice(1, 1)), 4 + 2 * 16 + 1500);
}

}  // namespace
}  // namespace skyhook::vector
