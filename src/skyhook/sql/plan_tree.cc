#include "skyhook/sql/plan_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace skyhook::sql {
namespace {

void Collect(const PlanNode& node, std::vector<std::shared_ptr<ScanAccount>>* out) {
  if (node.scan != nullptr) out->push_back(node.scan);
  for (const PlanNode& child : node.children) Collect(child, out);
}

void Line(const std::string& indent, const std::string& text, std::string* out) {
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    *out += indent + text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
}

struct Counted {
  int64_t count;
  const char* what;
};

/// "4 fragments, 17 pages"; those that there are none of are left out.
std::string Listed(std::initializer_list<Counted> counted) {
  std::vector<std::string> parts;
  for (const auto& [count, what] : counted) {
    if (count > 0) parts.push_back(fmt::format("{} {}", GroupedNumber(count), what));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string SkippedText(const plan::Cost& cost) {
  const std::string parts =
      Listed({{cost.fragments_skipped, "fragments"},
              {cost.row_groups_skipped_statistics, "row groups by statistics"},
              {cost.row_groups_skipped_bloom, "row groups by bloom filter"},
              {cost.row_groups_skipped_dictionary, "row groups by dictionary"},
              {cost.row_groups_skipped_runtime, "row groups by runtime filters"},
              {cost.rows_skipped_page_index, "rows by page index"},
              {cost.rows_skipped_runtime, "rows by runtime filters"},
              {cost.pages_skipped, "pages"}});
  return parts.empty() ? "nothing" : parts;
}

std::string ShortcutsText(const plan::Cost& cost) {
  return Listed({{cost.pages_tested, "tested on dictionary codes"},
                 {cost.pages_searched, "searched for a text"},
                 {cost.pages_picked, "with few values made"}});
}

void AppendCost(const plan::Cost& cost, const std::string& indent, std::string* out) {
  Line(
      indent,
      fmt::format("rows: {} in, {} out", GroupedNumber(cost.rows_in), GroupedNumber(cost.rows_out)),
      out);
  Line(indent,
       fmt::format("bytes: {} read in {} calls, {} out", ByteSize(cost.bytes_read),
                   GroupedNumber(cost.read_calls), ByteSize(cost.bytes_out)),
       out);
  Line(indent,
       fmt::format("row groups: {}, pages read: {}", GroupedNumber(cost.row_groups),
                   GroupedNumber(cost.pages_read)),
       out);
  const std::string shortcuts = ShortcutsText(cost);
  if (!shortcuts.empty()) Line(indent, "of these pages: " + shortcuts, out);
  Line(indent, "skipped: " + SkippedText(cost), out);
  if (cost.row_groups_from_statistics > 0) {
    Line(indent,
         fmt::format("from statistics: aggregates of {} row groups",
                     GroupedNumber(cost.row_groups_from_statistics)),
         out);
  }
  if (cost.row_groups_remembered > 0) {
    Line(indent,
         fmt::format("remembered: which rows pass in {} row groups",
                     GroupedNumber(cost.row_groups_remembered)),
         out);
  }
  if (cost.spilled_bytes > 0) Line(indent, "spilled: " + ByteSize(cost.spilled_bytes), out);
  Line(indent,
       fmt::format("cpu: {:.1f} ms, reading: {:.1f} ms", static_cast<double>(cost.cpu_ns) / 1e6,
                   static_cast<double>(cost.read_ns) / 1e6),
       out);
}

void AppendPlaces(const std::string& mode, const client::Places& places, const plan::Cost& cost,
                  const std::string& indent, std::string* out) {
  if (places.pushed + places.pulled == 0) return;
  Line(indent,
       fmt::format("fragments: {} scanned where they lie, {} here; {} over the network",
                   GroupedNumber(places.pushed), GroupedNumber(places.pulled),
                   ByteSize(cost.network_bytes)),
       out);
  Line(indent,
       fmt::format("placement {}: {} expected to travel if scanned where they lie, {} if here; "
                   "waited {:.1f} ms for replies",
                   mode, ByteSize(static_cast<int64_t>(places.expected_pushed_bytes)),
                   ByteSize(static_cast<int64_t>(places.expected_pulled_bytes)),
                   static_cast<double>(cost.wait_ns) / 1e6),
       out);
  for (const auto& [reason, fragments] : places.refusals) {
    Line(indent,
         fmt::format("not where they lie: {} of them ({})", GroupedNumber(fragments), reason), out);
  }
}

void AppendAccount(const ScanAccount& account, const std::string& indent, PlanText what,
                   std::string* out) {
  for (const PushedPart& part : account.pushed) {
    Line(indent, fmt::format("pushed {}: {}", PushedKindName(part.kind), part.text), out);
  }
  for (const KeptPart& part : account.kept) {
    Line(indent, fmt::format("not pushed: {} ({})", part.text, part.reason), out);
  }
  if (what != PlanText::kPlanAndCost) return;
  if (!account.has_run()) return Line(indent, "did not run", out);
  for (const std::string& filter : account.runtime_filters()) {
    Line(indent, "runtime filter: " + filter, out);
  }
  AppendCost(account.cost(), indent, out);
  AppendPlaces(account.placement, account.places(), account.cost(), indent, out);
}

void AppendRun(const PlanNode& node, const std::string& indent, std::string* out) {
  if (!node.run.has_value()) return;
  const std::string expected =
      node.estimated_rows.has_value()
          ? fmt::format(" ({} expected)", GroupedNumber(*node.estimated_rows))
          : "";
  Line(indent,
       fmt::format("rows: {}{}, time: {:.1f} ms", GroupedNumber(node.run->rows), expected,
                   node.run->milliseconds),
       out);
}

void Append(const PlanNode& node, const std::string& indent, PlanText what, std::string* out) {
  const std::string inner = indent + "    ";
  if (node.scan != nullptr) {
    Line(indent,
         fmt::format("{} {} ({} rows, {}, {})", node.name, node.scan->table,
                     GroupedNumber(node.scan->table_rows), ByteSize(node.scan->table_bytes),
                     node.scan->fragments == 1
                         ? std::string("1 fragment")
                         : fmt::format("{} fragments", GroupedNumber(node.scan->fragments))),
         out);
    AppendAccount(*node.scan, inner, what, out);
  } else {
    Line(indent, node.name, out);
    for (const std::string& detail : node.details) Line(inner, detail, out);
    AppendRun(node, inner, out);
  }
  for (const PlanNode& child : node.children) Append(child, indent + "  ", what, out);
}

}  // namespace

const char* PushedKindName(PushedPart::Kind kind) {
  static constexpr std::array kNames = {"projection", "filter", "aggregate", "top-k", "limit"};
  return kNames[static_cast<size_t>(kind)];
}

std::vector<std::string> ScanAccount::runtime_filters() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return runtime_filters_;
}

plan::Cost ScanAccount::cost() const {
  std::lock_guard<std::mutex> lock(mutex_);
  plan::Cost cost = finished_;
  for (const auto& scan : running_) cost += scan->cost();
  return cost;
}

client::Places ScanAccount::places() const {
  std::lock_guard<std::mutex> lock(mutex_);
  client::Places places = finished_places_;
  for (const auto& scan : running_) places += scan->places();
  return places;
}

double ScanAccount::progress() const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (running_.empty()) return ended_ ? 1.0 : 0.0;
  return running_.back()->progress();
}

