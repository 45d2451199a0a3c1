#include "skyhook/format/parquet/page_codes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "skyhook/base/status.h"

namespace skyhook::format {
namespace {

constexpr int kWidest = 32;
/// Packed codes are tested in blocks that stay in the first cache.
constexpr int64_t kBlock = 1024;

constexpr char kCodes[] = "dictionary indices";
constexpr char kLevels[] = "definition levels";

arrow::Status CutShort(const char* what, int64_t found, int64_t count) {
  return base::CorruptData("{} {} where {} are promised", found, what, count);
}

arrow::Status CheckCode(uint32_t code, int64_t num_codes) {
  if (code < num_codes) return arrow::Status::OK();
  return base::CorruptData("a dictionary index lies outside of the dictionary with {} values",
                           num_codes);
}

/// Takes a number of seven bits a byte off the front; false when there is none of 32 bits.
bool TakeVarint(std::span<const uint8_t>* bytes, uint32_t* out) {
  uint64_t value = 0;
  for (size_t i = 0; i < 5 && i < bytes->size(); ++i) {
    const uint8_t byte = (*bytes)[i];
    value |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte >= 0x80) continue;
    *bytes = bytes->subspan(i + 1);
    *out = static_cast<uint32_t>(value);
    return value <= std::numeric_limits<uint32_t>::max();
  }
  return false;
}

/// Goes through the runs of `count` numbers of `width` bits, which messages call `what`:
/// `repeated(number, length)` and `packed(bytes, length)`, where `bytes` go on to the end of the
/// page. Both return a Status.
template <typename Repeated, typename Packed>
arrow::Status VisitRunsOf(const char* what, int width, std::span<const uint8_t> bytes,
                          int64_t count, Repeated&& repeated, Packed&& packed) {
  const auto code_bytes = static_cast<size_t>((width + 7) / 8);
  int64_t done = 0;
  while (done < count) {
    uint32_t header;
    if (!TakeVarint(&bytes, &header) || header < 2) return CutShort(what, done, count);
    if ((header & 1) != 0) {
      const int64_t length = std::min(int64_t{header >> 1} * 8, count - done);
      const int64_t needed = (length * width + 7) / 8;
      if (needed > static_cast<int64_t>(bytes.size())) return CutShort(what, done, count);
      ARROW_RETURN_NOT_OK(packed(bytes, length));
      // Padding of the last run may be missing.
      const auto whole = static_cast<uint64_t>(header >> 1) * static_cast<unsigned>(width);
      bytes = bytes.subspan(std::min<uint64_t>(whole, bytes.size()));
      done += length;
    } else {
      if (bytes.size() < code_bytes) return CutShort(what, done, count);
      const int64_t length = std::min<int64_t>(header >> 1, count - done);
      uint32_t code = 0;
      std::memcpy(&code, bytes.data(), code_bytes);
      bytes = bytes.subspan(code_bytes);
      ARROW_RETURN_NOT_OK(repeated(code, length));
      done += length;
    }
  }
  return arrow::Status::OK();
}

/// The same of codes, whose width is in front: `packed(unpacker, bytes, length)`.
template <typename Repeated, typename Packed>
arrow::Status VisitRuns(std::span<const uint8_t> bytes, int64_t count, Repeated&& repeated,
                        Packed&& packed) {
  if (count == 0) return arrow::Status::OK();
  if (bytes.empty()) return CutShort(kCodes, 0, count);
  if (bytes[0] > kWidest) return base::CorruptData("dictionary indices of {} bits", bytes[0]);
  const CodeUnpacker unpacker(bytes[0]);
  return VisitRunsOf(
      kCodes, unpacker.width(), bytes.subspan(1), count, repeated,
      [&](std::span<const uint8_t> run, int64_t length) { return packed(unpacker, run, length); });
}

/// Writes bits one behind the other.
class BitAppender {
 public:
  explicit BitAppender(uint64_t* words) : words_(words) {}

  /// The low `count` (1 to 64) of `bits`; those above are 0.
  void Append(uint64_t bits, int64_t count) {
    const int64_t at = end_ % 64;
    uint64_t* word = words_ + end_ / 64;
    *word = at == 0 ? bits : *word | bits << at;
    if (at + count > 64) word[1] = bits >> (64 - at);
    end_ += count;
  }

