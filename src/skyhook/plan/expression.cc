#include "skyhook/plan/expression.h"

#include <arrow/util/float16.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/plan/listed_values.h"
#include "skyhook/plan/mix_hash.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {

using arrow::Result;
using arrow::Scalar;
using arrow::Type;
using Kind = Expression::Kind;

struct ExpressionFactory {
  static std::shared_ptr<Expression> Make(Kind kind, std::shared_ptr<arrow::DataType> type) {
    std::shared_ptr<Expression> node(new Expression());
    node->kind_ = kind;
    node->type_ = std::move(type);
    node->hash_ = static_cast<size_t>(kind);
    MixHash(static_cast<size_t>(node->type_->id()), &node->hash_);
    return node;
  }
  static ExpressionPtr MakeColumn(int index, std::shared_ptr<arrow::DataType> type) {
    auto node = Make(Kind::kColumn, std::move(type));
    node->column_ = index;
    node->columns_ = {index};
    MixHash(static_cast<size_t>(index), &node->hash_);
    return node;
  }
  static ExpressionPtr MakeField(ExpressionPtr parent, int index) {
    auto node = Make(Kind::kField, EngineType(parent->type()->field(index)->type()));
    node->column_ = index;
    MixHash(static_cast<size_t>(index), &node->hash_);
    return WithChildren(std::move(node), {std::move(parent)});
  }
  static ExpressionPtr MakeLiteral(std::shared_ptr<Scalar> value) {
    auto node = Make(Kind::kLiteral, value->type);
    if (value->is_valid) MixHash(value->hash(), &node->hash_);
    node->literal_ = std::move(value);
    return node;
  }
  // `like` may be a call to share listed values with, or null.
  static ExpressionPtr MakeCall(Function function, CallOptions options,
                                std::shared_ptr<arrow::DataType> type,
                                std::vector<ExpressionPtr> arguments,
                                const Expression* like = nullptr) {
    auto node = Make(Kind::kCall, std::move(type));
    node->function_ = function;
    node->options_ = options;
    if (function == Function::kIn) {
      const bool same = like != nullptr && SameLiterals(like->arguments_, arguments);
      node->listed_values_ = same ? like->listed_values_ : ListedValuesOf(arguments);
    }
    MixHash(static_cast<size_t>(function), &node->hash_);
    WithChildren(node, std::move(arguments));
    node->can_fail_ = node->can_fail_ || CallCanFail(*node);
    return node;
  }
  static ExpressionPtr MakeVariadic(Kind kind, std::shared_ptr<arrow::DataType> type,
                                    std::vector<ExpressionPtr> arguments) {
    return WithChildren(Make(kind, std::move(type)), std::move(arguments));
  }

 private:
  static std::shared_ptr<Expression> WithChildren(std::shared_ptr<Expression> node,
                                                  std::vector<ExpressionPtr> arguments) {
    node->arguments_ = std::move(arguments);
    node->reads_field_ = node->kind_ == Kind::kField;
    for (const ExpressionPtr& argument : node->arguments_) {
      node->columns_.insert(argument->columns_.begin(), argument->columns_.end());
      node->reads_field_ = node->reads_field_ || argument->reads_field_;
      node->can_fail_ = node->can_fail_ || argument->can_fail_;
      MixHash(argument->hash_, &node->hash_);
    }
    return node;
  }

  // Whether the lists of two INs are the same objects.
  static bool SameLiterals(const std::vector<ExpressionPtr>& a,
                           const std::vector<ExpressionPtr>& b) {
    return std::equal(a.begin() + 1, a.end(), b.begin() + 1, b.end());
  }
};

