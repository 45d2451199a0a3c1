#include "skyhook/client/specialisation.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/client/constant.h"
#include "skyhook/plan/types.h"

namespace skyhook::client {
namespace {

using Kind = plan::Expression::Kind;

/// A runtime filter seen through a fragment's constants.
class SpecialisedFilter : public plan::RuntimeFilter {
 public:
  SpecialisedFilter(std::shared_ptr<const plan::RuntimeFilter> filter,
                    std::shared_ptr<const Specialisation> specialisation)
      : filter_(std::move(filter)), specialisation_(std::move(specialisation)) {}

  plan::ExpressionPtr Snapshot() const override {
    plan::ExpressionPtr current = filter_->Snapshot();
    if (current == nullptr) return nullptr;
    std::lock_guard<std::mutex> lock(mutex_);
    if (current != seen_) {
      // A filter that cannot be said over this fragment is one that it may ignore.
      specialised_ = specialisation_->Predicate(current).ValueOr(nullptr);
      seen_ = std::move(current);
    }
    return specialised_;
  }

  const char* kind() const override { return filter_->kind(); }

 private:
  std::shared_ptr<const plan::RuntimeFilter> filter_;
  std::shared_ptr<const Specialisation> specialisation_;
  mutable std::mutex mutex_;
  mutable plan::ExpressionPtr seen_;
  mutable plan::ExpressionPtr specialised_;
};

/// What stands for column `field` in `fragment` when the file does not hold it, else null.
arrow::Result<plan::ExpressionPtr> ConstantFor(const arrow::Field& field, const Table& table,
                                               const TableFragment& fragment) {
  const auto& partitions = table.partition_columns;
  const auto partition = std::find(partitions.begin(), partitions.end(), field.name());
  if (partition != partitions.end()) {
    return plan::Literal(fragment.partition_values[partition - partitions.begin()]);
  }
  const auto found =
      fragment.description.declared_schema->GetFieldByName(fragment.NameOf(field.name()));
  const bool absent = found == nullptr || (found->type()->id() == arrow::Type::NA &&
                                           field.type()->id() != arrow::Type::NA);
  return absent ? plan::NullLiteral(field.type()) : nullptr;
}

/// The engine type in which the fragment holds a number of the table's, which may be narrower than
/// the table's: other files may have wider ones. Of other columns the table's type.
std::shared_ptr<arrow::DataType> StoredType(const arrow::Field& field,
                                            const TableFragment& fragment) {
  if (!plan::IsInteger(*field.type()) && !plan::IsFloat(*field.type())) return field.type();
  const auto found =
      fragment.description.declared_schema->GetFieldByName(fragment.NameOf(field.name()));
  return found == nullptr ? field.type() : plan::EngineType(found->type());
}

}  // namespace

arrow::Result<std::shared_ptr<const Specialisation>> Specialisation::Make(
    const plan::SharedPipeline& pipeline, const Table& table, const TableFragment& fragment) {
  auto out = std::make_shared<Specialisation>();
  out->stored_ = fragment.stored;
  out->schema_ = table.schema;
  out->input_ = pipeline->input;
  plan::Pipeline own = *pipeline;
  ARROW_RETURN_NOT_OK(out->ReplaceColumns(table, fragment, &own));
  const bool replaces = !out->replacements_.empty();
  if (replaces || fragment.stored != nullptr) ARROW_RETURN_NOT_OK(out->SpecialiseFilter(&own));
  const bool is_same = !replaces && own.filter.size() == pipeline->filter.size() &&
                       own.input->Equals(*pipeline->input);
  out->pipeline_ = is_same ? pipeline : plan::SharedPipeline(std::move(own));
  return out;
}

arrow::Status Specialisation::ReplaceColumns(const Table& table, const TableFragment& fragment,
                                             plan::Pipeline* pipeline) {
  arrow::FieldVector present;
  std::vector<plan::ExpressionPtr> replacements;
  bool changed = false;
  for (const auto& field : pipeline->input->fields()) {
    ARROW_ASSIGN_OR_RAISE(plan::ExpressionPtr replacement, ConstantFor(*field, table, fragment));
    changed |= replacement != nullptr;
    if (replacement == nullptr) {
      const auto type = StoredType(*field, fragment);
      replacement = plan::InputColumn(static_cast<int>(present.size()), type);
      present.push_back(field->WithName(fragment.NameOf(field->name()))->WithType(type));
      if (!type->Equals(*field->type())) {
        ARROW_ASSIGN_OR_RAISE(replacement,
                              plan::Call(plan::Function::kCast, {replacement}, {}, field->type()));
        changed = true;
      }
    }
    replacements.push_back(std::move(replacement));
  }
  pipeline->input = arrow::schema(std::move(present));
  if (!changed) return arrow::Status::OK();
  replacements_ = std::move(replacements);
  for (plan::NamedExpression& projected : pipeline->projection) {
    ARROW_ASSIGN_OR_RAISE(projected.expression,
                          plan::Substitute(projected.expression, replacements_));
  }
  return arrow::Status::OK();
}

arrow::Status Specialisation::SpecialiseFilter(plan::Pipeline* pipeline) {
  for (const plan::ExpressionPtr& conjunct : std::exchange(pipeline->filter, {})) {
    ARROW_ASSIGN_OR_RAISE(const plan::Verdict verdict, Decide(conjunct));
    if (verdict == plan::Verdict::kNever) skips_ = true;
    if (verdict == plan::Verdict::kAlways) continue;
    pipeline->filter.push_back(conjunct);
    if (replacements_.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(pipeline->filter.back(), plan::Substitute(conjunct, replacements_));
  }
  return arrow::Status::OK();
}

plan::RuntimeFilters Specialisation::Filters(const plan::RuntimeFilters& filters) const {
  if (replacements_.empty()) return filters;
  plan::RuntimeFilters out;
  for (const auto& filter : filters) {
    out.push_back(std::make_shared<SpecialisedFilter>(filter, shared_from_this()));
  }
  return out;
}

arrow::Result<plan::ExpressionPtr> Specialisation::Predicate(
    const plan::ExpressionPtr& predicate) const {
  std::vector<plan::ExpressionPtr> conjuncts;
  for (const plan::ExpressionPtr& conjunct : plan::Conjuncts(predicate)) {
    ARROW_ASSIGN_OR_RAISE(const plan::Verdict verdict, Decide(conjunct));
    if (verdict == plan::Verdict::kNever) return plan::BoolLiteral(false);
    if (verdict == plan::Verdict::kAlways) continue;
    ARROW_ASSIGN_OR_RAISE(conjuncts.emplace_back(), plan::Substitute(conjunct, replacements_));
  }
  return plan::And(std::move(conjuncts));
}

arrow::Result<plan::Verdict> Specialisation::Decide(const plan::ExpressionPtr& predicate) const {
  const plan::Verdict verdict =
      plan::Decide(*predicate, [this](int column) { return StatisticsOf(column); });
  if (verdict != plan::Verdict::kMaybe || plan::CanFail(*predicate) || replacements_.empty() ||
      !IsConstant(*predicate)) {
    return verdict;
  }
  ARROW_ASSIGN_OR_RAISE(const plan::ExpressionPtr constant,
                        plan::Substitute(predicate, replacements_));
  ARROW_ASSIGN_OR_RAISE(const bool holds, HoldsWithoutInput(constant));
  return holds ? plan::Verdict::kAlways : plan::Verdict::kNever;
}

bool Specialisation::IsConstant(const plan::Expression& expression) const {
  const std::set<int> columns = plan::ColumnsOf(expression);
  return std::all_of(columns.begin(), columns.end(), [this](int column) {
    return replacements_[column]->kind() == Kind::kLiteral;
  });
}

std::optional<plan::ColumnStatistics> Specialisation::StatisticsOf(int column) const {
  if (replacements_.empty()) return StoredStatisticsOf(column);
  const plan::Expression& replacement = *replacements_[column];
  if (replacement.kind() != Kind::kLiteral) return StoredStatisticsOf(column);
  plan::ColumnStatistics out;
  out.num_rows = 1;
  out.null_count = replacement.literal()->is_valid ? 0 : 1;
  out.may_have_nan = false;
  if (replacement.literal()->is_valid) out.min = out.max = replacement.literal();
  return out;
}

std::optional<plan::ColumnStatistics> Specialisation::StoredStatisticsOf(int column) const {
  if (stored_ == nullptr) return std::nullopt;
  const int index = schema_->GetFieldIndex(input_->field(column)->name());
  if (index < 0 || static_cast<size_t>(index) >= stored_->statistics.size()) return std::nullopt;
  return stored_->statistics[static_cast<size_t>(index)];
}

}  // namespace skyhook::client
