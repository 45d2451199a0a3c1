#include "skyhook/vector/views.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "skyhook/testing/matchers.h"

namespace skyhook::vector {
namespace {

using View = arrow::BinaryViewType::c_type;

std::string Plain(const std::string& value) {
  const auto length = static_cast<uint32_t>(value.size());
  std::string out(4, '\0');
  std::memcpy(out.data(), &length, 4);
  return out + value;
}

TEST(MakeViewsTest, TakesLengthsOfFourBytes) {
  const std::string large((size_t{1} << 24) + 3, 'x');
  const auto bytes = arrow::Buffer::FromString(Plain("short") + Plain(large) + Plain("end"));
  const auto views = testing::Require(MakeViews(*bytes, 3, arrow::default_memory_pool()));
  const auto* view = reinterpret_cast<const View*>(views->data());
  EXPECT_EQ(view[0].size(), 5);
  EXPECT_EQ(view[1].size(), static_cast<int64_t>(large.size()));
  EXPECT_EQ(view[2].size(), 3);
}

TEST(PickViewsTest, GivesThoseOfMakeViews) {
  std::mt19937 random(1);
  std::string plain;
  constexpr int64_t kValues = 1000;
  for (int64_t i = 0; i < kValues; ++i) plain += Plain(std::string(random() % 40, 'x'));
  const auto bytes = arrow::Buffer::FromString(plain);
  auto* pool = arrow::default_memory_pool();
  const auto all = testing::Require(MakeViews(*bytes, kValues, pool));
  const auto* view = reinterpret_cast<const View*>(all->data());
  PlainCursor cursor;
  int64_t next = 0;
  while (next < kValues) {
    // Some calls begin with the value that the last one ended with.
    std::vector<int32_t> positions;
    for (int64_t value = next; value < std::min(next + 50, kValues);
         value += 1 + static_cast<int64_t>(random() % 30)) {
      positions.push_back(static_cast<int32_t>(value + 7));
    }
    const auto picked = testing::Require(PickViews(*bytes, kValues, positions, 7, &cursor, pool));
    const auto* some = reinterpret_cast<const View*>(picked->data());
    for (size_t i = 0; i < positions.size(); ++i) {
      ASSERT_EQ(std::memcmp(&some[i], &view[positions[i] - 7], sizeof(View)), 0) << positions[i];
    }
    next = std::max<int64_t>(positions.back() - 7 + static_cast<int64_t>(random() % 3), next + 1);
  }
}

TEST(CompactViewsTest, LetsGoBuffersThatNoViewRefersTo) {
  auto* pool = arrow::default_memory_pool();
  const auto bytes = arrow::Buffer::FromString(Plain("AIR") + Plain("RAIL"));
  auto data = arrow::ArrayData::Make(
      arrow::utf8_view(), 2, {nullptr, testing::Require(MakeViews(*bytes, 2, pool)), bytes}, 0);
  testing::Require(CompactViews(data.get(), pool));
  for (size_t i = 2; i < data->buffers.size(); ++i) EXPECT_EQ(data->buffers[i]->size(), 0);
  EXPECT_EQ(arrow::BinaryViewArray(data).GetView(1), "RAIL");
}

TEST(OwnViewsTest, CopiesWhatIsMostOfItsBufferToo) {
  auto* pool = arrow::default_memory_pool();
  const std::string text = "a text of some length";
  const auto whole = arrow::Buffer::FromString(Plain(text) + std::string(100'000, ' '));
  const auto bytes = arrow::SliceBuffer(whole, 0, static_cast<int64_t>(4 + text.size()));
  auto data = arrow::ArrayData::Make(
      arrow::utf8_view(), 1, {nullptr, testing::Require(MakeViews(*bytes, 1, pool)), bytes}, 0);
  testing::Require(CompactViews(data.get(), pool));
  ASSERT_EQ(data->buffers[2], bytes) << "not worth it";
  testing::Require(OwnViews(data.get(), pool));
  ASSERT_EQ(data->buffers.size(), 3u);
  EXPECT_EQ(data->buffers[2]->parent(), nullptr);
  EXPECT_EQ(arrow::BinaryViewArray(data).GetView(0), text);
}

TEST(PickViewsTest, RefusesValuesThatLeaveTheBytes) {
  const auto bytes = arrow::Buffer::FromString(Plain("one") + Plain("two").substr(0, 5));
  PlainCursor cursor;
  EXPECT_THAT(
      PickViews(*bytes, 2, std::vector<int32_t>{1}, 0, &cursor, arrow::default_memory_pool()),
      testing::FailsWith(base::Code::kCorruptData, "value 1 of 2 has 3 bytes"));
}

TEST(MakeViewsTest, RefusesValuesThatLeaveTheBytes) {
  const std::string whole = Plain("a value of some length");
  for (const size_t size : {size_t{0}, size_t{3}, size_t{4}, whole.size() - 1}) {
    EXPECT_THAT(MakeViews(*arrow::Buffer::FromString(whole.substr(0, size)), 1,
                          arrow::default_memory_pool()),
                testing::FailsWith(base::Code::kCorruptData, "value 0 of 1"))
        << size;
  }
}

}  // namespace
}  // namespace skyhook::vector
