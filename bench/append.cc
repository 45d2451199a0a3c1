// What an append to a table costs that has few objects, or many.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "bench/suites.h"
#include "skyhook/base/file_source.h"
#include "skyhook/base/status.h"
#include "skyhook/objects/local/local_store.h"
#include "skyhook/table/put.h"
#include "skyhook/table/table.h"

namespace skyhook::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr char kTable[] = "t";
constexpr double kMostRatio = 2.0;

// Removed with what is in it.
class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "skyhook-bench-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Makes the table's one object so many: an append looks at none of them.
arrow::Status Multiply(objects::ObjectStore* store, int64_t objects) {
  return table::Commit(store, kTable, objects::UniqueId(), 1,
                       [&](const table::Manifest* current) -> arrow::Result<table::Manifest> {
                         table::Manifest next = *current;
                         next.operation = "append";
                         const table::StoredFragment fragment = current->tail.front();
                         for (int64_t i = 1; i < objects; ++i) {
                           next.tail.push_back(fragment);
                           next.tail.back().object =
                               fmt::format("data-{}-{:06}.parquet", objects::UniqueId(), i);
                         }
                         return next;
                       })
      .status();
}

// The median of appends of one small file to a table of `objects` objects.
arrow::Result<double> Append(const std::string& file, int64_t objects, int repeats) {
  const Folder folder;
  const auto store = objects::local::MakeLocalStore(folder.path());
  ARROW_ASSIGN_OR_RAISE(const auto source, base::OpenFile(file));
  table::PutOptions options;
  options.existing = table::Existing::kAppend;
  ARROW_ASSIGN_OR_RAISE(const auto first, table::Put(store.get(), kTable, {source}, options));
  const int64_t rows = first.snapshot.num_rows();
  ARROW_RETURN_NOT_OK(Multiply(store.get(), objects));
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) {
    const auto begin = Clock::now();
    ARROW_RETURN_NOT_OK(table::Put(store.get(), kTable, {source}, options).status());
    times.push_back(Milliseconds(Clock::now() - begin).count());
  }
  ARROW_ASSIGN_OR_RAISE(const auto snapshot, table::ReadSnapshot(store.get(), kTable, ""));
  if (snapshot.num_rows() != rows * (objects + repeats)) {
    return base::Invalid("{} rows after {} appends to {} objects", snapshot.num_rows(), repeats,
                         objects);
  }
  std::nth_element(times.begin(), times.begin() + repeats / 2, times.end());
  return times[static_cast<size_t>(repeats / 2)];
}

}  // namespace

arrow::Status BenchAppend(const BenchOptions& options) {
  const std::string file = options.data + "/nation.parquet";
  const int repeats = 20 * options.repeats;
  fmt::print("milliseconds of an append of one small file, median of {}\n", repeats);
  double fewest = 0;
  double ratio = 0;
  for (const int64_t objects : {100, 1000, 10'000, 100'000}) {
    ARROW_ASSIGN_OR_RAISE(const double median, Append(file, objects, repeats));
    if (fewest == 0) fewest = median;
    ratio = median / fewest;
    fmt::print("{:>8} objects{:>10.1f}{:>8.2f}\n", objects, median, ratio);
  }
  if (ratio <= kMostRatio) return arrow::Status::OK();
  return base::Invalid("an append to many objects takes {:.1f} times that to few", ratio);
}

}  // namespace skyhook::bench
