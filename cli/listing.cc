#include "cli/listing.h"

#include <fmt/format.h>

#include "skyhook/sql/plan_tree.h"

namespace skyhook::cli {

using arrow::Status;

Status Listing::Begin() {
  return arrow::RecordBatchBuilder::Make(schema_, arrow::default_memory_pool()).Value(&builder_);
}

Status Listing::Text(int column, const std::string& value) {
  return builder_->GetFieldAs<arrow::StringBuilder>(column)->Append(value);
}

Status Listing::Bool(int column, bool value) {
  return builder_->GetFieldAs<arrow::BooleanBuilder>(column)->Append(value);
}

Status Listing::Number(int column, int64_t value) {
  auto* builder = builder_->GetFieldAs<arrow::Int64Builder>(column);
  return value < 0 ? builder->AppendNull() : builder->Append(value);
}

Status Listing::Write(const RunOptions& options, const Sink& sink) {
  ARROW_ASSIGN_OR_RAISE(const Format format, FormatOf(options));
  ARROW_ASSIGN_OR_RAISE(auto writer, MakeRowWriter(format, sink, schema_));
  ARROW_ASSIGN_OR_RAISE(const auto batch, builder_->Flush());
  ARROW_RETURN_NOT_OK(writer->Write(*batch));
  return writer->Finish();
}

std::string Counted(int64_t number, const std::string& noun) {
  const char* ending = number == 1 ? "" : noun.ends_with("ch") ? "es" : "s";
  return fmt::format("{} {}{}", sql::GroupedNumber(number), noun, ending);
}

}  // namespace skyhook::cli
