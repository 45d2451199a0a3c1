// A call that is ready to be run over chunks: what is made of its constants, such as a set or a
// compiled pattern, is made already, and is a part of it.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "skyhook/plan/expression.h"
#include "skyhook/vector/column.h"
#include "skyhook/vector/text.h"

namespace skyhook::exec {

/// The arguments of a call, and what the texts that it makes may take.
class Arguments {
 public:
  explicit Arguments(vector::TextLimit texts = {}) : texts_(texts) {}
  Arguments(std::initializer_list<vector::Column> columns) : columns_(columns) {}

  const vector::TextLimit& texts() const { return texts_; }
  size_t size() const { return columns_.size(); }
  const vector::Column& operator[](size_t i) const { return columns_[i]; }
  auto begin() const { return columns_.begin(); }
  auto end() const { return columns_.end(); }
  auto begin() { return columns_.begin(); }
  auto end() { return columns_.end(); }
  void push_back(vector::Column column) { columns_.push_back(std::move(column)); }

 private:
  vector::TextLimit texts_;
  std::vector<vector::Column> columns_;
};

/// Immutable and thread-safe: nodes of many programs, and several threads, may share one.
class PreparedCall {
 public:
  virtual ~PreparedCall() = default;

  /// Evaluates the call over `length` rows. Arguments are kFlat or kConstant; at least one is kFlat
  /// unless `length` is 1. Of kIn only the first argument is given. A row that makes the call fail
  /// fails it all, unless an argument is NULL there; the message gives the values of the first such
  /// row, and leaves it to the caller to name the call.
  virtual arrow::Result<vector::Column> Run(const Arguments& arguments, int64_t length) const = 0;

  /// What is made of the call's constants takes at most so many bytes. 0: nothing is made of them,
  /// and each program has an object of its own. An object with something made depends on no more of
  /// its call than the function, the options, the type, the literals and the types of the other
  /// arguments: calls that have these in common, over whichever columns, may be given the same one.
  virtual int64_t bytes() const { return 0; }
};

using PreparedCallPtr = std::shared_ptr<const PreparedCall>;

/// Prepares a call of the catalogue. A constant of which nothing can be made (a pattern that is
/// none) is no failure: the call then fails when it is run. So does one of another function, with
/// kUnsupportedPlan.
PreparedCallPtr PrepareCall(const plan::ExpressionPtr& call);

}  // namespace skyhook::exec
