#include "tests/differential/random_tables.h"

#include <fmt/format.h>

#include <filesystem>

#include "skyhook/base/file_source.h"
#include "skyhook/objects/local/local_store.h"
#include "skyhook/table/compact.h"
#include "skyhook/table/put.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "tests/differential/foreign_bounds.h"

namespace skyhook::differential {
namespace {

using testing::Require;
using Names = std::vector<std::string>;

constexpr const char* kCase = "columns that differ in case only";
constexpr const char* kBeyondSeen = "decimals beyond their precision";
constexpr const char* kWide = "wide rows";
constexpr const char* kShuffled = "columns in another order";
constexpr const char* kStored = "stored";
constexpr const char* kAppended = "appended to";
constexpr const char* kCompacted = "compacted";

class SourcesMaker {
 public:
  SourcesMaker(uint64_t number, const std::string& directory, const DoInDuckdb& duckdb,
               std::set<std::string>* seen)
      : number_(number), directory_(directory), duckdb_(duckdb), seen_(seen), random_(number) {}

  RandomSources Make() {
    sources_.wide = number_ % 10 == 7;
    const int64_t rows = sources_.wide ? 40 : OneOf<int64_t>(&random_, {0, 1, 2, 40, 400, 3000});
    const auto table = RandomTable(rows, &random_, sources_.wide);
    if (sources_.wide) seen_->insert(kWide);
    std::filesystem::create_directories(directory_ + "/files");
    MakeNative(*table);
    WriteFiles(*table);
    NameFiles();
    if (is_stored()) Store();
    return std::move(sources_);
  }

 private:
  bool is_stored() const { return number_ % 2 == 0; }

  void MakeNative(const arrow::Table& table) {
    const std::string plain = directory_ + "/plain.parquet";
    testing::WriteParquet(plain, table);
    duckdb_(
        fmt::format("CREATE OR REPLACE TABLE native AS SELECT * FROM read_parquet('{}')", plain));
  }

  void WriteFiles(const arrow::Table& table) {
    const int files = OneOf<int>(&random_, {1, 1, 2, 5});
    sources_.layout = fmt::format("{} rows in {} files", table.num_rows(), files);
    int64_t begin = 0;
    for (int file = 0; file < files; ++file) {
      const int64_t left = table.num_rows() - begin;
      const int64_t size = file + 1 == files ? left : Below(&random_, static_cast<int>(left) + 1);
      WriteFile(file, *table.Slice(begin, size));
      begin += size;
    }
  }

  FileTraits TraitsOf(int file) {
    FileTraits traits;
    traits.writer =
        static_cast<Writer>((number_ / 2 + static_cast<uint64_t>(file)) % std::size(kWriterNames));
    traits.foreign_bounds = number_ % 3 != 0;
    traits.case_columns = number_ % 4 == 1;
    // DuckDB writes no such columns.
    if (traits.case_columns && traits.writer == Writer::kDuckdb) traits.writer = Writer::kArrow;
    // A process each time, which takes as long as dozens of queries.
    if (traits.writer == Writer::kDataFusion && number_ % 4 < 2) traits.writer = Writer::kOurs;
    // The second of two names that are one in SQL is the one that gets another there.
    traits.shuffled = !is_stored() && !traits.case_columns && Below(&random_, 2) == 0;
    return traits;
  }

  void WriteFile(int file, const arrow::Table& rows) {
    FileTraits traits = TraitsOf(file);
    traits.decimals_beyond =
        number_ % 10 == 3 && traits.writer != Writer::kDuckdb && HasTurnedBeyond(rows);
    sources_.decimals_beyond |= traits.decimals_beyond;
    if (traits.decimals_beyond) seen_->insert(kBeyondSeen);
    if (traits.case_columns) seen_->insert(kCase);
    if (traits.shuffled) seen_->insert(kShuffled);
    const Names& endings = EndingsOf(traits.writer);
    const std::string& ending = endings[(number_ + static_cast<uint64_t>(file)) % endings.size()];
    seen_->insert(ending);
    files_.push_back(fmt::format("{}/files/{}{}", directory_, file, ending));
    sources_.layout += "\n" + WriteRandomly(rows, files_.back(), traits, duckdb_, &random_, seen_);
  }

  void NameFiles() {
    const std::string folder = directory_ + "/files";
    sources_.names = {files_.size() == 1 ? files_[0] : number_ % 3 == 0 ? folder + "/*" : folder};
  }

  std::vector<std::shared_ptr<base::ByteSource>> Open(size_t begin, size_t end) {
    std::vector<std::shared_ptr<base::ByteSource>> files;
    for (size_t i = begin; i < end; ++i) files.push_back(Require(base::OpenFile(files_[i])));
    return files;
  }

  void Store() {
    const std::string root = directory_ + "/store";
    const auto store = objects::local::MakeLocalStore(root);
    table::PutOptions options;
    options.target_bytes = OneOf<int64_t>(&random_, {1, 20'000, int64_t{32} << 20});
    const size_t first = 1 + static_cast<size_t>(Below(&random_, static_cast<int>(files_.size())));
    Require(table::Put(store.get(), "t", Open(0, first), options));
    options.existing = table::Existing::kAppend;
    if (first < files_.size()) {
      Require(table::Put(store.get(), "t", Open(first, files_.size()), options));
      seen_->insert(kAppended);
    }
    const bool compact = Below(&random_, 2) == 0;
    if (compact) Require(table::Compact(store.get(), "t", {}));
    if (compact) seen_->insert(kCompacted);
    seen_->insert(kStored);
    sources_.names.push_back(root + "/t");
    sources_.layout +=
        fmt::format("\nstored: {} files, then {} appended, objects of {} bytes{}", first,
                    files_.size() - first, options.target_bytes, compact ? ", compacted" : "");
  }

  const uint64_t number_;
  const std::string directory_;
  const DoInDuckdb& duckdb_;
  std::set<std::string>* seen_;
  Random random_;
  Names files_;
  RandomSources sources_;
};

}  // namespace

RandomSources MakeSources(uint64_t number, const std::string& directory, const DoInDuckdb& duckdb,
                          std::set<std::string>* seen) {
  return SourcesMaker(number, directory, duckdb, seen).Make();
}

std::set<std::string> AwkwardKinds() {
  std::set<std::string> kinds = ForeignBoundKinds();
  kinds.insert(std::begin(kWriterNames), std::end(kWriterNames));
  for (const Writer writer : {Writer::kArrow, Writer::kIpcFile}) {
    kinds.insert(EndingsOf(writer).begin(), EndingsOf(writer).end());
  }
  kinds.insert({kCase, kBeyondSeen, kWide, kShuffled, kStored, kAppended, kCompacted});
  return kinds;
}

}  // namespace skyhook::differential
