#include <arrow/util/bit_util.h>
#include <arrow/util/compression.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>
#include <random>

#include "fuzz/target.h"
#include "skyhook/format/parquet/page_codes.h"
#include "skyhook/format/parquet/snappy_testing.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::fuzz {
namespace {

using base::Simd;
using format::SnappyPage;
using testing::Require;

constexpr uint32_t kMostBytes = 1 << 20;
constexpr uint32_t kMostCodes = 5000;

/// What is in front of a Snappy page, as far as it is no more than kMostBytes.
uint32_t SizeOf(Bytes page) {
  uint64_t size = 0;
  for (size_t i = 0; i < std::min<size_t>(page.size(), 5); ++i) {
    size |= uint64_t{page[i] & 0x7fu} << (7 * i);
    if (page[i] < 0x80) break;
  }
  return static_cast<uint32_t>(std::min<uint64_t>(size, kMostBytes));
}

/// Room for a page and what may be written behind it, and no more.
struct Room {
  explicit Room(Bytes page) : page(page), size(SizeOf(page)), bytes(size + format::kSnappySlack) {}

  SnappyPage snappy() { return {page, bytes.data(), size}; }
  Bytes text() const { return {bytes.data(), size}; }

  Bytes page;
  uint32_t size;
  std::vector<uint8_t> bytes;
};

/// Reading in parts ends as reading at once does.
void CheckParts(Bytes page, bool ok, Bytes text) {
  Room room(page);
  format::SnappyReader reader(room.snappy());
  bool parts_ok = true;
  const int64_t size = room.size;
  for (int64_t asked = size / 7; parts_ok && asked < size; asked += size / 7 + 1) {
    parts_ok = reader.ReadUntil(asked).ok();
    Check(!parts_ok || (reader.there() >= asked && reader.there() <= size),
          "a part of a Snappy page is of another size");
  }
  parts_ok = parts_ok && reader.ReadUntil(size).ok();
  Check(parts_ok == ok, "a Snappy page in parts is judged otherwise");
  Check(!ok || std::ranges::equal(room.text(), text), "a Snappy page in parts has other bytes");
}

/// A literal of 2^32 bytes: to Google's library, which counts them in 32 bits, one of none.
bool MayHoldWrappedLiteral(Bytes page) {
  constexpr uint8_t kElement[] = {63 << 2, 0xff, 0xff, 0xff, 0xff};
  return std::search(page.begin(), page.end(), std::begin(kElement), std::end(kElement)) !=
         page.end();
}

/// The decompressed bytes, nothing for damaged ones; as Arrow's codec says, but for one element.
std::optional<std::vector<uint8_t>> Decompressed(Bytes page) {
  Room room(page);
  const bool ok = format::DecompressSnappy(room.snappy()).ok();
  static const auto codec = Require(arrow::util::Codec::Create(arrow::Compression::SNAPPY));
  std::vector<uint8_t> expected(room.size);
  const auto size =
      codec->Decompress(static_cast<int64_t>(page.size()), page.data(), room.size, expected.data());
  const bool arrows_ok = size.ok() && *size == room.size;
  Check(ok == arrows_ok || (!ok && MayHoldWrappedLiteral(page)),
        "Arrow judges a Snappy page otherwise");
  CheckParts(page, ok, room.text());
  if (!ok) return std::nullopt;
  Check(std::ranges::equal(room.text(), expected), "Arrow decompresses a page to other bytes");
  return expected;
}

void RunSnappy(Bytes input) {
  if (input.size() < 2) return;
  const Bytes both = input.subspan(2);
  const size_t cut = (input[0] | input[1] << 8) % (both.size() + 1);
  const Bytes pages[] = {both.first(cut), both.subspan(cut)};
  const auto first = Decompressed(pages[0]);
  const auto second = Decompressed(pages[1]);
  Room a(pages[0]);
  Room b(pages[1]);
  const bool ok = format::DecompressSnappy(a.snappy(), b.snappy()).ok();
  Check(ok == (first.has_value() && second.has_value()), "two pages in step are judged otherwise");
  if (!ok) return;
  Check(std::ranges::equal(a.text(), *first) && std::ranges::equal(b.text(), *second),
        "two pages in step become other bytes");
}

/// Every instruction set unpacks the bytes to the same numbers.
void RunUnpackers(Bytes bytes) {
  for (int width = 1; width <= 32; ++width) {
    const auto count = static_cast<int64_t>(std::min<size_t>(bytes.size() * 8 / width, kMostCodes));
    std::vector<uint32_t> expected(static_cast<size_t>(count));
    format::CodeUnpacker(width, Simd::kPortable).Unpack(bytes, count, expected.data());
    for (const Simd simd : {Simd::kAvx2, Simd::kAvx512}) {
      if (simd > base::BestSimd()) continue;
      std::vector<uint32_t> codes(static_cast<size_t>(count));
      format::CodeUnpacker(width, simd).Unpack(bytes, count, codes.data());
      Check(codes == expected, "an instruction set unpacks other numbers");
    }
  }
}

/// A page of codes unpacked, picked and tested says the same.
void RunCodes(Bytes input) {
  if (input.size() < 5) return;
  const auto count = static_cast<int64_t>((input[0] | input[1] << 8) % kMostCodes);
  const int64_t num_codes = 1 + (input[2] | input[3] << 8);
  std::mt19937 random(input[4]);
  const Bytes page = input.subspan(5);
  std::vector<uint32_t> codes(static_cast<size_t>(count));
  const bool ok = format::UnpackPageCodes(page, count, num_codes, codes.data()).ok();
  std::vector<uint8_t> wanted(static_cast<size_t>(num_codes + 7) / 8);
  for (uint8_t& byte : wanted) byte = static_cast<uint8_t>(random());
  const auto set = format::CodeSet::FromBits(wanted.data(), num_codes);
  std::vector<uint64_t> bits(static_cast<size_t>(count + 63) / 64);
  Check(ok == format::TestPageCodes(page, count, set, bits.data()).ok(),
        "a page of codes can be unpacked or tested alone");
  std::vector<int32_t> positions;
  for (int32_t i = 0; i < count; ++i) {
    if (random() % 8 == 0) positions.push_back(i);
  }
  std::vector<uint32_t> picked(positions.size());
  const bool picks = format::PickPageCodes(page, positions, 0, num_codes, picked.data()).ok();
  if (!ok) return;
  Check(picks, "codes that can be unpacked cannot be picked");
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t code = codes[static_cast<size_t>(i)];
    Check(code < num_codes, "a code lies outside of its dictionary");
    const bool bit = (bits[static_cast<size_t>(i / 64)] >> (i % 64) & 1) != 0;
    Check(bit == arrow::bit_util::GetBit(wanted.data(), code), "a code is tested wrongly");
  }
  for (size_t i = 0; i < positions.size(); ++i) {
    Check(picked[i] == codes[static_cast<size_t>(positions[i])], "another code was picked");
  }
}

