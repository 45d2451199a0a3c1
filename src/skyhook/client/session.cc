#include "skyhook/client/session.h"

#include <algorithm>

#include "skyhook/base/recycling_pool.h"
#include "skyhook/objects/local/local_store.h"
#include "skyhook/site/local/local_site.h"
#include "skyhook/site/rados/rados_site.h"

namespace skyhook::client {

using arrow::Result;

int64_t CacheBytesOf(int64_t memory_bytes) {
  return std::min(memory_bytes / 16, SessionOptions().cache_bytes);
}

std::string OpenedStore::NameOf(const std::string& object) const {
  return rados ? object : objects->UriOf(object);
}

Session::Session(SessionOptions options)
    : options_(std::move(options)),
      timer_(std::make_shared<base::Timer>()),
      timer_of_calls_(std::make_shared<base::Timer>()),
      budget_(std::make_shared<base::MemoryBudget>(options_.cache_bytes)),
      predicates_(options_.remember_predicates
                      ? std::make_shared<exec::PredicateCache>(budget_, options_.cache_bytes / 4)
                      : nullptr),
      pool_(base::RecyclingPool(nullptr, options_.cache_bytes / 2)),
      files_(options_.files != nullptr
                 ? options_.files
                 : site::local::MakeLocalSite(
                       {options_.max_open_files, budget_, pool_, options_.shortcuts})) {}

Result<OpenedStore> Session::OpenStore(const table::Location& location,
                                       const arrow::StopToken& stop) {
  if (!location.rados) {
    return OpenedStore{objects::local::MakeLocalStore(location.root), files_, false};
  }
  ARROW_ASSIGN_OR_RAISE(const OpenedPool pool, OpenPool(location, stop));
  return OpenedStore{pool.objects->WithStop(stop), pool.site, true};
}

std::shared_ptr<site::flight::FlightSite> Session::OpenDaemon(const std::string& address) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto& site = daemons_[address];
  if (site == nullptr)
    site = site::flight::MakeFlightSite(address, options_.flight, timer_of_calls_);
  return site;
}

// Two that open the same pool at once both wait: who is stopped keeps nobody else waiting.
Result<Session::OpenedPool> Session::OpenPool(const table::Location& location,
                                              const arrow::StopToken& stop) {
  const std::pair key{location.pool, location.name_space};
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = pools_.find(key);
    if (found != pools_.end()) return found->second;
  }
  ARROW_ASSIGN_OR_RAISE(
      auto pool, objects::OpenRadosPool(options_.rados, location.pool, location.name_space, stop));
  OpenedPool made{pool, site::rados::MakeRadosSite(pool, timer_of_calls_)};
  const std::lock_guard<std::mutex> lock(mutex_);
  return pools_.emplace(key, std::move(made)).first->second;
}

}  // namespace skyhook::client
