#include "skyhook/table/file_cut.h"

#include <cstring>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::table {

using arrow::Result;
using arrow::Status;

namespace {

constexpr int64_t kMagicBytes = 4;

Result<bool> IsParquet(base::ByteSource* file) {
  if (file->size() < 2 * kMagicBytes) {
    return base::CorruptData("'{}': {} bytes are no Parquet or Arrow IPC file", file->name(),
                             file->size());
  }
  ARROW_ASSIGN_OR_RAISE(const auto magic, file->ReadOne({file->size() - kMagicBytes, kMagicBytes}));
  return std::memcmp(magic->data(), "PAR1", kMagicBytes) == 0 ||
         std::memcmp(magic->data(), "PARE", kMagicBytes) == 0;
}

// Row groups are taken while the object is below its target, and no object gets too large for it.
std::vector<CutPiece> CutByRowGroups(const format::ParquetParts& parts, const CutLimits& limits) {
  std::vector<CutPiece> pieces;
  int64_t bytes = 0;  // of the last piece, while it takes row groups
  for (int group = 0; group < parts.num_row_groups(); ++group) {
    const int64_t more = parts.row_group_bytes(group).length;
    if (more > limits.most_bytes) {
      const int64_t objects = (more + limits.target_bytes - 1) / limits.target_bytes;
      pieces.push_back({CutPiece::Kind::kReencoded, group, group + 1, objects});
      bytes = 0;
      continue;
    }
    if (bytes > 0 && bytes < limits.target_bytes && bytes + more <= limits.most_bytes) {
      pieces.back().end = group + 1;
      bytes += more;
    } else {
      pieces.push_back({CutPiece::Kind::kRowGroups, group, group + 1});
      bytes = more;
    }
  }
  return pieces;
}

Status RefuseWhole(const base::ByteSource& file, const CutLimits& limits, const std::string& why) {
  return base::Invalid(
      "'{}' has {} bytes, more than the {} of one object, and cannot be cut as it is: {}; "
      "--rewrite encodes it anew",
      file.name(), file.size(), limits.most_bytes, why);
}

}  // namespace

int64_t FileCut::num_objects() const {
  int64_t objects = 0;
  for (const CutPiece& piece : pieces) objects += piece.objects;
  return objects;
}

Result<FileCut> CutFile(std::shared_ptr<base::ByteSource> file, const CutLimits& limits) {
  FileCut cut;
  cut.file = file;
  ARROW_ASSIGN_OR_RAISE(cut.parquet, IsParquet(file.get()));
  if (file->size() <= limits.most_bytes) {
    cut.pieces.push_back({});
    return cut;
  }
  if (!cut.parquet) return RefuseWhole(*file, limits, "only Parquet files can be");
  ARROW_ASSIGN_OR_RAISE(cut.parts, format::ParquetParts::Read(file, {}, {}));
  if (cut.parts->num_row_groups() == 0) return RefuseWhole(*file, limits, "it has no row groups");
  if (!cut.parts->obstacle().empty()) return RefuseWhole(*file, limits, cut.parts->obstacle());
  cut.pieces = CutByRowGroups(*cut.parts, limits);
  for (const CutPiece& piece : cut.pieces) {
    if (piece.kind != CutPiece::Kind::kReencoded) continue;
    const std::string what = fmt::format(
        "row group {} of '{}' has {} bytes, more than the {} of one object", piece.begin,
        file->name(), cut.parts->row_group_bytes(piece.begin).length, limits.most_bytes);
    if (limits.verbatim) return base::Invalid("{}, and would have to be encoded anew", what);
    cut.notices.push_back(what + ": it was encoded anew");
  }
  return cut;
}

}  // namespace skyhook::table
