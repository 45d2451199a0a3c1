#include "skyhook/format/parquet/zstd.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <vector>

#include "skyhook/testing/matchers.h"

namespace skyhook::format {
namespace {

using Bytes = std::vector<uint8_t>;
using testing::Require;

Bytes Compressed(const Bytes& bytes) {
  const auto codec = Require(arrow::util::Codec::Create(arrow::Compression::ZSTD));
  const auto size = static_cast<int64_t>(bytes.size());
  Bytes out(static_cast<size_t>(codec->MaxCompressedLen(size, bytes.data())));
  out.resize(static_cast<size_t>(
      Require(codec->Compress(size, bytes.data(), static_cast<int64_t>(out.size()), out.data()))));
  return out;
}

/// As a stream, which does not name its size.
Bytes Streamed(const Bytes& bytes) {
  const auto codec = Require(arrow::util::Codec::Create(arrow::Compression::ZSTD));
  const auto stream = Require(codec->MakeCompressor());
  Bytes out(bytes.size() + 1000);
  const auto begun = Require(stream->Compress(static_cast<int64_t>(bytes.size()), bytes.data(),
                                              static_cast<int64_t>(out.size()), out.data()));
  const auto ended = Require(stream->End(static_cast<int64_t>(out.size()) - begun.bytes_written,
                                         out.data() + begun.bytes_written));
  out.resize(static_cast<size_t>(begun.bytes_written + ended.bytes_written));
  return out;
}

Bytes RandomBytes(std::mt19937* random, size_t size) {
  Bytes out(size);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>((*random)() % 7);
  return out;
}

TEST(ZstdTest, FramesNameTheSizeOfWhatTheyHold) {
  std::mt19937 random(1);
  for (const size_t size : {1, 255, 256, 257, 65'791, 65'792, 100'000}) {
    const Bytes bytes = RandomBytes(&random, size);
    EXPECT_EQ(ZstdContentBytes(Compressed(bytes)), static_cast<int64_t>(size));
    EXPECT_EQ(ZstdContentBytes(Streamed(bytes)), -1);
  }
  EXPECT_EQ(ZstdContentBytes({}), -1);
  const Bytes frame = Compressed(Bytes(300));
  for (size_t cut = 0; cut < 7; ++cut) {
    EXPECT_EQ(ZstdContentBytes(std::span(frame).first(cut)), -1) << cut;
  }
  EXPECT_EQ(ZstdContentBytes(Bytes(100, 0x28)), -1) << "another format";
}

TEST(ZstdTest, OneContextDecompressesMany) {
  std::mt19937 random(2);
  ZstdDecompressor decompressor;
  for (const size_t size : {1000, 1, 200'000, 30}) {
    const Bytes bytes = RandomBytes(&random, size);
    const Bytes frame = Compressed(bytes);
    Bytes out(size);
    const auto expected = static_cast<int64_t>(size);
    EXPECT_TRUE(Require(decompressor.TryDecompress(frame, out.data(), expected)));
    EXPECT_EQ(out, bytes);
    EXPECT_FALSE(Require(decompressor.TryDecompress(frame, out.data(), expected - 1)));
    EXPECT_FALSE(Require(decompressor.TryDecompress(std::span(frame).first(frame.size() - 1),
                                                    out.data(), expected)));
    Bytes longer = frame;
    longer.push_back(0);
    EXPECT_FALSE(Require(decompressor.TryDecompress(longer, out.data(), expected)));
    EXPECT_FALSE(Require(decompressor.TryDecompress(Streamed(bytes), out.data(), expected)));
  }
}

TEST(ZstdTest, DamagedFramesAreNotTakenForWhatTheyWere) {
  std::mt19937 random(3);
  const Bytes bytes = RandomBytes(&random, 5000);
  const Bytes frame = Compressed(bytes);
  ZstdDecompressor decompressor;
  Bytes out(bytes.size());
  for (size_t at = 0; at < frame.size(); at += 3) {
    Bytes damaged = frame;
    damaged[at] ^= static_cast<uint8_t>(1 + random() % 255);
    Require(decompressor.TryDecompress(damaged, out.data(), static_cast<int64_t>(out.size())));
    ASSERT_TRUE(
        Require(decompressor.TryDecompress(frame, out.data(), static_cast<int64_t>(out.size()))));
    ASSERT_EQ(out, bytes) << "after damage at " << at;
  }
}

}  // namespace
}  // namespace skyhook::format
