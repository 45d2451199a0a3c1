#include "skyhook/testing/corpus.h"

#include <arrow/io/file.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "skyhook/testing/matchers.h"

namespace skyhook::testing {
namespace {

std::filesystem::path Folder(const std::string& kind) {
  const char* set = std::getenv("SKYHOOK_CORPUS");
  const std::filesystem::path corpus =
      set != nullptr ? std::filesystem::path(set)
                     : std::filesystem::path(SKYHOOK_SOURCE_DIR) / ".." / "shared" / "corpus";
  return corpus / "parquet" / kind;
}

}  // namespace

std::vector<std::string> CorpusFiles(const std::string& kind) {
  std::vector<std::string> files;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(Folder(kind), missing)) {
    if (entry.path().extension() == ".parquet") files.push_back(entry.path().filename());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool IsReadByArrow(const std::string& file) {
  return file != "incorrect_map_schema.parquet" && file != "large_string_map.brotli.parquet";
}

std::shared_ptr<arrow::Buffer> CorpusBytes(const std::string& kind, const std::string& file) {
  auto input = Require(arrow::io::ReadableFile::Open(Folder(kind) / file));
  return Require(input->Read(Require(input->GetSize())));
}

std::string TestNameOf(const std::string& file) {
  std::string name = file;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

}  // namespace skyhook::testing
