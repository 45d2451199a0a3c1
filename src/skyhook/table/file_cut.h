// How a file becomes objects: which row groups stay together, and which have to be encoded anew.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/base/byte_source.h"
#include "skyhook/format/parquet/rewrite/parts.h"

namespace skyhook::table {

struct CutPiece {
  enum class Kind : uint8_t {
    kWholeFile,  ///< the file as it is
    kRowGroups,  ///< row groups [begin, end), copied
    kReencoded,  ///< the one row group `begin`, in `objects` objects
  };
  Kind kind = Kind::kWholeFile;
  int begin = 0;
  int end = 0;
  int64_t objects = 1;
};

struct FileCut {
  std::shared_ptr<base::ByteSource> file;
  bool parquet = false;
  std::shared_ptr<const format::ParquetParts> parts;  ///< null where the file stays whole
  std::vector<CutPiece> pieces;                       ///< in the order of rows
  std::vector<std::string> notices;

  int64_t num_objects() const;
};

struct CutLimits {
  int64_t target_bytes = 0;
  int64_t most_bytes = 0;
  bool verbatim = false;  ///< nothing may be encoded anew
};

/// Reads the footer. A file of up to `most_bytes` stays whole. Fails with Invalid, naming the file,
/// when it would have to be encoded anew and may not be, and when it is an Arrow IPC file of more.
arrow::Result<FileCut> CutFile(std::shared_ptr<base::ByteSource> file, const CutLimits& limits);

}  // namespace skyhook::table
