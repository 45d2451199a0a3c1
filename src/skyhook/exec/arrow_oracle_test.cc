// Random queries over random files of the types that DuckDB lacks: decimals of more than 38 digits,
// halves, durations. The oracle is Arrow's own compute functions.
//
// SKYHOOK_ORACLE_SEED is the first seed, SKYHOOK_ORACLE_QUERIES how many queries are compared.
#include <arrow/compute/api.h>
#include <arrow/compute/initialize.h>
#include <arrow/json/from_string.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "skyhook/plan/types.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/result_rows.h"

namespace skyhook::exec {
namespace {

using arrow::Datum;
using arrow::Result;
using plan::AggregateFunction;
using plan::ExpressionPtr;
using plan::Function;
using testing::Require;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;
using TypePtr = std::shared_ptr<arrow::DataType>;

constexpr int kKeys = 5;

int Setting(const char* name, int usual) {
  const char* set = std::getenv(name);
  return set != nullptr ? std::atoi(set) : usual;
}

/// An expression, and its values by Arrow over rows of the input (columns in its order).
struct Both {
  ExpressionPtr ours;
  std::function<Result<Datum>(const arrow::RecordBatch&)> theirs;
};

Result<std::shared_ptr<arrow::Array>> ArrayOfDatum(const Datum& datum, int64_t rows) {
  if (datum.is_scalar()) return arrow::MakeArrayFromScalar(*datum.scalar(), rows);
  return datum.make_array();
}

class OracleQuery {
 public:
  explicit OracleQuery(uint32_t seed) : random_(seed) {
    ChooseTypes();
    const int64_t rows = Below(6) == 0 ? Below(3) : 50 + Below(400);
    arrow::Int64Builder keys;
    for (int64_t row = 0; row < rows; ++row) Require(keys.Append(Below(kKeys)));
    const auto schema = arrow::schema({arrow::field("key", arrow::int64()),
                                       arrow::field("x", x_type_), arrow::field("y", y_type_)});
    table_ = arrow::Table::Make(
        schema, {Require(keys.Finish()), Values(x_type_, rows), Values(y_type_, rows)});
    pipeline_ = testing::ReadAll(*schema);
    pipeline_.projection.clear();
    for (int64_t i = Below(3); i > 0; --i) Filter(Predicate(2));
    Project("key", Column("key", 0));
    for (int64_t i = 1 + Below(3); i > 0; --i) Project(fmt::format("e{}", i), Number(2));
    if (Below(2) == 0) Aggregate();
  }

  const plan::Pipeline& pipeline() const { return pipeline_; }

  /// What the order of additions may change in a sum of floats: some hundred values, each below
  /// 2 * 65504^2 and rounded to 2^-53 of the sum.
  std::vector<double> tolerances() const {
    std::vector<double> out(1 + (pipeline_.aggregate ? pipeline_.aggregate->measures.size() : 0));
    for (size_t i = 1; i < out.size(); ++i) {
      const bool is_sum = pipeline_.aggregate->measures[i - 1].function == AggregateFunction::kSum;
      out[i] = is_sum && arrow::is_floating(x_type_->id()) ? 0.1 : 0;
    }
    return out;
  }

  Result<std::vector<testing::ResultRow>> Ours() {
    const auto fragment = testing::OpenParquet(*table_, {.row_group_rows = 1 + Below(200),
                                                         .page_rows = 1 + Below(100),
                                                         .dictionary = Below(2) == 0,
                                                         .page_index = Below(2) == 0});
    ARROW_ASSIGN_OR_RAISE(const auto run,
                          testing::TryKernel(pipeline_, fragment, testing::AllRowsOf(*fragment)));
    if (!pipeline_.aggregate.has_value()) return Sorted(testing::ResultRows(run.batches));
    ARROW_ASSIGN_OR_RAISE(const auto batches, testing::Merged(pipeline_, run.batches));
    return Sorted(testing::ResultRows(batches));
  }

