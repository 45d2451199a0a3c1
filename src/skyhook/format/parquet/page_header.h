// The header in front of each Parquet page, parsed without touching the page itself.
//
// Arrow's PageReader parses and decompresses in one step; to leave pages compressed, and to find
// them in a chunk that has no offset index, the header has to be had alone. It is a Thrift struct
// in the compact protocol:
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md,
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift.
#pragma once

#include <arrow/result.h>
#include <parquet/types.h>

#include <cstdint>
#include <optional>
#include <span>

namespace skyhook::format {

struct PageHeader {
  enum class Kind : uint8_t { kData, kDataV2, kDictionary, kOther };

  Kind kind = Kind::kOther;
  int32_t header_size = 0;        ///< bytes of the header itself
  int32_t compressed_size = 0;    ///< bytes behind the header
  int32_t uncompressed_size = 0;  ///< levels included
  std::optional<uint32_t> crc;    ///< of the bytes behind the header
  int32_t num_values = 0;         ///< nulls included
  parquet::Encoding::type encoding = parquet::Encoding::UNKNOWN;
  parquet::Encoding::type level_encoding = parquet::Encoding::RLE;  ///< kData only
  /// kDataV2 only: bytes of the levels, which are never compressed, and whether the rest is.
  int32_t repetition_bytes = 0;
  int32_t definition_bytes = 0;
  bool is_compressed = true;

  bool is_data() const { return kind == Kind::kData || kind == Kind::kDataV2; }
  int64_t total_size() const { return int64_t{header_size} + compressed_size; }
};

/// Whether the values of a page are indices into the chunk's dictionary.
inline bool IsDictionaryEncoding(parquet::Encoding::type encoding) {
  return encoding == parquet::Encoding::PLAIN_DICTIONARY ||
         encoding == parquet::Encoding::RLE_DICTIONARY;
}

/// Parses the header at the beginning of `bytes`; nullopt when it goes on behind them. Sizes and
/// counts of the result are not negative.
arrow::Result<std::optional<PageHeader>> ParsePageHeader(std::span<const uint8_t> bytes);

}  // namespace skyhook::format
