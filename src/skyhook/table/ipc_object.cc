#include "skyhook/table/ipc_object.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/options.h>

#include "skyhook/base/guarded_pool.h"

namespace skyhook::table {

arrow::Result<std::shared_ptr<arrow::ipc::RecordBatchFileReader>> OpenIpcObject(
    const std::shared_ptr<arrow::Buffer>& bytes) {
  arrow::ipc::IpcReadOptions options;
  options.memory_pool = base::GuardedPool(arrow::default_memory_pool(), kMostIpcBytes);
  options.use_threads = false;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  return arrow::ipc::RecordBatchFileReader::Open(std::make_shared<arrow::io::BufferReader>(bytes),
                                                 options);
}

}  // namespace skyhook::table
