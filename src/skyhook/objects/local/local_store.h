// Tables in a directory of this machine.
#pragma once

#include <memory>
#include <string>

#include "skyhook/objects/object_store.h"

namespace skyhook::objects::local {

/// Objects are files below `root`, which are made together with their directories. Pointers are
/// swung under a lock of the file `.lock` beside them. What a crash leaves behind is named
/// `.new-...`, and listed.
std::shared_ptr<ObjectStore> MakeLocalStore(std::string root);

}  // namespace skyhook::objects::local
