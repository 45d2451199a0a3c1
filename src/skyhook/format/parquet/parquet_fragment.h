// A Parquet file as a fragment.
#pragma once

#include <parquet/metadata.h>

#include <memory>

#include "skyhook/format/fragment.h"

namespace skyhook::format {

/// Opens a file that ends with `tail` and in a magic of Parquet.
arrow::Result<std::shared_ptr<Fragment>> OpenParquet(std::shared_ptr<base::ByteSource> source,
                                                     const std::shared_ptr<arrow::Buffer>& tail,
                                                     const ReadOptions& options,
                                                     const ReadContext& context);

}  // namespace skyhook::format
