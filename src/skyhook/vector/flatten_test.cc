#include <arrow/array/array_dict.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>

#include "skyhook/testing/matchers.h"
#include "skyhook/vector/gather.h"

namespace skyhook::vector {
namespace {

using testing::Require;

/// Codes 1, NULL, 0, NULL, 1 of two texts; below each NULL lies `hidden`.
std::shared_ptr<arrow::Array> Coded(int32_t hidden) {
  arrow::StringViewBuilder texts;
  Require(texts.Append("a"));
  Require(texts.Append("a text longer than twelve bytes"));
  arrow::Int32Builder codes;
  const uint8_t valid[] = {1, 0, 1, 0, 1};
  const int32_t values[] = {1, hidden, 0, hidden, 1};
  Require(codes.AppendValues(values, 5, valid));
  return std::make_shared<arrow::DictionaryArray>(
      arrow::dictionary(arrow::int32(), arrow::utf8_view()), Require(codes.Finish()),
      Require(texts.Finish()));
}

// Arrow lets any index be below a NULL, and files are hostile.
TEST(FlattenTest, AnIndexBelowANullIsNotLookedUp) {
  const auto expected = Require(Flatten(*Coded(0)->data(), arrow::default_memory_pool()));
  for (const int32_t hidden : {1'000'000'000, -1, std::numeric_limits<int32_t>::min()}) {
    const auto coded = Coded(hidden);
    Require(coded->ValidateFull());
    const auto flat =
        arrow::MakeArray(Require(Flatten(*coded->data(), arrow::default_memory_pool())));
    EXPECT_TRUE(flat->Equals(*arrow::MakeArray(expected))) << hidden;
    const auto part = arrow::MakeArray(
        Require(Flatten(*coded->Slice(1, 3)->data(), arrow::default_memory_pool())));
    EXPECT_TRUE(part->Equals(*arrow::MakeArray(expected)->Slice(1, 3))) << hidden;
  }
}

}  // namespace
}  // namespace skyhook::vector
