// The numbers of the fields in a Parquet footer and offset index that change when bytes move
// (parquet.thrift of apache/parquet-format).
#pragma once

#include <cstdint>

namespace skyhook::format::parquet_field {

enum FileMetaData : int32_t { kFileRows = 3, kRowGroups = 4 };

enum RowGroup : int32_t { kColumns = 1, kGroupOffset = 5, kOrdinal = 7 };

enum ColumnChunk : int32_t {
  kChunkOffset = 2,
  kMetadata = 3,
  kOffsetIndexOffset = 4,
  kOffsetIndexLength = 5,
  kColumnIndexOffset = 6,
  kColumnIndexLength = 7,
};

enum ColumnMetaData : int32_t {
  kDataPageOffset = 9,
  kIndexPageOffset = 10,
  kDictionaryPageOffset = 11,
  kBloomFilterOffset = 14,
  kBloomFilterLength = 15,
};

enum OffsetIndex : int32_t { kPageLocations = 1 };

enum PageLocation : int32_t { kPageOffset = 1 };

}  // namespace skyhook::format::parquet_field
