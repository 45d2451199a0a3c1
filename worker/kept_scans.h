// What a worker keeps between the calls of a scan, so that each can be short.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "skyhook/exec/prepared_calls.h"
#include "skyhook/exec/run.h"
#include "skyhook/wire/parsed_pipelines.h"
#include "worker/objects.h"
#include "worker/scan_key.h"

namespace skyhook::worker {

/// What a call left over.
struct KeptScan {
  ScanKey key;  ///< of the call that goes on with it
  Objects::Open open;
  std::unique_ptr<exec::Execution> execution;
};

/// Keeps the few scans that were called last, within a bound of memory. Not thread-safe.
class KeptScans {
 public:
  bool empty() const {
    return scans_.empty() && replies_.empty() && calls_ == nullptr && pipelines_.empty();
  }
  /// The scan that `key` goes on with, which is no longer kept. Others of its number are dropped:
  /// their client has gone another way.
  std::optional<KeptScan> Take(const ScanKey& key);
  void Keep(KeptScan scan);
  /// Replies that nobody waited for, to calls that come again; of at most so many bytes.
  std::optional<std::string> TakeReply(const ScanKey& key, int64_t most_bytes);
  void KeepReply(const ScanKey& key, std::string reply);
  /// What is made of the constants of plans, whichever scan they are of; within a bound of its own.
  const std::shared_ptr<exec::PreparedCalls>& prepared_calls();
  /// Those of requests, for calls that go on and for those of other fragments.
  wire::ParsedPipelines* pipelines() { return &pipelines_; }
  /// Drops all, and gives the memory back.
  void Clear();

 private:
  /// Of all that the worker holds, while it keeps more than one scan.
  static constexpr int64_t kMostBytes = int64_t{256} << 20;
  static constexpr size_t kMostScans = 8;
  static constexpr size_t kMostReplies = 4;

  // The one kept last first:
  std::list<KeptScan> scans_;
  std::list<std::pair<ScanKey, std::string>> replies_;
  std::shared_ptr<exec::PreparedCalls> calls_;  // null: nobody asked yet
  wire::ParsedPipelines pipelines_;
};

}  // namespace skyhook::worker
