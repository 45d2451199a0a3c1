#include "skyhook/exec/predicate_cache.h"

#include <arrow/util/bit_util.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "skyhook/exec/literal_bytes.h"
#include "skyhook/plan/mix_hash.h"

namespace skyhook::exec {

namespace {

// How many nodes there are, and what they take.
void Measure(const plan::Expression& expression, int64_t* nodes, int64_t* bytes) {
  ++*nodes;
  const auto& literal = expression.literal();
  *bytes += literal != nullptr ? BytesOfLiteral(*literal) : kNodeBytes;
  for (const auto& argument : expression.arguments()) Measure(*argument, nodes, bytes);
}

// The expression over the columns `fields`.
plan::ExpressionPtr Renumbered(const plan::ExpressionPtr& expression,
                               const std::vector<int>& fields) {
  if (expression->columns().empty()) return expression;
  if (expression->kind() == plan::Expression::Kind::kColumn) {
    const int field = fields[static_cast<size_t>(expression->column())];
    return plan::InputColumn(field, expression->type());
  }
  std::vector<plan::ExpressionPtr> arguments;
  for (const auto& argument : expression->arguments()) {
    arguments.push_back(Renumbered(argument, fields));
  }
  return plan::WithArguments(*expression, std::move(arguments));
}

int64_t BytesOf(const arrow::Array& values) {
  constexpr int64_t kArrayBytes = 512;  // of the array itself and its place among others
  return kArrayBytes + arrow::util::TotalBufferSize(values);
}

int64_t BytesOf(const KnownRows& known) {
  int64_t bytes = known.rows->bytes();
  for (const auto& [column, values] : known.values) bytes += BytesOf(*values);
  return bytes;
}

}  // namespace

std::span<const uint32_t> Survivors::Within(plan::RowRange range) const {
  const auto begin = std::lower_bound(passed_.begin(), passed_.end(), range.begin - first_row_);
  const auto end = std::lower_bound(begin, passed_.end(), range.end - first_row_);
  return {begin, end};
}

int64_t Survivors::SetBits(plan::RowRange range, uint8_t* bits) const {
  const auto within = Within(range);
  for (const uint32_t row : within) {
    arrow::bit_util::SetBit(bits, first_row_ + row - range.begin);
  }
  return static_cast<int64_t>(within.size());
}

plan::RowRanges Survivors::Around(const plan::RowRanges& rows, int64_t block) const {
  std::vector<plan::RowRange> blocks;
  for (const uint32_t row : passed_) {
    const int64_t begin = first_row_ + row / block * block;
    if (blocks.empty() || blocks.back().begin != begin) blocks.push_back({begin, begin + block});
  }
  return rows.Intersect(plan::RowRanges(std::move(blocks)));
}

Survivors Survivors::Joined(const Survivors& a, const Survivors& b) {
  Survivors joined(a.first_row_, a.examined_.Union(b.examined_));
  std::set_union(a.passed_.begin(), a.passed_.end(), b.passed_.begin(), b.passed_.end(),
                 std::back_inserter(joined.passed_));
  joined.passed_.shrink_to_fit();
  return joined;
}

bool Survivors::Are(std::span<const int64_t> rows) const {
  return std::equal(rows.begin(), rows.end(), passed_.begin(), passed_.end(),
                    [&](int64_t row, uint32_t passed) { return row - first_row_ == passed; });
}

std::optional<int64_t> Survivors::PlaceOf(int64_t row) const {
  const auto place = std::lower_bound(passed_.begin(), passed_.end(), row - first_row_);
  if (place == passed_.end() || *place != row - first_row_) return std::nullopt;
  return place - passed_.begin();
}

int64_t Survivors::bytes() const {
  return static_cast<int64_t>(sizeof(*this) + passed_.size() * sizeof(uint32_t) +
                              examined_.ranges().size() * sizeof(plan::RowRange));
}

std::optional<PredicateCache::Key> PredicateCache::Key::Of(
    const std::string& fragment, const std::string& version,
    const std::vector<plan::ExpressionPtr>& conjuncts, const std::vector<int>& fields) {
  int64_t nodes = 0;
  Key key;
  key.bytes_ = static_cast<int64_t>(sizeof(Entry) + fragment.size() + version.size());
  for (const auto& conjunct : conjuncts) Measure(*conjunct, &nodes, &key.bytes_);
  if (nodes > kMostNodes) return std::nullopt;
  key.fragment_ = fragment;
  key.version_ = version;
  plan::MixHash(std::hash<std::string>()(fragment), &key.hash_);
  plan::MixHash(std::hash<std::string>()(version), &key.hash_);
  for (const auto& conjunct : conjuncts) {
    key.conjuncts_.push_back(Renumbered(conjunct, fields));
    plan::MixHash(key.conjuncts_.back()->hash(), &key.hash_);
  }
  return key;
}

bool PredicateCache::Key::operator==(const Key& other) const {
  return hash_ == other.hash_ && fragment_ == other.fragment_ && version_ == other.version_ &&
         std::equal(conjuncts_.begin(), conjuncts_.end(), other.conjuncts_.begin(),
                    other.conjuncts_.end(),
                    [](const auto& a, const auto& b) { return a->Equals(*b); });
}

PredicateCache::PredicateCache(std::shared_ptr<base::MemoryBudget> budget, int64_t most_bytes)
    : most_bytes_(most_bytes), held_(std::move(budget)) {}

KnownRows PredicateCache::Find(const Key& key, int row_group, const plan::RowRanges& rows) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto entry = Lookup(key);
  if (entry == entries_.end()) return {};
  entries_.splice(entries_.begin(), entries_, entry);
  const auto found = entry->row_groups.find(row_group);
  if (found == entry->row_groups.end()) return {};
  return rows.Subtract(found->second.rows->examined()).empty() ? found->second : KnownRows();
}