  Result<std::vector<testing::ResultRow>> Theirs() {
    ARROW_ASSIGN_OR_RAISE(BatchPtr rows, Input());
    for (const auto& predicate : filter_) {
      ARROW_ASSIGN_OR_RAISE(const Datum mask, predicate.theirs(*rows));
      ARROW_ASSIGN_OR_RAISE(const auto array, ArrayOfDatum(mask, rows->num_rows()));
      ARROW_ASSIGN_OR_RAISE(const Datum kept, arrow::compute::Filter(rows, array));
      rows = kept.record_batch();
    }
    arrow::ArrayVector columns;
    for (const auto& expression : projection_) {
      ARROW_ASSIGN_OR_RAISE(const Datum values, expression.theirs(*rows));
      ARROW_ASSIGN_OR_RAISE(auto array, ArrayOfDatum(values, rows->num_rows()));
      columns.push_back(std::move(array));
    }
    if (!pipeline_.aggregate.has_value()) {
      ARROW_ASSIGN_OR_RAISE(auto projected, As(pipeline_.ProjectedSchema(), columns));
      return Sorted(testing::ResultRows({projected}));
    }
    std::vector<BatchPtr> groups;
    for (int64_t key = 0; key < kKeys; ++key) {
      ARROW_ASSIGN_OR_RAISE(auto group, GroupOf(columns, key));
      if (group != nullptr) groups.push_back(std::move(group));
    }
    return Sorted(testing::ResultRows(groups));
  }

 private:
  int64_t Below(int64_t bound) {
    return std::uniform_int_distribution<int64_t>(0, bound - 1)(random_);
  }
  template <typename T>
  T OneOf(const std::vector<T>& choices) {
    return choices[static_cast<size_t>(Below(static_cast<int64_t>(choices.size())))];
  }

  void ChooseTypes() {
    using arrow::TimeUnit;
    switch (Below(3)) {
      case 0:
        x_type_ = arrow::decimal256(39 + static_cast<int>(Below(14)), static_cast<int>(Below(12)));
        y_type_ = Below(2) == 0 ? x_type_ : arrow::decimal128(15, static_cast<int>(Below(15)));
        break;
      case 1:
        x_type_ = y_type_ = arrow::float16();
        break;
      default:
        x_type_ = y_type_ = arrow::duration(OneOf<TimeUnit::type>(
            {TimeUnit::SECOND, TimeUnit::MILLI, TimeUnit::MICRO, TimeUnit::NANO}));
    }
  }

  std::shared_ptr<arrow::Array> Values(const TypePtr& type, int64_t rows) {
    const bool overflows = Below(8) == 0;
    std::string json = "[";
    for (int64_t row = 0; row < rows; ++row) {
      if (row > 0) json += ",";
      json += Below(6) == 0 ? "null" : Value(*type, overflows);
    }
    return Require(arrow::json::ArrayFromJSONString(type, json + "]"));
  }

  std::string Value(const arrow::DataType& type, bool overflows) {
    if (arrow::is_floating(type.id())) {
      return Below(30) == 0 ? OneOf<std::string>({"65504", "-65504", "6e-8", "-0.0"})
                            : fmt::format("{}", 0.25 * static_cast<double>(Below(80) - 20));
    }
    if (type.id() == arrow::Type::DURATION) {
      if (!overflows) return std::to_string(Below(2000) - 1000);
      return std::to_string(std::uniform_int_distribution<int64_t>(
          std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max())(random_));
    }
    const auto& decimal = static_cast<const arrow::DecimalType&>(type);
    std::string digits;
    for (int64_t i = 1 + Below(Below(3) == 0 ? decimal.precision() : 3); i > 0; --i) {
      digits += static_cast<char>('0' + Below(10));
    }
    const auto scale = static_cast<size_t>(decimal.scale());
    if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
    digits.insert(digits.size() - scale, scale > 0 ? "." : "");
    return fmt::format("\"{}{}\"", Below(3) == 0 ? "-" : "", digits);
  }

  Both Column(const std::string& name, int index) {
    return {testing::Col(pipeline_, name),
            [index](const arrow::RecordBatch& rows) -> Result<Datum> {
              return Datum(rows.column(index));
            }};
  }

  Both Leaf() { return Below(2) == 0 ? Column("x", 1) : Column("y", 2); }

  Both Constant() {
    const bool halves = arrow::is_floating(x_type_->id());
    const auto values = Values(halves ? arrow::float32() : x_type_, 1);
    const auto scalar = Require(Require(arrow::compute::Cast(*values, ArrowsType()))->GetScalar(0));
    return {Require(plan::Literal(Require(values->GetScalar(0)))),
            [scalar](const arrow::RecordBatch&) -> Result<Datum> { return Datum(scalar); }};
  }

  /// Nothing where the catalogue does not take the types.
  static std::optional<Both> Apply(Function function, const std::string& name,
                                   std::vector<Both> arguments) {
    std::vector<ExpressionPtr> ours;
    for (const Both& argument : arguments) ours.push_back(argument.ours);
    auto call = plan::Call(function, std::move(ours));
    if (!call.ok()) return std::nullopt;
    return With(*std::move(call), name, std::move(arguments));
  }

