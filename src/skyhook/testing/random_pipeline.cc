#include "skyhook/testing/random_pipeline.h"

#include <random>
#include <string>

#include "skyhook/plan/types.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::testing {
namespace {

using plan::Aggregate;
using plan::AggregateFunction;
using plan::CallOptions;
using plan::ExpressionPtr;
using plan::Function;
using plan::Measure;
using plan::Pipeline;
using TypePtr = std::shared_ptr<arrow::DataType>;

class Generator {
 public:
  explicit Generator(const Choose& choose) : choose_(choose) {}

  Pipeline Make() {
    Pipeline pipeline;
    pipeline.input = Schema();
    input_ = pipeline.input;
    for (int i = Below(4); i > 0; --i) pipeline.filter.push_back(Boolean(4));
    for (int i = 1 + Below(5); i > 0; --i) {
      pipeline.projection.push_back({"p" + std::to_string(i), Any(3)});
    }
    pipeline.projection.push_back({"flag", Boolean(2)});
    switch (Below(4)) {
      case 0:
        pipeline.aggregate = RandomAggregate(pipeline);
        break;
      case 1:
        pipeline.top_k = plan::TopK{
            {{KeyColumn(pipeline, plan::IsOrdered), Below(2) == 0, Below(2) == 0}}, Below(1000)};
        break;
      case 2:
        pipeline.limit = plan::Limit{Below(1000)};
        break;
      default:
        break;
    }
    return pipeline;
  }

 private:
  int Below(int bound) { return static_cast<int>(choose_(static_cast<uint32_t>(bound))); }
  template <typename T>
  T OneOf(const std::vector<T>& choices) {
    return choices[static_cast<size_t>(Below(static_cast<int>(choices.size())))];
  }

  static const std::vector<TypePtr>& Computable() {
    using arrow::TimeUnit;
    static const std::vector<TypePtr> types = {arrow::boolean(),
                                               arrow::int8(),
                                               arrow::int16(),
                                               arrow::int32(),
                                               arrow::int64(),
                                               arrow::uint8(),
                                               arrow::uint16(),
                                               arrow::uint32(),
                                               arrow::uint64(),
                                               arrow::float32(),
                                               arrow::float64(),
                                               arrow::decimal64(15, 2),
                                               arrow::decimal128(25, 4),
                                               arrow::decimal256(50, 7),
                                               arrow::utf8_view(),
                                               arrow::binary_view(),
                                               arrow::date32(),
                                               arrow::time32(TimeUnit::MILLI),
                                               arrow::time64(TimeUnit::MICRO),
                                               arrow::timestamp(TimeUnit::MICRO),
                                               arrow::timestamp(TimeUnit::NANO, "UTC"),
                                               arrow::timestamp(TimeUnit::SECOND, "Asia/Tokyo"),
                                               arrow::duration(TimeUnit::NANO),
                                               arrow::month_day_nano_interval()};
    return types;
  }

  static const std::vector<TypePtr>& PayloadOnly() {
    static const std::vector<TypePtr> types = {
        arrow::null(),
        arrow::list(arrow::fixed_size_binary(7)),
        arrow::list(arrow::utf8_view()),
        arrow::struct_(
            {arrow::field("a", arrow::float16()), arrow::field("b", arrow::decimal256(40, 3))}),
        arrow::map(arrow::int32(), arrow::float64()),
        arrow::struct_({arrow::field("a", arrow::int8(), false),
                        arrow::field("b", arrow::list(arrow::struct_(
                                              {arrow::field("c", arrow::date32())})))})};
    return types;
  }

  std::shared_ptr<arrow::Schema> Schema() {
    arrow::FieldVector fields;
    for (int i = 1 + Below(8); i > 0; --i) {
      const auto type = Below(6) == 0 ? OneOf(PayloadOnly()) : OneOf(Computable());
      fields.push_back(arrow::field("c" + std::to_string(i), type, Below(2) == 0));
    }
    return arrow::schema(fields);
  }

  ExpressionPtr Any(int depth) {
    if (Below(3) > 0) return Of(OneOf(Computable()), depth);
    const int column = Below(input_->num_fields());
    return plan::InputColumn(column, input_->field(column)->type());
  }