void PredicateCache::Remember(const Key& key, int row_group, Survivors survivors) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto known = Lookup(key);
  if (known == entries_.end()) {
    Insert(key);
  } else {
    entries_.splice(entries_.begin(), entries_, known);
  }
  Entry& entry = entries_.front();
  if (const auto before = entry.row_groups.find(row_group); before != entry.row_groups.end()) {
    survivors = Survivors::Joined(*before->second.rows, survivors);
    const int64_t bytes = BytesOf(before->second);
    held_.Give(bytes);
    entry.bytes -= bytes;
    entry.row_groups.erase(before);
  }
  const int64_t more = survivors.bytes() + (entry.bytes == 0 ? key.bytes_ : 0);
  if (!MakeRoom(more)) {
    if (entry.bytes == 0) DropLast();  // it is the only one
    return;
  }
  entry.bytes += more;
  entry.row_groups[row_group] = {std::make_shared<const Survivors>(std::move(survivors)), {}};
}

arrow::Status PredicateCache::RememberValues(
    const Key& key, int row_group,
    const std::function<arrow::Result<ValuesByColumn>(const Survivors& rows)>& values_of) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto entry = Lookup(key);
  if (entry == entries_.end()) return arrow::Status::OK();
  const auto known = entry->row_groups.find(row_group);
  if (known == entry->row_groups.end()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(ValuesByColumn values, values_of(*known->second.rows));
  entries_.splice(entries_.begin(), entries_, entry);
  for (auto& [column, array] : values) {
    const int64_t bytes = BytesOf(*array);
    if (known->second.values.contains(column) || !MakeRoom(bytes)) continue;
    entry->bytes += bytes;
    known->second.values[column] = std::move(array);
  }
  return arrow::Status::OK();
}

// As the first entry.
void PredicateCache::Insert(const Key& key) {
  Entries one;
  one.push_front({key, {}, 0});
  by_hash_.emplace(key.hash_, one.begin());
  entries_.splice(entries_.begin(), one);
}

int64_t PredicateCache::bytes_held() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return held_.bytes();
}

PredicateCache::Entries::iterator PredicateCache::Lookup(const Key& key) {
  const auto [begin, end] = by_hash_.equal_range(key.hash_);
  const auto found =
      std::find_if(begin, end, [&](const auto& one) { return one.second->key == key; });
  return found == end ? entries_.end() : found->second;
}

// By dropping what was used longest ago, but never the first entry.
bool PredicateCache::MakeRoom(int64_t bytes) {
  while (held_.bytes() + bytes > most_bytes_ || !held_.Add(bytes)) {
    if (entries_.size() < 2) return false;
    DropLast();
  }
  return true;
}

void PredicateCache::DropLast() {
  const auto last = std::prev(entries_.end());
  const auto [begin, end] = by_hash_.equal_range(last->key.hash_);
  by_hash_.erase(std::find_if(begin, end, [&](const auto& one) { return one.second == last; }));
  held_.Give(last->bytes);
  entries_.erase(last);
}

}  // namespace skyhook::exec
