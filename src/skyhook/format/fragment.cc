#include "skyhook/format/fragment.h"

#include <string_view>

#include "skyhook/base/status.h"
#include "skyhook/format/byte_reader.h"
#include "skyhook/format/ipc/ipc_fragment.h"
#include "skyhook/format/ipc/stream.h"
#include "skyhook/format/parquet/parquet_fragment.h"

namespace skyhook::format {
namespace {

/// An empty file of either format is longer.
constexpr int64_t kLeastBytes = 12;

arrow::Result<std::shared_ptr<Fragment>> Open(std::shared_ptr<base::ByteSource> source,
                                              const ReadOptions& options,
                                              const ReadContext& context) {
  const int64_t size = source->size();
  if (size < kLeastBytes) {
    return base::CorruptData("{} bytes are neither a Parquet nor an Arrow IPC file", size);
  }
  const ByteReader reader(source, options.coalesce, context);
  ARROW_ASSIGN_OR_RAISE(auto tail, reader.ReadTail());
  const std::string_view end(*tail);
  if (end.ends_with("PAR1") || end.ends_with("PARE")) {
    return OpenParquet(std::move(source), tail, options, context);
  }
  if (end.ends_with("ARROW1")) return OpenIpc(std::move(source), tail, options, context);
  ARROW_ASSIGN_OR_RAISE(const auto begin, reader.ReadOne({0, 8}));
  if (BeginsAsIpcStream(std::string_view(*begin))) {
    return OpenIpcStream(std::move(source), options, context);
  }
  return base::CorruptData("neither a Parquet nor an Arrow IPC file, or cut short");
}

}  // namespace

arrow::Status RowGroupReader::Filter(int column, int64_t begin, int64_t length, ValueFilter* filter,
                                     uint8_t* bits) {
  const auto read = [&](std::optional<std::span<const int32_t>> selection) {
    return Read(column, begin, length, selection);
  };
  return FilterValues(0, length, read, filter, bits);
}

arrow::Result<bool> Fragment::MayContain(int row_group, int column, const arrow::Scalar& value,
                                         const ReadContext& context) {
  // Owned by the caller.
  const std::shared_ptr<arrow::Scalar> one(const_cast<arrow::Scalar*>(&value),
                                           [](arrow::Scalar*) {});
  return MayContainAny(row_group, column, plan::ScalarSpan(&one, 1), context);
}

arrow::Result<std::shared_ptr<Fragment>> OpenFragment(std::shared_ptr<base::ByteSource> source,
                                                      const ReadOptions& options,
                                                      const ReadContext& context) {
  ReadOptions complete = options;
  if (complete.pool == nullptr) complete.pool = arrow::default_memory_pool();
  if (complete.budget == nullptr) {
    complete.budget = std::make_shared<base::MemoryBudget>(kDefaultBudget);
  }
  const std::string name = source->name();
  auto fragment = Open(std::move(source), complete, context);
  if (!fragment.ok()) return base::AddContext(fragment.status(), name);
  return fragment;
}

}  // namespace skyhook::format