bool ScanAccount::has_run() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return ended_ || !running_.empty();
}

void ScanAccount::Begin(std::shared_ptr<client::Scan> scan,
                        std::vector<std::string> runtime_filters) {
  std::lock_guard<std::mutex> lock(mutex_);
  running_.push_back(std::move(scan));
  runtime_filters_ = std::move(runtime_filters);
}

void ScanAccount::End(const std::shared_ptr<client::Scan>& scan) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find(running_.begin(), running_.end(), scan);
  if (found == running_.end()) return;
  running_.erase(found);
  ended_ = true;
  finished_ += scan->cost();
  finished_places_ += scan->places();
}

double Progress::share() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  double sum = 0;
  double weight = 0;
  for (const auto& account : accounts_) {
    const auto bytes = static_cast<double>(std::max<int64_t>(account->table_bytes, 1));
    sum += bytes * account->progress();
    weight += bytes;
  }
  return weight > 0 ? sum / weight : 0.0;
}

void Progress::Follow(std::vector<std::shared_ptr<ScanAccount>> accounts) {
  const std::lock_guard<std::mutex> lock(mutex_);
  accounts_ = std::move(accounts);
}

std::vector<std::shared_ptr<ScanAccount>> AccountsOf(const PlanNode& root) {
  std::vector<std::shared_ptr<ScanAccount>> accounts;
  Collect(root, &accounts);
  return accounts;
}

std::string ToString(const PlanNode& root, PlanText what) {
  std::string out;
  Append(root, "", what, &out);
  return out;
}

std::string GroupedNumber(int64_t value) {
  std::string digits = fmt::format("{}", value);
  const size_t first = value < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string ByteSize(int64_t bytes) {
  static constexpr std::array kUnits = {"B", "KB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace skyhook::sql
