// Writes the data objects of one put or compaction, several at a time.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/objects/object_store.h"
#include "skyhook/table/describe_fragment.h"

namespace skyhook::table {

/// Not thread-safe; uses threads of its own. Waits for them when it is destroyed.
class Uploads {
 public:
  struct Uploaded {
    DescribedFragment described;
    bool found = false;  ///< the object had been written before
    std::string origin;
  };
  using Make = std::function<arrow::Result<std::shared_ptr<arrow::Buffer>>()>;

  /// `on_written` is called with the bytes of each object, from several threads.
  Uploads(objects::ObjectStore* store, std::string table, int at_a_time,
          std::function<void(int64_t)> on_written)
      : store_(store),
        table_(std::move(table)),
        at_a_time_(at_a_time < 1 ? 1 : static_cast<size_t>(at_a_time)),
        on_written_(std::move(on_written)) {}

  /// Begins to write what `make` gives (on another thread) as `object`, whose further fields are
  /// those of `fragment`; waits while too many are on their way. Fails when one of them has.
  /// `origin` is how messages name what the bytes are of: the file, for people.
  ///
  /// The bytes are read back as a table's fragment before they are written, and their checksum is
  /// compared with that of what is stored afterwards.
  arrow::Status Add(StoredFragment fragment, std::string origin, Make make);

  /// Whether one of them has failed so far. From any thread.
  bool failed() const { return failed_; }

  /// Waits for all: what was written, in the order of Add.
  arrow::Result<std::vector<Uploaded>> Finish();

 private:
  arrow::Status TakeFirst();

  objects::ObjectStore* store_;
  const std::string table_;
  const size_t at_a_time_;
  const std::function<void(int64_t)> on_written_;
  std::atomic<bool> failed_ = false;
  std::deque<std::future<arrow::Result<Uploaded>>> running_;
  std::vector<Uploaded> done_;
};

}  // namespace skyhook::table
