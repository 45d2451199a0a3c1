#include "skyhook/sql/spill_folder.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace skyhook::sql {

SpillFolder::SpillFolder(const std::string& parent)
    : path_(parent + "/skyhook-sql-XXXXXX"), made_(::mkdtemp(path_.data()) != nullptr) {}

SpillFolder::~SpillFolder() {
  std::error_code ignored;  // what cannot be removed is left to whoever cleans `parent`
  if (made_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace skyhook::sql