namespace {

Result<std::shared_ptr<Scalar>> DecimalScalar(const Scalar& value,
                                              const std::shared_ptr<arrow::DataType>& type) {
  arrow::Decimal256 wide;
  switch (value.type->id()) {
    case Type::DECIMAL32:
      wide = arrow::Decimal256(static_cast<const arrow::Decimal32Scalar&>(value).value);
      break;
    case Type::DECIMAL64:
      wide = arrow::Decimal256(static_cast<const arrow::Decimal64Scalar&>(value).value);
      break;
    case Type::DECIMAL128:
      wide = arrow::Decimal256(static_cast<const arrow::Decimal128Scalar&>(value).value);
      break;
    default:
      wide = static_cast<const arrow::Decimal256Scalar&>(value).value;
  }
  const int precision = ShapeOf(*type).precision;
  if (!wide.FitsInPrecision(precision)) {
    return base::Invalid("{} does not fit {}", value.ToString(), type->ToString());
  }
  const auto& words = wide.native_endian_array();
  switch (type->id()) {
    case Type::DECIMAL64:
      return std::make_shared<arrow::Decimal64Scalar>(
          arrow::Decimal64(static_cast<int64_t>(words[0])), type);
    case Type::DECIMAL128:
      return std::make_shared<arrow::Decimal128Scalar>(
          arrow::Decimal128(static_cast<int64_t>(words[1]), words[0]), type);
    default:
      return std::make_shared<arrow::Decimal256Scalar>(wide, type);
  }
}

// The scalar in its engine type.
Result<std::shared_ptr<Scalar>> ToEngine(const std::shared_ptr<Scalar>& value) {
  const auto type = EngineType(value->type);
  if (!value->is_valid) return arrow::MakeNullScalar(type);
  if (type->Equals(*value->type)) return value;
  switch (value->type->id()) {
    case Type::DICTIONARY: {
      ARROW_ASSIGN_OR_RAISE(auto decoded,
                            static_cast<const arrow::DictionaryScalar&>(*value).GetEncodedValue());
      return ToEngine(decoded);
    }
    case Type::HALF_FLOAT: {
      const auto half = static_cast<const arrow::HalfFloatScalar&>(*value).value;
      return arrow::MakeScalar(arrow::util::Float16::FromBits(half).ToFloat());
    }
    case Type::DATE64: {
      const int64_t ms = static_cast<const arrow::Date64Scalar&>(*value).value;
      return std::make_shared<arrow::Date32Scalar>(static_cast<int32_t>(ms / 86'400'000));
    }
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256:
      return DecimalScalar(*value, type);
    default:
      break;
  }
  const auto& bytes = static_cast<const arrow::BaseBinaryScalar&>(*value).value;
  if (type->id() == Type::STRING_VIEW) return std::make_shared<arrow::StringViewScalar>(bytes);
  return std::make_shared<arrow::BinaryViewScalar>(bytes);
}

Result<ExpressionPtr> Connective(Kind kind, std::vector<ExpressionPtr> arguments) {
  std::vector<ExpressionPtr> flat;
  for (auto& argument : arguments) {
    if (argument->type()->id() != Type::BOOL) {
      return base::UnsupportedPlan("{} of {}, which is not boolean",
                                   kind == Kind::kAnd ? "AND" : "OR", argument->ToString());
    }
    if (argument->kind() == kind) {
      flat.insert(flat.end(), argument->arguments().begin(), argument->arguments().end());
    } else {
      flat.push_back(std::move(argument));
    }
  }
  if (flat.empty()) return BoolLiteral(kind == Kind::kAnd);
  if (flat.size() == 1) return flat[0];
  return ExpressionFactory::MakeVariadic(kind, arrow::boolean(), std::move(flat));
}

std::string Quoted(const Scalar& value) {
  if (!value.is_valid) return "NULL";
  if (!arrow::is_base_binary_like(value.type->id()) &&
      !arrow::is_binary_view_like(value.type->id())) {
    const std::string text = value.ToString();
    return arrow::is_temporal(value.type->id()) ? fmt::format("'{}'", text) : text;
  }
  std::string out = "'";
  for (char c : static_cast<const arrow::BaseBinaryScalar&>(value).view()) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string Joined(const std::vector<ExpressionPtr>& arguments, const std::string& separator,
                   const arrow::Schema* schema, size_t from = 0) {
  std::string out;
  for (size_t i = from; i < arguments.size(); ++i) {
    if (i > from) out += separator;
    out += arguments[i]->ToString(schema);
  }
  return out;
}

std::string CallText(const Expression& call, const arrow::Schema* schema) {
  const auto& arguments = call.arguments();
  if (FindEntry(call.function()) == nullptr) {
    return fmt::format("{}({})", FunctionName(call.function()), Joined(arguments, ", ", schema));
  }
  const CatalogueEntry& entry = EntryOf(call.function());
  const std::string first = arguments[0]->ToString(schema);
  switch (call.function()) {
    case Function::kNot:
    case Function::kNegate:
      return fmt::format("({} {})", entry.symbol, first);
    case Function::kIsNull:
    case Function::kIsNotNull:
      return fmt::format("({} {})", first, entry.symbol);
    case Function::kIn:
      return fmt::format("({} IN ({}))", first, Joined(arguments, ", ", schema, 1));
    case Function::kCast:
    case Function::kTryCast:
      return fmt::format("{}({} AS {})", entry.name, first, call.type()->ToString());
    case Function::kExtract:
      return fmt::format("{}({})", DateFieldName(call.options().date_field), first);
    default:
      if (entry.symbol.empty()) {
        return fmt::format("{}({})", entry.name, Joined(arguments, ", ", schema));
      }
      return fmt::format("({} {} {})", first, entry.symbol, arguments[1]->ToString(schema));
  }
}

std::string CaseText(const Expression& expression, const arrow::Schema* schema) {
  const auto& arguments = expression.arguments();
  std::string out = "CASE";
  for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
    out += fmt::format(" WHEN {} THEN {}", arguments[i]->ToString(schema),
                       arguments[i + 1]->ToString(schema));
  }
  return fmt::format("{} ELSE {} END", out, arguments.back()->ToString(schema));
}

// Values of other types are passed through; nothing can be made of them.
arrow::Status CheckComputable(const char* where, const arrow::DataType& type) {
  if (IsComputable(type)) return arrow::Status::OK();
  return base::UnsupportedPlan("{} of type {}", where, type.ToString());
}

}  // namespace

