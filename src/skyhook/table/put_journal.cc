#include "skyhook/table/put_journal.h"

#include <xxhash.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "skyhook/base/clock.h"
#include "skyhook/base/status.h"
#include "skyhook/table/put.h"
#include "skyhook/table/snapshot.h"

namespace skyhook::table {

using arrow::Result;
using arrow::Status;

namespace {

constexpr int64_t kMostAgeNanos = int64_t{3} * 24 * 3600 * 1'000'000'000;
constexpr int kMostTries = 100;

// A line of the journal.
struct Entry {
  std::string put;
  std::string owner;
  int64_t since = 0;
  int64_t began_ns = 0;  // by the clock of who began it
};

using Content = std::optional<std::string>;  // of the pointer

Content ContentOf(const std::vector<Entry>& entries) {
  if (entries.empty()) return std::nullopt;
  std::string content;
  for (const Entry& entry : entries) {
    content += fmt::format("{} {} {} {}\n", entry.put, entry.owner, entry.since, entry.began_ns);
  }
  return content;
}

// What cannot be read lists no put that anybody could go on with.
std::vector<Entry> EntriesOf(const Content& content) {
  std::vector<Entry> entries;
  std::istringstream lines(content.value_or(""));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    Entry entry;
    words >> entry.put >> entry.owner >> entry.since >> entry.began_ns;
    if (words.fail() || !words.eof() || !IsUniqueId(entry.put) || !IsUniqueId(entry.owner) ||
        entry.since < 0) {
      return {};
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string PresenceOf(const std::string& table, const std::string& owner) {
  return ObjectOf(table, ".live-" + owner);
}

bool IsOld(const Entry& entry) { return base::UnixNanos() - entry.began_ns >= kMostAgeNanos; }

// The first put that was interrupted; nothing where there is none. Those that are too old to be
// gone on with are taken off the list.
Result<std::optional<size_t>> FindInterrupted(objects::ObjectStore* store, const std::string& table,
                                              std::vector<Entry>* entries) {
  std::optional<size_t> found;
  std::vector<Entry> kept;
  for (const Entry& entry : *entries) {
    ARROW_ASSIGN_OR_RAISE(const bool present, store->IsPresent(PresenceOf(table, entry.owner)));
    if (!present && IsOld(entry)) continue;
    if (!present && !found.has_value()) found = kept.size();
    kept.push_back(entry);
  }
  *entries = std::move(kept);
  return found;
}

Status Busy(const std::string& uri, const std::string& why) {
  return base::MakeStatus(base::Code::kBusy, fmt::format("'{}': {}", uri, why));
}

}  // namespace

std::string FingerprintOf(const std::vector<std::shared_ptr<base::ByteSource>>& files,
                          const PutOptions& options) {
  std::string text = fmt::format("{} {} {} {} {} {} {} {}\n", static_cast<int>(options.existing),
                                 options.target_bytes, options.most_bytes, options.verbatim,
                                 options.write.row_group_rows, options.write.page_bytes,
                                 options.write.codec, fmt::join(options.write.bloom_filters, ","));
  // Names may hold any byte: their lengths say where they end.
  for (const auto& file : files) {
    text += fmt::format("{} {} {} {} {}\n", file->name().size(), file->name(), file->size(),
                        file->version().size(), file->version());
  }
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

Result<PutJournal> PutJournal::Begin(objects::ObjectStore* store, const std::string& table,
                                     const std::string& fingerprint,
                                     const std::function<Result<int64_t>()>& check) {
  PutJournal journal(store, ObjectOf(table, "_put-" + fingerprint));
  const std::string uri = store->UriOf(journal.pointer_);
  journal.owner_ = objects::UniqueId();
  for (int attempt = 0; attempt < kMostTries; ++attempt) {
    ARROW_ASSIGN_OR_RAISE(const Content said, store->ReadPointer(journal.pointer_));
    std::vector<Entry> entries = EntriesOf(said);
    ARROW_ASSIGN_OR_RAISE(auto mine, FindInterrupted(store, table, &entries));
    std::string before;
    if (mine.has_value()) {
      before = std::exchange(entries[*mine].owner, journal.owner_);
    } else {
      ARROW_ASSIGN_OR_RAISE(const int64_t since, check());
      if (entries.size() >= kMostAtOnce) {
        return Busy(uri, fmt::format("{} puts of the same files are under way", entries.size()));
      }
      mine = entries.size();
      entries.push_back({objects::UniqueId(), journal.owner_, since, base::UnixNanos()});
    }
    journal.put_ = entries[*mine].put;
    journal.since_ = entries[*mine].since;
    if (journal.presence_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(journal.presence_,
                            store->ShowPresence(PresenceOf(table, journal.owner_)));
    }
    ARROW_ASSIGN_OR_RAISE(const bool swung,
                          store->SwingPointer(journal.pointer_, said, ContentOf(entries)));
    if (!swung) continue;
    if (!before.empty()) ARROW_RETURN_NOT_OK(store->Remove(PresenceOf(table, before)));
    return journal;
  }
  return Busy(uri, "other puts of the same files were faster each time");
}

Status PutJournal::End() const {
  Status failed;
  for (int attempt = 0; attempt < kMostTries; ++attempt) {
    ARROW_ASSIGN_OR_RAISE(const Content said, store_->ReadPointer(pointer_));
    std::vector<Entry> entries = EntriesOf(said);
    const auto mine = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
      return entry.put == put_ && entry.owner == owner_;
    });
    if (mine == entries.end()) {
      // Where the acknowledgement got lost, it was this run that took it off.
      if (!failed.ok()) return Status::OK();
      return Busy(store_->UriOf(pointer_),
                  "this put was taken for interrupted, and the same put has gone on with it since: "
                  "its rows count once, as that one's");
    }
    entries.erase(mine);
    const auto swung = store_->SwingPointer(pointer_, said, ContentOf(entries));
    if (swung.ok() && *swung) return Status::OK();
    if (!swung.ok() && !failed.ok()) return failed;
    if (!swung.ok()) failed = swung.status();
  }
  return Busy(store_->UriOf(pointer_), "other puts of the same files were faster each time");
}

}  // namespace skyhook::table
