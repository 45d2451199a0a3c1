#include "skyhook/vector/views.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

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
