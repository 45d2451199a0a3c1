#include "skyhook/table/object_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "skyhook/objects/object_store.h"

namespace skyhook::table {

namespace {

constexpr std::string_view kHead = "_head";
constexpr size_t kMostDigits = 18;
constexpr size_t kMostNameBytes = 255;
constexpr std::string_view kUnique = "########################";

// The forms of names: # stands for a hexadecimal digit, + for one to kMostDigits decimal ones.
constexpr std::array<std::string_view, 2> kData = {"data-########################-+.parquet",
                                                   "data-########################-+.arrow"};
constexpr std::string_view kSource = "_source-########################-+.arrow";
constexpr std::string_view kSnapshotId = "+-########################";
constexpr std::string_view kManifest = "_manifest-+-########################.arrow";
constexpr std::string_view kPart = "_part-########################-########.arrow";
constexpr std::string_view kPartBegin = "_part-";
constexpr std::string_view kManifestEnding = ".arrow";
constexpr std::array<std::string_view, 4> kOthers = {
    "_put-################################", "_put-########-########",  // of the first release
    ".new-########################", ".live-########################"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool Matches(std::string_view name, std::string_view form) {
  while (!form.empty()) {
    size_t taken = 1;
    if (form.front() == '+') {
      taken = 0;
      while (taken < name.size() && taken < kMostDigits && IsDigit(name[taken])) ++taken;
      if (taken == 0) return false;
    } else if (name.empty()) {
      return false;
    } else if (form.front() == '#') {
      if (std::isxdigit(static_cast<unsigned char>(name.front())) == 0) return false;
    } else if (name.front() != form.front()) {
      return false;
    }
    name.remove_prefix(taken);
    form.remove_prefix(1);
  }
  return name.empty();
}

template <size_t kForms>
bool MatchesAny(std::string_view name, const std::array<std::string_view, kForms>& forms) {
  return std::any_of(forms.begin(), forms.end(),
                     [name](std::string_view form) { return Matches(name, form); });
}

}  // namespace

std::string ObjectOf(const std::string& table, const std::string& object) {
  return table + "/" + object;
}

std::string HeadOf(const std::string& table) { return ObjectOf(table, std::string(kHead)); }

std::string ManifestOf(const std::string& table, const std::string& snapshot_id) {
  return ObjectOf(table, "_manifest-" + snapshot_id + ".arrow");
}

bool IsObjectName(std::string_view name) {
  return name == kHead || IsDataName(name) || IsSourceName(name) || Matches(name, kManifest) ||
         IsPartName(name) || MatchesAny(name, kOthers);
}

bool IsDataName(std::string_view name) { return MatchesAny(name, kData); }
bool IsSourceName(std::string_view name) { return Matches(name, kSource); }
bool IsPartName(std::string_view name) { return Matches(name, kPart); }
std::string PartNamed(const std::string& commit) {
  return fmt::format("{}{}-{}.arrow", kPartBegin, commit, objects::UniqueId().substr(0, 8));
}
std::string SnapshotId(int64_t sequence, const std::string& commit) {
  return fmt::format("{:010}-{}", sequence, commit);
}
bool IsUniqueId(std::string_view text) { return Matches(text, kUnique); }
bool IsSnapshotId(std::string_view text) { return Matches(text, kSnapshotId); }

int64_t SequenceOf(std::string_view snapshot_id) {
  int64_t sequence = 0;
  std::from_chars(snapshot_id.data(), snapshot_id.data() + snapshot_id.size(), sequence);
  return sequence;
}

std::string Shown(std::string_view name) {
  constexpr size_t kMostShown = 80;
  std::string shown(name.substr(0, kMostShown));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return name.size() > kMostShown ? shown + "..." : shown;
}

bool IsPlainFileName(std::string_view name) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  return !name.empty() && name.size() <= kMostNameBytes && name != "." && name != ".." &&
         name != "-" && name.find('/') == std::string_view::npos &&
         std::none_of(name.begin(), name.end(), control);
}

std::string_view CommitOf(std::string_view name) {
  if (IsPartName(name)) return name.substr(kPartBegin.size(), kUnique.size());
  if (!Matches(name, kManifest)) return "";
  name.remove_suffix(kManifestEnding.size());
  return name.substr(name.size() - kUnique.size());
}

}  // namespace skyhook::table