  void AppendRun(bool bit, int64_t count) {
    for (; count > 0; count -= 64) {
      const int64_t now = std::min<int64_t>(count, 64);
      const uint64_t ones = ~uint64_t{0} >> (64 - now);
      Append(bit ? ones : 0, now);
    }
  }

 private:
  uint64_t* words_;
  int64_t end_ = 0;
};

}  // namespace

arrow::Status UnpackPageCodes(std::span<const uint8_t> bytes, int64_t count, int64_t num_codes,
                              uint32_t* out) {
  uint32_t* end = out;
  ARROW_RETURN_NOT_OK(VisitRuns(
      bytes, count,
      [&](uint32_t code, int64_t length) {
        end = std::fill_n(end, length, code);
        return arrow::Status::OK();
      },
      [&](const CodeUnpacker& unpacker, std::span<const uint8_t> packed, int64_t length) {
        unpacker.Unpack(packed, length, end);
        end += length;
        return arrow::Status::OK();
      }));
  return count == 0 ? arrow::Status::OK() : CheckCode(LargestOf({out, end}), num_codes);
}

arrow::Status PickPageCodes(std::span<const uint8_t> bytes, std::span<const int32_t> positions,
                            int64_t shift, int64_t num_codes, uint32_t* out) {
  if (positions.empty()) return arrow::Status::OK();
  int64_t begin = 0;  // of the run
  size_t next = 0;
  const auto pick = [&](int64_t length, auto&& code_at) {
    for (; next < positions.size() && positions[next] - shift < begin + length; ++next) {
      out[next] = code_at(positions[next] - shift - begin);
      ARROW_RETURN_NOT_OK(CheckCode(out[next], num_codes));
    }
    begin += length;
    return arrow::Status::OK();
  };
  return VisitRuns(
      bytes, positions.back() - shift + 1,
      [&](uint32_t code, int64_t length) { return pick(length, [&](int64_t) { return code; }); },
      [&](const CodeUnpacker& unpacker, std::span<const uint8_t> packed, int64_t length) {
        return pick(length, [&](int64_t at) { return unpacker.At(packed, at); });
      });
}

arrow::Status TestPageCodes(std::span<const uint8_t> bytes, int64_t count, const CodeSet& set,
                            uint64_t* bits) {
  BitAppender out(bits);
  std::array<uint32_t, kBlock> codes;
  std::array<uint64_t, kBlock / 64> words;
  return VisitRuns(
      bytes, count,
      [&](uint32_t code, int64_t length) {
        out.AppendRun(set.Contains(code), length);
        return CheckCode(code, set.num_codes());
      },
      [&](const CodeUnpacker& unpacker, std::span<const uint8_t> packed, int64_t length) {
        for (int64_t done = 0; done < length; done += kBlock) {
          const int64_t now = std::min(kBlock, length - done);
          unpacker.Unpack(packed, now, codes.data());
          // A block takes whole bytes: it has a multiple of 8 codes, unless it is the last.
          packed = packed.subspan(static_cast<size_t>(now / 8 * unpacker.width()));
          const uint32_t largest = set.Test({codes.data(), static_cast<size_t>(now)}, words.data());
          ARROW_RETURN_NOT_OK(CheckCode(largest, set.num_codes()));
          for (int64_t i = 0; i < now; i += 64) {
            out.Append(words[static_cast<size_t>(i / 64)], std::min<int64_t>(now - i, 64));
          }
        }
        return arrow::Status::OK();
      });
}

arrow::Status UnpackLevels(std::span<const uint8_t> bytes, int64_t count, uint64_t* bits) {
  BitAppender out(bits);
  return VisitRunsOf(
      kLevels, 1, bytes, count,
      [&](uint32_t level, int64_t length) {
        if (level > 1) return base::CorruptData("definition level {} of at most 1", level);
        out.AppendRun(level == 1, length);
        return arrow::Status::OK();
      },
      [&](std::span<const uint8_t> run, int64_t length) {
        for (int64_t done = 0; done < length; done += 64) {
          const int64_t now = std::min<int64_t>(length - done, 64);
          uint64_t word = 0;
          std::memcpy(&word, run.data() + done / 8, static_cast<size_t>((now + 7) / 8));
          out.Append(word & ~uint64_t{0} >> (64 - now), now);
        }
        return arrow::Status::OK();
      });
}

}  // namespace skyhook::format
