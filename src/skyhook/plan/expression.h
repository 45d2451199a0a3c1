// The typed expression tree: what a predicate, a computed column or an aggregate's argument says.
#pragma once

#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace skyhook::plan {

class Expression;
/// Trees are immutable and shared freely between threads.
using ExpressionPtr = std::shared_ptr<const Expression>;

/// The functions of the catalogue; catalogue.h says what each one means.
enum class Function : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIsDistinctFrom,
  kIsNotDistinctFrom,
  kNot,
  kIsNull,
  kIsNotNull,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kIntegerDivide,
  kModulo,
  kNegate,
  kAbs,
  kLike,
  kILike,
  kStartsWith,
  kEndsWith,
  kContains,
  kSubstring,
  kLength,
  kLower,
  kUpper,
  kExtract,
  kCast,
  kTryCast,
};

/// What dialects disagree on, said by each call. The defaults are SQL's (DuckDB 1.5.6).
struct CallOptions {
  /// kTotal: NaN equals NaN and is greater than every number. kIeee: comparisons with NaN are
  /// false, except `!=`.
  enum class Nan : uint8_t { kTotal, kIeee };
  /// Division of numbers by zero: NULL, an error, or (floats) infinity and NaN.
  enum class DivisionByZero : uint8_t { kNull, kError, kIeee };
  /// kExtract: which field of a date or timestamp. Weeks are ISO's; kDayOfWeek is 0 on Sunday,
  /// kIsoDayOfWeek 1 on Monday to 7 on Sunday.
  enum class DateField : uint8_t {
    kYear,
    kQuarter,
    kMonth,
    kWeek,
    kDay,
    kDayOfWeek,
    kIsoDayOfWeek,
    kDayOfYear,
    kHour,
    kMinute,
    kSecond,
  };

  Nan nan = Nan::kTotal;
  DivisionByZero division_by_zero = DivisionByZero::kNull;
  DateField date_field = DateField::kYear;
  /// kLike, kILike: the escape character, 0 for none.
  char escape = 0;

  bool operator==(const CallOptions&) const = default;
};

/// One node. Kinds and what they hold:
///
/// | kind      | holds |
/// |-----------|-------|
/// | kColumn   | `column`, an index into the input schema |
/// | kLiteral  | `literal`, a scalar of the node's type; may be null |
/// | kCall     | `function`, `options`, `arguments` |
/// | kAnd, kOr | `arguments`, two or more booleans; Kleene's logic; evaluated left to right and no
/// |           | further than needed, row by row |
/// | kCase     | `arguments`: when 1, then 1, when 2, then 2, ..., else; only the branch taken is
/// |           | evaluated for a row |
/// | kCoalesce | `arguments`: the first that is not null; later ones only where earlier are null |
class Expression {
 public:
  enum class Kind : uint8_t { kColumn, kLiteral, kCall, kAnd, kOr, kCase, kCoalesce };

  Kind kind() const { return kind_; }
  /// The engine type of the result.
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  int column() const { return column_; }
  const std::shared_ptr<arrow::Scalar>& literal() const { return literal_; }
  Function function() const { return function_; }
  const CallOptions& options() const { return options_; }
  const std::vector<ExpressionPtr>& arguments() const { return arguments_; }

  bool Equals(const Expression& other) const;

  /// Reads like SQL; columns print as `names[column]`, or `#column` without names.
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
};

/// A column of the input; `type` is its engine type.
ExpressionPtr Column(int index, std::shared_ptr<arrow::DataType> type);

/// A constant. The scalar is brought to its engine type.
arrow::Result<ExpressionPtr> Literal(const std::shared_ptr<arrow::Scalar>& value);
ExpressionPtr NullLiteral(std::shared_ptr<arrow::DataType> type);
ExpressionPtr BoolLiteral(bool value);

/// A call. Fails with kUnsupportedPlan, naming function and argument types, when the catalogue has
/// no such call; the result type follows the catalogue's rule. For kCast and kTryCast pass `type`.
arrow::Result<ExpressionPtr> Call(Function function, std::vector<ExpressionPtr> arguments,
                                  CallOptions options = {},
                                  std::shared_ptr<arrow::DataType> type = nullptr);

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
std::set<int> ColumnsOf(const Expression& expression);

/// True when evaluating the expression over some row could raise an error (overflow, division by
/// zero under kError, a cast that does not fit). Conservative: true when in doubt.
bool CanFail(const Expression& expression);

/// The tree with every column reference replaced: `replacements[column]`, where that is not null.
/// Types must agree. Used to renumber columns, and to put partition values in their place.
arrow::Result<ExpressionPtr> Substitute(const ExpressionPtr& expression,
                                        const std::vector<ExpressionPtr>& replacements);

}  // namespace skyhook::plan
