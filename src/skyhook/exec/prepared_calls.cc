#include "skyhook/exec/prepared_calls.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "skyhook/exec/literal_bytes.h"
#include "skyhook/plan/mix_hash.h"

namespace skyhook::exec {

using plan::Expression;

namespace {

bool SameLiteral(const plan::ExpressionPtr& a, const plan::ExpressionPtr& b) {
  return a == b || (a != nullptr && b != nullptr && a->Equals(*b));
}

bool SameType(const std::shared_ptr<arrow::DataType>& a,
              const std::shared_ptr<arrow::DataType>& b) {
  return a == b || a->Equals(*b);
}

}  // namespace

// Nothing for a call of constants that are no literals: those are not known yet.
std::optional<PreparedCalls::Key> PreparedCalls::Key::Of(const Expression& call) {
  Key key{0, call.function(), call.options(), call.type(), call.listed_values(), {}, {}};
  plan::MixHash(static_cast<size_t>(key.function), &key.hash);
  std::span<const plan::ExpressionPtr> arguments = call.arguments();
  if (key.listed != nullptr) {
    plan::MixHash(key.listed->hash, &key.hash);
    arguments = arguments.first(1);
  }
  for (const auto& argument : arguments) {
    const bool is_literal = argument->kind() == Expression::Kind::kLiteral;
    if (!is_literal && argument->columns().empty()) return std::nullopt;
    if (is_literal) plan::MixHash(argument->hash(), &key.hash);
    key.arguments.push_back(argument->type());
    key.literals.push_back(is_literal ? argument : nullptr);
  }
  return key;
}

bool PreparedCalls::Key::operator==(const Key& other) const {
  if (hash != other.hash || function != other.function || options != other.options ||
      !SameType(type, other.type)) {
    return false;
  }
  if (listed != other.listed &&
      (listed == nullptr || other.listed == nullptr || !listed->Equals(*other.listed))) {
    return false;
  }
  return std::equal(arguments.begin(), arguments.end(), other.arguments.begin(),
                    other.arguments.end(), SameType) &&
         std::equal(literals.begin(), literals.end(), other.literals.begin(), other.literals.end(),
                    SameLiteral);
}

int64_t PreparedCalls::Key::bytes() const {
  int64_t bytes = sizeof(Kept);
  for (const auto& literal : literals) {
    if (literal != nullptr) bytes += BytesOfLiteral(*literal->literal());
  }
  if (listed == nullptr) return bytes;
  for (const auto& literal : listed->sorted) bytes += BytesOfLiteral(*literal);
  return bytes;
}

PreparedCalls::PreparedCalls(int64_t most_bytes, Prepare prepare)
    : most_bytes_(most_bytes), prepare_(std::move(prepare)) {}

PreparedCallPtr PreparedCalls::Get(const plan::ExpressionPtr& call) {
  std::optional<Key> key = Key::Of(*call);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!key.has_value()) return prepare_(call);
  if (PreparedCallPtr found = Find(*key)) return found;
  PreparedCallPtr prepared = prepare_(call);
  if (const int64_t bytes = prepared->bytes(); bytes > 0) {
    const int64_t all = bytes + key->bytes();
    Keep({*std::move(key), prepared, all});
  }
  return prepared;
}

PreparedCallPtr PreparedCalls::Find(const Key& key) {
  const auto [begin, end] = by_hash_.equal_range(key.hash);
  const auto found =
      std::find_if(begin, end, [&](const auto& one) { return one.second->key == key; });
  if (found == end) return nullptr;
  const Calls::iterator kept = found->second;
  // Whoever asks next has this list rather than an equal one.
  kept->key.listed = key.listed;
  calls_.splice(calls_.begin(), calls_, kept);
  return kept->call;
}

void PreparedCalls::Keep(Kept kept) {
  bytes_ += kept.bytes;
  calls_.push_front(std::move(kept));
  by_hash_.emplace(calls_.front().key.hash, calls_.begin());
  while (bytes_ > most_bytes_ && calls_.size() > 1) {
    const auto last = std::prev(calls_.end());
    const auto [begin, end] = by_hash_.equal_range(last->key.hash);
    by_hash_.erase(std::find_if(begin, end, [&](const auto& one) { return one.second == last; }));
    bytes_ -= last->bytes;
    calls_.erase(last);
  }
}

}  // namespace skyhook::exec