  ExpressionPtr Constant(const TypePtr& type) {
    if (Below(5) == 0) return plan::NullLiteral(type);
    if (type->id() == arrow::Type::UINT64) return Lit(static_cast<uint64_t>(Below(1 << 30)) << 34);
    if (type->id() == arrow::Type::BINARY_VIEW) {
      return Require(plan::Literal(std::make_shared<arrow::BinaryViewScalar>("\xff")));
    }
    if (type->id() == arrow::Type::STRING_VIEW) return Lit(std::string("x%_\\é"));
    if (type->id() == arrow::Type::TIMESTAMP) {
      return Require(plan::Literal(std::make_shared<arrow::TimestampScalar>(Below(1 << 30), type)));
    }
    if (type->id() == arrow::Type::INTERVAL_MONTH_DAY_NANO) {
      return Require(plan::Literal(std::make_shared<arrow::MonthDayNanoIntervalScalar>(
          arrow::MonthDayNanoIntervalType::MonthDayNanos{Below(50) - 25, Below(90),
                                                         int64_t{Below(1 << 30)} << 20})));
    }
    if (type->id() == arrow::Type::TIME32) {
      return Require(plan::Literal(std::make_shared<arrow::Time32Scalar>(Below(86'400'000), type)));
    }
    if (type->id() == arrow::Type::TIME64) {
      return Require(plan::Literal(std::make_shared<arrow::Time64Scalar>(Below(1 << 30), type)));
    }
    if (plan::IsDecimal(*type)) return ConstantDecimal(type);
    return Require(plan::Literal(Require(arrow::MakeScalar(type, Below(100)))));
  }

  template <typename T>
  ExpressionPtr Lit(T value) {
    return Require(plan::Literal(arrow::MakeScalar(value)));
  }

  ExpressionPtr ConstantDecimal(const TypePtr& type) {
    const int64_t digits = Below(2'000'000) - 1'000'000;
    if (type->id() == arrow::Type::DECIMAL64) {
      return Require(
          plan::Literal(std::make_shared<arrow::Decimal64Scalar>(arrow::Decimal64(digits), type)));
    }
    if (type->id() == arrow::Type::DECIMAL256) {
      const arrow::Decimal256 wide = arrow::Decimal256(digits) * arrow::Decimal256::GetMaxValue(40);
      return Require(plan::Literal(std::make_shared<arrow::Decimal256Scalar>(wide, type)));
    }
    return Require(
        plan::Literal(std::make_shared<arrow::Decimal128Scalar>(arrow::Decimal128(digits), type)));
  }

  ExpressionPtr Leaf(const TypePtr& type) {
    for (int i = 0; i < input_->num_fields(); ++i) {
      const auto& column = input_->field(i)->type();
      if (column->Equals(*type) && Below(2) == 0) return plan::InputColumn(i, type);
      if (column->id() == arrow::Type::STRUCT && column->field(0)->type()->Equals(*type)) {
        return Require(plan::Field(plan::InputColumn(i, column), 0));
      }
    }
    return Constant(type);
  }

  CallOptions Options(Function function) {
    CallOptions options;
    if (Below(2) == 0) options.nan = CallOptions::Nan::kIeee;
    if (Below(2) == 0) {
      options.division_by_zero = static_cast<CallOptions::DivisionByZero>(Below(3));
    }
    if (function == Function::kLike && Below(2) == 0) options.escape = '\\';
    return options;
  }

  ExpressionPtr Fn(Function function, std::vector<ExpressionPtr> arguments,
                   TypePtr type = nullptr) {
    return Require(plan::Call(function, std::move(arguments), Options(function), std::move(type)));
  }

  ExpressionPtr Of(const TypePtr& type, int depth) {
    if (depth == 0) return Leaf(type);
    if (Below(6) == 0)
      return Require(plan::Case({Boolean(depth - 1), Of(type, depth - 1), Leaf(type)}));
    if (Below(6) == 0)
      return Require(plan::Coalesce({Of(type, depth - 1), Leaf(type), Leaf(type)}));
    if (type->id() == arrow::Type::BOOL) return Boolean(depth);
    if (type->id() == arrow::Type::STRING_VIEW) return Text(depth);
    if (type->id() == arrow::Type::DATE32 && Below(2) == 0) {
      return Fn(OneOf<Function>({Function::kAdd, Function::kSubtract}),
                {Of(type, depth - 1), Leaf(arrow::int32())});
    }
    if (type->Equals(arrow::timestamp(arrow::TimeUnit::MICRO))) {
      return Fn(OneOf<Function>({Function::kAdd, Function::kSubtract}),
                {Of(type, depth - 1), Leaf(arrow::month_day_nano_interval())});
    }
    if (type->id() == arrow::Type::DURATION) {
      return Require(plan::Call(OneOf<Function>({Function::kAdd, Function::kSubtract}),
                                {Of(type, depth - 1), Leaf(type)}));
    }
    if (plan::IsNumeric(*type)) return Number(type, depth);
    return Leaf(type);
  }

  ExpressionPtr Text(int depth) {
    const auto text = Of(arrow::utf8_view(), depth - 1);
    switch (Below(3)) {
      case 0:
        return Fn(Function::kLower, {text});
      case 1:
        return Fn(Function::kSubstring, {text, Lit<int64_t>(1 + Below(9))});
      default:
        return Fn(Function::kSubstring, {text, Lit<int64_t>(1), Lit(int64_t{1} << Below(40))});
    }
  }

