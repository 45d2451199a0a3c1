#include "fuzz/run_pipeline.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <chrono>

#include "fuzz/target.h"
#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/exec/run.h"
#include "skyhook/plan/types.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/random_batches.h"

namespace skyhook::fuzz {
namespace {

constexpr int64_t kMostRows = 20'000;
constexpr int kMostRowGroups = 4;
constexpr int kMostColumns = 40;

bool IsSmall(const arrow::DataType& type) {
  if (type.id() == arrow::Type::FIXED_SIZE_BINARY && type.byte_width() > 64) return false;
  if (type.id() == arrow::Type::FIXED_SIZE_LIST || type.num_fields() > 16) return false;
  return std::all_of(type.fields().begin(), type.fields().end(),
                     [](const auto& field) { return IsSmall(*field->type()); });
}

/// Files may hold text that is not UTF-8, times beyond a day, decimals of more digits than they
/// declare: nobody checks values, and every kernel copes with them. Lengths, offsets and indices
/// must be right.
void CheckValid(const arrow::Status& status) {
  const std::string& message = status.message();
  const bool is_value =
      message.find("UTF8") != std::string::npos ||
      message.find("acceptable range") != std::string::npos ||
      message.find("precision") != std::string::npos ||
      message.find("does not represent a whole number of days") != std::string::npos;
  Check(status.ok() || is_value, status.ToString());
}

void FinishAggregate(const plan::Pipeline& pipeline,
                     const std::vector<std::shared_ptr<arrow::RecordBatch>>& partials) {
  auto merger = exec::PartialMerger::Make(pipeline, {});
  if (!merger.ok()) return;
  for (const auto& partial : partials) {
    if (!(*merger)->Consume(*partial, 0).ok()) return;
  }
  if (!(*merger)->Finish().ok()) return;
  while (true) {
    auto batch = (*merger)->Next();
    if (!batch.ok() || *batch == nullptr) return;
    CheckValid((*batch)->ValidateFull());
  }
}

void ReadColumn(format::Fragment* fragment, int group, int column) {
  plan::Cost cost;
  const plan::RowRange rows = fragment->row_group_rows(group);
  (void)fragment->Statistics(group, column);
  (void)fragment->Pages(group, column, &cost);
  (void)fragment->HasBloomFilter(group, column);
  (void)fragment->MayContain(group, column, arrow::Int64Scalar(1), &cost);
  auto reader = fragment->Open(group, &cost);
  if (!reader.ok()) return;
  (void)(*reader)->Dictionary(column);
  const int64_t length = std::min(rows.size(), kMostRows);
  const plan::RowRanges wanted{{rows.begin, rows.begin + length}};
  if (!(*reader)->Prefetch({column}, wanted, false).ok()) return;
  auto array = (*reader)->Read(column, rows.begin, length, std::nullopt);
  if (array.ok()) CheckValid((*array)->ValidateFull());
}

/// Predicates that are decided by statistics, indexes, filters and dictionaries, or else row by
/// row.
std::vector<plan::ExpressionPtr> PredicatesOn(const plan::ExpressionPtr& column) {
  using plan::Function;
  std::vector<plan::ExpressionPtr> out{testing::Fn(Function::kIsNotNull, {column})};
  auto zero = arrow::MakeScalar(column->type(), 0);
  if (plan::IsTextOrBytes(*column->type())) zero = std::make_shared<arrow::StringScalar>("a");
  if (!zero.ok()) return out;
  auto literal = plan::Literal(*zero);
  if (!literal.ok()) return out;
  std::vector<Function> functions{Function::kEqual, Function::kGreater};
  if (plan::IsTextOrBytes(*column->type())) functions.push_back(Function::kContains);
  for (const Function function : functions) {
    auto call = plan::Call(function, {column, *literal});
    if (call.ok()) out.push_back(*call);
  }
  return out;
}

}  // namespace

void RunPipeline(const plan::Pipeline& pipeline,
                 const std::shared_ptr<format::Fragment>& fragment) {
  exec::RunRequest request;
  request.slice.rows = plan::RowRanges{{0, std::min(fragment->num_rows(), kMostRows)}};
  request.limits.reply_bytes = int64_t{64} << 20;
  request.limits.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  auto execution = exec::Run(pipeline, fragment, std::move(request));
  if (!execution.ok()) return;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (true) {
    auto batch = (*execution)->Next();
    if (!batch.ok()) return;
    if (*batch == nullptr) break;
    CheckValid((*batch)->ValidateFull());
    batches.push_back(*std::move(batch));
  }
  if (pipeline.aggregate.has_value()) FinishAggregate(pipeline, batches);
}

void RunOverRandomRows(const plan::Pipeline& pipeline, std::mt19937* random) {
  for (const auto& field : pipeline.input->fields()) {
    if (!IsSmall(*field->type())) return;
  }
  std::shared_ptr<arrow::RecordBatch> batch;
  try {
    batch = testing::RandomBatch(pipeline.input, 9, {.nulls = 0.2, .extremes = 0.1}, random);
  } catch (const std::runtime_error&) {
    return;
  }
  auto fragment = format::FragmentFromBatches(pipeline.input, {batch}, "rows");
  Check(fragment.ok(), "no fragment");
  RunPipeline(pipeline, *fragment);
}

void ReadFragment(const std::shared_ptr<format::Fragment>& fragment) {
  const int columns = std::min(fragment->schema()->num_fields(), kMostColumns);
  for (int group = 0; group < std::min(fragment->num_row_groups(), kMostRowGroups); ++group) {
    for (int column = 0; column < columns; ++column) ReadColumn(fragment.get(), group, column);
  }
  plan::Pipeline pipeline;
  pipeline.input = fragment->schema();
  if (!exec::Run(pipeline, fragment, {}).ok()) return;  // names that are there twice
  pipeline = testing::ReadAll(*fragment->schema());
  for (int column = 0; column < columns; ++column) {
    const auto& reference = pipeline.projection[static_cast<size_t>(column)].expression;
    if (!plan::IsComputable(*reference->type())) continue;
    for (const auto& predicate : PredicatesOn(reference)) {
      plan::Pipeline filtered = pipeline;
      filtered.filter = {predicate};
      RunPipeline(filtered, fragment);
    }
  }
}

}  // namespace skyhook::fuzz
