#include "skyhook/store/put_journal.h"

#include <chrono>
#include <sstream>
#include <utility>

#include "skyhook/base/crc32c.h"
#include "skyhook/base/status.h"
#include "skyhook/store/put.h"
#include "skyhook/store/snapshot.h"

namespace skyhook::store {

using arrow::Result;

namespace {

constexpr int64_t kMostAgeNanos = int64_t{3} * 24 * 3600 * 1'000'000'000;

int64_t NowNanos() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

// The name of the put, the snapshot that it began with, and the fingerprint.
std::string ContentOf(const std::string& put, int64_t since, const std::string& fingerprint) {
  return fmt::format("{}\n{}\n{}", put, since, fingerprint);
}

}  // namespace

std::string FingerprintOf(const std::vector<std::shared_ptr<base::ByteSource>>& files,
                          const PutOptions& options) {
  std::string fingerprint = fmt::format(
      "{} {} {} {} {} {} {} {}\n", static_cast<int>(options.existing), options.target_bytes,
      options.most_bytes, options.verbatim, options.write.row_group_rows, options.write.page_bytes,
      options.write.codec, fmt::join(options.write.bloom_filters, ","));
  for (const auto& file : files) {
    fingerprint += fmt::format("{} {} {}\n", file->name(), file->size(), file->version());
  }
  return fingerprint;
}

Result<PutJournal> PutJournal::Begin(ObjectStore* store, const std::string& table,
                                     const std::string& fingerprint,
                                     const std::function<Result<int64_t>()>& check) {
  PutJournal journal(store,
                     ObjectOf(table, fmt::format("_put-{:08x}-{:08x}", base::Crc32c(fingerprint),
                                                 base::Crc32c(fingerprint, 1))));
  ARROW_ASSIGN_OR_RAISE(const auto there, store->Look(journal.object_));
  if (there.has_value() && NowNanos() - there->modified_ns < kMostAgeNanos) {
    ARROW_ASSIGN_OR_RAISE(const auto source, store->OpenObject(journal.object_));
    ARROW_ASSIGN_OR_RAISE(const auto bytes, source->ReadOne({0, source->size()}));
    std::istringstream content(bytes->ToString());
    content >> journal.put_ >> journal.since_;
    const std::string expected = ContentOf(journal.put_, journal.since_, fingerprint);
    if (bytes->ToString() == expected) return journal;
  }
  if (there.has_value()) ARROW_RETURN_NOT_OK(journal.End());
  ARROW_ASSIGN_OR_RAISE(journal.since_, check());
  journal.put_ = UniqueId();
  const auto content =
      arrow::Buffer::FromString(ContentOf(journal.put_, journal.since_, fingerprint));
  ARROW_ASSIGN_OR_RAISE(const bool created, store->Create(journal.object_, *content));
  // Another put of the same files has just begun: join it.
  if (!created) return Begin(store, table, fingerprint, check);
  return journal;
}

}  // namespace skyhook::store
