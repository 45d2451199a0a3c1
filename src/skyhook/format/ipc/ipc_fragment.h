// An Arrow IPC file as a fragment.
#pragma once

#include <memory>

#include "skyhook/format/fragment.h"

namespace skyhook::format {

/// Opens a file that ends with `tail` and in the magic of Arrow IPC files. Its record batches are
/// the row groups.
arrow::Result<std::shared_ptr<Fragment>> OpenIpc(std::shared_ptr<base::ByteSource> source,
                                                 const std::shared_ptr<arrow::Buffer>& tail,
                                                 const ReadOptions& options,
                                                 const ReadContext& context);

/// An Arrow IPC stream, which has the messages of a file without its footer.
arrow::Result<std::shared_ptr<Fragment>> OpenIpcStream(std::shared_ptr<base::ByteSource> source,
                                                       const ReadOptions& options,
                                                       const ReadContext& context);

}  // namespace skyhook::format
