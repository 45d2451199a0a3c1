#include "skyhook/table/ipc_object.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/options.h>

#include "skyhook/base/guarded_pool.h"

namespace skyhook::table {

arrow::Result<std::shared_ptr<arrow::ipc::RecordBatchFileReader>> OpenIpcObject(
    const std::shared_ptr<arrow::Buffer>& bytes) {
  struct Held {
    std::shared_ptr<arrow::MemoryPool> pool;
    std::shared_ptr<arrow::ipc::RecordBatchFileReader> reader;  // goes first
  };
  const auto held = std::make_shared<Held>();
  held->pool = base::GuardedPool(nullptr, kMostIpcBytes);
  arrow::ipc::IpcReadOptions options;
  options.memory_pool = held->pool.get();
  options.use_threads = false;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  ARROW_ASSIGN_OR_RAISE(held->reader,
                        arrow::ipc::RecordBatchFileReader::Open(
                            std::make_shared<arrow::io::BufferReader>(bytes), options));
  return std::shared_ptr<arrow::ipc::RecordBatchFileReader>(held, held->reader.get());
}

}  // namespace skyhook::table
