// Fragments by the bytes of the objects that they lie in, which a site opens one by one.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>

#include "skyhook/base/byte_source.h"
#include "skyhook/base/layout.h"
#include "skyhook/site/site.h"

namespace skyhook::site {

/// Whether one object has all of its bytes, but for those that lie in none.
bool LiesInOneObject(const FragmentId& id);

/// That object; of others, the first.
std::string ObjectOf(const FragmentId& id);

/// The fragment's bytes, of the version and the size that `id` names.
arrow::Result<std::shared_ptr<base::ByteSource>> OpenObjects(const FragmentId& id,
                                                             const base::OpenObjectFunction& open);

/// What the fragment says of itself, which is read for it.
arrow::Result<FragmentDescription> DescribeObjects(const FragmentId& id,
                                                   const base::OpenObjectFunction& open);

}  // namespace skyhook::site
