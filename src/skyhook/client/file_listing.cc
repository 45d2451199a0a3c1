#include "skyhook/client/file_listing.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/client/stored_table.h"
#include "skyhook/store/table.h"

namespace skyhook::client {
namespace {

namespace fs = std::filesystem;

bool IsHidden(const std::string& name) {
  return !name.empty() && (name.front() == '.' || name.front() == '_');
}

/// Collects paths until there are too many.
class Listing {
 public:
  Listing(std::string pattern, int64_t max_files)
      : pattern_(std::move(pattern)), max_files_(max_files) {}

  arrow::Status Add(std::string path) {
    if (static_cast<int64_t>(files_.size()) >= max_files_) {
      return base::LimitExceeded("'{}' matches more than {} files: narrow the pattern", pattern_,
                                 max_files_);
    }
    files_.push_back(std::move(path));
    return arrow::Status::OK();
  }

  /// Every file with one of our endings below `directory`.
  arrow::Status AddDirectory(const fs::path& directory) { return Walk(directory, {}, {}); }

  /// The paths that `components` match below `directory`.
  arrow::Status AddMatches(const fs::path& directory, const std::vector<std::string>& components) {
    if (components.empty()) return AddPath(directory);
    const std::string& first = components.front();
    const std::vector<std::string> rest(components.begin() + 1, components.end());
    if (first == "**") return Walk(directory, rest, {});
    if (!IsGlob(first)) return AddMatches(directory / first, rest);
    ARROW_ASSIGN_OR_RAISE(const std::vector<fs::path> entries, EntriesOf(directory));
    std::error_code ignored;
    for (const fs::path& entry : entries) {
      const std::string name = entry.filename().string();
      if (IsHidden(name) && first.front() != name.front()) continue;
      if (::fnmatch(first.c_str(), name.c_str(), FNM_PERIOD) != 0) continue;
      if (!rest.empty() && !fs::is_directory(entry, ignored)) continue;
      ARROW_RETURN_NOT_OK(AddMatches(entry, rest));
    }
    return arrow::Status::OK();
  }

  std::vector<std::string> TakeSorted() {
    std::sort(files_.begin(), files_.end());
    files_.erase(std::unique(files_.begin(), files_.end()), files_.end());
    return std::move(files_);
  }

 private:
  arrow::Status AddPath(const fs::path& path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) return AddDirectory(path);
    if (!fs::exists(path, ignored)) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(RefuseTables(path.parent_path()));
    return Add(path.string());
  }

  arrow::Status RefuseTables(const fs::path& directory) {
    const auto [kind, unseen] = kinds_.try_emplace(directory.string(), FolderKind::kPlain);
    if (unseen) kind->second = KindOfFolder(directory.string());
    switch (kind->second) {
      case FolderKind::kPlain:
        return arrow::Status::OK();
      case FolderKind::kTable:
        return base::Invalid("'{}' reaches into '{}', which is a table of its own: name that one",
                             pattern_, directory.string());
      case FolderKind::kLeftOver:
        return arrow::Status::IOError(fmt::format("'{}' reaches into '{}', which is no table: {}",
                                                  pattern_, directory.string(),
                                                  store::LeftOver(directory.string())));
    }
    return arrow::Status::OK();
  }

  /// Applies `rest` to `directory` and everything below; an empty `rest` means the files with one
  /// of our endings. `above` are the directories on the way here, against links that form a circle.
  arrow::Status Walk(const fs::path& directory, const std::vector<std::string>& rest,
                     std::vector<fs::path> above) {
    std::error_code error;
    const fs::path real = fs::canonical(directory, error);
    if (error || std::find(above.begin(), above.end(), real) != above.end()) {
      return arrow::Status::OK();
    }
    above.push_back(real);
    ARROW_RETURN_NOT_OK(RefuseTables(directory));
    if (!rest.empty()) ARROW_RETURN_NOT_OK(AddMatches(directory, rest));
    ARROW_ASSIGN_OR_RAISE(const std::vector<fs::path> entries, EntriesOf(directory));
    for (const fs::path& entry : entries) {
      if (IsHidden(entry.filename().string())) continue;
      if (fs::is_directory(entry, error)) {
        ARROW_RETURN_NOT_OK(Walk(entry, rest, above));
      } else if (rest.empty() && HasKnownEnding(entry.string())) {
        ARROW_RETURN_NOT_OK(Add(entry.string()));
      }
    }
    return arrow::Status::OK();
  }