  ExpressionPtr Number(const TypePtr& type, int depth) {
    const auto argument = [&] { return Of(type, depth - 1); };
    const bool is_signed = !arrow::is_unsigned_integer(type->id());
    switch (Below(5)) {
      case 0:
        return Fn(OneOf<Function>({Function::kCast, Function::kTryCast}),
                  {Of(OneOf<TypePtr>({arrow::int32(), arrow::float64(), arrow::uint16(),
                                      arrow::decimal64(10, 3)}),
                      depth - 1)},
                  type);
      case 1:
        if (is_signed)
          return Fn(OneOf<Function>({Function::kNegate, Function::kAbs}), {argument()});
        break;
      case 2:
        if (plan::IsFloat(*type)) return Fn(Function::kDivide, {argument(), argument()});
        if (plan::IsInteger(*type)) {
          return Fn(OneOf<Function>({Function::kIntegerDivide, Function::kModulo}),
                    {argument(), argument()});
        }
        break;
      case 3:
        if (type->id() == arrow::Type::INT64) return Integer64(depth);
        break;
      default:
        break;
    }
    const auto function = OneOf<Function>({Function::kAdd, Function::kSubtract});
    return Fn(function, {argument(), argument()}, plan::IsDecimal(*type) ? type : nullptr);
  }

  ExpressionPtr Integer64(int depth) {
    if (Below(2) == 0) return Fn(Function::kLength, {Of(arrow::utf8_view(), depth - 1)});
    CallOptions options;
    options.date_field = static_cast<CallOptions::DateField>(Below(8));
    return Require(plan::Call(Function::kExtract, {Of(arrow::date32(), depth - 1)}, options));
  }

  ExpressionPtr Boolean(int depth) {
    if (depth == 0) return Leaf(arrow::boolean());
    const auto type = OneOf(Computable());
    switch (Below(6)) {
      case 0:
        return Require(plan::And({Boolean(depth - 1), Boolean(depth - 1), Boolean(depth - 1)}));
      case 1:
        return Require(plan::Or({Boolean(depth - 1), Boolean(depth - 1)}));
      case 2:
        return Fn(OneOf<Function>({Function::kIsNull, Function::kIsNotNull}),
                  {Of(type, depth - 1)});
      case 3:
        return Fn(Function::kIn, {Of(type, depth - 1), Constant(type), Constant(type)});
      case 4:
        return Fn(OneOf<Function>({Function::kLike, Function::kILike, Function::kStartsWith,
                                   Function::kEndsWith, Function::kContains}),
                  {Of(arrow::utf8_view(), depth - 1), Leaf(arrow::utf8_view())});
      default: {
        const auto function = plan::IsOrdered(*type)
                                  ? static_cast<Function>(Below(static_cast<int>(Function::kIn)))
                                  : OneOf<Function>({Function::kEqual, Function::kIsDistinctFrom});
        return Fn(function, {Of(type, depth - 1), Of(type, depth - 1)});
      }
    }
  }

  int KeyColumn(const Pipeline& pipeline, bool (*may_be)(const arrow::DataType&)) {
    std::vector<int> columns;
    for (size_t i = 0; i < pipeline.projection.size(); ++i) {
      if (may_be(*pipeline.projection[i].expression->type())) {
        columns.push_back(static_cast<int>(i));
      }
    }
    return OneOf(columns);
  }

  Aggregate RandomAggregate(const Pipeline& pipeline) {
    Aggregate aggregate;
    for (int i = Below(3); i > 0; --i)
      aggregate.keys.push_back(KeyColumn(pipeline, plan::IsComputable));
    const int flag = static_cast<int>(pipeline.projection.size()) - 1;
    for (int i = Below(5); i > 0; --i) {
      Measure measure;
      measure.function = static_cast<AggregateFunction>(
          Below(static_cast<int>(plan::AggregateCatalogue().size())));
      measure.name = "m" + std::to_string(i);
      measure.filter = Below(2) == 0 ? flag : -1;
      const size_t arguments = plan::EntryOf(measure.function).num_arguments;
      if (arguments > 0) measure.argument = KeyColumn(pipeline, plan::IsComputable);
      if (arguments > 1) measure.second = KeyColumn(pipeline, plan::IsComputable);
      if (!plan::EntryOf(measure.function).constant.empty()) measure.fraction = Below(101) / 100.0;
      if (plan::MeasureType(measure.function, pipeline.ArgumentTypes(measure)).ok()) {
        aggregate.measures.push_back(measure);
      }
    }
    return aggregate;
  }

  const Choose& choose_;
  std::shared_ptr<arrow::Schema> input_;
};

}  // namespace

plan::Pipeline RandomPipeline(uint32_t seed) {
  std::mt19937 random(seed);
  return RandomPipeline([&](uint32_t bound) {
    return static_cast<uint32_t>(
        std::uniform_int_distribution<int>(0, static_cast<int>(bound) - 1)(random));
  });
}

plan::Pipeline RandomPipeline(const Choose& choose) { return Generator(choose).Make(); }

}  // namespace skyhook::testing
