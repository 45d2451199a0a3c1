// Sites whose fragments are files of a directory, for the conformance suite.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/base/layout.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/site_conformance.h"

namespace skyhook::testing {

/// Writes a file, with a later modification time than any it replaces.
inline void ReplaceFile(const std::string& path, const std::string& bytes) {
  const bool existed = std::filesystem::exists(path);
  const auto before =
      existed ? std::filesystem::last_write_time(path) : std::filesystem::file_time_type::min();
  WriteBytes(path, bytes);
  if (existed) std::filesystem::last_write_time(path, before + std::chrono::seconds(1));
}

/// `Home` has `site()`, `File(name)`, the path of a file, and `NameOf(name)`, what the site calls
/// it.
template <typename Home>
class FilesFixture : public SiteFixture {
 public:
  /// A fragment is the file of its name, or, given `pieces`, lies in pieces of these files, and its
  /// last bytes in none.
  explicit FilesFixture(std::vector<std::string> pieces = {}) : pieces_(std::move(pieces)) {}

  std::shared_ptr<site::Site> site() override { return home_.site(); }

  site::FragmentId Put(const std::string& name, const arrow::Buffer& bytes) override {
    if (pieces_.empty()) {
      ReplaceFile(home_.File(name), bytes.ToString());
      return {home_.NameOf(name), ""};
    }
    std::vector<std::string> objects;
    for (const std::string& piece : pieces_) objects.push_back(home_.NameOf(piece));
    std::map<std::string, std::string> held;
    auto layout = std::make_shared<base::Layout>(Scattered(bytes, objects, &held));
    for (const std::string& piece : pieces_) {
      ReplaceFile(home_.File(piece), held.at(home_.NameOf(piece)));
    }
    return {name, "", -1, std::move(layout)};
  }

 private:
  const std::vector<std::string> pieces_;
  Home home_;
};

/// FilesFixture<Home>(pieces) under a name.
template <typename Home>
SiteParameter FilesSite(const std::string& name, const std::vector<std::string>& pieces = {}) {
  return {name, [pieces] { return std::make_unique<FilesFixture<Home>>(pieces); }};
}

}  // namespace skyhook::testing
