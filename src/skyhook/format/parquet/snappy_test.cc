#include <arrow/util/compression.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "skyhook/format/parquet/snappy_testing.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::format {
namespace {

using Bytes = std::vector<uint8_t>;
using testing::FailsWith;
using testing::IsOk;
using testing::Require;

std::unique_ptr<arrow::util::Codec> ArrowCodec() {
  return Require(arrow::util::Codec::Create(arrow::Compression::SNAPPY));
}

Bytes Compressed(const Bytes& bytes) {
  const auto codec = ArrowCodec();
  const auto size = static_cast<int64_t>(bytes.size());
  Bytes out(static_cast<size_t>(codec->MaxCompressedLen(size, bytes.data())));
  out.resize(static_cast<size_t>(
      Require(codec->Compress(size, bytes.data(), static_cast<int64_t>(out.size()), out.data()))));
  return out;
}

/// Room for a page, with marks behind the slack.
struct Room {
  explicit Room(int64_t size) : size(size), bytes(static_cast<size_t>(size + kSnappySlack), 0xcc) {}
  SnappyPage Page(const Bytes& compressed) { return {compressed, bytes.data(), size}; }
  Bytes Result() const { return {bytes.begin(), bytes.begin() + size}; }

  int64_t size;
  Bytes bytes;
};

/// Bytes in the ways that Snappy has elements for: noise, runs, and copies from near and far.
Bytes RandomBytes(std::mt19937* random, size_t size) {
  const auto below = [&](size_t limit) { return (*random)() % limit; };
  Bytes out;
  while (out.size() < size) {
    const size_t length = 1 + below(below(8) == 0 ? 100000 : 100);
    switch (out.empty() ? 0 : below(3)) {
      case 0:
        for (size_t i = 0; i < length; ++i) out.push_back(static_cast<uint8_t>((*random)()));
        break;
      case 1:
        out.insert(out.end(), length, static_cast<uint8_t>((*random)()));
        break;
      default: {
        const size_t offset =
            1 + below(below(2) == 0 ? std::min<size_t>(out.size(), 40) : out.size());
        for (size_t i = 0; i < length; ++i) out.push_back(out[out.size() - offset]);
      }
    }
  }
  out.resize(size);
  return out;
}

TEST(SnappyTest, DecompressesWhatArrowCompressed) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const Bytes bytes = RandomBytes(&random, 1 + random() % 200000);
    const Bytes compressed = Compressed(bytes);
    Room room(static_cast<int64_t>(bytes.size()));
    ASSERT_THAT(DecompressSnappy(room.Page(compressed)), IsOk()) << round;
    ASSERT_EQ(room.Result(), bytes) << round;
  }
}

TEST(SnappyTest, TwoPagesInStepAreThoseOneAfterTheOther) {
  std::mt19937 random(8);
  for (int round = 0; round < 100; ++round) {
    const Bytes first = RandomBytes(&random, 1 + random() % 100000);
    const Bytes second = RandomBytes(&random, 1 + random() % 100000);
    const Bytes one = Compressed(first);
    const Bytes two = Compressed(second);
    Room a(static_cast<int64_t>(first.size()));
    Room b(static_cast<int64_t>(second.size()));
    ASSERT_THAT(DecompressSnappy(a.Page(one), b.Page(two)), IsOk()) << round;
    ASSERT_EQ(a.Result(), first) << round;
    ASSERT_EQ(b.Result(), second) << round;
  }
}

TEST(SnappyTest, WhatIsReadInPartsIsWhatIsReadAtOnce) {
  std::mt19937 random(10);
  for (int round = 0; round < 300; ++round) {
    const Bytes bytes = RandomBytes(&random, 1 + random() % 20000);
    const auto size = static_cast<int64_t>(bytes.size());
    const Bytes compressed = Compressed(bytes);
    Room room(size);
    Room beside(size);
    SnappyReader reader(room.Page(compressed));
    SnappyReader other(beside.Page(compressed));
    for (int64_t asked = 0; asked < size;) {
      asked += static_cast<int64_t>(random() % 3000);
      if (random() % 2 == 0) SnappyReader::InStep(&reader, asked, &other, asked / 2);
      ASSERT_THAT(reader.ReadUntil(asked), IsOk()) << round;
      ASSERT_GE(reader.there(), std::min(asked, size));
      ASSERT_LE(reader.there(), size);
      ASSERT_TRUE(std::equal(bytes.begin(), bytes.begin() + reader.there(), room.bytes.begin()));
    }
    ASSERT_THAT(other.ReadUntil(size), IsOk()) << round;
    ASSERT_EQ(beside.Result(), bytes) << round;
  }
}

