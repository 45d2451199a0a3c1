#include "cli/plan_json.h"

#include <nlohmann/json.hpp>

namespace skyhook::cli {
namespace {

using Json = nlohmann::ordered_json;

Json ActualOf(const sql::ScanAccount& account) {
  const plan::Cost cost = account.cost();
  const client::Places places = account.places();
  Json refusals = Json::object();
  for (const auto& [reason, fragments] : places.refusals) refusals[reason] = fragments;
  return {{"rows_in", cost.rows_in},
          {"rows_out", cost.rows_out},
          {"bytes_read", cost.bytes_read},
          {"read_calls", cost.read_calls},
          {"bytes_out", cost.bytes_out},
          {"network_bytes", cost.network_bytes},
          {"cpu_ms", static_cast<double>(cost.cpu_ns) / 1e6},
          {"read_ms", static_cast<double>(cost.read_ns) / 1e6},
          {"wait_ms", static_cast<double>(cost.wait_ns) / 1e6},
          {"fragments", cost.fragments},
          {"fragments_skipped", cost.fragments_skipped},
          {"row_groups", cost.row_groups},
          {"row_groups_remembered", cost.row_groups_remembered},
          {"row_groups_from_statistics", cost.row_groups_from_statistics},
          {"row_groups_skipped",
           {{"statistics", cost.row_groups_skipped_statistics},
            {"bloom_filter", cost.row_groups_skipped_bloom},
            {"dictionary", cost.row_groups_skipped_dictionary},
            {"runtime_filter", cost.row_groups_skipped_runtime}}},
          {"rows_skipped",
           {{"page_index", cost.rows_skipped_page_index},
            {"runtime_filter", cost.rows_skipped_runtime}}},
          {"pages_read", cost.pages_read},
          {"pages_tested", cost.pages_tested},
          {"pages_searched", cost.pages_searched},
          {"pages_picked", cost.pages_picked},
          {"pages_skipped", cost.pages_skipped},
          {"partial_flushes", cost.partial_flushes},
          {"spilled_bytes", cost.spilled_bytes},
          {"runtime_filters", account.runtime_filters()},
          {"placement",
           {{"mode", account.placement},
            {"pushed", places.pushed},
            {"pulled", places.pulled},
            {"expected_bytes",
             {{"pushed", places.expected_pushed_bytes}, {"pulled", places.expected_pulled_bytes}}},
            {"refusals", refusals}}}};
}

Json ScanAsJson(const sql::ScanAccount& account, bool ran) {
  Json pushed = Json::array();
  for (const auto& part : account.pushed) {
    pushed.push_back({{"kind", sql::PushedKindName(part.kind)}, {"text", part.text}});
  }
  Json kept = Json::array();
  for (const auto& part : account.kept) {
    kept.push_back({{"text", part.text}, {"reason", part.reason}});
  }
  Json scan = {{"table", account.table},       {"rows", account.table_rows},
               {"bytes", account.table_bytes}, {"fragments", account.fragments},
               {"pushed", std::move(pushed)},  {"not_pushed", std::move(kept)}};
  if (ran && account.has_run()) scan["actual"] = ActualOf(account);
  return scan;
}

Json NodeAsJson(const sql::PlanNode& node, bool ran) {
  Json out = {{"operator", node.name}};
  if (!node.details.empty()) out["details"] = node.details;
  if (node.estimated_rows.has_value()) out["estimated_rows"] = *node.estimated_rows;
  if (node.run.has_value()) {
    out["rows"] = node.run->rows;
    out["ms"] = node.run->milliseconds;
  }
  if (node.scan != nullptr) out["scan"] = ScanAsJson(*node.scan, ran);
  out["children"] = Json::array();
  for (const auto& child : node.children) out["children"].push_back(NodeAsJson(child, ran));
  return out;
}

// Text that is no UTF-8 stands in names of files only.
std::string Line(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string PlanAsJson(const sql::PlanNode& plan) {
  return Line({{"plan", NodeAsJson(plan, false)}});
}

std::string RunAsJson(const RunResult& run) {
  return Line({{"ms", run.milliseconds},
               {"phases",
                {{"planning_ms", run.phases.planning},
                 {"waiting_ms", run.phases.waiting},
                 {"reading_ms", run.phases.reading},
                 {"decoding_ms", run.phases.decoding},
                 {"sending_ms", run.phases.sending}}},
               {"plan", NodeAsJson(run.plan, true)}});
}

}  // namespace skyhook::cli
