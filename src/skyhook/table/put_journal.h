// What lets a put that was interrupted go on: the name it has given to its objects.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/base/byte_source.h"
#include "skyhook/objects/object_store.h"

namespace skyhook::table {

struct PutOptions;

/// One of the puts of the same files that a pointer of the table lists, from before the first data
/// object until after the commit.
///
/// Each put that is listed has an owner, the run that works on it, and the owner shows its presence
/// (ObjectStore::ShowPresence). Whose owner is not present was interrupted, and the next run of the
/// same put becomes its owner. A run that finds all owners present lists a put of its own, so that
/// runs at the same time each count. A put has come to its end when its owner has taken it off the
/// list: a run that was taken for interrupted, and was not, learns of it there.
class PutJournal {
 public:
  /// Goes on with an interrupted put of the same `fingerprint`, or begins one. `check` says whether
  /// to begin, and the sequence number of the table's snapshot.
  ///
  /// Puts that began more than three days ago are not gone on with: their objects may be vacuumed.
  /// Fails with kBusy when kMostAtOnce are under way.
  static arrow::Result<PutJournal> Begin(objects::ObjectStore* store, const std::string& table,
                                         const std::string& fingerprint,
                                         const std::function<arrow::Result<int64_t>()>& check);
  static constexpr size_t kMostAtOnce = 32;

  const std::string& put() const { return put_; }  ///< the unique name of this put
  int64_t since() const { return since_; }         ///< the snapshot that it began with
  /// Takes the put off the list. Fails with kBusy when another run owns it by now: that run counts,
  /// and this one must not.
  arrow::Status End() const;

 private:
  PutJournal(objects::ObjectStore* store, std::string pointer)
      : store_(store), pointer_(std::move(pointer)) {}

  objects::ObjectStore* store_;
  std::string pointer_;
  std::string put_;
  std::string owner_;
  int64_t since_ = 0;
  std::unique_ptr<objects::Presence> presence_;  // of the owner
};

/// What makes two puts the same, as 32 hexadecimal digits.
std::string FingerprintOf(const std::vector<std::shared_ptr<base::ByteSource>>& files,
                          const PutOptions& options);

}  // namespace skyhook::table