TEST(SnappyTest, ReadsNoFurtherThanItIsAsked) {
  Bytes compressed = Compressed(RandomBytes(std::make_unique<std::mt19937>(11).get(), 20000));
  Room room(20000);
  SnappyReader reader(room.Page(compressed));
  ASSERT_THAT(reader.ReadUntil(100), IsOk());
  const int64_t there = reader.there();
  ASSERT_LT(there, 20000);
  ASSERT_THAT(reader.ReadUntil(there), IsOk());
  EXPECT_EQ(reader.there(), there);
  // Once it has failed, it fails.
  compressed.resize(compressed.size() / 2);
  SnappyReader cut(room.Page(compressed));
  EXPECT_THAT(cut.ReadUntil(100), IsOk());
  EXPECT_THAT(cut.ReadUntil(20000), FailsWith(base::Code::kCorruptData, "no Snappy of 20000"));
  EXPECT_THAT(cut.ReadUntil(100), FailsWith(base::Code::kCorruptData, "no Snappy of 20000"));
}

TEST(SnappyTest, ReadsEachKindOfElement) {
  // 5 literal bytes, a near copy of 4 from 5 back, a copy of 3 from 2 back, a far copy of 2 from 1
  // back, and a literal of 61 bytes with its length behind the tag.
  Bytes compressed{75, 4 << 2, 'a',        'b', 'c', 'd', 'e', 0x01,    5, 2 << 2 | 2,
                   2,  0,      1 << 2 | 3, 1,   0,   0,   0,   60 << 2, 60};
  compressed.insert(compressed.end(), 61, 'x');
  Room room(75);
  ASSERT_THAT(DecompressSnappy(room.Page(compressed)), IsOk());
  const Bytes result = room.Result();
  EXPECT_EQ(std::string(result.begin(), result.end()),
            "abcde"
            "abcd"
            "cdc"
            "cc" +
                std::string(61, 'x'));
}

TEST(SnappyTest, RefusesWhatIsNoSnappyOfThatSize) {
  const Bytes ten(10, 'a');
  const Bytes good = Compressed(ten);
  const auto verdict = [](const Bytes& compressed, int64_t size) {
    Room room(size);
    return DecompressSnappy(room.Page(compressed));
  };
  EXPECT_THAT(verdict(good, 10), IsOk());
  const auto corrupt = FailsWith(base::Code::kCorruptData, "no Snappy of");
  EXPECT_THAT(verdict(good, 9), corrupt);
  EXPECT_THAT(verdict(good, 11), corrupt);
  EXPECT_THAT(verdict({}, 10), corrupt);
  EXPECT_THAT(verdict({0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 0), corrupt) << "a length without end";
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_THAT(verdict(longer, 10), corrupt) << "bytes behind the last element";
  EXPECT_THAT(verdict({4, 0x01, 1}, 4), corrupt) << "a copy from before the first byte";
  EXPECT_THAT(verdict({5, 0, 'a', 0x01, 0}, 5), corrupt) << "a copy from where it goes";
  EXPECT_THAT(verdict({1, 63 << 2, 0xff, 0xff, 0xff, 0xff, 'a'}, 1), corrupt) << "4 GiB of literal";
}

TEST(SnappyTest, TheErrorOfTwoPagesIsThatOfTheDamagedOne) {
  const Bytes good = Compressed(Bytes(10, 'a'));
  const Bytes bad{20, 0x01, 1};
  for (const bool swap : {false, true}) {
    Room a(10);
    Room b(20);
    const auto status = swap ? DecompressSnappy(b.Page(bad), a.Page(good))
                             : DecompressSnappy(a.Page(good), b.Page(bad));
    EXPECT_THAT(status, FailsWith(base::Code::kCorruptData, "20 bytes"));
  }
}

// Arrow's codec judges: the same bytes, or an error of both. Nothing is written behind the slack
// (the address sanitizer looks).
TEST(SnappyTest, JudgesDamageAsArrowDoes) {
  std::mt19937 random(9);
  const auto codec = ArrowCodec();
  int refused = 0;
  for (int round = 0; round < 5000; ++round) {
    const Bytes bytes = RandomBytes(&random, 1 + random() % 3000);
    Bytes damaged = Compressed(bytes);
    for (size_t i = 0; i <= random() % 3; ++i) {
      damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    }
    if (random() % 4 == 0) damaged.resize(random() % damaged.size());
    const auto size = static_cast<int64_t>(bytes.size());
    Bytes expected(bytes.size());
    const auto arrows = codec->Decompress(static_cast<int64_t>(damaged.size()), damaged.data(),
                                          size, expected.data());
    const bool whole = arrows.ok() && *arrows == size;
    Room room(size);
    Room other(size);
    const arrow::Status ours = DecompressSnappy(room.Page(damaged));
    ASSERT_EQ(ours.ok(), whole) << round << ": " << ours << ", Arrow: " << arrows.status();
    ASSERT_EQ(DecompressSnappy(other.Page(damaged), room.Page(damaged)).ok(), whole) << round;
    ASSERT_TRUE(!whole || room.Result() == expected) << round;
    refused += whole ? 0 : 1;
  }
  EXPECT_GT(refused, 1000);
  EXPECT_LT(refused, 4900);
}

}  // namespace
}  // namespace skyhook::format
