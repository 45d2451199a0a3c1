// The typed expression tree: what a predicate, a computed column or an aggregate's argument says.
#pragma once

#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "skyhook/plan/functions/function.h"

namespace skyhook::plan {

class Expression;
struct ListedValues;
/// Trees are immutable and shared freely between threads.
using ExpressionPtr = std::shared_ptr<const Expression>;

/// One node. Kinds and what they hold:
///
/// | kind      | holds |
/// |-----------|-------|
/// | kColumn   | `column`, an index into the input schema |
/// | kField    | `arguments`: a struct column, or a field of one; `column`, the index of the field;
/// |           | NULL where the field, or a struct around it, is |
/// | kLiteral  | `literal`, a scalar of the node's type; may be null |
/// | kCall     | `function`, `options`, `arguments` |
/// | kAnd, kOr | `arguments`, two or more booleans; Kleene's logic; evaluated left to right and no
/// |           | further than needed, row by row |
/// | kCase     | `arguments`: when 1, then 1, when 2, then 2, ..., else; only the branch taken is
/// |           | evaluated for a row |
/// | kCoalesce | `arguments`: the first that is not null; later ones only where earlier are null |
class Expression {
 public:
  enum class Kind : uint8_t { kColumn, kField, kLiteral, kCall, kAnd, kOr, kCase, kCoalesce };

  Kind kind() const { return kind_; }
  /// The engine type of the result.
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  int column() const { return column_; }
  const std::shared_ptr<arrow::Scalar>& literal() const { return literal_; }
  Function function() const { return function_; }
  const CallOptions& options() const { return options_; }
  const std::vector<ExpressionPtr>& arguments() const { return arguments_; }
  /// The input columns read anywhere in the tree.
  const std::set<int>& columns() const { return columns_; }
  /// Whether a field of a struct is read anywhere in the tree.
  bool reads_field() const { return reads_field_; }
  /// As CanFail below.
  bool can_fail() const { return can_fail_; }
  /// Of a call of kIn, null for all else: its literals (plan/listed_values.h). Calls that were made
  /// of one another share it, so that it tells whether they have the same ones.
  const std::shared_ptr<const ListedValues>& listed_values() const { return listed_values_; }

  /// Literals are equal when no function tells them apart: NaN equals NaN, -0.0 differs from 0.0.
  bool Equals(const Expression& other) const;
  /// Equal for equal expressions.
  size_t hash() const { return hash_; }

  /// Reads like SQL; columns print as `names[column]`, or `#column` without names, fields of
  /// structs with a dot before their name.
  std::string ToString(const arrow::Schema* schema = nullptr) const;

 private:
  friend struct ExpressionFactory;
  Expression() = default;

  Kind kind_ = Kind::kLiteral;
  std::shared_ptr<arrow::DataType> type_;
  int column_ = -1;
  std::shared_ptr<arrow::Scalar> literal_;
  Function function_ = Function::kEqual;
  CallOptions options_;
  std::vector<ExpressionPtr> arguments_;
  std::set<int> columns_;
  bool reads_field_ = false;
  bool can_fail_ = false;
  size_t hash_ = 0;
  std::shared_ptr<const ListedValues> listed_values_;
};

/// A column of the input; `type` is its engine type.
ExpressionPtr InputColumn(int index, std::shared_ptr<arrow::DataType> type);

/// Field number `index` of a struct, in its engine type; of a NULL literal, a NULL literal.
/// kUnsupportedPlan unless `parent` is a column, a field or NULL, of a struct type with such a
/// field.
arrow::Result<ExpressionPtr> Field(ExpressionPtr parent, int index);

/// A field within a column: the column, then the index of a field of each struct on the way.
struct FieldPath {
  int column = -1;
  std::vector<int> fields;

  bool operator==(const FieldPath&) const = default;
};
/// The path of a kField expression.
FieldPath PathOf(const Expression& field);

/// A constant. The scalar is brought to its engine type.
arrow::Result<ExpressionPtr> Literal(const std::shared_ptr<arrow::Scalar>& value);
ExpressionPtr NullLiteral(std::shared_ptr<arrow::DataType> type);
ExpressionPtr BoolLiteral(bool value);

/// A call. Fails with kUnsupportedPlan, naming function and argument types, when the catalogue has
/// no such call; the result type follows the catalogue's rule. For kCast and kTryCast pass `type`.
arrow::Result<ExpressionPtr> Call(Function function, std::vector<ExpressionPtr> arguments,
                                  CallOptions options = {},
                                  std::shared_ptr<arrow::DataType> type = nullptr);

/// A call of a function outside the catalogue, which gives what `type` says as whoever brings the
/// function knows. It counts as one that can fail. Only a kernel that is given the function
/// (exec/prepared_calls.h) evaluates it; places that are asked for the catalogue's decline it.
/// Fails with kUnsupportedPlan for a function of the catalogue, and without arguments.
arrow::Result<ExpressionPtr> OpenCall(Function function, std::vector<ExpressionPtr> arguments,
                                      std::shared_ptr<arrow::DataType> type);

/// Conjunction and disjunction. Nested ones of the same kind are flattened; one argument is
/// returned as it is; none gives true (And) or false (Or).
arrow::Result<ExpressionPtr> And(std::vector<ExpressionPtr> arguments);
arrow::Result<ExpressionPtr> Or(std::vector<ExpressionPtr> arguments);

/// CASE WHEN .. THEN .. [..] ELSE .. END. Branches must share one type.
arrow::Result<ExpressionPtr> Case(std::vector<ExpressionPtr> arguments);
arrow::Result<ExpressionPtr> Coalesce(std::vector<ExpressionPtr> arguments);

/// The conjuncts of a predicate: the arguments of a top-level AND, else the predicate itself.
std::vector<ExpressionPtr> Conjuncts(const ExpressionPtr& predicate);

/// The input columns an expression reads.
inline const std::set<int>& ColumnsOf(const Expression& expression) { return expression.columns(); }

/// True when evaluating the expression over some row could raise an error (overflow, division by
/// zero under kError, a cast that does not fit). Conservative: true when in doubt.
inline bool CanFail(const Expression& expression) { return expression.can_fail(); }

/// The node with other arguments, of the same types.
ExpressionPtr WithArguments(const Expression& node, std::vector<ExpressionPtr> arguments);

/// The tree with every column reference replaced: `replacements[column]`, where that is not null.
/// Types must agree. Used to renumber columns, and to put partition values in their place.
arrow::Result<ExpressionPtr> Substitute(const ExpressionPtr& expression,
                                        const std::vector<ExpressionPtr>& replacements);

}  // namespace skyhook::plan
