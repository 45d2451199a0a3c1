#include "skyhook/plan/filter_text.h"

#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/plan/filter_tokens.h"
#include "skyhook/plan/mirrored.h"
#include "skyhook/plan/typed_literal.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Result;
using arrow::Status;
using Kind = FilterToken::Kind;

// Words that are no names of columns, unless in double quotes.
constexpr std::array<std::string_view, 10> kReserved = {"AND",     "OR",   "NOT",  "IN",   "IS",
                                                        "BETWEEN", "LIKE", "NULL", "TRUE", "FALSE"};

constexpr std::array<std::pair<std::string_view, Function>, 7> kComparisons = {{
    {"=", Function::kEqual},
    {"<>", Function::kNotEqual},
    {"!=", Function::kNotEqual},
    {"<", Function::kLess},
    {"<=", Function::kLessEqual},
    {">", Function::kGreater},
    {">=", Function::kGreaterEqual},
}};

/// A column, or a literal whose type is not known yet.
struct Operand {
  std::string_view source;
  ExpressionPtr column = nullptr;  // null: a literal
  WrittenLiteral literal = {};
};

class FilterParser {
 public:
  FilterParser(std::string_view text, const arrow::Schema& input) : tokens_(text), input_(input) {
    for (int i = 0; i < input.num_fields(); ++i) {
      columns_[Lowered(input.field(i)->name())].push_back(i);
    }
  }

  Result<ExpressionPtr> Parse() {
    ARROW_ASSIGN_OR_RAISE(auto condition, Condition());
    if (tokens_.current().kind != Kind::kEnd) return tokens_.Unexpected("AND, OR or the end");
    return condition;
  }

 private:
  Result<ExpressionPtr> Condition() {
    std::vector<ExpressionPtr> any;
    do {
      ARROW_ASSIGN_OR_RAISE(auto all, Conjunction());
      any.push_back(std::move(all));
    } while (tokens_.Take("OR"));
    return Or(std::move(any));
  }

  Result<ExpressionPtr> Conjunction() {
    std::vector<ExpressionPtr> all;
    do {
      ARROW_ASSIGN_OR_RAISE(auto one, Negation());
      all.push_back(std::move(one));
    } while (tokens_.Take("AND"));
    return And(std::move(all));
  }

  Result<ExpressionPtr> Negation() {
    const bool negated = tokens_.Is("NOT");
    if (!negated && !tokens_.Is("(")) return Test();
    if (++depth_ > kMaxFilterDepth) {
      return tokens_.Error(
          tokens_.current().source,
          fmt::format("parentheses and NOT are nested deeper than {}", kMaxFilterDepth));
    }
    tokens_.Advance();
    ARROW_ASSIGN_OR_RAISE(auto inner, negated ? Negation() : Condition());
    --depth_;
    if (negated) return Call(Function::kNot, {std::move(inner)});
    ARROW_RETURN_NOT_OK(Expect(")"));
    return inner;
  }

  Result<ExpressionPtr> Test() {
    ARROW_ASSIGN_OR_RAISE(Operand left, ReadOperand("a condition"));
    if (tokens_.Is("IS")) return NullTest(left);
    const bool negated = tokens_.Take("NOT");
    if (negated || tokens_.Is("IN") || tokens_.Is("BETWEEN") || tokens_.Is("LIKE")) {
      ARROW_RETURN_NOT_OK(CheckColumn(left));
      ARROW_ASSIGN_OR_RAISE(auto test, ListTest(left));
      return negated ? Call(Function::kNot, {std::move(test)}) : test;
    }
    for (const auto& [sign, function] : kComparisons) {
      if (!tokens_.Take(sign)) continue;
      ARROW_ASSIGN_OR_RAISE(Operand right, ReadOperand("a column or a literal"));
      return Compare(function, std::move(left), std::move(right));
    }
    return Alone(left);
  }

  Result<ExpressionPtr> ListTest(const Operand& column) {
    if (tokens_.Take("IN")) return In(column);
    if (tokens_.Take("BETWEEN")) return Between(column);
    if (tokens_.Take("LIKE")) return Like(column);
    return tokens_.Unexpected("IN, BETWEEN or LIKE");
  }

  Result<ExpressionPtr> NullTest(const Operand& left) {
    tokens_.Advance();
    if (left.column == nullptr) return NoColumn(left);
    const bool negated = tokens_.Take("NOT");
    ARROW_RETURN_NOT_OK(Expect("NULL"));
    return Call(negated ? Function::kIsNotNull : Function::kIsNull, {left.column});
  }

