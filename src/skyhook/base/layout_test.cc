#include "skyhook/base/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>

#include "skyhook/testing/matchers.h"

namespace skyhook::base {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using testing::Require;

/// Objects by name; counts how often each was opened.
class Objects {
 public:
  void Put(const std::string& name, const std::string& bytes) { bytes_[name] = bytes; }
  const std::string& Of(const std::string& name) const { return bytes_.at(name); }
  OpenObjectFunction Open() {
    return [this](const std::string& name) -> arrow::Result<std::shared_ptr<ByteSource>> {
      ++opened[name];
      const auto found = bytes_.find(name);
      if (found == bytes_.end()) return arrow::Status::IOError("no object '", name, "'");
      return MakeBufferSource(arrow::Buffer::FromString(found->second), name);
    };
  }

  std::map<std::string, int> opened;

 private:
  std::map<std::string, std::string> bytes_;
};

std::string TextOf(const Buffers& buffers) {
  std::string text;
  for (const auto& buffer : buffers) text += buffer->ToString() + "|";
  return text;
}

TEST(LayoutTest, ExtentsInTheirOrderAndThenTheTail) {
  Objects objects;
  objects.Put("a", "0123456789");
  objects.Put("b", "abcdefghij");
  const Layout layout{{{"b", {2, 3}}, {"a", {8, 2}}, {"a", {0, 0}}, {"b", {0, 1}}},
                      arrow::Buffer::FromString("TAIL")};
  const auto source = Require(OpenLayout(layout, "fragment", objects.Open()));
  EXPECT_EQ(source->name(), "fragment");
  ASSERT_EQ(source->size(), 10);
  EXPECT_EQ(TextOf(Require(source->Read({{0, 10}, {3, 2}, {4, 4}, {6, 4}, {10, 0}, {2, 1}}))),
            "cde89aTAIL|89|9aTA|TAIL||e|");
  EXPECT_EQ(objects.opened, (std::map<std::string, int>{{"a", 1}, {"b", 1}}));
  EXPECT_THAT(source->Read({{7, 4}}), FailsWith(Code::kCorruptData, "outside the object of 10"));
}

TEST(LayoutTest, RangesOfRandomLayoutsAreThoseOfTheBytesPutTogether) {
  std::mt19937 random(5);
  const auto below = [&](int64_t end) {
    return std::uniform_int_distribution<int64_t>(0, end - 1)(random);
  };
  Objects objects;
  for (const char* name : {"x", "y", "z"}) {
    std::string bytes;
    for (int i = 0; i < 500; ++i) bytes += static_cast<char>(below(256));
    objects.Put(name, bytes);
  }
  for (int round = 0; round < 200; ++round) {
    Layout layout;
    std::string whole;
    for (int64_t extents = below(8); extents > 0; --extents) {
      const std::string object(1, static_cast<char>('x' + below(3)));
      const int64_t offset = below(500);
      const ByteRange range{offset, below(500 - offset + 1)};
      layout.extents.push_back({object, range});
      whole += objects.Of(object).substr(static_cast<size_t>(range.offset),
                                         static_cast<size_t>(range.length));
    }
    if (below(2) == 0) {
      layout.tail = arrow::Buffer::FromString(std::string(static_cast<size_t>(below(40)), 't'));
      whole += layout.tail->ToString();
    }
    const auto source = Require(OpenLayout(layout, "fragment", objects.Open()));
    const auto size = static_cast<int64_t>(whole.size());
    ASSERT_EQ(source->size(), size);
    std::vector<ByteRange> ranges;
    std::string expected;
    for (int i = 0; i < 10; ++i) {
      const int64_t offset = below(size + 1);
      ranges.push_back({offset, below(size - offset + 1)});
      expected +=
          whole.substr(static_cast<size_t>(offset), static_cast<size_t>(ranges.back().length)) +
          "|";
    }
    ASSERT_EQ(TextOf(Require(source->Read(ranges))), expected);
  }
}

TEST(LayoutTest, AVersionStandsForTheObjectsAndForWhereTheBytesLie) {
  const Layout layout{{{"a", {0, 5}}, {"b", {0, 5}}, {"a", {5, 1}}}, nullptr};
  EXPECT_THAT(layout.objects(), ElementsAre("a", "b"));
  const std::string version = VersionOf(layout, {"7", "9"});
  EXPECT_TRUE(version.starts_with("7+9/")) << version;
  Layout moved = layout;
  moved.extents[1].range.offset = 1;
  EXPECT_NE(VersionOf(moved, {"7", "9"}), version);
  Layout tailed = layout;
  tailed.tail = arrow::Buffer::FromString("t");
  EXPECT_NE(VersionOf(tailed, {"7", "9"}), version);
  EXPECT_NE(layout, tailed);
  // What an extent says, a tail may say too.
  const auto of = [](std::vector<Extent> extents, const std::string& tail) {
    return VersionOf({std::move(extents), arrow::Buffer::FromString(tail)}, {"7"});
  };
  EXPECT_NE(of({{"a", {0, 10}}, {"a", {0, 5}}}, ""), of({{"a", {0, 10}}}, "1:a0+5,0:"));
  EXPECT_NE(of({{"a", {0, 10}}, {"a", {0, 5}}}, ""), of({{"a", {0, 10}}}, "a\n0+5\n"));
}

TEST(LayoutTest, WhatIsNoExtentIsRefused) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  for (const ByteRange range : {ByteRange{-1, 1}, {0, -1}, {1, kMost}, {kMost, 1}}) {
    EXPECT_THAT(CheckLayout({{{"a", range}}, nullptr}),
                FailsWith(arrow::StatusCode::Invalid, "of 'a'"));
  }
  EXPECT_THAT(CheckLayout({{{"a", {0, kMost}}, {"b", {0, 1}}}, nullptr}),
              FailsWith(arrow::StatusCode::Invalid, "of 'b'"));
  EXPECT_THAT(CheckLayout({{{"a", {0, kMost}}}, arrow::Buffer::FromString("t")}),
              FailsWith(arrow::StatusCode::Invalid, "of 'a'"));
  Require(CheckLayout({{{"a", {0, kMost}}}, nullptr}));
}

TEST(LayoutTest, AnObjectThatIsTooShortIsStale) {
  Objects objects;
  objects.Put("a", "0123");
  EXPECT_THAT(OpenLayout({{{"a", {2, 3}}}, nullptr}, "fragment", objects.Open()),
              FailsWith(Code::kStaleObject, "'a' has 4 bytes, and 'fragment'"));
  EXPECT_THAT(OpenLayout({{{"c", {0, 1}}}, nullptr}, "fragment", objects.Open()),
              FailsWith(arrow::StatusCode::IOError, "no object 'c'"));
}

}  // namespace
}  // namespace skyhook::base