bool Expression::Equals(const Expression& other) const {
  if (this == &other) return true;
  if (hash_ != other.hash_ || kind_ != other.kind_ || !type_->Equals(*other.type_) ||
      column_ != other.column_ || arguments_.size() != other.arguments_.size()) {
    return false;
  }
  if (kind_ == Kind::kLiteral && !SameLiteral(*literal_, *other.literal_)) return false;
  if (kind_ == Kind::kCall && (function_ != other.function_ || options_ != other.options_)) {
    return false;
  }
  return std::equal(arguments_.begin(), arguments_.end(), other.arguments_.begin(),
                    [](const auto& a, const auto& b) { return a->Equals(*b); });
}

std::string Expression::ToString(const arrow::Schema* schema) const {
  switch (kind_) {
    case Kind::kColumn:
      return schema != nullptr && column_ < schema->num_fields() ? schema->field(column_)->name()
                                                                 : fmt::format("#{}", column_);
    case Kind::kField:
      return fmt::format("{}.{}", arguments_[0]->ToString(schema),
                         arguments_[0]->type()->field(column_)->name());
    case Kind::kLiteral:
      return Quoted(*literal_);
    case Kind::kCall:
      return CallText(*this, schema);
    case Kind::kAnd:
      return fmt::format("({})", Joined(arguments_, " AND ", schema));
    case Kind::kOr:
      return fmt::format("({})", Joined(arguments_, " OR ", schema));
    case Kind::kCase:
      return CaseText(*this, schema);
    case Kind::kCoalesce:
      return fmt::format("coalesce({})", Joined(arguments_, ", ", schema));
  }
  return "?";
}

ExpressionPtr InputColumn(int index, std::shared_ptr<arrow::DataType> type) {
  return ExpressionFactory::MakeColumn(index, std::move(type));
}

Result<ExpressionPtr> Field(ExpressionPtr parent, int index) {
  const arrow::DataType& type = *parent->type();
  if (type.id() != Type::STRUCT || index < 0 || index >= type.num_fields()) {
    return base::UnsupportedPlan("field {} of {}, which is {}", index, parent->ToString(),
                                 type.ToString());
  }
  if (parent->kind() == Kind::kLiteral && !parent->literal()->is_valid) {
    return NullLiteral(EngineType(type.field(index)->type()));
  }
  if (parent->kind() != Kind::kColumn && parent->kind() != Kind::kField) {
    return base::UnsupportedPlan("field {} of {}, which is no column", index, parent->ToString());
  }
  return ExpressionFactory::MakeField(std::move(parent), index);
}

FieldPath PathOf(const Expression& field) {
  FieldPath path;
  const Expression* node = &field;
  for (; node->kind() == Kind::kField; node = node->arguments()[0].get()) {
    path.fields.insert(path.fields.begin(), node->column());
  }
  path.column = node->column();
  return path;
}

Result<ExpressionPtr> Literal(const std::shared_ptr<Scalar>& value) {
  ARROW_ASSIGN_OR_RAISE(auto scalar, ToEngine(value));
  return ExpressionFactory::MakeLiteral(std::move(scalar));
}

ExpressionPtr NullLiteral(std::shared_ptr<arrow::DataType> type) {
  return ExpressionFactory::MakeLiteral(arrow::MakeNullScalar(std::move(type)));
}

ExpressionPtr BoolLiteral(bool value) {
  return ExpressionFactory::MakeLiteral(std::make_shared<arrow::BooleanScalar>(value));
}

Result<ExpressionPtr> Call(Function function, std::vector<ExpressionPtr> arguments,
                           CallOptions options, std::shared_ptr<arrow::DataType> type) {
  if (arguments.empty()) {
    return base::UnsupportedPlan("{} without arguments", FunctionName(function));
  }
  ARROW_ASSIGN_OR_RAISE(auto result, ResultType(function, arguments, options, type));
  return ExpressionFactory::MakeCall(function, options, std::move(result), std::move(arguments));
}