  Result<ExpressionPtr> In(const Operand& column) {
    std::vector<Operand> values;
    ARROW_RETURN_NOT_OK(Expect("("));
    do {
      ARROW_ASSIGN_OR_RAISE(Operand value, ReadOperand("a literal"));
      if (value.column != nullptr) return tokens_.Error(value.source, "IN takes literals only");
      if (values.size() == kMaxFilterValues) {
        return tokens_.Error(value.source,
                             fmt::format("IN takes no more than {} values", kMaxFilterValues));
      }
      values.push_back(std::move(value));
    } while (tokens_.Take(","));
    ARROW_RETURN_NOT_OK(Expect(")"));
    const bool as_double = std::any_of(values.begin(), values.end(), IsDouble);
    std::vector<ExpressionPtr> arguments = {column.column};
    for (const Operand& value : values) {
      ARROW_ASSIGN_OR_RAISE(auto literal, Beside(column, value, as_double));
      arguments.push_back(std::move(literal));
    }
    return Call(Function::kIn, std::move(arguments));
  }

  Result<ExpressionPtr> Between(const Operand& column) {
    ARROW_ASSIGN_OR_RAISE(const Operand lower, ReadOperand("a column or a literal"));
    ARROW_RETURN_NOT_OK(Expect("AND"));
    ARROW_ASSIGN_OR_RAISE(const Operand upper, ReadOperand("a column or a literal"));
    const bool as_double = IsDouble(lower) || IsDouble(upper);
    ARROW_ASSIGN_OR_RAISE(auto least, Beside(column, lower, as_double));
    ARROW_ASSIGN_OR_RAISE(auto most, Beside(column, upper, as_double));
    ARROW_ASSIGN_OR_RAISE(auto from,
                          Call(Function::kGreaterEqual, {column.column, std::move(least)}));
    ARROW_ASSIGN_OR_RAISE(auto to, Call(Function::kLessEqual, {column.column, std::move(most)}));
    return And({std::move(from), std::move(to)});
  }

  Result<ExpressionPtr> Like(const Operand& column) {
    if (column.column->type()->id() != arrow::Type::STRING_VIEW) {
      return tokens_.Error(column.source, fmt::format("LIKE takes text, not the {} of column '{}'",
                                                      TypeOf(column), NameOf(column)));
    }
    if (tokens_.current().kind != Kind::kText) return tokens_.Unexpected("a pattern in quotes");
    ARROW_ASSIGN_OR_RAISE(const Operand pattern, ReadOperand("a pattern"));
    ARROW_ASSIGN_OR_RAISE(auto literal, Beside(column, pattern, false));
    return Call(Function::kLike, {column.column, std::move(literal)});
  }

  // A column that stands first lets statistics and indexes see the comparison.
  Result<ExpressionPtr> Compare(Function function, Operand left, Operand right) {
    if (left.column == nullptr) {
      std::swap(left, right);
      function = Mirrored(function);
    }
    ARROW_RETURN_NOT_OK(CheckColumn(left));
    ARROW_ASSIGN_OR_RAISE(auto value, Beside(left, right, IsDouble(right)));
    return Call(function, {left.column, std::move(value)});
  }

  Result<ExpressionPtr> Alone(const Operand& operand) {
    if (operand.column == nullptr) {
      if (operand.literal.kind != WrittenLiteral::Kind::kBool) return NoColumn(operand);
      return LiteralOfType(operand.literal, arrow::boolean(), false);
    }
    if (operand.column->type()->id() == arrow::Type::BOOL) return operand.column;
    // What follows matters only where a comparison might have.
    if (tokens_.current().kind != Kind::kEnd && !tokens_.Is(")") && !tokens_.Is("AND") &&
        !tokens_.Is("OR")) {
      return tokens_.Unexpected("a comparison");
    }
    return tokens_.Error(operand.source,
                         fmt::format("column '{}' is {}, which is no condition: compare it",
                                     NameOf(operand), TypeOf(operand)));
  }

  Result<Operand> ReadOperand(std::string_view expected) {
    const FilterToken token = tokens_.current();
    switch (token.kind) {
      case Kind::kWord:
        return ReadWord(token, expected);
      case Kind::kQuotedName:
        tokens_.Advance();
        return ColumnOf(token);
      case Kind::kText:
        return ReadLiteral(token, WrittenLiteral::Kind::kText);
      case Kind::kDate:
        return ReadLiteral(token, WrittenLiteral::Kind::kDate);
      case Kind::kTimestamp:
        return ReadLiteral(token, WrittenLiteral::Kind::kTimestamp);
      case Kind::kNumber:
        return ReadLiteral(token, WrittenLiteral::Kind::kNumber);
      default:
        if (tokens_.Is("+") || tokens_.Is("-")) return ReadSignedNumber();
        return tokens_.Unexpected(expected);
    }
  }

