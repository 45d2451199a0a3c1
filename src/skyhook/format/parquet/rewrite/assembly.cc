#include "skyhook/format/parquet/rewrite/assembly.h"

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/format/byte_reader.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/format/parquet/footer.h"
#include "skyhook/format/parquet/rewrite/fields.h"
#include "skyhook/format/parquet/rewrite/moved_row_group.h"
#include "skyhook/format/parquet/rewrite/row_group_extents.h"

namespace skyhook::format {
namespace {

constexpr std::string_view kMagic = "PAR1";

arrow::Status CheckWanted(const std::vector<RowGroupsOf>& wanted) {
  if (wanted.empty()) return base::Invalid("a Parquet file of no others has no schema");
  const ParquetParts& first = *wanted[0].parts;
  for (const RowGroupsOf& groups : wanted) {
    const ParquetParts& parts = *groups.parts;
    const std::string& name = parts.source()->name();
    if (!parts.obstacle().empty()) return base::Invalid("{}: {}", name, parts.obstacle());
    if (groups.begin < 0 || groups.begin > groups.end || groups.end > parts.num_row_groups()) {
      return base::Invalid("{}: row groups {} to {} of {}", name, groups.begin, groups.end,
                           parts.num_row_groups());
    }
    if (!first.CanJoin(parts)) {
      return base::Invalid("{} and {} differ in schema, writer or metadata", first.source()->name(),
                           name);
    }
  }
  return arrow::Status::OK();
}

/// A row group of a source that has its place in the new file.
struct PlacedRowGroup {
  int source = 0;
  int row_group = 0;
  int64_t shift = 0;                   ///< from an offset in the source to one in the new file
  std::optional<size_t> piece;         ///< that holds its pages, when it has any
  std::vector<ChunkParts> old_chunks;  ///< in the source
  MovedRowGroup moved;
};

class Assembler {
 public:
  Assembler(const std::vector<RowGroupsOf>& wanted, const ReadOptions& options,
            const ReadContext& context)
      : wanted_(wanted), options_(options), pieces_(options.max_page_bytes) {
    for (const RowGroupsOf& groups : wanted) {
      readers_.emplace_back(groups.parts->source(), options.coalesce, context);
    }
  }

  arrow::Result<ParquetAssembly> Run();

 private:
  const ParquetParts& Parts(int source) const { return *wanted_[source].parts; }
  arrow::Status ForEachRowGroup(arrow::Status (Assembler::*place)(PlacedRowGroup*));

  arrow::Status PlacePages(PlacedRowGroup* placed);
  arrow::Status CopyGap(int source, const base::ByteRange& next);
  arrow::Status LocateChunks(PlacedRowGroup* placed);
  arrow::Status CopyColumnIndexes(PlacedRowGroup* placed);
  arrow::Status WriteOffsetIndexes(PlacedRowGroup* placed);
  arrow::Status PlaceBloomFilters(PlacedRowGroup* placed);
  arrow::Status MoveEntry(PlacedRowGroup* placed);
  arrow::Status WriteFooter();
  /// Fails unless Arrow reads the new footer as meant. It takes fields of a wrong type for others,
  /// and may so have read the old one otherwise than it is written here.
  arrow::Status CheckFooter(const std::string& bytes);

