// A query's plan as people read it: operators, and for each scan what was pushed into it and why
// the rest was not.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
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
  std::string table;  ///< what was opened
  int64_t table_rows = 0;
  int64_t table_bytes = 0;
  int64_t fragments = 0;
  std::vector<PushedPart> pushed;
  std::vector<KeptPart> kept;

  /// Runtime filters the scan was given, e.g. "join filter on l_orderkey".
  std::vector<std::string> runtime_filters() const;
  /// Cost so far; final once the query's stream has ended.
  plan::Cost cost() const;
  client::Places places() const;
  /// In [0, 1].
  double progress() const;

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

/// One operator.
struct PlanNode {
  std::string name;                   ///< "HASH_JOIN", or "SCAN" for all table scans
  std::vector<std::string> details;   ///< join conditions, sort keys, ...
  bool is_scan = false;               ///< reads a table or file
  std::shared_ptr<ScanAccount> scan;  ///< set when the scan is Skyhook's
  std::vector<PlanNode> children;
};

/// The scans of Skyhook's below `root`, in the order they print.
std::vector<std::shared_ptr<ScanAccount>> AccountsOf(const PlanNode& root);

/// Whether to print what running a plan cost.
enum class PlanText : uint8_t { kPlan, kPlanAndCost };

/// The tree by indentation.
std::string ToString(const PlanNode& root, PlanText what);

/// "1,234,567 rows" style number, and sizes as "1.2 MB".
std::string GroupedNumber(int64_t value);
std::string ByteSize(int64_t bytes);

}  // namespace skyhook::sql
