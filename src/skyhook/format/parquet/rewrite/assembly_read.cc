#include <algorithm>
#include <cstring>
#include <map>

#include "skyhook/base/status.h"
#include "skyhook/format/byte_reader.h"
#include "skyhook/format/parquet/rewrite/assembly.h"

namespace skyhook::format {
namespace {

/// Bytes of one source, and where among those asked for they go.
struct Excerpts {
  std::vector<base::ByteRange> from;
  std::vector<int64_t> to;
};

/// The excerpts of each source that make up `range`.
std::map<int, Excerpts> ExcerptsOf(const ParquetAssembly& assembly, const base::ByteRange& range) {
  std::map<int, Excerpts> out;
  auto piece = std::partition_point(
      assembly.pieces.begin(), assembly.pieces.end(), [&](const AssembledPiece& candidate) {
        return candidate.offset + candidate.from.length <= range.offset;
      });
  for (; piece != assembly.pieces.end() && piece->offset < range.end(); ++piece) {
    const int64_t begin = std::max(range.offset, piece->offset);
    const int64_t end = std::min(range.end(), piece->offset + piece->from.length);
    Excerpts& excerpts = out[piece->source];
    excerpts.from.push_back({piece->from.offset + (begin - piece->offset), end - begin});
    excerpts.to.push_back(begin - range.offset);
  }
  return out;
}

arrow::Result<base::Buffers> ReadExcerpts(const ParquetAssembly& assembly, int source,
                                          const std::vector<base::ByteRange>& from,
                                          const ReadOptions& options, const ReadContext& context) {
  if (source >= 0) {
    const auto& bytes = assembly.sources[static_cast<size_t>(source)];
    auto buffers = ByteReader(bytes, options.coalesce, context).Read(from);
    if (!buffers.ok()) return base::AddContext(buffers.status(), bytes->name());
    return buffers;
  }
  base::Buffers buffers;
  for (const base::ByteRange& range : from) {
    buffers.push_back(arrow::SliceBuffer(assembly.written, range.offset, range.length));
  }
  return buffers;
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAssembly(const ParquetAssembly& assembly,
                                                           const base::ByteRange& range,
                                                           const ReadOptions& options,
                                                           const ReadContext& context) {
  if (range.offset < 0 || range.length < 0 || range.offset > assembly.bytes ||
      range.length > assembly.bytes - range.offset) {
    return base::Invalid("bytes {}+{} of a new file of {}", range.offset, range.length,
                         assembly.bytes);
  }
  arrow::MemoryPool* pool = options.pool != nullptr ? options.pool : arrow::default_memory_pool();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                        arrow::AllocateBuffer(range.length, pool));
  for (const auto& [source, excerpts] : ExcerptsOf(assembly, range)) {
    ARROW_ASSIGN_OR_RAISE(const base::Buffers buffers,
                          ReadExcerpts(assembly, source, excerpts.from, options, context));
    for (size_t i = 0; i < buffers.size(); ++i) {
      const auto length = static_cast<size_t>(buffers[i]->size());
      std::memcpy(out->mutable_data() + excerpts.to[i], buffers[i]->data(), length);
    }
  }
  return out;
}

}  // namespace skyhook::format