  Result<Operand> ReadWord(const FilterToken& word, std::string_view expected) {
    if (tokens_.Is("TRUE") || tokens_.Is("FALSE")) {
      return ReadLiteral(word, WrittenLiteral::Kind::kBool);
    }
    if (tokens_.Is("NULL")) {
      return tokens_.Error(word.source, "nothing equals NULL: write IS NULL or IS NOT NULL");
    }
    if (std::any_of(kReserved.begin(), kReserved.end(),
                    [&](std::string_view reserved) { return tokens_.Is(reserved); })) {
      return tokens_.Unexpected(expected);
    }
    tokens_.Advance();
    return ColumnOf(word);
  }

  Result<Operand> ReadLiteral(const FilterToken& token, WrittenLiteral::Kind kind) {
    tokens_.Advance();
    return Operand{token.source, nullptr, {kind, token.text, std::string(token.source)}};
  }

  Result<Operand> ReadSignedNumber() {
    const FilterToken sign = tokens_.current();
    tokens_.Advance();
    const FilterToken number = tokens_.current();
    if (number.kind != Kind::kNumber) return tokens_.Unexpected("a number");
    tokens_.Advance();
    const std::string text = sign.text + number.text;
    return Operand{sign.source, nullptr, {WrittenLiteral::Kind::kNumber, text, text}};
  }

  Result<Operand> ColumnOf(const FilterToken& token) {
    const auto found = columns_.find(Lowered(token.text));
    std::vector<int> columns = found == columns_.end() ? std::vector<int>() : found->second;
    if (token.kind == Kind::kQuotedName) {
      std::erase_if(columns, [&](int i) { return input_.field(i)->name() != token.text; });
    }
    if (columns.empty()) {
      return tokens_.Error(token.source, fmt::format("there is no column '{}'", Shown(token.text)));
    }
    if (columns.size() > 1) {
      return tokens_.Error(token.source, fmt::format("the name '{}' is that of {} columns",
                                                     Shown(token.text), columns.size()));
    }
    return Operand{token.source, InputColumn(columns[0], input_.field(columns[0])->type())};
  }

  // What `column` is compared with.
  Result<ExpressionPtr> Beside(const Operand& column, const Operand& value, bool as_double) const {
    const auto& type = column.column->type();
    if (value.column == nullptr) {
      auto typed = LiteralOfType(value.literal, type, as_double);
      if (typed.ok()) return typed;
      return tokens_.Error(
          value.source, fmt::format("column '{}': {}", NameOf(column), typed.status().message()));
    }
    if (!value.column->type()->Equals(*type)) {
      return tokens_.Error(
          value.source, fmt::format("column '{}' is {}, which is not compared with {}, column '{}'",
                                    NameOf(value), TypeOf(value), TypeOf(column), NameOf(column)));
    }
    if (as_double && !IsFloat(*type)) {
      return tokens_.Error(value.source,
                           "columns are compared here as DOUBLE: write the number "
                           "beside them without an exponent");
    }
    return value.column;
  }

  static bool IsDouble(const Operand& operand) {
    return operand.column == nullptr && IsDoubleLiteral(operand.literal);
  }

  // Whether the operand is a column that can be compared.
  Status CheckColumn(const Operand& operand) const {
    if (operand.column == nullptr) return NoColumn(operand);
    if (HasLiterals(*operand.column->type())) return Status::OK();
    return tokens_.Error(operand.source,
                         fmt::format("column '{}' is {}, of which only IS NULL can be asked",
                                     NameOf(operand), TypeOf(operand)));
  }

  Status NoColumn(const Operand& literal) const {
    return tokens_.Error(literal.source, fmt::format("a column is expected, not the literal {}",
                                                     Shown(literal.literal.source)));
  }

  Status Expect(std::string_view word) {
    return tokens_.Take(word) ? Status::OK() : tokens_.Unexpected(word);
  }

  std::string NameOf(const Operand& column) const {
    return Shown(input_.field(column.column->column())->name());
  }
  static std::string TypeOf(const Operand& column) {
    return Shown(SqlTypeName(*column.column->type()));
  }

  FilterTokens tokens_;
  const arrow::Schema& input_;
  std::unordered_map<std::string, std::vector<int>> columns_;  // by their names in small letters
  int depth_ = 0;
};

}  // namespace

Result<ExpressionPtr> ParseFilter(std::string_view text, const arrow::Schema& input) {
  if (text.size() > kMaxFilterBytes) {
    return base::Invalid("a filter of {} bytes, more than {}", text.size(), kMaxFilterBytes);
  }
  arrow::util::InitializeUTF8();
  if (!arrow::util::ValidateUTF8(text)) return base::Invalid("the filter is not valid UTF-8");
  return FilterParser(text, input).Parse();
}

}  // namespace skyhook::plan