  static Both With(ExpressionPtr ours, const std::string& name, std::vector<Both> arguments) {
    return {
        std::move(ours),
        [name, arguments = std::move(arguments)](const arrow::RecordBatch& rows) -> Result<Datum> {
          std::vector<Datum> values;
          for (const Both& argument : arguments) {
            ARROW_ASSIGN_OR_RAISE(auto value, argument.theirs(rows));
            values.push_back(std::move(value));
          }
          return arrow::compute::CallFunction(name, values);
        }};
  }

  Both Number(int depth) {
    if (depth == 0) return Leaf();
    std::optional<Both> made;
    switch (Below(6)) {
      case 0:
        made = Apply(Function::kNegate, "negate_checked", {Number(depth - 1)});
        break;
      case 1:
        made = Apply(Function::kAbs, "abs_checked", {Number(depth - 1)});
        break;
      case 2:
        made = Product();
        break;
      case 3:
        made = Apply(Function::kAdd, "add_checked", {Number(depth - 1), Number(depth - 1)});
        break;
      case 4:
        made =
            Apply(Function::kSubtract, "subtract_checked", {Number(depth - 1), Number(depth - 1)});
        break;
      default:
        break;
    }
    return made.has_value() ? *made : Leaf();
  }

  std::optional<Both> Product() {
    // Arrow has no products of more than 76 digits, whatever the values are.
    if (plan::IsDecimal(*x_type_) &&
        plan::ShapeOf(*x_type_).precision + plan::ShapeOf(*y_type_).precision >= 76) {
      return std::nullopt;
    }
    return Apply(Function::kMultiply, "multiply_checked", {Leaf(), Column("y", 2)});
  }

  Both Predicate(int depth) {
    if (depth > 0 && Below(2) == 0) {
      const Both a = Predicate(depth - 1);
      const Both b = Predicate(depth - 1);
      switch (Below(3)) {
        case 0:
          return With(Require(plan::And({a.ours, b.ours})), "and_kleene", {a, b});
        case 1:
          return With(Require(plan::Or({a.ours, b.ours})), "or_kleene", {a, b});
        default:
          return *Apply(Function::kNot, "invert", {a});
      }
    }
    if (Below(5) == 0) return *Apply(Function::kIsNull, "is_null", {Leaf()});
    static const std::vector<std::pair<Function, std::string>> comparisons = {
        {Function::kEqual, "equal"},     {Function::kNotEqual, "not_equal"},
        {Function::kLess, "less"},       {Function::kLessEqual, "less_equal"},
        {Function::kGreater, "greater"}, {Function::kGreaterEqual, "greater_equal"},
    };
    const auto& [function, name] = OneOf(comparisons);
    auto made = Apply(function, name, {Leaf(), Below(2) == 0 ? Leaf() : Constant()});
    return made.has_value() ? *made : *Apply(function, name, {Column("x", 1), Column("x", 1)});
  }

  void Filter(Both predicate) {
    pipeline_.filter.push_back(predicate.ours);
    filter_.push_back(std::move(predicate));
  }

  void Project(const std::string& name, Both expression) {
    pipeline_.projection.push_back({name, expression.ours});
    projection_.push_back(std::move(expression));
  }

  void Aggregate() {
    pipeline_.aggregate = plan::Aggregate{{0}, {{AggregateFunction::kCountAll, -1, -1, "rows"}}};
    for (int column = 1; column < static_cast<int>(projection_.size()); ++column) {
      for (const auto function :
           {AggregateFunction::kCount, AggregateFunction::kSum, AggregateFunction::kMin,
            AggregateFunction::kMax, AggregateFunction::kCountDistinct}) {
        plan::Measure measure{function, column, -1,
                              fmt::format("m{}", pipeline_.aggregate->measures.size())};
        if (plan::MeasureType(function, pipeline_.ArgumentTypes(measure)).ok()) {
          pipeline_.aggregate->measures.push_back(std::move(measure));
        }
      }
    }
  }

  /// The table in types that Arrow computes with: every half is a float, and of durations Arrow has
  /// no aggregates, and adds what stands below their nulls.
  Result<BatchPtr> Input() {
    ARROW_ASSIGN_OR_RAISE(auto batch, table_->CombineChunksToBatch());
    if (plan::IsDecimal(*x_type_)) return batch;
    const auto type = ArrowsType();
    for (int i = 1; i < batch->num_columns(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const auto values, arrow::compute::Cast(*batch->column(i), type));
      const auto field = arrow::field(batch->schema()->field(i)->name(), type);
      ARROW_ASSIGN_OR_RAISE(batch, batch->SetColumn(i, field, values));
    }
    return batch;
  }

