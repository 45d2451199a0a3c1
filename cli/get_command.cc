#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/listing.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/standard_error.h"
#include "cli/store_access.h"
#include "skyhook/sql/plan_tree.h"
#include "skyhook/table/get.h"
#include "skyhook/table/table.h"

namespace skyhook::cli {
namespace {

using arrow::Result;
using arrow::Status;
using OutputPtr = std::shared_ptr<OutputFile>;

// Where a file goes: `output` is a directory, or the one file's name, or empty for its own name
// here.
Result<std::string> PathOf(const table::TableFile& file, const std::string& output, size_t files) {
  std::error_code ignored;
  if (output.empty()) return file.name;
  if (std::filesystem::is_directory(output, ignored)) {
    return (std::filesystem::path(output) / file.name).string();
  }
  if (files == 1) return output;
  return UsageError(fmt::format("the table gives back {} files: -o has to be a directory", files));
}

Result<OutputPtr> OpenOutput(const std::string& path) {
  if (path == "-") return StandardOutput();
  return IsReplaceable(path) ? ReplaceFile(path) : OpenDirectly(path);
}

// Before the first is written: all or none.
Status CheckNotThere(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (path == "-" || !IsReplaceable(path) || !std::filesystem::exists(path, ignored)) continue;
    return UsageError(fmt::format("'{}' is there already; --force replaces it", path));
  }
  return Status::OK();
}

// A name that the table gives is a file of the directory that the user gave: nothing is written
// through a link, nor to what is no file.
Status CheckIsFile(const std::string& path) {
  std::error_code ignored;
  const auto status = std::filesystem::symlink_status(path, ignored);
  if (!std::filesystem::exists(status) || std::filesystem::is_regular_file(status)) {
    return Status::OK();
  }
  return UsageError(
      fmt::format("'{}' is there already and is no file: name another with -o", path));
}

}  // namespace

Status RunGet(const GetCommand& command, const RunOptions& options) {
  Interruptible interruptible;
  ARROW_RETURN_NOT_OK(interruptible.Begin());
  ARROW_ASSIGN_OR_RAISE(const OpenedTable table,
                        OpenTableOf(command.uri, options, interruptible.token()));
  objects::ObjectStore* store = table.store.get();
  ARROW_ASSIGN_OR_RAISE(const auto snapshot,
                        table::ReadSnapshot(store, table.table(), table.location.snapshot));
  ARROW_ASSIGN_OR_RAISE(const auto files, table::FilesOf(store, table.table(), snapshot));
  std::vector<std::string> paths;
  int64_t total = 0;
  for (const auto& file : files) {
    ARROW_ASSIGN_OR_RAISE(paths.emplace_back(), PathOf(file, options.output, files.size()));
    total += file.bytes;
    if (paths.back() != options.output) ARROW_RETURN_NOT_OK(CheckIsFile(paths.back()));
  }
  if (!command.force) ARROW_RETURN_NOT_OK(CheckNotThere(paths));
  ProgressBar bar;
  int64_t done = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const OutputPtr output, OpenOutput(paths[i]));
    ARROW_RETURN_NOT_OK(
        table::WriteTableFile(store, table.table(), files[i], [&](const arrow::Buffer& bytes) {
          ARROW_RETURN_NOT_OK(interruptible.token().Poll());
          bar.ShowBytes(done += bytes.size(), total);
          return output->Write(bytes.data(), bytes.size());
        }));
    ARROW_RETURN_NOT_OK(output->Close());
  }
  bar.Hide();
  for (size_t i = 0; i < files.size(); ++i) {
    if (!files[i].notice.empty()) Tell("note: " + files[i].notice + "\n");
    Tell(fmt::format("{}: {}{}\n", paths[i], sql::ByteSize(files[i].bytes),
                     files[i].notice.empty() ? ", as it was put" : ""));
  }
  return Status::OK();
}

}  // namespace skyhook::cli
