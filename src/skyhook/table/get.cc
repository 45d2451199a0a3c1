#include "skyhook/table/get.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::table {

using arrow::Result;
using arrow::Status;

namespace {

constexpr int64_t kStepBytes = 4 << 20;

// Fragments that one file was put into, in the order of rows.
struct Group {
  std::string source;
  std::vector<const StoredFragment*> fragments;
};

// One group for each description of a file, in the order of their first rows. A fragment of several
// files stands with each.
std::vector<Group> BySource(const Snapshot& snapshot) {
  std::vector<Group> groups;
  std::map<std::string, size_t> known;
  for (const StoredFragment& fragment : snapshot.fragments) {
    for (const std::string& source : fragment.sources) {
      const auto [group, added] = known.try_emplace(source, groups.size());
      if (added) groups.push_back({source, {}});
      groups[group->second].fragments.push_back(&fragment);
    }
  }
  return groups;
}

// "0, 2 to 4".
std::string RangesOf(const std::vector<int64_t>& numbers) {
  std::string text;
  for (size_t i = 0; i < numbers.size();) {
    size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", numbers[i]);
    if (end - i > 1) text += fmt::format(" to {}", numbers[end - 1]);
    i = end;
  }
  return text;
}

// A file under way: row groups of objects that can stand together.
struct Joining {
  std::vector<format::RowGroupsOf> row_groups;
  int64_t count = 0;               // of row groups
  std::vector<int64_t> reencoded;  // which of them
};

Status Add(objects::ObjectStore* store, const std::string& table, const StoredFragment& fragment,
           std::vector<Joining>* files) {
  ARROW_ASSIGN_OR_RAISE(auto object, store->OpenObject(ObjectOf(table, fragment.object)));
  ARROW_ASSIGN_OR_RAISE(auto parts, format::ParquetParts::Read(std::move(object), {}, {}));
  if (files->empty() || !files->back().row_groups.front().parts->CanJoin(*parts)) {
    files->emplace_back();
  }
  Joining& file = files->back();
  for (int group = 0; group < parts->num_row_groups(); ++group, ++file.count) {
    if (fragment.reencoded) file.reencoded.push_back(file.count);
  }
  const int groups = parts->num_row_groups();
  file.row_groups.push_back({std::move(parts), 0, groups});
  return Status::OK();
}

Result<TableFile> Finish(const Joining& joining, const std::string& name) {
  TableFile file;
  file.name = name;
  ARROW_ASSIGN_OR_RAISE(file.assembly, format::Assemble(joining.row_groups, {}, {}));
  file.bytes = file.assembly->bytes;
  file.notice = fmt::format("'{}' has the rows that were put, and not the bytes", name);
  if (!joining.reencoded.empty()) {
    file.notice +=
        fmt::format(": its row groups {} were encoded anew", RangesOf(joining.reencoded));
  }
  return file;
}

// `name` with a number before its ending.
std::string Numbered(const std::string& name, size_t number) {
  const size_t dot = name.rfind('.');
  const std::string stem = name.substr(0, dot);
  return fmt::format("{}-{}{}", stem, number, dot == std::string::npos ? "" : name.substr(dot));
}

std::string Unlike(const std::set<std::string>& names, const std::string& name) {
  std::string unlike = name;
  for (size_t number = 2; names.contains(unlike); ++number) unlike = Numbered(name, number);
  return unlike;
}

}  // namespace

Result<std::vector<TableFile>> FilesOf(objects::ObjectStore* store, const std::string& table,
                                       const Snapshot& snapshot) {
  std::vector<TableFile> files;
  std::set<std::string> names;
  const auto add = [&](TableFile file) {
    names.insert(file.name);
    files.push_back(std::move(file));
  };
  for (const Group& group : BySource(snapshot)) {
    ARROW_ASSIGN_OR_RAISE(SourceFile source, ReadSourceFile(store, table, group.source));
    const std::string name = source.name;
    if (!source.pieces.empty()) {
      TableFile file;
      file.name = Unlike(names, name);
      file.bytes = source.bytes;
      file.source = std::move(source);
      add(std::move(file));
      continue;
    }
    std::vector<Joining> joined;
    for (const StoredFragment* fragment : group.fragments) {
      ARROW_RETURN_NOT_OK(Add(store, table, *fragment, &joined));
    }
    for (const Joining& joining : joined) {
      ARROW_ASSIGN_OR_RAISE(TableFile file, Finish(joining, Unlike(names, name)));
      add(std::move(file));
    }
  }
  return files;
}

Status WriteTableFile(objects::ObjectStore* store, const std::string& table, const TableFile& file,
                      const std::function<Status(const arrow::Buffer&)>& write) {
  if (file.source.has_value()) return WriteSourceFile(store, table, *file.source, write);
  for (int64_t done = 0; done < file.bytes; done += kStepBytes) {
    const base::ByteRange range{done, std::min(kStepBytes, file.bytes - done)};
    ARROW_ASSIGN_OR_RAISE(const auto bytes, format::ReadAssembly(*file.assembly, range, {}, {}));
    ARROW_RETURN_NOT_OK(write(*bytes));
  }
  return Status::OK();
}

}  // namespace skyhook::table