  TypePtr ArrowsType() const {
    if (x_type_->id() == arrow::Type::HALF_FLOAT) return arrow::float32();
    return x_type_->id() == arrow::Type::DURATION ? arrow::int64() : x_type_;
  }

  /// The columns in the types of `schema`.
  static Result<BatchPtr> As(const std::shared_ptr<arrow::Schema>& schema,
                             arrow::ArrayVector columns) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto& type = schema->field(static_cast<int>(i))->type();
      ARROW_ASSIGN_OR_RAISE(columns[i], arrow::compute::Cast(*columns[i], type));
    }
    return arrow::RecordBatch::Make(schema, columns[0]->length(), columns);
  }

  static Result<Datum> AggregateOf(AggregateFunction function, std::shared_ptr<arrow::Array> of) {
    switch (function) {
      case AggregateFunction::kSum:
        return arrow::compute::CallFunction("sum", {of});
      case AggregateFunction::kMin:
        return arrow::compute::CallFunction("min", {of});
      case AggregateFunction::kMax:
        return arrow::compute::CallFunction("max", {of});
      case AggregateFunction::kCountDistinct:
        // Arrow tells -0.0 from 0.0.
        if (arrow::is_floating(of->type_id())) {
          ARROW_ASSIGN_OR_RAISE(const Datum sum,
                                arrow::compute::CallFunction("add", {of, arrow::MakeScalar(0.0F)}));
          of = sum.make_array();
        }
        return arrow::compute::CallFunction("count_distinct", {of});
      default:
        return arrow::compute::CallFunction("count", {of});
    }
  }

  /// The final row of a group; null without rows.
  Result<BatchPtr> GroupOf(const arrow::ArrayVector& columns, int64_t key) {
    ARROW_ASSIGN_OR_RAISE(const Datum mask, arrow::compute::CallFunction(
                                                "equal", {columns[0], arrow::MakeScalar(key)}));
    arrow::ArrayVector kept;
    for (const auto& column : columns) {
      ARROW_ASSIGN_OR_RAISE(const Datum some, arrow::compute::Filter(column, mask));
      kept.push_back(some.make_array());
    }
    if (kept[0]->length() == 0) return nullptr;
    arrow::ArrayVector row = {kept[0]->Slice(0, 1)};
    for (const plan::Measure& measure : pipeline_.aggregate->measures) {
      Datum value(arrow::MakeScalar(kept[0]->length()));  // count(*)
      if (measure.argument >= 0) {
        ARROW_ASSIGN_OR_RAISE(
            value, AggregateOf(measure.function, kept[static_cast<size_t>(measure.argument)]));
      }
      ARROW_ASSIGN_OR_RAISE(auto array, ArrayOfDatum(value, 1));
      row.push_back(std::move(array));
    }
    return As(pipeline_.ResultSchema(), std::move(row));
  }

  static std::vector<testing::ResultRow> Sorted(std::vector<testing::ResultRow> rows) {
    std::sort(rows.begin(), rows.end(), testing::RowBefore);
    return rows;
  }

  std::mt19937 random_;
  TypePtr x_type_, y_type_;
  std::shared_ptr<arrow::Table> table_;
  plan::Pipeline pipeline_;
  std::vector<Both> filter_;
  std::vector<Both> projection_;
};

TEST(ArrowOracle, TypesThatDuckDbLacksAreComputedAsArrowDoes) {
  Require(arrow::compute::Initialize());
  const int first = Setting("SKYHOOK_ORACLE_SEED", 1);
  const int queries = Setting("SKYHOOK_ORACLE_QUERIES", 1000);
  int answers = 0;
  int errors = 0;
  for (int seed = first; seed < first + queries; ++seed) {
    OracleQuery query(static_cast<uint32_t>(seed));
    SCOPED_TRACE(fmt::format("SKYHOOK_ORACLE_SEED={}\n{}", seed, query.pipeline().ToString()));
    const auto ours = query.Ours();
    const auto theirs = query.Theirs();
    ASSERT_EQ(ours.ok(), theirs.ok())
        << ours.status().ToString() << "\nArrow: " << theirs.status().ToString();
    if (!ours.ok()) {
      ++errors;
      continue;
    }
    ASSERT_EQ(testing::Difference(*ours, *theirs, query.tolerances()), "");
    answers += theirs->empty() ? 0 : 1;
  }
  fmt::print("{} answers, {} errors on both sides\n", answers, errors);
  if (queries < 100) return;
  EXPECT_GT(answers, queries / 2);
  EXPECT_GT(errors, 0);
}

}  // namespace
}  // namespace skyhook::exec
