// What the tables and scans of one user share: sites, connections, what is kept of open files.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "skyhook/base/memory_budget.h"
#include "skyhook/base/timer.h"
#include "skyhook/exec/predicate_cache.h"
#include "skyhook/format/fragment.h"
#include "skyhook/objects/object_store.h"
#include "skyhook/objects/rados_pool.h"
#include "skyhook/placement/rates.h"
#include "skyhook/site/flight/flight_options.h"
#include "skyhook/site/flight/flight_site.h"
#include "skyhook/site/site.h"
#include "skyhook/table/location.h"

namespace skyhook::client {

struct SessionOptions {
  /// How Ceph is reached, and as whom.
  objects::RadosOptions rados = {};
  /// As whom daemons are asked.
  site::flight::FlightOptions flight = {};
  /// What all that is kept of open fragments may take: footers, page indexes, bloom filters,
  /// dictionaries, and, of a quarter, which rows passed earlier predicates. In bytes. Half
  /// as much again is kept to read into.
  int64_t cache_bytes = int64_t{256} << 20;
  /// Whether scans remember which rows passed their predicates.
  bool remember_predicates = true;
  /// How files of this machine are read.
  format::Shortcuts shortcuts = format::Shortcuts::kMeasured;
  /// Files kept open.
  int max_open_files = 256;
  /// The site of this machine's files. Null: one whose kernel runs in this process.
  std::shared_ptr<site::Site> files = nullptr;
};

/// What SessionOptions::cache_bytes is where `memory_bytes` are given for all: a sixteenth, at most
/// 256 MiB.
int64_t CacheBytesOf(int64_t memory_bytes);

/// A store of tables, and the site where its objects are scanned.
struct OpenedStore {
  std::shared_ptr<objects::ObjectStore> objects;
  std::shared_ptr<site::Site> site;
  bool rados = false;

  /// What the site calls an object.
  std::string NameOf(const std::string& object) const;
};

/// Several sessions of one process share nothing but, in the Ceph module, the connections of equal
/// RadosOptions. Thread-safe. A session may go before what it has opened.
class Session {
 public:
  explicit Session(SessionOptions options = {});
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The site of this machine's files.
  const std::shared_ptr<site::Site>& files() const { return files_; }
  /// Pools are opened once; later calls give the same. Waits of the store, and of the opening, end
  /// by `stop`; waits of the site are those of its callers.
  arrow::Result<OpenedStore> OpenStore(const table::Location& location,
                                       const arrow::StopToken& stop);

  /// The site of a daemon's files (site/flight/flight_site.h), made once for each address. Connects
  /// when it is asked.
  std::shared_ptr<site::flight::FlightSite> OpenDaemon(const std::string& address);

  const std::shared_ptr<base::MemoryBudget>& budget() const { return budget_; }
  /// Null where predicates are not remembered.
  const std::shared_ptr<exec::PredicateCache>& predicates() const { return predicates_; }
  /// How fast the sites have answered.
  const std::shared_ptr<placement::Rates>& rates() const { return rates_; }
  /// Of nobody who may block it, such as calls to Ceph.
  const std::shared_ptr<base::Timer>& timer() const { return timer_; }

 private:
  struct OpenedPool {
    std::shared_ptr<objects::RadosPool> objects;
    std::shared_ptr<site::Site> site;
  };

  arrow::Result<OpenedPool> OpenPool(const table::Location& location, const arrow::StopToken& stop);

  const SessionOptions options_;
  const std::shared_ptr<base::Timer> timer_;
  const std::shared_ptr<base::Timer> timer_of_calls_;
  const std::shared_ptr<base::MemoryBudget> budget_;
  const std::shared_ptr<exec::PredicateCache> predicates_;
  const std::shared_ptr<placement::Rates> rates_ = std::make_shared<placement::Rates>();
  const std::shared_ptr<arrow::MemoryPool> pool_;  ///< pages of files
  const std::shared_ptr<site::Site> files_;

  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, OpenedPool> pools_;  // by name and namespace
  std::map<std::string, std::shared_ptr<site::flight::FlightSite>> daemons_;  // by address
};

}  // namespace skyhook::client
