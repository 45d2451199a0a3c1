#include "skyhook/client/file_listing.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/client/stored_table.h"
#include "skyhook/format/ipc/stream.h"
#include "skyhook/table/table.h"

namespace skyhook::client {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 6> kEndings = {".parquet", ".parq",    ".pq",
                                                      ".arrow",   ".feather", ".ipc"};
constexpr std::array<std::string_view, 5> kTextEndings = {".csv", ".tsv", ".json", ".jsonl",
                                                          ".ndjson"};

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

template <size_t n>
bool EndsInAny(std::string_view text, const std::array<std::string_view, n>& endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [text](std::string_view ending) { return text.ends_with(ending); });
}

/// Whether a file begins as Parquet and Arrow files do.
bool BeginsAsOurs(const fs::path& path) {
  std::array<char, 8> begin{};
  std::ifstream file(path, std::ios::binary);
  file.read(begin.data(), begin.size());
  const std::string_view read(begin.data(), static_cast<size_t>(file.gcount()));
  return read.starts_with("PAR1") || read.starts_with("PARE") || read.starts_with("ARROW1") ||
         format::BeginsAsIpcStream(read);
}

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
    std::error_code ignored;
    if (!IsGlob(first) || fs::exists(directory / first, ignored)) {
      return AddMatches(directory / first, rest);
    }
    ARROW_ASSIGN_OR_RAISE(const std::vector<fs::path> entries, EntriesOf(directory));
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
    if (!fs::exists(path, ignored) && !fs::is_symlink(path, ignored)) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(RefuseTables(path.parent_path()));
    return AddFound(path);
  }

  /// A file of a directory or a glob, which may be a link to one of a stored table.
  arrow::Status AddFound(const fs::path& path) {
    std::error_code error;
    if (fs::is_symlink(path, error)) {
      const fs::path real = fs::canonical(path, error);
      if (!error) ARROW_RETURN_NOT_OK(RefuseTables(real.parent_path()));
    }
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
                                                  table::LeftOver(directory.string())));
    }
    return arrow::Status::OK();
  }

  /// Applies `rest` to `directory` and everything below; an empty `rest` means the files with one
  /// of our endings. `above` are the directories on the way here, against links that form a circle.
  arrow::Status Walk(const fs::path& directory, const std::vector<std::string>& rest,
                     std::vector<fs::path> above) {
    std::error_code error;
    const fs::path real = fs::canonical(directory, error);
    if (error) return CannotList(directory, error);
    if (std::find(above.begin(), above.end(), real) != above.end()) return arrow::Status::OK();
    above.push_back(real);
    ARROW_RETURN_NOT_OK(RefuseTables(directory));
    if (!rest.empty()) ARROW_RETURN_NOT_OK(AddMatches(directory, rest));
    ARROW_ASSIGN_OR_RAISE(const std::vector<fs::path> entries, EntriesOf(directory));
    for (const fs::path& entry : entries) {
      if (IsHidden(entry.filename().string())) continue;
      if (fs::is_directory(entry, error)) {
        ARROW_RETURN_NOT_OK(Walk(entry, rest, above));
      } else if (rest.empty() && (HasKnownEnding(entry.string()) || BeginsAsOurs(entry))) {
        ARROW_RETURN_NOT_OK(AddFound(entry));
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
    if (error && error != std::errc::no_such_file_or_directory) return CannotList(opened, error);
    return entries;
  }

  arrow::Status CannotList(const fs::path& directory, const std::error_code& error) const {
    return arrow::Status::IOError(fmt::format("cannot list directory '{}' for '{}': {}",
                                              directory.string(), pattern_, error.message()));
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
    std::error_code ignored;
    if (components.empty() && (!IsGlob(part.string()) || fs::exists(directory / part, ignored))) {
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
      "nothing matches '{}': '{}' holds no such file (looked for Parquet and Arrow files in "
      "directories; names that begin with . or _ are left out)",
      pattern, directory.empty() ? "." : directory.string()));
}

}  // namespace

arrow::Result<std::vector<std::string>> ListFiles(const std::string& pattern, int64_t max_files) {
  if (pattern.empty()) return base::Invalid("an empty path names no table");
  if (HasScheme(pattern)) {
    return base::Invalid(
        "'{}': Skyhook reads files of this machine and tables at rados://POOL[/NAMESPACE]/TABLE "
        "and grpc[+tls]://HOST:PORT/EXPORT/TABLE, and nothing at '{}'",
        pattern, pattern.substr(0, pattern.find("://") + 3));
  }
  Listing listing(pattern, max_files);
  std::error_code error;
  const fs::file_status status = fs::status(pattern, error);
  if (HasTextEnding(pattern) && !fs::is_directory(status)) {
    return base::Invalid(
        "'{0}' is text, which only SQL reads (skyhook sql -c \"FROM '{0}'\"): this takes Parquet "
        "and Arrow files",
        pattern);
  }
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

bool HasKnownEnding(const std::string& path) { return EndsInAny(Lower(path), kEndings); }

bool HasTextEnding(const std::string& path) {
  std::string name = Lower(path);
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (name.ends_with(packed)) name.erase(name.size() - packed.size());
  }
  return EndsInAny(name, kTextEndings);
}

bool HasScheme(const std::string& path) {
  const size_t colon = path.find("://");
  if (colon == std::string::npos || colon == 0) return false;
  return std::all_of(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
  });
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

}  // namespace skyhook::client