void Run(Bytes input) {
  if (input.empty()) return;
  const Bytes rest = input.subspan(1);
  switch (input[0] % 3) {
    case 0:
      return RunSnappy(rest);
    case 1:
      return RunUnpackers(rest);
    default:
      return RunCodes(rest);
  }
}

std::string SnappyOf(const std::string& text) {
  const auto codec = Require(arrow::util::Codec::Create(arrow::Compression::SNAPPY));
  const auto* from = reinterpret_cast<const uint8_t*>(text.data());
  const auto size = static_cast<int64_t>(text.size());
  std::string out(static_cast<size_t>(codec->MaxCompressedLen(size, from)), '\0');
  out.resize(static_cast<size_t>(Require(codec->Compress(
      size, from, static_cast<int64_t>(out.size()), reinterpret_cast<uint8_t*>(out.data())))));
  return out;
}

/// Words out of few, so that there is something to copy at all distances.
std::string SomeText(std::mt19937* random) {
  std::string text;
  const size_t size = (*random)() % 3000;
  const int words = 1 + static_cast<int>((*random)() % 40);
  while (text.size() < size) {
    const auto word = static_cast<unsigned>((*random)() % words);
    text += std::string(1 + word % 7, static_cast<char>('a' + word % 26)) + std::to_string(word);
  }
  return text;
}

/// Runs of one code, and of packed ones.
std::string SomeCodes(int width, int count, std::mt19937* random) {
  std::string page(1, static_cast<char>(width));
  for (int done = 0; done < count;) {
    const int groups = 1 + static_cast<int>((*random)() % 30);
    const bool packed = (*random)() % 2 == 0;
    const int length = packed ? groups * 8 : groups;
    page.push_back(static_cast<char>(packed ? groups << 1 | 1 : groups << 1));
    const size_t bytes =
        packed ? static_cast<size_t>(groups * width) : static_cast<size_t>(width + 7) / 8;
    for (size_t i = 0; i < bytes; ++i) {
      page.push_back(packed || i == 0 ? static_cast<char>((*random)()) : '\0');
    }
    if (!packed && width < 8) page.back() = static_cast<char>(page.back() & ((1 << width) - 1));
    done += length;
  }
  return page;
}

std::vector<std::string> Seeds() {
  std::vector<std::string> out;
  std::mt19937 random(1);
  for (int i = 0; i < 60; ++i) {
    const std::string first = SnappyOf(SomeText(&random));
    const std::string second = SnappyOf(SomeText(&random));
    std::string pair(3, '\0');
    pair[1] = static_cast<char>(first.size() & 0xff);
    pair[2] = static_cast<char>(first.size() >> 8);
    out.push_back(pair + first + second);
    out.push_back("\x01" + SomeText(&random));
  }
  for (int width = 1; width <= 16; ++width) {
    for (int i = 0; i < 4; ++i) {
      const int count = 1 + static_cast<int>(random() % 2000);
      const int num_codes = 1 << width;
      std::string page = "\x02";
      for (const int number : {count, num_codes - 1}) {
        page += static_cast<char>(number & 0xff);
        page += static_cast<char>(number >> 8);
      }
      page += static_cast<char>(random());
      out.push_back(page + SomeCodes(width, count, &random));
    }
  }
  return out;
}

}  // namespace

const Target kPageTarget{"page", Run, Seeds, nullptr};

}  // namespace skyhook::fuzz