Result<ExpressionPtr> OpenCall(Function function, std::vector<ExpressionPtr> arguments,
                               std::shared_ptr<arrow::DataType> type) {
  if (FindEntry(function) != nullptr) {
    return base::UnsupportedPlan("{} is a function of the catalogue", FunctionName(function));
  }
  if (arguments.empty()) {
    return base::UnsupportedPlan("{} without arguments", FunctionName(function));
  }
  return ExpressionFactory::MakeCall(function, {}, std::move(type), std::move(arguments));
}

Result<ExpressionPtr> And(std::vector<ExpressionPtr> arguments) {
  return Connective(Kind::kAnd, std::move(arguments));
}

Result<ExpressionPtr> Or(std::vector<ExpressionPtr> arguments) {
  return Connective(Kind::kOr, std::move(arguments));
}

Result<ExpressionPtr> Case(std::vector<ExpressionPtr> arguments) {
  if (arguments.size() < 3 || arguments.size() % 2 == 0) {
    return base::UnsupportedPlan("CASE needs pairs of WHEN and THEN and one ELSE, not {} arguments",
                                 arguments.size());
  }
  const auto& type = arguments.back()->type();
  ARROW_RETURN_NOT_OK(CheckComputable("CASE", *type));
  for (size_t i = 0; i + 1 < arguments.size(); ++i) {
    const auto& wanted = i % 2 == 0 ? arrow::boolean() : type;
    if (!arguments[i]->type()->Equals(*wanted)) {
      return base::UnsupportedPlan("CASE: {} is {}, not {}", arguments[i]->ToString(),
                                   arguments[i]->type()->ToString(), wanted->ToString());
    }
  }
  return ExpressionFactory::MakeVariadic(Kind::kCase, type, std::move(arguments));
}

Result<ExpressionPtr> Coalesce(std::vector<ExpressionPtr> arguments) {
  if (arguments.empty()) return base::UnsupportedPlan("COALESCE without arguments");
  const auto type = arguments[0]->type();
  ARROW_RETURN_NOT_OK(CheckComputable("COALESCE", *type));
  for (const auto& argument : arguments) {
    if (!argument->type()->Equals(*type)) {
      return base::UnsupportedPlan("COALESCE of {} and {}", type->ToString(),
                                   argument->type()->ToString());
    }
  }
  if (arguments.size() == 1) return arguments[0];
  return ExpressionFactory::MakeVariadic(Kind::kCoalesce, type, std::move(arguments));
}

std::vector<ExpressionPtr> Conjuncts(const ExpressionPtr& predicate) {
  if (predicate->kind() == Kind::kAnd) return predicate->arguments();
  return {predicate};
}

ExpressionPtr WithArguments(const Expression& node, std::vector<ExpressionPtr> arguments) {
  if (node.kind() == Kind::kField) {
    // Columns are replaced by columns, and by NULL where a fragment lacks them.
    if (arguments[0]->kind() == Kind::kLiteral) return NullLiteral(node.type());
    return ExpressionFactory::MakeField(std::move(arguments[0]), node.column());
  }
  if (node.kind() == Kind::kCall) {
    return ExpressionFactory::MakeCall(node.function(), node.options(), node.type(),
                                       std::move(arguments), &node);
  }
  return ExpressionFactory::MakeVariadic(node.kind(), node.type(), std::move(arguments));
}

Result<ExpressionPtr> Substitute(const ExpressionPtr& expression,
                                 const std::vector<ExpressionPtr>& replacements) {
  if (expression->kind() == Kind::kColumn) {
    const size_t column = static_cast<size_t>(expression->column());
    if (column >= replacements.size() || replacements[column] == nullptr) return expression;
    if (!replacements[column]->type()->Equals(*expression->type())) {
      return base::Invalid("column #{} of type {} cannot be replaced by {} of type {}", column,
                           expression->type()->ToString(), replacements[column]->ToString(),
                           replacements[column]->type()->ToString());
    }
    return replacements[column];
  }
  if (expression->columns().empty()) return expression;
  std::vector<ExpressionPtr> arguments;
  bool changed = false;
  for (const auto& argument : expression->arguments()) {
    ARROW_ASSIGN_OR_RAISE(auto replaced, Substitute(argument, replacements));
    changed |= replaced != argument;
    arguments.push_back(std::move(replaced));
  }
  return changed ? WithArguments(*expression, std::move(arguments)) : expression;
}

}  // namespace skyhook::plan
