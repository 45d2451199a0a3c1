// Whole pages of Snappy, for tests and fuzz targets.
#pragma once

#include <arrow/status.h>

#include "skyhook/format/parquet/snappy.h"

namespace skyhook::format {

inline arrow::Status DecompressSnappy(const SnappyPage& page) {
  return SnappyReader(page).ReadUntil(page.size);
}

/// Two pages, in step as long as both go on. The error is that of the first page that has one.
inline arrow::Status DecompressSnappy(const SnappyPage& first, const SnappyPage& second) {
  SnappyReader a(first);
  SnappyReader b(second);
  SnappyReader::InStep(&a, first.size, &b, second.size);
  ARROW_RETURN_NOT_OK(a.ReadUntil(first.size));
  return b.ReadUntil(second.size);
}

}  // namespace skyhook::format
