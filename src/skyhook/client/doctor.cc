#include "skyhook/client/doctor.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::client {

using arrow::Result;
using arrow::Status;
using nlohmann::json;
using objects::Executed;

namespace {

constexpr size_t kMostObjects = 1000;
constexpr int kErasureCoded = 3;  // pg_pool_t's type of such pools

class Doctor {
 public:
  Doctor(table::Location location, objects::RadosOptions options,
         std::shared_ptr<objects::RadosPool> pool)
      : location_(std::move(location)), options_(std::move(options)), pool_(std::move(pool)) {}

  Result<std::vector<Finding>> Diagnose() {
    ARROW_ASSIGN_OR_RAISE(const bool replicated, LookAtPool());
    if (!replicated) return std::move(findings_);
    ARROW_ASSIGN_OR_RAISE(const auto objects, ObjectsByOsd());
    for (const auto& [osd, object] : objects) ARROW_RETURN_NOT_OK(LookAtOsd(osd, object));
    return std::move(findings_);
  }

 private:
  void Good(std::string what) { findings_.push_back({true, std::move(what), ""}); }
  void Bad(std::string what, std::string mend) {
    findings_.push_back({false, std::move(what), std::move(mend)});
  }

  Result<json> Ask(const json& command) {
    ARROW_ASSIGN_OR_RAISE(const std::string answer, pool_->AskMonitors(command.dump()));
    json parsed = json::parse(answer, nullptr, /*allow_exceptions=*/false);
    if (!parsed.is_discarded()) return parsed;
    return Status::IOError("the monitors answer in another way than expected: ", answer);
  }

  // False: no OSD of it can run anything.
  Result<bool> LookAtPool() {
    ARROW_ASSIGN_OR_RAISE(
        const json pools,
        Ask({{"prefix", "osd pool ls"}, {"detail", "detail"}, {"format", "json"}}));
    for (const json& pool : pools) {
      if (pool.value("pool_name", "") != location_.pool) continue;
      if (pool.value("type", 0) == kErasureCoded) {
        Bad(fmt::format(
                "pool '{}' is erasure-coded: its OSDs run no classes that read, and clients "
                "read instead",
                location_.pool),
            "put the table into a replicated pool: ceph osd pool create NAME replicated");
        return false;
      }
      Good(fmt::format(
          "pool '{}' is replicated; {} placement groups, each of which runs one call at "
          "a time",
          location_.pool, pool.value("pg_num", 0)));
      return true;
    }
    return Status::IOError(fmt::format("the monitors know no pool '{}'", location_.pool));
  }

  // An object for each OSD that is the primary of some.
  Result<std::map<int, std::string>> ObjectsByOsd() {
    ARROW_ASSIGN_OR_RAISE(auto names, pool_->List(""));
    if (names.empty()) {
      Bad(fmt::format("there is no object in '{}' to ask an OSD about", location_.store_uri()),
          "put a table, and look again");
    }
    names.resize(std::min(names.size(), kMostObjects));
    std::map<int, std::string> objects;
    for (const std::string& name : names) {
      ARROW_ASSIGN_OR_RAISE(const json place, Ask({{"prefix", "osd map"},
                                                   {"pool", location_.pool},
                                                   {"object", name},
                                                   {"nspace", location_.name_space},
                                                   {"format", "json"}}));
      objects.emplace(place.value("acting_primary", -1), name);
    }
    return objects;
  }

  Result<Executed> Call(const std::string& object, const char* class_name, const char* method) {
    return pool_
        ->Execute(object, std::nullopt, class_name, method, "", /*any_copy=*/false,
                  arrow::StopToken::Unstoppable())
        .MoveResult();
  }

  Status LookAtOsd(int osd, const std::string& object) {
    ARROW_ASSIGN_OR_RAISE(const Executed described, Call(object, "skyhook", "describe"));
    if (described.result >= 0) {
      LookAtDescription(osd, described.output->ToString());
      return Status::OK();
    }
    const std::string restart = fmt::format("systemctl restart ceph-osd@{}", osd);
    switch (described.result) {
      case -EPERM:
      case -EACCES:
        return Forbidden(osd, object, restart);
      case -EOPNOTSUPP:
        Bad(fmt::format("osd.{} has no class skyhook", osd),
            "on its host: apt-get install skyhook-osd && " + restart);
        return Status::OK();
      case -EIO:
        Bad(fmt::format("osd.{} cannot load the class skyhook: its log says why", osd),
            "on its host: apt-get install --reinstall skyhook-osd && " + restart);
        return Status::OK();
      default:
        Bad(fmt::format("osd.{} cannot be asked: {}", osd, std::strerror(-described.result)),
            "ceph health detail");
        return Status::OK();
    }
  }

  static bool IsForbidden(const Executed& executed) {
    return executed.result == -EPERM || executed.result == -EACCES;
  }

  // An OSD loads a class and looks for its method before it looks at the client's capabilities: of
  // a class that it loads, it says to everybody that a method is not there. And whoever may call
  // classes at all may call `version`.
  Status Forbidden(int osd, const std::string& object, const std::string& restart) {
    ARROW_ASSIGN_OR_RAISE(const Executed absent, Call(object, "skyhook", "no_such_method"));
    if (IsForbidden(absent)) {
      Bad(fmt::format("osd.{} does not load the class skyhook: its osd_class_load_list lacks it",
                      osd),
          "ceph config set osd osd_class_load_list '*'; then on its host: " + restart);
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(const Executed other, Call(object, "version", "read"));
    if (IsForbidden(other)) {
      Bad(fmt::format("{} may not call the class skyhook at osd.{}, which loads it", options_.name,
                      osd),
          fmt::format(
              "ceph auth caps {0} mon 'allow r' osd 'allow r pool={1}, allow pool={1} class "
              "skyhook', or rw for who writes; this replaces what ceph auth get {0} shows",
              options_.name, location_.pool));
    } else {
      Bad(fmt::format("osd.{} loads the class skyhook, and lets only those call it whose "
                      "capabilities name it: its osd_class_default_list lacks it",
                      osd),
          "ceph config set osd osd_class_default_list '*'; then on its host: " + restart);
    }
    return Status::OK();
  }

  void LookAtDescription(int osd, const std::string& text) {
    std::map<std::string, std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
      const size_t equals = std::min(line.find('='), line.size());
      lines[line.substr(0, equals)] = line.substr(std::min(equals + 1, line.size()));
    }
    if (lines["worker_found"] != "yes") {
      Bad(fmt::format("osd.{} has the class, and no worker at '{}'", osd, lines["worker"]),
          "on its host: apt-get install --reinstall skyhook-osd");
      return;
    }
    Good(
        fmt::format("osd.{}: class {}, {} calls at a time; {} calls so far, {} refused as busy, {} "
                    "workers crashed, {} timed out",
                    osd, lines["version"], lines["calls_at_a_time"], lines["calls"],
                    lines["calls_busy"], lines["workers_crashed"], lines["workers_timed_out"]));
  }

  const table::Location location_;
  const objects::RadosOptions options_;
  std::shared_ptr<objects::RadosPool> pool_;
  std::vector<Finding> findings_;
};

}  // namespace

Result<std::vector<Finding>> Diagnose(const table::Location& location,
                                      const objects::RadosOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto pool,
                        objects::OpenRadosPool(options, location.pool, location.name_space));
  return Doctor(location, options, std::move(pool)).Diagnose();
}

}  // namespace skyhook::client
