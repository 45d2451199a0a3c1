#include "skyhook/store/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace skyhook::store {

namespace {

// What names begin with; # stands for a hexadecimal digit.
constexpr std::string_view kHead = "_head";
constexpr std::string_view kManifest = "_manifest-##########-";
constexpr std::array<std::string_view, 5> kNames = {
    "data-########################-", "_source-########################-", kManifest,
    "_put-########-########", ".new-########################"};

bool BeginsLike(std::string_view name, std::string_view pattern) {
  const auto same = [](char expected, char c) {
    return expected == '#' ? std::isxdigit(static_cast<unsigned char>(c)) != 0 : expected == c;
  };
  return name.size() >= pattern.size() &&
         std::equal(pattern.begin(), pattern.end(), name.begin(), same);
}

}  // namespace

std::string Snapshot::id() const { return fmt::format("{:010}-{}", sequence, commit); }

int64_t Snapshot::num_rows() const {
  int64_t rows = 0;
  for (const Fragment& fragment : fragments) rows += fragment.rows;
  return rows;
}

int64_t Snapshot::num_bytes() const {
  int64_t bytes = 0;
  for (const Fragment& fragment : fragments) bytes += fragment.bytes;
  return bytes;
}

std::string ObjectOf(const std::string& table, const std::string& object) {
  return table + "/" + object;
}

std::string HeadOf(const std::string& table) { return ObjectOf(table, std::string(kHead)); }

std::string ManifestOf(const std::string& table, const std::string& snapshot_id) {
  return ObjectOf(table, "_manifest-" + snapshot_id + ".arrow");
}

bool IsObjectName(std::string_view name) {
  if (name == kHead) return true;
  return name.find('/') == std::string_view::npos &&
         std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view pattern) { return BeginsLike(name, pattern); });
}

std::string_view CommitOf(std::string_view manifest) {
  constexpr std::string_view kEnding = ".arrow";
  if (!BeginsLike(manifest, kManifest) || !manifest.ends_with(kEnding)) return "";
  manifest.remove_prefix(kManifest.size());
  manifest.remove_suffix(kEnding.size());
  return manifest;
}

std::set<std::string> NeededBy(const std::string& table, const Snapshot& snapshot) {
  std::set<std::string> needed{ManifestOf(table, snapshot.id())};
  for (const Fragment& fragment : snapshot.fragments) {
    needed.insert(ObjectOf(table, fragment.object));
    for (const std::string& source : fragment.sources) needed.insert(ObjectOf(table, source));
  }
  return needed;
}

}  // namespace skyhook::store
