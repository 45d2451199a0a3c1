// What lets a put that was interrupted go on: the name it has given to its objects.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/base/byte_source.h"
#include "skyhook/store/object_store.h"

namespace skyhook::store {

struct PutOptions;

/// An object of the table, there from before the first data object until after the commit.
class PutJournal {
 public:
  /// Finds the journal of an earlier run with the same `fingerprint`, or begins one. `check` says
  /// whether to begin, and the sequence number of the table's snapshot.
  ///
  /// Journals of more than three days are not gone on with: their objects may be vacuumed.
  static arrow::Result<PutJournal> Begin(ObjectStore* store, const std::string& table,
                                         const std::string& fingerprint,
                                         const std::function<arrow::Result<int64_t>()>& check);

  const std::string& put() const { return put_; }  ///< the unique name of this put
  int64_t since() const { return since_; }         ///< the snapshot that it began with
  /// Removes it.
  arrow::Status End() const { return store_->Remove(object_); }

 private:
  PutJournal(ObjectStore* store, std::string object) : store_(store), object_(std::move(object)) {}

  ObjectStore* store_;
  std::string object_;
  std::string put_;
  int64_t since_ = 0;
};

/// What makes two puts the same.
std::string FingerprintOf(const std::vector<std::shared_ptr<base::ByteSource>>& files,
                          const PutOptions& options);

}  // namespace skyhook::store