  const std::vector<RowGroupsOf>& wanted_;
  const ReadOptions& options_;
  std::vector<ByteReader> readers_;  ///< of the sources
  AssembledPieces pieces_;
  std::vector<PlacedRowGroup> row_groups_;
  std::vector<std::string> entries_;  ///< of the new footer
  int64_t rows_ = 0;
};

arrow::Status Assembler::ForEachRowGroup(arrow::Status (Assembler::*place)(PlacedRowGroup*)) {
  for (PlacedRowGroup& placed : row_groups_) {
    const arrow::Status status = CatchParquet([&] { return (this->*place)(&placed); });
    if (status.ok()) continue;
    const std::string& name = Parts(placed.source).source()->name();
    return base::AddContext(status, fmt::format("{}: row group {}", name, placed.row_group));
  }
  return arrow::Status::OK();
}

arrow::Status Assembler::CopyGap(int source, const base::ByteRange& next) {
  const AssembledPiece& last = pieces_.pieces().back();
  const int64_t gap = next.offset - last.from.end();
  const bool is_worth_it = last.source == source && gap > 0 && gap <= options_.coalesce.gap_bytes;
  if (!is_worth_it) return arrow::Status::OK();
  return pieces_.Copy(source, {last.from.end(), gap}).status();
}

arrow::Status Assembler::PlacePages(PlacedRowGroup* placed) {
  const ParquetParts& parts = Parts(placed->source);
  const base::ByteRange bytes = parts.row_group_bytes(placed->row_group);
  if (bytes.length > 0) {
    ARROW_RETURN_NOT_OK(CopyGap(placed->source, bytes));
  }
  ARROW_ASSIGN_OR_RAISE(placed->moved.offset, pieces_.Copy(placed->source, bytes));
  if (bytes.length > 0) placed->piece = pieces_.pieces().size() - 1;
  placed->shift = placed->moved.offset - bytes.offset;
  if (__builtin_add_overflow(rows_, parts.row_group_rows(placed->row_group), &rows_)) {
    return base::LimitExceeded("a new file of more than 2^63 rows");
  }
  return arrow::Status::OK();
}

arrow::Status Assembler::LocateChunks(PlacedRowGroup* placed) {
  ARROW_ASSIGN_OR_RAISE(
      placed->old_chunks,
      Parts(placed->source)
          .LocateChunks(placed->row_group, options_.max_page_bytes, readers_[placed->source]));
  for (const ChunkParts& chunk : placed->old_chunks) {
    MovedChunk moved;
    moved.old_pages = chunk.pages;
    moved.shift = placed->shift;
    placed->moved.chunks.push_back(moved);
  }
  return arrow::Status::OK();
}

arrow::Status Assembler::CopyColumnIndexes(PlacedRowGroup* placed) {
  for (size_t leaf = 0; leaf < placed->old_chunks.size(); ++leaf) {
    const auto& index = placed->old_chunks[leaf].column_index;
    if (!index.has_value()) continue;
    ARROW_ASSIGN_OR_RAISE(placed->moved.chunks[leaf].column_index,
                          pieces_.Copy(placed->source, *index));
  }
  return arrow::Status::OK();
}

/// Where the offset indexes of chunks lie, those that there are.
std::vector<base::ByteRange> OffsetIndexesOf(const std::vector<ChunkParts>& chunks) {
  std::vector<base::ByteRange> out;
  for (const ChunkParts& chunk : chunks) {
    if (chunk.offset_index.has_value()) out.push_back(*chunk.offset_index);
  }
  return out;
}

arrow::Status Assembler::WriteOffsetIndexes(PlacedRowGroup* placed) {
  const std::vector<base::ByteRange> ranges = OffsetIndexesOf(placed->old_chunks);
  int64_t bytes = 0;
  for (const base::ByteRange& range : ranges) {
    bytes += range.length;
    if (bytes > options_.max_page_bytes) {
      return base::LimitExceeded("offset indexes of more than {} bytes", options_.max_page_bytes);
    }
  }
  ARROW_ASSIGN_OR_RAISE(const base::Buffers indexes, readers_[placed->source].Read(ranges));
  auto next = indexes.begin();
  for (size_t leaf = 0; leaf < placed->old_chunks.size(); ++leaf) {
    const ChunkParts& chunk = placed->old_chunks[leaf];
    if (!chunk.offset_index.has_value()) continue;
    const auto moved = MoveOffsetIndex(std::string_view(**next++), chunk.pages, placed->shift);
    if (!moved.ok() || moved->size() > std::numeric_limits<int32_t>::max()) continue;
    ARROW_ASSIGN_OR_RAISE(const int64_t offset, pieces_.Write(*moved));
    placed->moved.chunks[leaf].offset_index = {offset, static_cast<int64_t>(moved->size())};
  }
  return arrow::Status::OK();
}

arrow::Status Assembler::PlaceBloomFilters(PlacedRowGroup* placed) {
  for (size_t leaf = 0; leaf < placed->old_chunks.size(); ++leaf) {
    const auto& filter = placed->old_chunks[leaf].bloom_filter;
    if (!filter.has_value()) continue;
    const base::ByteRange copied =
        placed->piece.has_value() ? pieces_.pieces()[*placed->piece].from : base::ByteRange();
    std::optional<int64_t>& offset = placed->moved.chunks[leaf].bloom_filter;
    if (copied.offset <= filter->offset && filter->end() <= copied.end()) {
      offset = filter->offset + placed->shift;
    } else {
      ARROW_ASSIGN_OR_RAISE(offset, pieces_.Copy(placed->source, *filter));
    }
  }
  return arrow::Status::OK();
}

arrow::Status Assembler::MoveEntry(PlacedRowGroup* placed) {
  placed->moved.ordinal = static_cast<int64_t>(entries_.size());
  const std::string_view before = Parts(placed->source).row_group_entry(placed->row_group);
  ARROW_ASSIGN_OR_RAISE(std::string entry, MoveRowGroup(before, placed->moved));
  entries_.push_back(std::move(entry));
  return arrow::Status::OK();
}

arrow::Status Assembler::WriteFooter() {
  ThriftStruct footer = Parts(0).footer();
  footer.SetInt64(parquet_field::kFileRows, rows_);
  footer.SetStructs(parquet_field::kRowGroups, entries_);
  std::string bytes = footer.Serialise();
  ARROW_RETURN_NOT_OK(CheckFooter(bytes));
  const auto length = static_cast<uint32_t>(bytes.size());
  if (length != bytes.size()) return base::LimitExceeded("a footer of {} bytes", bytes.size());
  bytes.append(reinterpret_cast<const char*>(&length), sizeof(length));
  bytes += kMagic;
  return pieces_.Write(bytes).status();
}

arrow::Status Assembler::CheckFooter(const std::string& bytes) {
  const std::string& name = Parts(0).source()->name();
  const auto read = ParseParquetFooter(*arrow::Buffer::FromString(bytes));
  if (!read.ok()) {
    return base::AddContext(read.status(), name + ": its footer, written anew");
  }
  if ((*read)->num_rows() != rows_ ||
      (*read)->num_row_groups() != static_cast<int>(entries_.size())) {
    return base::CorruptData(
        "{}: its footer, written anew, has {} rows in {} row groups, not {} in {}", name,
        (*read)->num_rows(), (*read)->num_row_groups(), rows_, entries_.size());
  }
  const auto magic = static_cast<int64_t>(kMagic.size());
  const auto extents = RowGroupExtents(**read, {magic, pieces_.bytes() - magic});
  if (extents.ok()) return arrow::Status::OK();
  return base::CorruptData("{}: its footer, written anew: {}", name, extents.status().message());
}

arrow::Result<ParquetAssembly> Assembler::Run() {
  for (size_t source = 0; source < wanted_.size(); ++source) {
    for (int row_group = wanted_[source].begin; row_group < wanted_[source].end; ++row_group) {
      row_groups_.emplace_back();
      row_groups_.back().source = static_cast<int>(source);
      row_groups_.back().row_group = row_group;
    }
  }
  ARROW_RETURN_NOT_OK(pieces_.Write(kMagic));
  ARROW_RETURN_NOT_OK(ForEachRowGroup(&Assembler::PlacePages));
  ARROW_RETURN_NOT_OK(ForEachRowGroup(&Assembler::LocateChunks));
  // Indexes of one kind lie together, as readers expect who fetch them at once.
  ARROW_RETURN_NOT_OK(ForEachRowGroup(&Assembler::CopyColumnIndexes));
  ARROW_RETURN_NOT_OK(ForEachRowGroup(&Assembler::WriteOffsetIndexes));
  ARROW_RETURN_NOT_OK(ForEachRowGroup(&Assembler::PlaceBloomFilters));
  ARROW_RETURN_NOT_OK(ForEachRowGroup(&Assembler::MoveEntry));
  ARROW_RETURN_NOT_OK(WriteFooter());
  ParquetAssembly out;
  for (const RowGroupsOf& groups : wanted_) out.sources.push_back(groups.parts->source());
  out.written = arrow::Buffer::FromString(pieces_.written());
  out.pieces = pieces_.pieces();
  out.bytes = pieces_.bytes();
  out.rows = rows_;
  return out;
}

}  // namespace

arrow::Result<ParquetAssembly> Assemble(const std::vector<RowGroupsOf>& wanted,
                                        const ReadOptions& options, const ReadContext& context) {
  ARROW_RETURN_NOT_OK(CheckWanted(wanted));
  return Assembler(wanted, options, context).Run();
}

}  // namespace skyhook::format
