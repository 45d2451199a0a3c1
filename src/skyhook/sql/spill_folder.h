// A folder of one database's own for what DuckDB spills: its files have the same names in every
// process.
#pragma once

#include <string>

namespace skyhook::sql {

/// Made at once, below `parent` and readable by nobody else; goes with what is in it. Where it
/// cannot be made, path() is a name below `parent` that is not there: whoever spills gets the
/// error.
class SpillFolder {
 public:
  explicit SpillFolder(const std::string& parent);
  ~SpillFolder();
  SpillFolder(const SpillFolder&) = delete;
  SpillFolder& operator=(const SpillFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_;
};

}  // namespace skyhook::sql
