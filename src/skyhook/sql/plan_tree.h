// A query's plan as people read it: operators, and for each scan what was pushed into it and why
// the rest was not.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/client/scan.h"
#include "skyhook/plan/outcome.h"

namespace skyhook::sql {

/// What a scan does for DuckDB, one line each.
struct PushedPart {
  enum class Kind : uint8_t { kProjection, kFilter, kAggregate, kTopK, kLimit };
  Kind kind = Kind::kFilter;
  std::string text;
};
const char* PushedKindName(PushedPart::Kind kind);

/// What DuckDB does itself above a scan although it concerns that scan alone.
struct KeptPart {
  std::string text;
  std::string reason;
};

/// The account of one scan of a plan. The public fields are set while the query is planned; the
/// functions may be called from any thread, also while it runs.
class ScanAccount {
 public:
  std::string table;   ///< what was opened
  int64_t number = 0;  ///< among the scans of the plan, in the order they print
  int64_t table_rows = 0;
  int64_t table_bytes = 0;
  int64_t fragments = 0;
  std::string placement;  ///< "auto", "push" or "pull"
  std::vector<PushedPart> pushed;
  std::vector<KeptPart> kept;

  /// Runtime filters the scan was given, e.g. "join filter on l_orderkey".
  std::vector<std::string> runtime_filters() const;
  /// Cost so far; final once the query's stream has ended.
  plan::Cost cost() const;
  client::Places places() const;
  /// In [0, 1].
  double progress() const;
  /// Whether a scan has run for this account: PREPARE plans scans and runs none.
  bool has_run() const;

  /// The scan that runs for this account begins and ends. A plan may run a scan more than once.
  void Begin(std::shared_ptr<client::Scan> scan, std::vector<std::string> runtime_filters);
  void End(const std::shared_ptr<client::Scan>& scan);

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<client::Scan>> running_;
  std::vector<std::string> runtime_filters_;
  plan::Cost finished_;
  client::Places finished_places_;
  bool ended_ = false;
};

/// What an operator did in a query that has run.
struct OperatorRun {
  int64_t rows = 0;         ///< that came out
  double milliseconds = 0;  ///< of all threads together
};

/// Where the time of a query that has run went, in milliseconds. Of scans, what all of their
/// threads spent together, at remote sites too: more than the query took where several were busy at
/// once.
struct Phases {
  double planning = 0;  ///< to open the tables and to optimise
  double waiting = 0;   ///< scans, for the answers of remote sites
  double reading = 0;   ///< scans, for the bytes of files and objects
  double decoding = 0;  ///< CPU time of scans: to decode, filter, aggregate
  double sending = 0;   ///< whoever took the rows held them
};

/// One operator.
struct PlanNode {
  std::string name;                  ///< "HASH_JOIN", or "SCAN" for all table scans
  std::vector<std::string> details;  ///< join conditions, sort keys, ...
  std::optional<int64_t> estimated_rows;
  std::optional<OperatorRun> run;     ///< set when the operator was measured
  bool is_scan = false;               ///< reads a table or file
  std::shared_ptr<ScanAccount> scan;  ///< set when the scan is Skyhook's
  std::vector<PlanNode> children;
};

/// The scans of Skyhook's below `root`, in the order they print.
std::vector<std::shared_ptr<ScanAccount>> AccountsOf(const PlanNode& root);

/// How far a query is, for whoever wants to show it. Thread-safe.
class Progress {
 public:
  /// The share of the query's scans that is done, in [0, 1]; 0 before it is planned.
  double share() const;

  void Follow(std::vector<std::shared_ptr<ScanAccount>> accounts);

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<ScanAccount>> accounts_;
};

/// Whether to print what running a plan cost.
enum class PlanText : uint8_t { kPlan, kPlanAndCost };

/// The tree by indentation.
std::string ToString(const PlanNode& root, PlanText what);

/// "1,234,567 rows" style number, and sizes as "1.2 MB".
std::string GroupedNumber(int64_t value);
std::string ByteSize(int64_t bytes);

}  // namespace skyhook::sql
