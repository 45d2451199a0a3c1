// The prepared calls that the calls and threads of a scan share, found by their constants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "skyhook/exec/kernels/prepared_call.h"
#include "skyhook/plan/expression.h"
#include "skyhook/plan/listed_values.h"

namespace skyhook::exec {

/// What is made of the constants of a call is made once, however many programs have the call, over
/// whichever columns. Thread-safe.
class PreparedCalls {
 public:
  /// Prepares a call, for one thread at a time, and without asking for others; not null. Whoever
  /// brings functions that the catalogue does not have prepares theirs, and leaves all others to
  /// PrepareCall.
  using Prepare = std::function<PreparedCallPtr(const plan::ExpressionPtr& call)>;

  /// Keeps what was asked for last, as long as that and its constants take no more than
  /// `most_bytes`; but always the call asked for last.
  explicit PreparedCalls(int64_t most_bytes = int64_t{128} << 20, Prepare prepare = PrepareCall);
  PreparedCalls(const PreparedCalls&) = delete;
  PreparedCalls& operator=(const PreparedCalls&) = delete;

  /// Calls that may share one (PreparedCall::bytes) get the same one. An IN that was made of the
  /// one that was asked for last is found without a look at its literals.
  PreparedCallPtr Get(const plan::ExpressionPtr& call);

 private:
  // What calls have in common that share one. Nothing else of a call is kept: the arguments that
  // read columns may be large.
  struct Key {
    static std::optional<Key> Of(const plan::Expression& call);
    bool operator==(const Key& other) const;
    int64_t bytes() const;

    size_t hash = 0;
    plan::Function function;
    plan::CallOptions options;
    std::shared_ptr<arrow::DataType> type;
    std::shared_ptr<const plan::ListedValues> listed;  // of an IN, in place of its literals
    std::vector<std::shared_ptr<arrow::DataType>> arguments;
    std::vector<plan::ExpressionPtr> literals;  // of `arguments`; null for one that reads columns
  };
  struct Kept {
    Key key;
    PreparedCallPtr call;
    int64_t bytes;
  };
  using Calls = std::list<Kept>;

  PreparedCallPtr Find(const Key& key);
  void Keep(Kept kept);

  const int64_t most_bytes_;
  const Prepare prepare_;
  std::mutex mutex_;
  Calls calls_;  // the one asked for last first
  std::unordered_multimap<size_t, Calls::iterator> by_hash_;
  int64_t bytes_ = 0;  // of calls_
};

}  // namespace skyhook::exec
