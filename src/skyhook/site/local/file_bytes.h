// The bytes of a fragment that lies in files: one, or extents of several.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>

#include "skyhook/base/byte_source.h"
#include "skyhook/site/site.h"

namespace skyhook::site::local {

/// As base::OpenFile, or base::OpenLayout of such files. The version is not compared.
arrow::Result<std::shared_ptr<base::ByteSource>> OpenFileBytes(
    const FragmentId& id, const std::shared_ptr<arrow::MemoryPool>& pool);

/// The version that such a source has now.
arrow::Result<std::string> FileVersionOf(const FragmentId& id);

}  // namespace skyhook::site::local
