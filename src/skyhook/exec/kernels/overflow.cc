#include "skyhook/exec/kernels/overflow.h"

namespace skyhook::exec {

std::string ArgumentsText(const Arguments& arguments, int64_t row) {
  std::string values;
  for (const vector::Column& argument : arguments) {
    values += (values.empty() ? "" : ", ") + ValueText(argument, row);
  }
  return values;
}

arrow::Status OverflowError(const plan::Expression& call, const Arguments& arguments, int64_t row) {
  return base::Invalid("overflow: {}({}) does not fit {}", plan::EntryOf(call.function()).name,
                       ArgumentsText(arguments, row), call.type()->ToString());
}

}  // namespace skyhook::exec