  arrow::Result<std::vector<fs::path>> EntriesOf(const fs::path& directory) const {
    std::error_code error;
    const fs::path opened = directory.empty() ? fs::path(".") : directory;
    std::vector<fs::path> entries;
    for (fs::directory_iterator entry(opened, error), end; !error && entry != end;
         entry.increment(error)) {
      entries.push_back(directory / entry->path().filename());
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      return arrow::Status::IOError(fmt::format("cannot list directory '{}' for '{}': {}",
                                                opened.string(), pattern_, error.message()));
    }
    return entries;
  }

  std::string pattern_;
  int64_t max_files_;
  std::vector<std::string> files_;
  std::map<std::string, FolderKind> kinds_;  // of directories that were looked at
};

/// The directory where matching starts, and the components to match below it.
std::pair<fs::path, std::vector<std::string>> SplitPattern(const std::string& pattern) {
  fs::path directory;
  std::vector<std::string> components;
  for (const fs::path& part : fs::path(pattern)) {
    if (part.empty()) continue;
    if (components.empty() && !IsGlob(part.string())) {
      directory /= part;
    } else {
      components.push_back(part.string());
    }
  }
  return {directory, components};
}

arrow::Status NothingFound(const std::string& pattern, const fs::path& directory) {
  std::error_code ignored;
  if (!directory.empty() && !fs::exists(directory, ignored)) {
    return arrow::Status::IOError(
        fmt::format("nothing matches '{}': there is no '{}'", pattern, directory.string()));
  }
  return arrow::Status::IOError(fmt::format(
      "nothing matches '{}': '{}' holds no such file (looked for .parquet, .arrow and .feather in "
      "directories; names that begin with . or _ are left out)",
      pattern, directory.empty() ? "." : directory.string()));
}

}  // namespace

arrow::Result<std::vector<std::string>> ListFiles(const std::string& pattern, int64_t max_files) {
  if (pattern.empty()) return base::Invalid("an empty path names no table");
  Listing listing(pattern, max_files);
  std::error_code error;
  const fs::file_status status = fs::status(pattern, error);
  auto [directory, components] = SplitPattern(pattern);
  if (fs::is_directory(status)) {
    ARROW_RETURN_NOT_OK(listing.AddDirectory(pattern));
  } else if (fs::exists(status)) {
    ARROW_RETURN_NOT_OK(listing.Add(pattern));
  } else if (components.empty()) {
    std::error_code ignored;
    return arrow::Status::IOError(fmt::format("cannot open '{}': {} (relative paths start at '{}')",
                                              pattern, error.message(),
                                              fs::current_path(ignored).string()));
  } else {
    ARROW_RETURN_NOT_OK(listing.AddMatches(directory, components));
  }
  std::vector<std::string> files = listing.TakeSorted();
  if (files.empty()) return NothingFound(pattern, directory);
  return files;
}

bool HasKnownEnding(const std::string& path) {
  return path.ends_with(".parquet") || path.ends_with(".arrow") || path.ends_with(".feather");
}

bool IsGlob(const std::string& pattern) {
  return pattern.find_first_of("*?[") != std::string::npos;
}

bool HoldsKnownFile(const std::string& directory) {
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, fs::directory_options::skip_permission_denied,
                                         error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (IsHidden(name) || (entry->is_directory(ignored) && IsStoredTable(entry->path().string()))) {
      entry.disable_recursion_pending();
    } else if (HasKnownEnding(name) && !entry->is_directory(error)) {
      return true;
    }
  }
  return false;
}

bool HoldsStoredTable(const std::string& directory) {
  if (KindOfFolder(directory) != FolderKind::kPlain) return true;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, fs::directory_options::skip_permission_denied,
                                         error);
  for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored)) continue;
    if (KindOfFolder(entry->path().string()) != FolderKind::kPlain) return true;
  }
  return false;
}

}  // namespace skyhook::client
